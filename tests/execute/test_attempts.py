"""Tasks that are tried again, and tasks that take too long, as the executor tells of them."""

import random
import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

from taskrush.events import AttemptFinished, Event, Record, TaskFinished, TaskOutput, TaskStarted, Warned
from taskrush.model.outcome import Outcome, State, cancelled, failed, succeeded
from taskrush.model.policy import Cache
from taskrush.model.retry import Retry, Timeout
from taskrush.model.task import Task, TaskId
from taskrush.runners.call import CallRunner
from taskrush.runners.local import LocalRunner
from taskrush.testing.fakes import FakeMemory, FakeRunner, RecordingSubscriber, Script
from tests.execute.playing import make_executor, make_plan, play

pytestmark = pytest.mark.core
A, B = TaskId("a"), TaskId("b")
NO = failed("no", code=7)


def shaky(task: str = "a", **policy: Any) -> Task:
    return Task(id=task, action="x", retry=Retry(**policy))


def of(events: List[Event], *kinds: type) -> List[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_the_story_of_a_task_that_is_tried_again() -> None:
    """Each attempt has a start, its output and an end; the task has one end, which counts them."""
    one, two = Script(output=(("stdout", b"1"),), outcome=NO), Script(output=(("stdout", b"2"),))
    result, events = play([shaky(attempts=3, delay="10ms")], {"a": [one, two]})
    assert of(events, TaskStarted, TaskOutput, AttemptFinished, TaskFinished) == [
        TaskStarted(A, "x", 1),
        TaskOutput(A, "stdout", b"1"),
        AttemptFinished(A, 1, NO, 0.01),
        TaskStarted(A, "x", 2),
        TaskOutput(A, "stdout", b"2"),
        TaskFinished(A, succeeded(attempts=2)),
    ]
    assert (result.ok, result["a"].flaky) == (True, True)


def test_the_last_attempt_is_the_end() -> None:
    """After so many it has failed, and what needs it is skipped."""
    runner = FakeRunner({"a": NO})
    result, events = play([shaky(attempts=3), Task(id=B, action="y", deps=[A])], runner=runner)
    assert runner.calls.count(("start", A)) == 3
    assert [event.attempt for event in of(events, AttemptFinished)] == [1, 2]  # type: ignore[attr-defined]
    assert result["a"] == failed("no", code=7, attempts=3, seconds=result["a"].seconds)
    assert (result["b"].state, result.exit_code) == (State.SKIPPED, 1)


def test_a_failure_of_another_kind_ends_it_early() -> None:
    """What the policy does not name is not tried again."""
    runner = FakeRunner({"a": [NO, failed("worse", code=8), succeeded()]})
    result, _ = play([shaky(attempts=9, on_codes=7)], runner=runner)
    assert (result["a"].reason, result["a"].attempts) == ("worse", 2)


def test_the_output_of_each_attempt_decides() -> None:
    """A pattern that the first one matched, across two pieces, says nothing of the second."""
    said = Script(output=(("stdout", b"time"), ("stdout", b"out\n")), outcome=NO)
    silent = Script(outcome=NO)
    runner = FakeRunner({"a": [said, silent, succeeded()]})
    result, _ = play([shaky(attempts=9, on_pattern=r"timeout")], runner=runner)
    assert result["a"].attempts == 2


def test_nobody_waits_for_a_task_that_sleeps() -> None:
    """With one place, others run in it meanwhile."""
    runner = FakeRunner({"a": [NO, succeeded()]})
    tasks = [shaky(attempts=2, delay="200ms"), Task(id=B, action="y")]
    result, events = play(tasks, runner=runner, jobs=1, on_failure="drain")
    assert [event.task for event in of(events, TaskStarted)] == [A, B, A]  # type: ignore[attr-defined]
    assert (result.ok, runner.most) == (True, 1)


def test_a_crowd_of_flaky_tasks_shares_a_few_places() -> None:
    """200 tasks that fail twice: each has its three attempts, never more at a time than there are places."""
    names = [f"t{number}" for number in range(200)]
    runner = FakeRunner({name: [NO, NO, succeeded()] for name in names})
    tasks = [shaky(name, attempts=3, delay=lambda attempt: 0.001 * attempt) for name in names]
    begun = time.monotonic()
    result, events = play(tasks, runner=runner, jobs=4)
    assert result.ok
    assert {outcome.attempts for outcome in result.outcomes.values()} == {3}
    assert (len(of(events, AttemptFinished)), len(of(events, TaskStarted))) == (400, 600)
    assert runner.most == 4
    assert time.monotonic() - begun < 20


class Stopper:
    """Stops the run as soon as a task sleeps."""

    executor: Any = None

    def on_record(self, record: Record) -> None:
        if isinstance(record.event, AttemptFinished):
            threading.Thread(target=self.executor.stop, args=("enough",)).start()


def test_a_stop_does_not_wait_for_what_sleeps() -> None:
    """An hour's sleep is over at once, and says what it was."""
    stopper = Stopper()
    stopper.executor = make_executor([shaky(attempts=2, delay="1h")], {"a": NO}, subscribers=[stopper])
    begun = time.monotonic()
    result = stopper.executor.run()
    assert time.monotonic() - begun < 2
    assert result["a"] == cancelled("not tried again: enough")
    assert result.exit_code == 143


@pytest.mark.parametrize("policy", ["drain", "fail-fast"])
def test_a_failure_elsewhere_ends_what_sleeps(policy: str) -> None:
    """Nothing starts any more, another attempt neither: it came to what its last one came to."""
    tasks = [shaky(attempts=2, delay="1h"), Task(id=B, action="y")]
    begun = time.monotonic()
    result, _ = play(tasks, {"a": NO, "b": failed("b", code=1)}, jobs=1, on_failure=policy)
    assert time.monotonic() - begun < 2
    assert (result["a"].state, result["a"].reason, result["b"].reason) == (State.FAILED, "no", "b")


def test_with_keep_going_it_is_tried_again_all_the_same() -> None:
    """A failure elsewhere is none of its business."""
    tasks = [shaky(attempts=2, delay="100ms"), Task(id=B, action="y")]
    result, _ = play(tasks, {"a": [NO, succeeded()], "b": failed("b")}, jobs=1, on_failure="keep-going")
    assert (result["a"].state, result["b"].state) == (State.SUCCEEDED, State.FAILED)


def test_ctrl_c_without_a_handler_leaves_nothing_asleep() -> None:
    """The exception goes out, and every task has an end."""

    class Interrupting:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, AttemptFinished):
                raise KeyboardInterrupt

    told = RecordingSubscriber()
    executor = make_executor([shaky(attempts=2, delay="1h")], {"a": NO}, subscribers=[told, Interrupting()])
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    assert [event.outcome.state for event in told.of(TaskFinished)] == [State.CANCELLED]  # type: ignore[attr-defined]


