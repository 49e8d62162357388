"""What is left of a run of a real plan, by the real scheduler and a made-up past."""

from typing import Dict, List, Optional, Sequence

import pytest

from taskrush.compile.link import link
from taskrush.foreseeing import PLAYED, Foresight, foresight
from taskrush.model.history import PastTask
from taskrush.model.outcome import Outcome, State, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from taskrush.plan.planner import make_plan
from taskrush.testing.past import FakeHistory
from tests.analyze.past import MADE, run_of

pytestmark = pytest.mark.core
FRESH = Outcome(state=State.FRESH, ok=True)


def plan_of(deps: Dict[str, Sequence[str]]) -> Plan:
    tasks = [Task(id=TaskId(name), action="true", deps=needs) for name, needs in deps.items()]  # type: ignore[arg-type]
    return make_plan(link(tasks), list(deps))


def past_of(plan: Plan, runs: List[Dict[str, Optional[float]]], seconds: float = 4.0) -> FakeHistory:
    """Runs in which tasks took so long, None for those that were fresh, and that took `seconds` as a whole."""
    rows = [
        PastTask(
            run=run_of(number).run,
            task=TaskId(name),
            state="fresh" if took is None else "succeeded",
            ok=True,
            seconds=took or 0.0,
        )
        for number, run in enumerate(runs)
        for name, took in run.items()
    ]
    made = [run_of(number, seconds=seconds, jobs=2, tasks=len(plan)) for number in range(len(runs))]
    return FakeHistory(made, rows)


def seen(plan: Plan, past: FakeHistory) -> Foresight:
    found = foresight(plan, past, 2)
    assert found is not None
    return found


def test_the_scheduler_plays_the_rest() -> None:
    """Four tasks of 2 seconds in two slots take 4; two that run and are half done, and two more, 3; those two 1."""
    plan = plan_of(dict.fromkeys("abcd", ()))
    found = seen(plan, past_of(plan, [dict.fromkeys("abcd", 2.0)] * 3))
    assert found.left({}, {}).seconds == pytest.approx(4.0)
    running = {TaskId("c"): 1.0, TaskId("d"): 1.0}
    assert found.left({}, running).seconds == pytest.approx(3.0)
    ended = {TaskId("a"): succeeded(seconds=2.0), TaskId("b"): succeeded(seconds=2.0)}
    assert found.left(ended, running).seconds == pytest.approx(1.0)


def test_who_waits_for_what_counts() -> None:
    """What waits for a task that runs starts after it, however many slots there are."""
    plan = plan_of({"a": (), "b": ("a",), "c": ()})
    found = seen(plan, past_of(plan, [{"a": 2.0, "b": 3.0, "c": 1.0}] * 3, 5.0))
    assert found.left({}, {TaskId("a"): 1.5}).seconds == pytest.approx(3.5)


def test_a_run_like_those_that_found_everything_fresh() -> None:
    """Its rest takes no time."""
    plan = plan_of({"a": (), "b": ("a",)})
    runs: List[Dict[str, Optional[float]]] = [{"a": 2.0, "b": 3.0}, {"a": None, "b": None}] * 4
    found = seen(plan, past_of(plan, runs, 5.0))
    assert found.left({TaskId("a"): FRESH}, {}).high == 0.0
    assert found.left({TaskId("a"): succeeded(seconds=2.0)}, {}).seconds == pytest.approx(3.0)


@pytest.mark.parametrize("count", [40, PLAYED + 100])
def test_what_runs_cost_beside_their_tasks_is_learnt(count: int) -> None:
    """Half as long again by the clock as by their tasks, of a small plan and of one too large to be played."""
    names = [f"t{number}" for number in range(count)]
    plan = plan_of(dict.fromkeys(names, ()))
    found = seen(plan, past_of(plan, [dict.fromkeys(names, 0.1)] * 4, 0.1 * count / 2 * 1.5))
    assert found.left({}, {}).seconds == pytest.approx(0.1 * count / 2 * 1.5, rel=0.05)


def test_where_nothing_is_remembered() -> None:
    """Of these tasks, or before this run began, nothing is said."""
    plan = plan_of({"a": ()})
    assert foresight(plan, FakeHistory(), 2) is None
    assert foresight(plan, past_of(plan_of({"x": ()}), [{"x": 1.0}]), 2) is None
    assert foresight(plan, past_of(plan, [{"a": 1.0}]), 2, began_at=MADE) is None
    assert foresight(plan, past_of(plan, [{"a": 1.0}]), 2, began_at=MADE + 1) is not None
