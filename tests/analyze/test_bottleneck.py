"""Bottlenecks: every gain is that of playing the run again without what is said to be in the way."""

from typing import List, Sequence, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.analyze.bottleneck import WORTH_SECONDS, Gain, bottlenecks
from taskrush.analyze.estimate import learn
from taskrush.analyze.paths import total, without_edge
from taskrush.analyze.work import Work, learn_times, past_times
from taskrush.analyzing import find_bottlenecks, find_unbacked, play, what_if, work_of
from taskrush.compile.link import link
from taskrush.execute.simulate import simulate
from taskrush.model.history import PastRun, PastTask
from taskrush.model.limits import Limits, Pool, PoolUse, Resources
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from taskrush.plan.planner import make_plan
from taskrush.testing.past import FakeHistory


def plan_of(*tasks: Task) -> Plan:
    graph = link(tasks, [Pool("db", 1)])
    return make_plan(graph, [task.id for task in tasks])


def task(name: str, deps: Sequence[str] = (), **fields: object) -> Task:
    return Task(id=TaskId(name), action="true", deps=deps, **fields)  # type: ignore[arg-type]


def row(run: str, name: str, seconds: float, state: str = "succeeded", **fields: object) -> PastTask:
    return PastTask(run=run, task=TaskId(name), state=state, ok=True, seconds=seconds, **fields)  # type: ignore[arg-type]


def work(plan: Plan, seconds: Sequence[float], jobs: int, rows: Sequence[PastTask] = ()) -> Work:
    learnt = learn(len(plan), [dict(enumerate(seconds))] * 2)
    return Work(
        plan=plan, jobs=jobs, learnt=learnt, play=lambda t: play(plan, t, jobs).seconds, runs=2, rows=tuple(rows)
    )


@st.composite
def cases(draw: st.DrawFn) -> Tuple[List[Tuple[int, ...]], List[float], int]:
    count = draw(st.integers(1, 6))
    needs = [
        tuple(sorted(draw(st.sets(st.integers(0, node - 1), max_size=3)))) if node else () for node in range(count)
    ]
    return needs, [float(draw(st.integers(0, 9))) for _ in range(count)], draw(st.integers(1, 3))


@settings(max_examples=60)
@given(cases())
def test_gains_are_what_a_run_would_gain(case: Tuple[List[Tuple[int, ...]], List[float], int]) -> None:
    """Each one played again by itself; the best edge of all that there are is among those that are named."""
    needs, seconds, jobs = case
    plan = plan_of(*[task(f"t{node}", [f"t{on}" for on in own]) for node, own in enumerate(needs)])
    order = {str(one.id): node for node, one in enumerate(plan.tasks)}
    assert list(order) == [f"t{node}" for node in range(len(needs))]
    found = find_bottlenecks(work(plan, seconds, jobs))
    none: List[Tuple[int, ...]] = [()] * len(needs)
    usual = simulate(needs, none, seconds, jobs).seconds
    for gain in found.gains:
        assert gain.seconds >= WORTH_SECONDS
        if gain.kind == "edge":
            left = without_edge(needs, order[gain.task], order[gain.on])
            assert gain.seconds == pytest.approx(usual - simulate(left, none, seconds, jobs).seconds)
            assert gain.unlimited == pytest.approx(total(needs, seconds) - total(left, seconds))
        elif gain.kind == "faster":
            faster = [took / 2 if f"t{node}" == gain.task else took for node, took in enumerate(seconds)]
            assert gain.seconds == pytest.approx(usual - simulate(needs, none, faster, jobs).seconds)
        else:
            assert gain.seconds == pytest.approx(usual - simulate(needs, none, seconds, gain.jobs).seconds)
    best = max([gain.unlimited for gain in found.gains if gain.kind == "edge"], default=0.0)
    whole = total(needs, seconds)
    for node, own in enumerate(needs):
        for on in own:
            unlimited = whole - total(without_edge(needs, node, on), seconds)
            left = without_edge(needs, node, on)
            if usual - simulate(left, none, seconds, jobs).seconds >= WORTH_SECONDS:
                assert unlimited <= best or jobs < len(needs)