def test_the_cache_is_asked_before_each_attempt_and_told_once() -> None:
    """Every attempt that fails is abandoned; somebody else may have made the result meanwhile."""
    memory = FakeMemory()
    result, _ = play([shaky(attempts=3)], {"a": [NO, NO, succeeded()]}, memory=memory)
    attempt = [("recall", A), ("begin", A), ("abandon", A)]
    assert memory.calls == [*attempt, *attempt, ("recall", A), ("begin", A), ("finish", A)]
    memory = FakeMemory()
    runner = FakeRunner({"a": NO})

    class SomebodyElse:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, AttemptFinished):
                memory.kept[A] = (("stdout", b"theirs"),)

    result, _ = play([shaky(attempts=3)], runner=runner, memory=memory, subscribers=[SomebodyElse()])
    assert (result["a"].state, runner.calls.count(("start", A))) == (State.HIT, 1)


def test_a_condition_is_asked_once(tmp_path: Path) -> None:
    """What had to hold before the first attempt is not asked again."""
    runner = FakeRunner({"a": [succeeded(), NO, succeeded()]})
    task = Task(id=A, action="x", condition="test -e x", retry=Retry(attempts=2), cache=Cache(enabled=False))
    result, _ = play([task], runner=runner, root=str(tmp_path))
    assert (result["a"].attempts, runner.calls.count(("start", A))) == (2, 3)


def test_a_delay_that_breaks_is_told_and_ends_it() -> None:
    """A mistake in somebody's function fails no run that would not have failed."""

    def wrong(attempt: int) -> float:
        raise ValueError("odd")

    result, events = play([shaky(attempts=3, delay=wrong)], {"a": NO})
    assert result["a"] == failed("no", code=7, seconds=result["a"].seconds)
    assert of(events, Warned) == [
        Warned("`a`: is not tried again, as its `retry.delay` failed: ValueError: odd", task=A)
    ]


def test_outputs_that_were_not_made_are_a_failure_like_any_other(tmp_path: Path) -> None:
    """The next attempt may make them."""

    class Maker(FakeRunner):
        def start(self, *args: Any) -> Any:
            if ("start", A) in self.calls:
                (tmp_path / "out").write_text("made")
            return super().start(*args)

    task = Task(id=A, action="x", outputs=["out"], retry=Retry(attempts=2))
    result, _ = play([task], runner=Maker(), root=str(tmp_path))
    assert (result.ok, result["a"].attempts) == (True, 2)


