"""Profiles: what is counted, how it is compared, and since when it is other."""

import random
import statistics
from typing import List, Optional, Tuple

import pytest

from taskrush.analyze.profile import NOISE, Profile, profile, worth_a_word
from taskrush.model.history import PastMeasure, PastRun
from taskrush.model.task import TaskId
from taskrush.profiling import Period, find_profile, past_runs
from taskrush.testing.past import FakeHistory
from tests.analyze.past import MADE, run_of, task_of

pytestmark = pytest.mark.core
Rows = Tuple[List[PastRun], List[PastMeasure]]


def noisy(count: int, seed: int, step: Optional[int] = None, tasks: int = 4, first: int = 0) -> Rows:
    """Runs of tasks that take about a second; from run `step` on task 0 takes half as long again."""
    chance = random.Random(seed)
    runs, rows = [], []
    for number in range(first, first + count):
        whole = 0.0
        for task in range(tasks):
            slow = 1.5 if task == 0 and step is not None and number >= step else 1.0
            took = abs(chance.gauss(1.0 + task, 0.1)) * slow
            whole += took
            rows.append(task_of(number, f"t{task}", seconds=took, cpu=took / 2, peak_bytes=10_000_000))
        runs.append(run_of(number, seconds=whole))
    return runs, rows


def changes(found: Profile) -> List[Tuple[str, str]]:
    subjects = [*found.wholes, *found.tasks]
    return [(one.name, trend.name) for one in subjects for trend in one.trends.values() for _ in trend.changes]


def test_everything_that_is_counted() -> None:
    """Percentiles, mean and spread of times; shares of hits, failures and flaky ends; what was saved."""
    rows = [
        task_of(number, "a", seconds=float(number), waited=0.5, cpu=2.0, peak_bytes=100) for number in range(1, 102)
    ]
    rows += [task_of(number, "a", state="hit", seconds=0.0, saved=4.0) for number in range(200, 250)]
    rows += [task_of(number, "a", state="failed", seconds=99.0) for number in range(300, 340)]
    rows += [task_of(number, "a", seconds=51.0, attempts=2) for number in range(400, 409)]
    rows += [task_of(number, "a", state="skipped", seconds=0.0) for number in range(500, 505)]
    found = profile([run_of(number) for number in range(1, 505)], rows)
    (task,) = found.tasks
    assert (task.name, task.count) == ("a", 200)
    wall = task.trends["wall"]
    assert (wall.count, wall.p50, wall.mean) == (110, 51.0, 51.0)
    assert wall.p90 == pytest.approx(90.1)
    assert wall.p99 == pytest.approx(99.91)
    assert wall.spread == pytest.approx(statistics.pstdev([*range(1, 102), *[51] * 9]))
    assert task.trends["wait"].p95 == 0.5
    assert task.trends["cpu"].p50 == 2.0
    assert task.trends["memory"].p50 == 100
    assert task.trends["hits"].mean == 0.25
    assert task.trends["failures"].mean == 0.2
    assert task.trends["flaky"].mean == pytest.approx(9 / 110)
    assert task.trends["saved"].total == 200.0


def test_whole_runs_sum_up_their_tasks() -> None:
    """Waits, processor time and savings are summed, memory is the largest; interrupted runs do not count."""
    runs = [run_of(1, seconds=3.0), run_of(2, ok=False, exit_code=1), run_of(3, ok=False, exit_code=130)]
    rows = [
        task_of(1, "a", seconds=1.0, waited=0.5, cpu=1.0, peak_bytes=100),
        task_of(1, "b", seconds=2.0, waited=0.25, cpu=2.0, peak_bytes=300),
        task_of(1, "c", state="hit", saved=7.0),
        task_of(1, "d", state="fresh", saved=1.0),
        task_of(3, "a", seconds=1.0),
    ]
    (whole,) = profile(runs, rows).wholes
    assert (whole.name, whole.count) == ("all", 2)
    trends = whole.trends
    assert {name: trends[name].p50 for name in ("wall", "wait", "cpu", "memory")} == {
        "wall": 3.0,
        "wait": 0.75,
        "cpu": 3.0,
        "memory": 300.0,
    }
    assert (trends["hits"].mean, trends["failures"].mean, trends["saved"].total) == (0.5, 0.5, 8.0)


