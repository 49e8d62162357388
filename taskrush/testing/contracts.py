"""The contracts of the seams, as classes that pytest collects when they are subclassed in a test module.

Subclass one, say how the thing is made, and every promise of the protocol is checked:

    class TestMyRunner(RunnerContract):
        def make_runner(self) -> Runner: ...
        def make_task(self, does: str) -> Task: ...
"""

from __future__ import annotations

import threading
import time

from taskrush.execute.carrier import Carrier
from taskrush.model.outcome import State, succeeded
from taskrush.wiring import SystemClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Mapping, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import Memory, Runner

PATIENCE = 20.0


class Heard:
    """Collects output; pieces of one stream are joined."""

    def __init__(self) -> None:
        self.pieces: List[Tuple[str, bytes]] = []

    def __call__(self, stream: str, data: bytes) -> None:
        self.pieces.append((stream, data))

    def text(self, stream: str) -> bytes:
        return b"".join(data for name, data in self.pieces if name == stream)


def end_of(handle: Any) -> Outcome:
    """Carry what a runner started to its end, as an executor would. Raises AssertionError if there is none in time."""
    if not hasattr(handle, "descriptors"):
        ends: List[Outcome] = []
        thread = threading.Thread(target=lambda: ends.append(handle.wait()), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert ends, "it does not end"
        return ends[0]
    clock = SystemClock()
    carrier = Carrier(clock)
    found: List[Outcome] = []
    until = clock.monotonic() + PATIENCE
    carrier.at(until, lambda: None)
    carrier.carry(handle, found.append)
    while not found:
        assert clock.monotonic() < until, "it does not end"
        carrier.turn()
    carrier.close()
    return found[0]


class RunnerContract:
    """What every `Runner` promises."""

    def make_runner(self) -> Runner:
        """A new runner."""
        raise NotImplementedError

    def make_task(self, does: str) -> Task:
        """A task that `prints` (`hello` to stdout, `oops` to stderr, each with a line end, and ends well), `fails`,
        `waits` (for a minute unless it is cancelled), `raises` (cannot be started, or its runner breaks).
        """
        raise NotImplementedError

    def start(self, does: str, heard: Any = None, values: Mapping[str, object] = {}) -> Any:
        """Start such a task in a new runner."""
        self.runner = self.make_runner()
        return self.runner.start(self.make_task(does), heard or Heard(), values)

    def test_output_arrives_whole_and_before_the_end(self) -> None:
        """Both streams are told apart, and nothing comes after the end."""
        heard = Heard()
        outcome = end_of(self.start("prints", heard))
        assert (outcome.state, outcome.ok) == (State.SUCCEEDED, True)
        assert (heard.text("stdout"), heard.text("stderr")) == (b"hello\n", b"oops\n")
        self.runner.close()

    def test_a_failure_is_an_outcome(self) -> None:
        """What merely failed raises nothing and says why."""
        outcome = end_of(self.start("fails"))
        assert (outcome.state, outcome.ok) == (State.FAILED, False)
        assert outcome.reason
        self.runner.close()

    def test_what_cannot_be_started_is_a_failure(self) -> None:
        """Neither `start` nor `wait` raises."""
        outcome = end_of(self.start("raises"))
        assert outcome.state is State.FAILED
        assert outcome.reason
        self.runner.close()

    def test_cancelling_ends_it(self) -> None:
        """Told to end, it ends as cancelled, soon."""
        handle = self.start("waits")
        threading.Timer(0.2, handle.cancel).start()
        begun = time.monotonic()
        assert end_of(handle).state is State.CANCELLED
        assert time.monotonic() - begun < 10
        self.runner.close()

    def test_cancelling_twice_and_by_force_is_as_good_as_once(self) -> None:
        """`cancel` may come at any time, as often as it likes."""
        handle = self.start("waits")
        handle.cancel()
        handle.cancel()
        handle.cancel(True)
        assert end_of(handle).state is State.CANCELLED
        self.runner.close()

    def test_cancelling_after_the_end_changes_nothing(self) -> None:
        """An outcome stays what it is."""
        handle = self.start("prints")
        outcome = end_of(handle)
        handle.cancel()
        handle.cancel(True)
        assert outcome.ok
        self.runner.close()

    def test_an_interrupted_runner_closes(self) -> None:
        """`interrupt` and `close` do no harm when nothing runs."""
        runner = self.make_runner()
        runner.interrupt(15)
        runner.close()


class MemoryContract:
    """What every `Memory` promises about a task that it covers (one that covers nothing need not keep the rest)."""

    def make_memory(self) -> Memory:
        """A memory that remembers nothing yet."""
        raise NotImplementedError

    def make_task(self) -> Task:
        """A task that may be remembered."""
        raise NotImplementedError

    def do(self, task: Task) -> None:
        """What the task's action does to the workspace."""

    def test_what_was_never_done_has_to_run(self) -> None:
        """Nothing is known at first."""
        assert self.make_memory().recall(self.make_task(), {}, Heard()) is None

    def test_what_ended_well_is_remembered_with_its_output(self) -> None:
        """The second time it need not run, and what it wrote is there again."""
        memory, task = self.make_memory(), self.make_task()
        recording = memory.begin(task)
        recording.output("stdout", b"hello\n")
        self.do(task)
        assert recording.finish(succeeded()) is None
        heard = Heard()
        outcome = memory.recall(task, {}, heard)
        if memory.covers(task):
            assert outcome is not None
            assert outcome.ok
            assert outcome.state in (State.FRESH, State.HIT)
            assert outcome.state is State.FRESH or heard.text("stdout") == b"hello\n"
        else:
            assert outcome is None

    def test_what_was_abandoned_is_not_remembered(self) -> None:
        """A failure leaves nothing behind."""
        memory, task = self.make_memory(), self.make_task()
        recording = memory.begin(task)
        recording.output("stdout", b"half\n")
        recording.abandon()
        assert memory.recall(task, {}, Heard()) is None