def test_work_is_read_from_history() -> None:
    """The times of what ran; what was restored, failed or is not planned says nothing."""
    plan = plan_of(task("a"), task("b", ["a"]), task("new", ["b"]))
    runs = [PastRun(run=f"r{n}", began_at=0.0, seconds=5.0, ok=True, exit_code=0, jobs=2, tasks=3) for n in range(3)]
    rows = [
        row("r0", "a", 2.0),
        row("r0", "b", 3.0),
        row("r1", "a", 0.1, "hit"),
        row("r1", "b", 3.2),
        row("r2", "a", 2.4),
        row("r2", "b", 9.0, "failed"),
        row("r2", "gone", 9.0),
    ]
    found = work_of(plan, FakeHistory(runs, rows), 2)
    assert past_times(plan, found.rows) == {"r0": {0: 2.0, 1: 3.0}, "r1": {1: 3.2}, "r2": {0: 2.4}}
    assert found.seconds[:2] == [pytest.approx(2.2), pytest.approx(3.1)]
    assert (found.unknown, found.runs) == (("new",), 3)
    assert work_of(plan, FakeHistory(runs, rows), 2, branch="other").runs == 0
    assert learn_times(plan, {}).means == [0.0, 0.0, 0.0]


def test_waits_and_misses_are_told() -> None:
    """What was ready and waited, and what was cached and ran; forced runs missed nothing."""
    held = Limits(pools=(PoolUse("db"),), mutex=("m",), resources=Resources(cpu=2, memory=9))
    plan = plan_of(task("a", limits=held), task("b"))
    rows = [
        row("r0", "a", 2.0, waited_seconds=1.0, why="src/x changed"),
        row("r1", "a", 3.0, waited_seconds=3.0, why="src/x changed"),
        row("r2", "a", 3.0, waited_seconds=2.0, why="src/y changed"),
        row("r2", "b", 3.0, waited_seconds=0.0, why="forced"),
    ]
    found = find_bottlenecks(work(plan, [2.0, 3.0], 2, rows))
    assert [(wait.task, wait.seconds) for wait in found.waits] == [("a", 2.0)]
    assert found.waits[0].limits == ("pool `db`", "mutex `m`", "memory", "2 slots")
    assert [(miss.task, miss.times, miss.seconds, miss.why) for miss in found.misses] == [
        ("a", 3, 8.0, "src/x changed")
    ]


def test_nothing_is_advised_that_gains_nothing() -> None:
    """Two equal paths: no single edge helps."""
    plan = plan_of(task("a"), task("b"), task("c", ["a"]), task("d", ["b"]))
    found = find_bottlenecks(work(plan, [2.0, 2.0, 2.0, 2.0], 2))
    assert [gain for gain in found.gains if gain.kind == "edge"] == []
    assert found.efficiency == 1.0
    assert dict(found.slack) == {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0}


def test_edges_without_a_file_are_found() -> None:
    """Only between tasks that declare both; groups are looked through; an order that is meant is left alone."""
    gen = task("gen", outputs=["g/a"])
    plan = plan_of(
        gen,
        task("reads", ["gen"], inputs=["g/*"]),
        task("not", ["gen"], inputs=["src/**"], outputs=["n"]),
        task("says-nothing", ["gen"]),
        task("after", ["reads"], inputs=["src/**"]),
        Task(id=TaskId("group"), deps=["gen"]),
        task("behind", ["group"], inputs=["src/**"]),
        task("through", ["group"], inputs=["g/a"]),
    )
    gains = find_unbacked(work(plan, [1.0] * len(plan), 8))
    assert {(gain.task, gain.on) for gain in gains} == {("not", "gen"), ("behind", "group")}
    assert all(isinstance(gain, Gain) for gain in gains)
    assert [gain.seconds for gain in gains] == sorted((gain.seconds for gain in gains), reverse=True)


def test_what_if_changes_one_thing() -> None:
    """Needs, times, slots."""
    plan = plan_of(task("a"), task("b", ["a"]), task("c"))
    known = work(plan, [2.0, 2.0, 1.0], 1)
    usual, schedule = what_if(known, lambda plan, factors: (plan.needs, factors), 1)
    assert (usual.seconds, schedule.seconds) == (pytest.approx(5.0), 5.0)
    faster, _ = what_if(known, lambda plan, factors: (plan.needs, [0.5, 1.0, 1.0]), 1)
    assert faster.seconds == pytest.approx(4.0)
    free, schedule = what_if(known, lambda plan, factors: (without_edge(plan.needs, 1, 0), factors), 3)
    assert (free.seconds, schedule.starts) == (pytest.approx(2.0), [0.0, 0.0, 0.0])


def test_a_large_plan_is_looked_at_in_time() -> None:
    """A chain of 3,000 with a fan: candidates are limited, nothing recurses."""
    import time

    tasks = [task(f"t{node}", [f"t{node - 1}"] if node else []) for node in range(3000)]
    plan = plan_of(*tasks)
    begun = time.monotonic()
    found = bottlenecks(
        work(plan, [0.1] * 3000, 4), lambda needs: play(plan, [0.1] * 3000, 4, needs=None).seconds, lambda jobs: 300.0
    )
    assert len(found.path) == 3000
    assert time.monotonic() - begun < 60
