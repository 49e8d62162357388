"""What people do to plans of functions, and functions to them: the way of their own keeps what every run promises."""

import contextvars
import functools
import signal
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import pytest

from taskrush.events import RunFinished, StopRequested, TaskFinished, TaskOutput, TaskStarted
from taskrush.execute.functions_only import functions_only
from taskrush.model.limits import Limits
from taskrush.model.outcome import State
from taskrush.model.plan import Plan
from taskrush.model.policy import Cache, Requirement
from taskrush.model.retry import Retry, Timeout
from taskrush.model.service import Service
from taskrush.model.task import Call, Param, Task, TaskId
from taskrush.project import Project
from taskrush.runners.body import checkpoint, run
from taskrush.runners.current import current
from taskrush.testing.fakes import RecordingSubscriber
from taskrush.values import evolve
from tests.execute.functions import fails, nothing, value

pytestmark = pytest.mark.core


def project_of(functions: Dict[str, Callable[..., Any]], root: Path, **deps: Sequence[str]) -> Project:
    return Project.of(
        [Task(id=name, action=one, deps=deps.get(name, ())) for name, one in functions.items()], str(root)
    )


def test_which_plans_have_functions_only(tmp_path: Path) -> None:
    """Everything that a task may ask for besides its function leads to the way of all tasks."""

    def plan_of(task: Task) -> Plan:
        return Plan(tasks=(task,), needs=((),), after=((),), targets=(task.id,))

    plain = Task(id="a", action=nothing)
    assert functions_only(plan_of(plain))
    harmless: Dict[str, Any] = {
        "description": "x",
        "env": {"A": "1"},
        "tags": ("x",),
        "aliases": ("b",),
        "hidden": True,
        "allow_failure": True,
        "params": (Param(name="p"),),
        "arguments": {"p": 1},
        "cache": Cache(enabled=False),
    }
    for name, given_value in harmless.items():
        assert functions_only(plan_of(evolve(plain, **{name: given_value}))), name
    others: Dict[str, Any] = {
        "action": "true",
        "inputs": ("x",),
        "outputs": ("x",),
        "cache": Cache(enabled=True),
        "secrets": ("TOKEN",),
        "condition": "true",
        "requires": (Requirement(command="true"),),
        "platforms": ("linux",),
        "confirm": "sure?",
        "interactive": True,
        "retry": Retry(attempts=2),
        "timeout": Timeout(task=1.0),
        "limits": Limits(exclusive=True),
        "service": Service(),
        "remote": "x",
        "runner": "process",
    }
    for name, given_value in others.items():
        assert not functions_only(plan_of(evolve(plain, **{name: given_value}))), name
    assert not functions_only(plan_of(evolve(plain, action=Call(nothing, isolate="process"))))
    assert not functions_only(plan_of(Task(id="a")))  # no function at all


def test_a_slow_function_holds_nobody_up(tmp_path: Path) -> None:
    """While one goes on, the other thread does all the rest, also what became ready earlier."""
    over = threading.Event()
    done: List[int] = []

    def slow() -> None:
        assert over.wait(20)

    def quick(number: int) -> None:
        done.append(number)
        if len(done) == 500:
            over.set()

    functions: Dict[str, Callable[..., Any]] = {"slow": slow}
    functions.update((f"q{number}", functools.partial(quick, number)) for number in range(500))
    result = project_of(functions, tmp_path).run(list(functions), jobs=2)
    assert result.ok
    assert done == list(range(500))


def test_slow_functions_run_at_the_same_time(tmp_path: Path) -> None:
    """As many as there are jobs: each waits for all others to have begun."""
    together = threading.Barrier(3)
    functions = {f"t{number}": lambda: str(together.wait(20) >= 0) for number in range(6)}
    result = project_of(functions, tmp_path).run(list(functions), jobs=3)
    assert [end.value for end in result.outcomes.values()] == ["True"] * 6


