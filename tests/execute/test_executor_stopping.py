"""An executor that is told to stop, or that somebody breaks, ends all that runs and tells the whole story."""

import threading
import time
from typing import Any

import pytest

from taskrush.events import (
    Record,
    RunFinished,
    StopRequested,
    TaskFinished,
    TaskStarted,
    Warned,
)
from taskrush.execute.executor import Executor
from taskrush.model.outcome import Outcome, State, cancelled, failed
from taskrush.model.task import Task
from taskrush.testing.fakes import FakeRunner, RecordingSubscriber, Script
from tests.execute.playing import A, B, C, make_executor

pytestmark = pytest.mark.core


def test_stop_before_run_starts_nothing() -> None:
    """The run ends at once with every task cancelled."""
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a"), Task(id=B, action="b")], subscribers=[told])
    executor.stop("SIGTERM", exit_code=143)
    assert executor.run().exit_code == 143
    over = cancelled("not started: SIGTERM")
    assert told.events[1:] == [
        StopRequested("SIGTERM", 5.0),
        TaskFinished(A, over),
        TaskFinished(B, over),
        RunFinished(ok=False, exit_code=143, seconds=0.0),
    ]


def test_stop_after_run_does_nothing() -> None:
    """Late signals are harmless, also to descriptors that are somebody else's by then."""
    executor = make_executor([Task(id=A, action="a")])
    result = executor.run()
    for _ in range(3):
        executor.stop()
    assert result.exit_code == 0


def test_an_executor_runs_once() -> None:
    """Running it again is a mistake that is named."""
    executor = make_executor([])
    executor.run()
    with pytest.raises(RuntimeError, match="runs once"):
        executor.run()


def test_stop_passes_the_signal_on_then_ends_by_force_after_the_grace_period() -> None:
    """A stubborn task is told once, then forced."""
    runner = FakeRunner({"a": Script(holds=True, stubborn=True)})
    executor = make_executor([Task(id=A, action="a")], runner=runner, grace=0.1)
    threading.Timer(0.05, lambda: executor.stop("SIGTERM", 143)).start()
    begun = time.monotonic()
    assert executor.run()["a"] == attrs_like(cancelled("cancelled"), executor)
    assert 0.14 < time.monotonic() - begun < 3
    assert runner.calls == [("start", A), ("interrupt", 15), ("cancel", A), ("kill", A), ("close", None)]


def attrs_like(outcome: Outcome, executor: Executor) -> Outcome:
    """`outcome` with the time that the task really took."""
    import attrs

    return attrs.evolve(outcome, seconds=executor._outcomes[A].seconds)


def test_a_second_stop_by_force_does_not_wait() -> None:
    """As a second Ctrl-C."""
    runner = FakeRunner({"a": Script(holds=True, stubborn=True)})
    executor = make_executor([Task(id=A, action="a")], runner=runner, grace=60)
    threading.Timer(0.05, executor.stop).start()
    threading.Timer(0.1, lambda: executor.stop(force=True)).start()
    begun = time.monotonic()
    assert executor.run().exit_code == 143
    assert time.monotonic() - begun < 5


def test_fail_fast_ends_the_others_and_spares_last_wishes() -> None:
    """With `kill`, the grace period holds for what runs, and `finally` tasks still run afterwards."""
    runner = FakeRunner({"a": failed("no"), "b": Script(holds=True, stubborn=True)})
    tasks = [Task(id=B, action="b"), Task(id=A, action="a"), Task(id=C, action="c")]
    executor = make_executor(tasks, runner=runner, jobs=2, on_failure="fail-fast", grace=0.05, after={"c": ("a",)})
    result = executor.run()
    assert {name: outcome.state for name, outcome in result.outcomes.items()} == {
        B: State.CANCELLED,
        A: State.FAILED,
        C: State.SUCCEEDED,
    }
    assert result.exit_code == 1
    assert ("kill", B) in runner.calls


def test_what_cannot_be_killed_is_left_behind_with_a_word() -> None:
    """A thread that does not end does not hold the run."""

    class Deaf(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            running = super().start(task, on_output, values)
            running.cancel = lambda force=False: None
            return running

    runner = Deaf({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a")], runner=runner, subscribers=[told])
    threading.Timer(0.05, lambda: executor.stop(force=True)).start()
    executor.run()
    assert told.events[2:-1] == [
        StopRequested("stopped", 0.0),
        Warned("`a`: did not end although it was told to, and is left behind", task=A),
        TaskFinished(A, cancelled("left behind")),
    ]
    runner.release("a")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_error_in_the_thread_of_the_run_leaves_nothing_running(error: type) -> None:
    """Ctrl-C without a signal handler, or a bug: everything is ended, the story is completed, the error passed on."""
    runner = FakeRunner({"a": Script(holds=True)})

    class Interrupting:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, TaskStarted) and record.event.task == B:
                raise error

    class Passing(RecordingSubscriber):
        pass

    told = Passing()
    executor = make_executor(
        [Task(id=A, action="a"), Task(id=B, action="b"), Task(id=C, action="c")],
        runner=runner,
        jobs=2,
        subscribers=[told],
    )
    executor._bus._subscribers.append(Interrupting())
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            executor.run()
        assert told.events[-1] == RunFinished(ok=False, exit_code=130, seconds=0.0)
        assert sorted(event.task for event in told.of(TaskFinished)) == [A, B, C]  # type: ignore[attr-defined]
        assert ("kill", A) in runner.calls
    else:  # an `Exception` of a subscriber is the subscriber's own affair
        runner._scripts["a"] = Script()
        assert executor.run().ok
    assert runner.running == 0
    assert ("close", None) in runner.calls


def test_an_internal_error_ends_what_runs() -> None:
    """A bug of the executor itself is passed on, after the clean-up, with exit code 3 in the story."""
    runner = FakeRunner({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a")], runner=runner, subscribers=[told])

    def broken() -> None:
        raise AssertionError("a bug")

    executor._carrier.at(time.monotonic() + 0.05, broken)
    with pytest.raises(AssertionError, match="a bug"):
        executor.run()
    assert told.events[-1] == RunFinished(ok=False, exit_code=3, seconds=0.0)
    assert runner.running == 0


def test_stop_from_many_threads_at_any_time() -> None:
    """Whenever it comes, the run ends, each task has one end, and nothing starts after the stop was told."""
    for moment in range(12):
        told = RecordingSubscriber()
        tasks = [Task(id=f"t{n}", action="x" if n % 2 else None) for n in range(300)]
        executor = make_executor(tasks, subscribers=[told], jobs=4)
        threads = [threading.Timer(moment * 0.0015, executor.stop) for _ in range(3)]
        for thread in threads:
            thread.start()
        result = executor.run()
        for thread in threads:
            thread.join()
        assert len(result.outcomes) == len(told.of(TaskFinished)) == 300
        kinds = [type(event) for event in told.events]
        if StopRequested in kinds:
            assert TaskStarted not in kinds[kinds.index(StopRequested) :]
            assert result.exit_code == 143
