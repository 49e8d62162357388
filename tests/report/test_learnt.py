"""What runs have learnt is there for the next one, quickly, and decides which tasks go first."""

import threading
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush import Project, Task, TaskStarted
from taskrush.execute.priority import priorities
from taskrush.model.outcome import failed, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import Shell, TaskId
from taskrush.report.history import HistoryReporter
from taskrush.report.learnt import MOST, RECENT, Learnt
from taskrush.testing.fakes import RecordingSubscriber
from tests.report.past import run_name, story, tell

pytestmark = pytest.mark.core


def plan_of(needs: Dict[str, Tuple[str, ...]]) -> Plan:
    names = list(needs)
    tasks = tuple(Task(id=TaskId(name), action=None if name == "all" else Shell(("x",))) for name in names)
    edges = tuple(tuple(names.index(on) for on in needs[name]) for name in names)
    return Plan(tasks=tasks, needs=edges, after=tuple(() for _ in names), targets=(TaskId(names[-1]),))


def test_runs_teach(tmp_path: Path) -> None:
    """The median of the last few good runs, and the largest peak; nothing of failures."""
    for number, seconds in enumerate((9.0, 1.0, 2.0, 4.0, 5.0, 3.0)):
        good = succeeded(seconds=seconds, peak_bytes=100 + number)
        tell(tmp_path, story({"a": good, "b": failed("no", seconds=9.0)}), run_name(number))
    learnt = Learnt(str(tmp_path))
    assert learnt.durations(["a", "b", "c"]) == {"a": 3.0}
    assert learnt.peaks(["a", "b", "c"]) == {"a": 105}
    (tmp_path / ".taskrush" / "learnt").write_bytes(b"damaged")
    assert Learnt(str(tmp_path)).durations(["a"]) == {}


def test_what_is_learnt_is_bounded(tmp_path: Path) -> None:
    """In tasks, and in times of each; what has not run for longest is forgotten."""
    learnt = Learnt(str(tmp_path))
    learnt.learn({"old": (1.0, 5), "kept": (1.0, 5)})
    for number in range(RECENT + 3):
        learnt.learn({"a": (float(number), 0)})
    learnt.learn({f"t{number}": (1.0, 1) for number in range(MOST - 2)})
    now = Learnt(str(tmp_path))
    assert now.durations(["old", "kept", "a", "t7"]) == {"kept": 1.0, "a": 5.0, "t7": 1.0}
    assert now.peaks(["a"]) == {}


def test_several_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each adds what it has."""

    def add(name: str) -> None:
        for number in range(10):
            Learnt(str(tmp_path)).learn({f"{name}{number}": (1.0, 1)})

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [f"{name}{number}" for name in "abcd" for number in range(10)]
    assert len(Learnt(str(tmp_path)).durations(names)) == 40


def test_the_longest_way_goes_first() -> None:
    """Its own time and that of the longest path behind it; what is not known is as usual."""
    plan = plan_of({"a": (), "b": (), "new": (), "c": ("a",), "all": ("b", "c", "new")})
    known = {TaskId("a"): 1.0, TaskId("b"): 5.0, TaskId("c"): 3.0}
    assert priorities(plan, known) == [4.0, 5.0, 3.0, 3.0, 0.0]
    assert priorities(plan, {}) is None
    assert priorities(plan, {TaskId("other"): 1.0}) is None


@given(seconds=st.lists(st.floats(0.001, 100.0), min_size=4, max_size=4))
def test_a_dependency_goes_before_its_dependant(seconds: List[float]) -> None:
    """Whatever was recorded."""
    plan = plan_of({"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c")})
    found = priorities(plan, {task.id: each for task, each in zip(plan.tasks, seconds)})
    assert found is not None
    assert found[0] > found[1] > found[2] > found[3] > 0


def test_a_run_starts_the_longest_first(tmp_path: Path) -> None:
    """With more tasks than room the order is that of what was recorded; before, and one at a time, that of the plan."""
    tasks = [Task(id=TaskId(name), action=f"sleep {seconds}") for name, seconds in zip("abc", (0.01, 0.05, 0.15))]
    project = Project.of([*tasks, Task(id=TaskId("all"), deps=("a", "b", "c"))], str(tmp_path))
    orders = []
    for jobs in (2, 2, 1):
        plan = project.plan("all")
        heard = RecordingSubscriber()
        executor = project.executor(plan, subscribers=[heard, HistoryReporter(plan)], jobs=jobs)
        assert executor.run().ok
        orders.append([event.task for event in heard.events if isinstance(event, TaskStarted)])
    assert orders == [["a", "b", "c", "all"], ["c", "b", "a", "all"], ["a", "b", "c", "all"]]