def test_what_fell_due_beside_a_running_function_starts_at_once(tmp_path: Path) -> None:
    """A thread that had nothing to do is called when there is something again."""
    second = threading.Event()

    def first() -> None:
        assert second.wait(20)

    functions: Dict[str, Callable[..., Any]] = {"a": nothing, "first": first, "wait": lambda: time.sleep(0.05)}
    functions.update(late=second.set)
    project = project_of(functions, tmp_path, late=["wait"], first=["a"])
    assert project.run(["first", "late"], jobs=2).ok


def test_stopping_tells_a_function_and_starts_nothing_more(tmp_path: Path) -> None:
    """What runs hears of it by `checkpoint`, what waits is cancelled; the run ends by the signal's code."""
    begun = threading.Event()

    def long() -> None:
        begun.set()
        for _ in range(2000):
            checkpoint()
            time.sleep(0.01)

    project = project_of({"long": long, "next": nothing, "other": nothing}, tmp_path, next=["long"])
    told = RecordingSubscriber()
    executor = project.executor(project.plan(["long", "next", "other"]), subscribers=[told], jobs=1)
    threading.Thread(target=lambda: begun.wait(20) and executor.stop("enough", 130)).start()
    result = executor.run()
    assert result.exit_code == 130
    assert [(name, end.state, end.reason) for name, end in result.outcomes.items()] == [
        ("next", State.CANCELLED, "not started: enough"),
        ("other", State.CANCELLED, "not started: enough"),
        ("long", State.CANCELLED, "cancelled"),
    ] or result.outcomes[TaskId("other")].ok
    stop = told.events.index(StopRequested("enough", 5.0))
    assert not any(isinstance(event, TaskStarted) for event in told.events[stop:])


def test_what_does_not_end_is_left_behind(tmp_path: Path) -> None:
    """A function that hears nothing does not keep a run that has a time limit."""
    over = threading.Event()
    told = RecordingSubscriber()
    project = project_of({"deaf": lambda: over.wait(60), "after": nothing}, tmp_path, after=["deaf"])
    began = time.monotonic()
    result = project.executor(project.plan("after"), subscribers=[told], timeout=0.1, grace=0.1).run()
    took = time.monotonic() - began
    over.set()
    assert took < 20
    assert result.exit_code == 1
    assert result["deaf"].reason == "left behind"
    assert any("is left behind" in getattr(event, "message", "") for event in told.events)


def test_failing_fast_ends_the_others_and_what_runs_finally_still_runs(tmp_path: Path) -> None:
    """Also where a function that does not end keeps its thread."""
    over, begun, closed = threading.Event(), threading.Event(), []

    def deaf() -> None:
        begun.set()
        over.wait(60)

    def fail() -> None:
        assert begun.wait(20)
        raise ValueError("x")

    closer = Task(id="closer", action=lambda: closed.append(1))
    tasks = [Task(id="deaf", action=deaf, finally_=[closer]), Task(id="fail", action=fail), closer]
    result = Project.of(tasks, str(tmp_path)).run(["deaf", "fail"], jobs=2, on_failure="fail-fast", grace=0.1)
    over.set()
    assert closed == [1]
    assert (result["deaf"].reason, result["fail"].reason) == ("left behind", "ValueError: x")


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of threads")
def test_ctrl_c_without_a_handler_ends_the_run_and_is_passed_on(tmp_path: Path) -> None:
    """It is raised in the thread of the run, not in a task; all tasks have an end."""
    told = RecordingSubscriber()

    def interrupt() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        for _ in range(1000):
            checkpoint()
            time.sleep(0.01)

    project = project_of({"a": interrupt, "b": nothing}, tmp_path, b=["a"])
    with pytest.raises(KeyboardInterrupt):
        project.executor(project.plan("b"), subscribers=[told]).run()
    assert [(one.task, one.outcome.state) for one in told.events if isinstance(one, TaskFinished)] == [
        ("a", State.CANCELLED),
        ("b", State.CANCELLED),
    ]
    assert told.events[-1] == RunFinished(ok=False, exit_code=130, seconds=0.0)


