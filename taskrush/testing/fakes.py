"""Fakes of the seams: a runner that follows a script, a clock that is set by hand, a subscriber, a memory."""

from __future__ import annotations

import threading

from taskrush.events import AttemptFinished, RunFinished, TaskFinished, TaskStarted
from taskrush.model.outcome import Outcome, State, cancelled
from taskrush.model.task import TaskId
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

    from taskrush.events import Event, Record
    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput

MEASURED = ("cpu_seconds", "cpu_user_seconds", "cpu_system_seconds", "peak_bytes", "read_bytes", "written_bytes")
SUCCESS = Outcome(state=State.SUCCEEDED, ok=True)


class FakeClock:
    """A clock that stands still until it is told to `pass_` some seconds. `now` starts at 1,000,000,000."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> float:
        return 1_000_000_000.0 + self._passed

    def monotonic(self) -> float:
        return self._passed

    def pass_(self, seconds: float) -> None:
        """Let time go by."""
        self._passed += seconds


class RecordingSubscriber:
    """Keeps every record. `events` is the story without times, keys and what was measured."""

    def __init__(self) -> None:
        self.records: List[Record] = []

    def on_record(self, record: Record) -> None:
        self.records.append(record)

    @property
    def events(self) -> List[Event]:
        """What happened, in order, with everything that differs from run to run set to nothing."""
        return [_timeless(record.event) for record in self.records]

    def of(self, kind: type) -> List[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def _timeless(event: Event) -> Event:
    if isinstance(event, (TaskFinished, AttemptFinished)):
        nothing: Dict[str, Any] = dict.fromkeys(MEASURED)
        still = evolve(event.outcome, seconds=0.0, key=None, outputs=None, **nothing)
        return evolve(event, outcome=still)
    if isinstance(event, TaskStarted):
        return evolve(event, waited_seconds=0.0, runner="")
    if isinstance(event, RunFinished):
        return evolve(event, seconds=0.0)
    return event


@frozen(kw_only=True)
class Script:
    """What a fake action does: writes `output`, then ends with `outcome`, or `raises`.

    With `holds` it goes on until it is cancelled (or `FakeRunner.release`d); with `stubborn` only force ends it.
    """

    output: Tuple[Tuple[str, bytes], ...] = ()
    outcome: Outcome = SUCCESS
    holds: bool = False
    stubborn: bool = False
    raises: Optional[Exception] = None


if TYPE_CHECKING:
    Scripts = Union[Script, Outcome, Sequence[Union[Script, Outcome]]]


class FakeRunner:
    """Plays scripts by task id; tasks without one succeed. Of several, each attempt plays the next, the last one again.

    `calls` notes what was asked of it, in order.
    """

    def __init__(self, scripts: Optional[Mapping[str, Scripts]] = None) -> None:
        self._scripts = dict(scripts or {})
        self._running: Dict[TaskId, FakeRunning] = {}
        self.calls: List[Tuple[str, object]] = []
        self.values: Dict[TaskId, Mapping[str, object]] = {}
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> FakeRunning:
        self.calls.append(("start", task.id))
        self.values[task.id] = dict(values)
        scripts = self._scripts.get(task.id, Script())
        several = (scripts,) if isinstance(scripts, (Script, Outcome)) else scripts
        script = several[min(self.calls.count(("start", task.id)), len(several)) - 1]
        if isinstance(script, Outcome):
            script = Script(outcome=script)
        self._count(1)
        running = self._running[task.id] = FakeRunning(self, task.id, script, on_output)
        return running

    def interrupt(self, signum: int) -> None:
        self.calls.append(("interrupt", signum))

    def close(self) -> None:
        self.calls.append(("close", None))

    def release(self, task: str) -> None:
        """Let an action that holds end as its script says."""
        self._running[TaskId(task)].released.set()

    def _count(self, step: int) -> None:
        with self._lock:
            self.running += step
            self.most = max(self.most, self.running)


class FakeRunning:
    """One fake action under way; a `Running`."""

    def __init__(self, runner: FakeRunner, task_id: TaskId, script: Script, on_output: OnOutput) -> None:
        self._runner = runner
        self._task_id = task_id
        self._script = script
        self._on_output = on_output
        self._cancelled = False
        self.released = threading.Event()

    def wait(self) -> Outcome:
        try:
            for stream, data in self._script.output:
                self._on_output(stream, data)
            if self._script.holds:
                self.released.wait()
            if self._script.raises is not None:
                raise self._script.raises
            return cancelled("cancelled") if self._cancelled else self._script.outcome
        finally:
            self._runner._count(-1)

    def cancel(self, force: bool = False) -> None:
        self._runner.calls.append(("kill" if force else "cancel", self._task_id))
        if force or not self._script.stubborn:
            self._cancelled = True
            self.released.set()


class FakeMemory:
    """Remembers in this process which tasks ended well, by id, and what they wrote. `calls` notes what was asked."""

    def __init__(self) -> None:
        self.kept: Dict[TaskId, Tuple[Tuple[str, bytes], ...]] = {}
        self.calls: List[Tuple[str, TaskId]] = []

    def covers(self, task: Task) -> bool:
        return task.cache.enabled is not False

    def recall(self, task: Task, outcomes: Mapping[TaskId, Outcome], on_output: OnOutput) -> Optional[Outcome]:
        self.calls.append(("recall", task.id))
        if task.id not in self.kept:
            return None
        for stream, data in self.kept[task.id]:
            on_output(stream, data)
        return Outcome(state=State.HIT, ok=True)

    def glance(self, task: Task, outcomes: Mapping[TaskId, Outcome]) -> Optional[Outcome]:
        return None

    def reason(self, task: Task) -> str:
        return "no earlier result"

    def identity(self, task: Task) -> Tuple[Optional[str], Optional[str]]:
        return (f"key of {task.id}", None) if self.covers(task) else (None, None)

    def warnings(self) -> Sequence[str]:
        return ()

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass

    def begin(self, task: Task) -> FakeRecording:
        self.calls.append(("begin", task.id))
        return FakeRecording(self, task.id)


class FakeRecording:
    """What a `FakeMemory` keeps of one task."""

    def __init__(self, memory: FakeMemory, task_id: TaskId) -> None:
        self._memory = memory
        self._task_id = task_id
        self._output: List[Tuple[str, bytes]] = []

    def output(self, stream: str, data: bytes) -> None:
        self._output.append((stream, data))

    def finish(self, outcome: Outcome) -> Optional[str]:
        self._memory.calls.append(("finish", self._task_id))
        self._memory.kept[self._task_id] = tuple(self._output)
        return None

    def abandon(self) -> None:
        self._memory.calls.append(("abandon", self._task_id))