# --- timeouts -----------------------------------------------------------------------------


def slow(task: str = "a", **more: Any) -> Task:
    return Task(id=task, action="x", **more)


def test_what_takes_too_long_is_ended_and_has_failed() -> None:
    """Politely first, by force after the grace period; what it came to itself does not count."""
    runner = FakeRunner({"a": Script(holds=True, stubborn=True)})
    result, _ = play([slow(timeout=Timeout(attempt=0.05))], runner=runner, grace=0.1)
    assert [call for call in runner.calls if call[1] == A] == [("start", A), ("cancel", A), ("kill", A)]
    assert (result["a"].reason, result["a"].timed_out, result.exit_code) == ("timed out after 50ms", True, 1)


def test_what_ends_well_after_its_time_has_failed_all_the_same() -> None:
    """And its result is not kept."""

    class Late(FakeRunner):
        def start(self, *args: Any) -> Any:
            running = super().start(*args)
            running.cancel = lambda force=False: running.released.set()
            return running

    memory = FakeMemory()
    result, _ = play([slow(timeout=Timeout(attempt=0.05))], runner=Late({"a": Script(holds=True)}), memory=memory)
    assert (result["a"].state, result["a"].timed_out) == (State.FAILED, True)
    assert memory.calls[-1] == ("abandon", A)


def test_a_timeout_is_tried_again_if_it_may() -> None:
    """Every attempt has the whole time."""
    runner = FakeRunner({"a": [Script(holds=True), Script(holds=True), succeeded()]})
    task = slow(timeout=Timeout(attempt=0.05), retry=Retry(attempts=3, on_timeout=True))
    result, events = play([task], runner=runner)
    assert [event.outcome.reason for event in of(events, AttemptFinished)] == ["timed out after 50ms"] * 2  # type: ignore[attr-defined]
    assert (result.ok, result["a"].attempts, result["a"].timed_out) == (True, 3, False)


def test_the_time_of_a_task_ends_its_attempts_too() -> None:
    """Neither does one run on nor does another one start."""
    runner = FakeRunner({"a": [NO, NO, Script(holds=True)]})
    begun = time.monotonic()
    result, _ = play([slow(timeout=Timeout(task=0.3), retry=Retry(attempts=9))], runner=runner)
    assert (result["a"].reason, result["a"].attempts) == ("timed out after 300ms over 3 attempts", 3)
    runner = FakeRunner({"a": NO})
    result, _ = play([slow(timeout=Timeout(task=0.3), retry=Retry(attempts=9, delay="1h"))], runner=runner)
    assert (result["a"].reason, result["a"].attempts) == ("no", 1)
    assert time.monotonic() - begun < 3


def test_silence_is_a_timeout_and_output_is_not(tmp_path: Path) -> None:
    """A real command that says something now and then goes on; when it falls silent it is ended."""
    said = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; sleep 30"
    task = Task(id=A, action=said, timeout=Timeout(idle=0.4))
    told = RecordingSubscriber()
    runner: Any = LocalRunner(str(tmp_path), {"PATH": "/usr/bin:/bin"}, "r")
    result, _ = play([task], runner=runner, root=str(tmp_path), subscribers=[told])
    assert result["a"].reason == "timed out: no output for 400ms"
    assert b"".join(event.data for event in told.of(TaskOutput)) == b"1\n2\n3\n4\n5\n6\n"  # type: ignore[attr-defined]


def test_a_run_has_its_time_too() -> None:
    """What runs is ended, what sleeps too, nothing starts, and the exit code is 1."""
    tasks = [slow("a"), shaky("b", attempts=2, delay="1h"), Task(id="c", action="z", deps=[A])]
    scripts = {"a": Script(holds=True), "b": NO}
    result, _ = play(tasks, scripts, jobs=2, timeout=0.1)
    states = {name: outcome.state for name, outcome in result.outcomes.items()}
    assert set(states.values()) == {State.CANCELLED}
    assert result["c"].reason == "not started: the run timed out after 100ms"
    assert (result.ok, result.exit_code) == (False, 1)


def test_a_run_that_ends_in_time_is_not_touched() -> None:
    """The clock is no end by itself, and keeps nobody waiting."""
    begun = time.monotonic()
    result, _ = play([slow()], timeout=3600)
    assert (result.ok, time.monotonic() - begun < 2) == (True, True)