def test_functions_run_commands_and_are_known_by_their_task(tmp_path: Path) -> None:
    """`run()` inside a function writes the output of its task; each call has context variables of its own."""
    var: contextvars.ContextVar[str] = contextvars.ContextVar("var", default="default")
    var.set("owner")
    seen: List[Tuple[str, str]] = []

    def body() -> None:
        now = current()
        assert now is not None
        seen.append((now.task.id, var.get()))
        var.set(now.task.id)
        run("echo from $NAME", env={"NAME": now.task.id})

    told = RecordingSubscriber()
    project = project_of({"a": body, "b": body}, tmp_path, b=["a"])
    project.executor(project.plan("b"), subscribers=[told]).run()
    assert seen == [("a", "owner"), ("b", "owner")]
    assert [(one.task, one.data) for one in told.events if isinstance(one, TaskOutput)] == [
        ("a", b"from a\n"),
        ("b", b"from b\n"),
    ]


def test_prints_are_captured_when_asked_for(tmp_path: Path, capfd: "pytest.CaptureFixture[str]") -> None:
    """What a function prints is its task's output, and the streams are as before afterwards."""
    import sys

    before = sys.stdout
    told = RecordingSubscriber()
    project = project_of({"a": lambda: print("hello"), "b": lambda: sys.stderr.write("half")}, tmp_path)
    project.executor(project.plan(["a", "b"]), subscribers=[told], capture_prints=True).run()
    assert sorted((one.task, one.stream, one.data) for one in told.events if isinstance(one, TaskOutput)) == [
        ("a", "stdout", b"hello\n"),
        ("b", "stderr", b"half"),
    ]
    assert sys.stdout is before


def test_a_failure_shows_where_it_came_from(tmp_path: Path) -> None:
    """The traceback is the task's output, from the first frame of the user's."""
    told = RecordingSubscriber()
    project = project_of({"a": fails}, tmp_path)
    project.executor(project.plan("a"), subscribers=[told]).run()
    text = b"".join(one.data for one in told.events if isinstance(one, TaskOutput)).decode()
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: no luck\n")
    assert "taskrush/runners" not in text.replace("\\", "/")


def test_processor_time_of_long_functions_is_known(tmp_path: Path) -> None:
    """Whoever listens gets it of all; without anybody listening those that take less than a millisecond have none."""

    def works() -> None:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass

    functions = {"a": nothing, "b": works, "c": nothing}
    project = project_of(functions, tmp_path)
    alone = project.run(list(functions), jobs=1)
    if alone["b"].cpu_seconds is not None:  # not told on every system
        assert 0.03 < alone["b"].cpu_seconds < 5
    heard = project.run(list(functions), jobs=1, subscribers=[RecordingSubscriber()])
    assert (heard["a"].cpu_seconds is None) == (alone["b"].cpu_seconds is None)


def test_a_subscriber_may_stop_the_run(tmp_path: Path) -> None:
    """Tasks are never far ahead of those who listen."""
    functions = {f"t{number}": nothing for number in range(2000)}
    project = project_of(functions, tmp_path)

    class Impatient:
        def on_record(self, record: Any) -> None:
            if isinstance(record.event, TaskFinished):
                executor.stop("seen enough")

    executor = project.executor(project.plan(list(functions)), subscribers=[Impatient()], jobs=2)
    result = executor.run()
    assert sum(end.ok for end in result.outcomes.values()) < 1000


def test_outcomes_are_a_mapping_like_any_other(tmp_path: Path) -> None:
    """Equal to a dictionary of the same, in the order of ends, with `KeyError` for what is not there."""
    result = project_of({"a": value, "b": nothing}, tmp_path, a=["b"]).run("a")
    assert list(result.outcomes) == ["b", "a"]
    assert len(result.outcomes) == 2
    assert result.outcomes == dict(result.outcomes)
    assert dict(result.outcomes) == result.outcomes
    assert result.outcomes != {}
    assert result["a"].value == "value"
    assert "a" in result.outcomes
    assert "x" not in result.outcomes
    with pytest.raises(KeyError):
        result["x"]
    assert repr(result).count("SUCCEEDED") == 2
