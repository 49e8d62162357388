"""The executor tells the whole story of a run, whatever runners, subscribers and people do to it."""

import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

from taskrush.events import (
    Record,
    RunFinished,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.model.outcome import Outcome, RunResult, State, cancelled, failed, skipped, succeeded
from taskrush.model.policy import Requirement
from taskrush.model.task import Task
from taskrush.testing.fakes import FakeClock, FakeMemory, FakeRunner, RecordingSubscriber, Script
from tests.execute.playing import A, B, C, make_executor, play

pytestmark = pytest.mark.core


def test_the_story_of_two_tasks() -> None:
    """Records are numbered and stamped; output comes between start and end; a dependant starts afterwards."""
    told = RecordingSubscriber()
    tasks = [Task(id=A, action="make a"), Task(id=B, deps=[A], action=["b", "x y"])]
    scripts = {"a": Script(output=(("stdout", b"one\n"), ("stderr", b"\xff\n")))}
    result = make_executor(tasks, scripts, subscribers=[told], clock=FakeClock()).run()
    assert told.events == [
        RunStarted(targets=(B,), tasks=(A, B), jobs=1),
        TaskStarted(A, "make a"),
        TaskOutput(A, "stdout", b"one\n"),
        TaskOutput(A, "stderr", b"\xff\n"),
        TaskFinished(A, succeeded()),
        TaskStarted(B, "b 'x y'"),
        TaskFinished(B, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]
    assert [(record.run, record.seq, record.at) for record in told.records] == [
        ("r", seq, 1_000_000_000.0) for seq in range(8)
    ]
    assert result == RunResult(run="r", ok=True, exit_code=0, seconds=0.0, outcomes={A: succeeded(), B: succeeded()})


def test_a_failure_skips_what_needs_it_and_what_ends_in_any_case_still_runs() -> None:
    """`finally` tasks run while the rest drains."""
    tasks = [Task(id=A, action="a"), Task(id=B, action="b", deps=[A]), Task(id=C, action="c")]
    _, events = play(tasks, {"a": failed("exit code 1", code=1)}, after={"c": ("a",)})
    assert events[1:] == [
        TaskStarted(A, "a"),
        TaskFinished(A, failed("exit code 1", code=1)),
        TaskFinished(B, skipped("needs `a` failed", ok=False)),
        TaskStarted(C, "c"),
        TaskFinished(C, succeeded()),
        RunFinished(ok=False, exit_code=1, seconds=0.0),
    ]


def test_an_empty_plan_is_a_good_run() -> None:
    """Nothing to do is done at once."""
    result, events = play([])
    assert result.ok
    assert [type(event) for event in events] == [RunStarted, RunFinished]


def test_results_reach_those_who_bind_them() -> None:
    """`values` are the results of the tasks that `bindings` names, for the action and for its probes."""
    runner = FakeRunner({"a": succeeded(value="wheel.whl")})
    play([Task(id=A, action="a"), Task(id=B, action="b", deps=[A], bindings={"wheel": A})], runner=runner)
    assert runner.values[B] == {"wheel": "wheel.whl"}


def test_never_more_than_jobs_at_a_time() -> None:
    """The limit holds for what really runs."""
    runner = FakeRunner()
    play([Task(id=f"t{n}", action="x") for n in range(40)], runner=runner, jobs=3)
    assert 1 <= runner.most <= 3


class Asking(FakeRunner):
    """Answers probes: a command `no` fails, everything else succeeds."""

    def start(self, task: Task, on_output: Any, values: Any) -> Any:
        self._scripts[task.id] = failed("exit code 1") if str(task.action) == "no" else succeeded()
        on_output("stdout", b"asked " + str(task.action).encode())
        return super().start(task, on_output, values)


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        (Task(id=A, action="x", condition="no"), skipped("condition does not hold: no", ok=True)),
        (Task(id=A, action="x", platforms=["plan9"]), skipped("only for plan9", ok=True)),
        (
            Task(id=A, action="x", requires=(Requirement(command="yes"), Requirement(command="no", message="log in"))),
            failed("log in"),
        ),
        (Task(id=A, action="x", requires=(Requirement(command="no"),)), failed("requirement does not hold: no")),
        (
            Task(id=A, action="x", requires=(Requirement(env="NO_SUCH_VAR"),)),
            failed("requires the environment variable NO_SUCH_VAR"),
        ),
        (Task(id=A, action="x", requires=(Requirement(file="no/file"),)), failed("requires the file no/file")),
        (
            Task(id=A, action="x", requires=(Requirement(program="no-such"),)),
            failed("requires the program no-such on PATH"),
        ),
    ],
)  # fmt: skip
def test_what_is_asked_first_decides(task: Task, outcome: Outcome) -> None:
    """Conditions skip, requirements fail; the action is not started and what probes print is not shown."""
    _, events = play([task], runner=Asking())
    assert events[1:-1] == [TaskFinished(A, outcome)]