def call(function: Any, **more: Any) -> "tuple[Any, List[Event]]":
    """Run one function as a task in a thread."""
    told = RecordingSubscriber()
    local: Any = FakeRunner()

    plan = make_plan([Task(id=A, action=function, **more)])
    from taskrush.execute.executor import Executor
    from taskrush.wiring import SystemClock

    executor = Executor(
        plan, runners={"call": CallRunner(local)}, clock=SystemClock(), run_id="r", subscribers=[told], grace=0.1
    )
    return executor.run()["a"], told.events


def test_a_function_that_will_not_end_is_left_behind_and_not_tried_again() -> None:
    """Two of them at a time are not what anybody asked for."""
    started: List[int] = []
    release = threading.Event()

    def stuck() -> None:
        started.append(1)
        release.wait(20)

    outcome, events = call(stuck, timeout=Timeout(attempt=0.05), retry=Retry(attempts=3))
    release.set()
    assert (outcome.reason, outcome.timed_out, started) == ("timed out after 50ms", True, [1])
    assert [event.message for event in of(events, Warned)] == [  # type: ignore[attr-defined]
        "`a`: did not end although it was told to, and is left behind"
    ]


def test_an_async_function_is_cancelled_and_tried_again() -> None:
    """It can be ended, so it can be started again."""
    import asyncio

    rounds: List[int] = []

    async def waits() -> str:
        rounds.append(1)
        if len(rounds) < 3:
            await asyncio.sleep(20)
        return "done"

    outcome, _ = call(waits, timeout=Timeout(attempt=0.1), retry=Retry(attempts=3))
    assert (outcome.value, outcome.attempts, len(rounds)) == ("done", 3, 3)


@pytest.mark.parametrize(
    ("name", "attempts"),
    [("ConnectionError", 3), ("test_attempts.Refused", 1), ("Refused", 3), ("ValueError", 1), ("OSError", 3)],
)
def test_the_exception_of_a_function_decides(name: str, attempts: int) -> None:
    """By its class or one of its bases, with the module's full name or none."""

    class Refused(ConnectionRefusedError): ...

    Refused.__qualname__ = "Refused"
    calls: List[int] = []

    def shaky_function() -> None:
        calls.append(1)
        raise Refused("not now")

    outcome, _ = call(shaky_function, retry=Retry(attempts=3, on_exception=name))
    assert (outcome.attempts, len(calls), outcome.reason.endswith("Refused: not now")) == (attempts, attempts, True)


def test_outcomes_that_are_told_apart() -> None:
    """Flaky is what ended well late, not what was restored or failed."""
    late = succeeded(attempts=2)
    assert [one.flaky for one in (late, succeeded(), failed(attempts=2))] == [True, False, False]
    assert not Outcome(state=State.HIT, ok=True, attempts=2).flaky


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_every_task_has_one_end(tmp_path: Path, seed: int) -> None:
    """Random graphs of commands that fail, hang and kill themselves, with retries and times, stopped at any moment."""
    dice = random.Random(seed)
    commands = ["true", "false", "sleep 0.05; exit 3", "sleep 5", "echo x; exit 1", "kill -9 $$"]
    retries = [None, *(Retry(attempts=3, delay=delay) for delay in ("0s", "20ms", "1h")), Retry(on_pattern="x")]
    timeouts = [None, Timeout(attempt=0.1), Timeout(task=0.2), Timeout(idle=0.1)]
    tasks = [
        Task(
            id=f"t{number}",
            action=dice.choice(commands),
            deps=[f"t{on}" for on in range(number) if dice.random() < 0.15],
            retry=dice.choice(retries),
            timeout=dice.choice(timeouts),
        )
        for number in range(dice.randint(3, 25))
    ]
    runner: Any = LocalRunner(str(tmp_path), {"PATH": "/usr/bin:/bin"}, f"r{seed}")
    told = RecordingSubscriber()
    executor = make_executor(
        tasks,
        runner=runner,
        root=str(tmp_path),
        subscribers=[told],
        jobs=dice.randint(1, 4),
        on_failure=dice.choice(["drain", "keep-going", "fail-fast"]),
        timeout=dice.choice([None, 0.5, 1.5]),
        grace=0.3,
    )
    timer = threading.Timer(dice.uniform(0.1, 2.0), executor.stop, args=("enough",))
    timer.start()
    begun = time.monotonic()
    result = executor.run()
    timer.cancel()
    assert time.monotonic() - begun < 10
    assert sorted(event.task for event in told.of(TaskFinished)) == sorted(task.id for task in tasks)  # type: ignore[attr-defined]
    assert all(outcome.state.ended for outcome in result.outcomes.values())