def test_a_change_is_named_with_its_run() -> None:
    """Which run came first after it, its revision, and the medians on both sides; nothing else is named."""
    runs, rows = noisy(60, seed=2, step=40, tasks=2)
    found = profile(runs[::-1], rows[::-1])
    assert changes(found) == [("all", "wall"), ("all", "cpu"), ("t0", "wall"), ("t0", "cpu")]
    (change,) = next(one for one in found.tasks if one.name == "t0").trends["wall"].changes
    assert (change.run, change.revision, change.at) == (run_of(40).run, run_of(40).revision, MADE + 40 * 3600)
    assert (change.before, change.after) == (pytest.approx(1.0, rel=0.1), pytest.approx(1.5, rel=0.1))


def test_where_nothing_changes_hardly_any_report_names_anything() -> None:
    """At most one in twenty; of 60 reports three standard deviations more are eight."""
    assert sum(bool(changes(profile(*noisy(30, seed)))) for seed in range(60)) <= 60 * NOISE + 5


def test_a_comparison_says_what_is_sure() -> None:
    """The task that became slower differs for sure, the others do not."""
    runs, rows = noisy(25, seed=5, step=0, first=100)
    found = profile(runs, rows, *noisy(25, seed=6))
    sure = {one.name for one in found.tasks if one.trends["wall"].base and one.trends["wall"].base.sure}
    assert sure == {"t0"}
    base = next(one for one in found.tasks if one.name == "t0").trends["wall"].base
    assert base is not None
    assert (base.count, base.middle) == (25, pytest.approx(1.0, rel=0.1))


@pytest.mark.parametrize(
    ("before", "after", "unit", "worth"),
    [
        (1.0, 1.06, "seconds", True),
        (1.0, 1.04, "seconds", False),
        (0.0001, 0.0005, "seconds", False),
        (0.5, 0.56, "share", True),
        (0.5, 0.53, "share", False),
        (0.0, 0.0, "bytes", False),
        (1e8, 0.9e8, "bytes", True),
    ],
)
def test_small_changes_are_not_worth_a_word(before: float, after: float, unit: str, worth: bool) -> None:
    """A twentieth of what was, or five points of a share; less than a millisecond never."""
    assert worth_a_word(before, after, unit) is worth


def history() -> FakeHistory:
    runs = [run_of(number, targets=(("all",) if number % 2 else ("lint",))) for number in range(10)]
    names = {0: ("lint",), 1: ("build", "all")}
    return FakeHistory(
        runs,
        [whole(number, name) for number in range(10) for name in names[number % 2]],
    )


def whole(number: int, name: str) -> "object":
    from taskrush.model.history import PastTask

    return PastTask(run=run_of(number).run, task=TaskId(name), state="succeeded", ok=True, seconds=1.0, attempts=1)


def test_names_choose_runs_or_tasks() -> None:
    """What runs were asked for: these runs and all of their tasks. Else: that task, in all runs."""
    past = history()
    found = find_profile(past, ["all"], Period())
    assert [(one.name, one.count) for one in found.wholes] == [("all", 5)]
    assert {one.name for one in found.tasks} == {"build", "all"}
    found = find_profile(past, ["build"], Period())
    assert (found.wholes, [(one.name, one.count) for one in found.tasks]) == ((), [("build", 5)])
    found = find_profile(past, ["lint", "build"], Period())
    assert [one.name for one in found.wholes] == ["lint"]
    assert {(one.name, one.count) for one in found.tasks} == {("lint", 5), ("build", 5)}
    found = find_profile(past, [], Period(since=MADE + 4 * 3600, until=MADE + 8 * 3600))
    assert {(one.name, one.count) for one in found.wholes} == {("all", 2), ("lint", 2)}


def test_runs_are_exported_whole() -> None:
    """The oldest first; of a task that no run was asked for only that task."""
    past = history()
    everything = past_runs(past, [], Period())
    assert [one.run.run for one in everything] == [run_of(number).run for number in range(10)]
    assert [[task.task for task in one.tasks] for one in everything[:2]] == [["lint"], ["build", "all"]]
    assert [[task.task for task in one.tasks] for one in past_runs(past, ["build"], Period())] == [["build"]] * 5