def test_a_condition_that_holds_lets_the_task_run() -> None:
    """Questions come in order, then the action."""
    task = Task(id=A, action="go", condition="yes", requires=(Requirement(command="ready"),))
    runner = Asking()
    _, events = play([task], runner=runner)
    assert events[1:-1] == [TaskStarted(A, "go"), TaskOutput(A, "stdout", b"asked go"), TaskFinished(A, succeeded())]
    assert [name for name, _ in runner.calls] == ["start", "start", "start", "close"]


def test_stopping_while_a_question_is_asked_ends_it() -> None:
    """A probe is cancelled like an action, and the action never starts."""
    runner = FakeRunner({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="x", condition="slow")], runner=runner, subscribers=[told])
    threading.Timer(0.05, executor.stop).start()
    assert executor.run().exit_code == 143
    assert told.events[1:] == [
        StopRequested("stopped", 5.0),
        TaskFinished(A, cancelled("cancelled")),
        RunFinished(ok=False, exit_code=143, seconds=0.0),
    ]
    assert runner.calls == [("start", A), ("interrupt", 15), ("cancel", A), ("close", None)]


def test_a_runner_that_raises_fails_its_task_only() -> None:
    """Raising from `start` or from `wait` is a failure with the reason."""

    class Broken(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            if task.id == A:
                raise OSError("no room")
            return super().start(task, on_output, values)

    runner = Broken({"b": Script(raises=ValueError("odd"))})
    _, events = play([Task(id=A, action="a"), Task(id=B, action="b")], runner=runner, on_failure="keep-going")
    assert [event for event in events if isinstance(event, TaskFinished)] == [
        TaskFinished(A, failed("runner `local` failed: OSError: no room")),
        TaskFinished(B, failed("runner `local` failed: ValueError: odd")),
    ]


def test_an_unknown_runner_fails_its_task() -> None:
    """The message names it."""
    result, _ = play([Task(id=A, action="a", runner="moon")])
    assert result["a"].reason == "there is no runner `moon` in this run"


def test_what_cannot_listen_is_refused_before_anything_runs() -> None:
    """A function in place of a subscriber would be dropped with nobody to tell."""
    runner = FakeRunner({})
    with pytest.raises(TypeError, match="a subscriber has a method `on_record"):
        play([Task(id=A, action="a")], runner=runner, subscribers=[print])
    assert runner.calls == []


def test_a_subscriber_that_raises_is_dropped_and_the_others_are_told() -> None:
    """The run goes on; the story says who failed."""

    class Broken:
        def on_record(self, record: Record) -> None:
            if record.seq == 1:
                raise RuntimeError("full")
            assert record.seq == 0, "told again"

    _, events = play([Task(id=A, action="a")], subscribers=[Broken()])
    assert events == [
        RunStarted(targets=(A,), tasks=(A,), jobs=1),
        TaskStarted(A, "a"),
        Warned("subscriber Broken failed and was dropped: RuntimeError: full"),
        TaskFinished(A, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]


def test_who_holds_something_is_told_when_nothing_happens() -> None:
    """A moment after something was told; one that raises then is dropped as well, of which they are told in turn."""
    story: List[str] = []

    class Holds:
        def on_record(self, record: Record) -> None:
            story.append(type(record.event).__name__)

        def settle(self) -> None:
            story.append("settle")
            if story.count("settle") == 2:
                executor.stop()

    class Broken:
        def on_record(self, record: Record) -> None:
            pass

        def settle(self) -> None:
            raise RuntimeError("full")

    executor = make_executor([Task(id=A, action="a")], {"a": Script(holds=True)}, subscribers=[Holds(), Broken()])
    executor.run()
    assert story[:5] == ["RunStarted", "TaskStarted", "settle", "Warned", "settle"]


def test_who_writes_faster_than_it_is_read_waits() -> None:
    """A thread is at most a bounded number of pieces ahead of the subscribers."""
    ahead = []
    written = 0
    seen = 0

    class Slow:
        def on_record(self, record: Record) -> None:
            nonlocal seen
            if isinstance(record.event, TaskOutput):
                seen += 1
                ahead.append(written - seen)
                if seen % 100 == 0:
                    time.sleep(0.001)

    class Chatty(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            running = super().start(task, on_output, values)

            def wait() -> Outcome:
                nonlocal written
                for _ in range(5000):
                    written += 1
                    on_output("stdout", b"x")
                return succeeded()

            running.wait = wait
            return running

    play([Task(id=A, action="a")], runner=Chatty(), subscribers=[Slow()])
    assert seen == 5000
    assert max(ahead) <= 258


# --- outputs and memory --------------------------------------------------------------


class Making(FakeRunner):
    """Makes files: the action is a list of paths."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def start(self, task: Task, on_output: Any, values: Any) -> Any:
        for name in str(task.action).split():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
        return super().start(task, on_output, values)


@pytest.mark.parametrize(
    ("outputs", "made", "lacking"),
    [
        (["dist/a.txt"], "dist/a.txt", ""),
        (["dist"], "dist/a.txt", ""),
        (["dist/*.whl", "!dist/no.whl"], "dist/a.whl", ""),
        (["out/**/*.o"], "out/deep/er/x.o", ""),
        (["a.txt", "b.txt"], "a.txt", "did not make its declared output `b.txt`"),
        (["dist/*.whl"], "dist/a.zip", "did not make its declared output `dist/*.whl`"),
        (["${name}.txt"], "x.txt", ""),
        (["${name}.txt"], "y.txt", "did not make its declared output `x.txt`"),
    ],
)
def test_a_declared_output_that_was_not_made_is_a_failure(
    tmp_path: Path, outputs: List[str], made: str, lacking: str
) -> None:
    """Literal paths, patterns and values of parameters are looked for once the action ended well."""
    task = Task(id=A, action=made, outputs=outputs, arguments={"name": "x"})
    result, _ = play([task], runner=Making(tmp_path), root=str(tmp_path))
    assert (result["a"].ok, result["a"].reason or "") == (not lacking, lacking)


def test_a_memory_is_asked_before_and_told_after(tmp_path: Path) -> None:
    """What it knows does not run and its output is there again; what it does not know is recorded and kept."""
    memory = FakeMemory()
    tasks = [Task(id=A, action="a"), Task(id=B, action="b", deps=[A])]
    scripts = {"a": Script(output=(("stdout", b"made a\n"),)), "b": failed("no")}
    play(tasks, scripts, memory=memory)
    assert memory.calls == [
        ("recall", A), ("begin", A), ("finish", A), ("recall", B), ("begin", B), ("abandon", B),
    ]  # fmt: skip
    _, events = play(tasks, memory=memory)
    assert events[1:] == [
        TaskOutput(A, "stdout", b"made a\n"),
        TaskFinished(A, Outcome(state=State.HIT, ok=True)),
        TaskStarted(B, "b", reason="no earlier result"),
        TaskFinished(B, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]


def test_trouble_with_a_memory_never_fails_a_task() -> None:
    """It is told of, and the task runs."""

    class Broken(FakeMemory):
        def recall(self, *args: Any) -> Any:
            raise OSError("disk")

        def begin(self, task: Task) -> Any:
            raise OSError("full")

    result, events = play([Task(id=A, action="a")], memory=Broken())
    assert result.ok
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "`a`: the cache failed and was not asked: OSError: disk",
        "`a`: the cache failed and will not keep the result: OSError: full",
    ]


def test_many_tasks_without_action_are_quick() -> None:
    """The loop costs microseconds a task (a floor far below the figure in the documentation)."""
    count = 20_000
    tasks = [Task(id=f"t{n}") for n in range(count)]
    begun = time.perf_counter()
    assert play(tasks, jobs=4)[0].ok
    assert count / (time.perf_counter() - begun) > 1000
