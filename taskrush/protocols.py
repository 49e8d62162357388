"""The seams. Folders of one layer meet here and are put together in `wiring.py`."""

from __future__ import annotations

from taskrush._typing import NamedTuple, Protocol
from taskrush.asked import NotAtOnce as NotAtOnce
from taskrush.asked import Pollable as Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import (
        Any,
        BinaryIO,
        Callable,
        ContextManager,
        Iterable,
        Iterator,
        Mapping,
        Optional,
        Sequence,
        Tuple,
        Union,
    )

    from taskrush.asked import Pollable as Pollable
    from taskrush.events import Record
    from taskrush.model.failure import Cause, Evidence
    from taskrush.model.fingerprint import Fingerprint
    from taskrush.model.history import PastAttempt, PastMeasure, PastRun, PastTask
    from taskrush.model.identity import Identity
    from taskrush.model.outcome import Outcome
    from taskrush.model.redaction import Redactor
    from taskrush.model.task import Task, TaskId


if TYPE_CHECKING:
    OnOutput = Callable[[str, bytes], None]
    """Called with `"stdout"` or `"stderr"` and some bytes, from any thread."""
else:

    def __getattr__(name):
        if name != "OnOutput":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from typing import Callable

        return Callable[[str, bytes], None]


class Running(Protocol):
    """One action under way."""

    def wait(self) -> Outcome:
        """Block until it has ended and all of its output was handed over; never raises for a failure."""

    def cancel(self, force: bool = False) -> None:
        """Ask it to end, or with `force` make it; at any time, more than once, from any thread."""


class ServiceKeeper(Protocol):
    """Keeps services up from one run to the next."""

    def take(self, task: Task, on_output: OnOutput) -> Optional[Running]:
        """The service as it is up; None if it has to be started. Cancelling gives it back. May block."""

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Running:
        """Start it, as a `Runner` does."""

    def interrupt(self, signum: int) -> None:
        """A run is being interrupted."""

    def close(self) -> None:
        """No run will need any of them."""


class Runner(Protocol):
    """A place where actions execute."""

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Union[Running, Pollable]:
        """Start the task's action. `values` are the results bound by `task.bindings`.

        Raises nothing for a command that cannot be started: that is a failed outcome.
        """

    def interrupt(self, signum: int) -> None:
        """The run is being interrupted: from now `cancel` passes this signal on where it can, and `close` also ends
        what detached itself from its task."""

    def close(self) -> None:
        """The run is over: end whatever may be left and give back what is held."""


class UnderWay(Protocol):
    """The call of one task's function."""

    def call(self) -> Any:
        """Make it in this thread: what the function returns. Raises `EndedSo` and nothing else."""

    def cancel(self, force: bool = False) -> None:
        """Ask it to end; at any time, also before it is made, more than once, from any thread."""


class Calls(Protocol):
    """Calls functions in the threads of whoever asks, which say when they begin and when they do something else."""

    def prepare(self, task: Task, values: Optional[Mapping[str, object]] = None) -> UnderWay:
        """A call that is to be made; `values` are the results bound by `task.bindings`, None if it takes nothing."""

    def times(self) -> Optional[Tuple[float, float]]:
        """User and system time of the calling thread so far, where the system tells them apart."""

    def enter(self) -> None: ...

    def leave(self) -> None: ...

    def close(self) -> None: ...


class Sharing(Protocol):
    """Lets commands take part in the slots of a run."""

    def environment(self, task: Task, env: Mapping[str, str]) -> Mapping[str, str]:
        """The variables that are different for a task whose commands would have `env`."""

    def descriptors(self, task: Task, env: Mapping[str, str]) -> Sequence[int]:
        """What its commands have to inherit."""


class Recording(Protocol):
    """A task that runs and whose result may be kept. Exactly one of `finish` and `abandon` is called, once."""

    def output(self, stream: str, data: bytes) -> None:
        """The task wrote this; called in the order of its output, never at the same time as another method."""

    def finish(self, outcome: Outcome) -> Optional[str]:
        """The task ended well: keep its result. May block. A reason in words if it was not kept."""

    def abandon(self) -> None:
        """The task did not end well."""


class Memory(Protocol):
    """What the executor asks about work done before. It never raises for trouble with a store: that is a miss.

    `recall` and `begin` are called in threads, for several tasks at a time, each after all that its task needs ended
    well; `recall` first, then, unless it gave an outcome, `begin`.
    """

    def covers(self, task: Task) -> bool:
        """Whether there is any point in asking about this task; quick."""

    def recall(self, task: Task, outcomes: Mapping[TaskId, Outcome], on_output: OnOutput) -> Optional[Outcome]:
        """How the task ended without running (fresh, or a hit whose log was replayed), or None if it has to run.

        `outcomes` are those of all tasks that have ended; with a hit its outputs are on disk.
        """

    def glance(self, task: Task, outcomes: Mapping[TaskId, Outcome]) -> Optional[Outcome]:
        """What `recall` would say if that can be told at once, in the thread that polls; None says nothing.

        Called before `recall`, and only for tasks that are covered.
        """

    def reason(self, task: Task) -> str:
        """Why the task has to run, in one line; after `recall` gave no outcome."""

    def identity(self, task: Task) -> Tuple[Optional[str], Optional[str]]:
        """The key of a task that was asked about, and one digest of all it made if its result was kept."""

    def begin(self, task: Task) -> Recording:
        """The task is about to run."""

    def warnings(self) -> Sequence[str]:
        """Messages about trouble since the last call."""

    def interrupt(self) -> None:
        """The run is being stopped: whoever waits for another process gives up."""

    def close(self) -> None:
        """The run is over."""


class Secrets(Protocol):
    """The secrets of one run."""

    redactor: Redactor

    def environment(self, task: Task) -> Mapping[str, str]:
        """The variables that the task's commands get, as far as they are known."""

    def fetch(self, task: Task) -> Optional[Running]:
        """What waits for the values that the task lacks and then ends well; None if it lacks none."""

    def warnings(self) -> Sequence[Tuple[str, Optional[str]]]:
        """Messages with hints since the last call."""

    def close(self) -> None:
        """The run is over: nobody waits any more."""


class Fingerprinter(Protocol):
    """Identifies a task's work, with its inputs as they are at the moment of asking."""

    def fingerprint(self, task: Task, upstream: Mapping[str, str]) -> Fingerprint:
        """The fingerprint of a task. `upstream` are digests of what it depends on, by name of part."""

    def outputs_digest(self, task: Task) -> str:
        """What the declared outputs of a task hold now, as one digest."""

    def unanswered(self, task: Task) -> Sequence[str]:
        """Commands whose output has to be known (`answer`) before the task has a fingerprint."""

    def answer(self, command: str, text: str) -> None:
        """What such a command printed."""


class Previewer(Fingerprinter, Protocol):
    """A fingerprinter that can look ahead: at files that are not on disk yet and commands that must not be run."""

    def pretend(self, states: Mapping[str, str]) -> None:
        """From now on take these paths to be in these states."""

    def assume(self, command: str, digest: str) -> None:
        """Take a command to have printed what this digest stands for."""


class Subscriber(Protocol):
    """Listens to the records of a run: in order, one at a time. One that raises is reported and dropped.

    One that also has `settle` may hold what it hears: that is called when nothing was told for a moment (0.05 s), and
    after `RunFinished` nothing is.
    """

    def on_record(self, record: Record) -> None: ...


class Advisor(Protocol):
    """Knows causes of failures. Called at the end of a run for each of them; one that raises is left out."""

    def __call__(self, evidence: Evidence) -> Iterable[Cause]:
        """The causes that fit, the likeliest first; a message that is a guess says so, or is `certain`."""


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds since some start; never goes back."""


class Kept(NamedTuple):
    """What a store says of one of its keys: bytes, and when it was last used or written (seconds since 1970)."""

    size: int
    used_at: float


class CacheStore(Protocol):
    """Bytes under keys, which are relative paths `kind/...`. A put is whole or not at all. All raise `OSError` only.

    Trust nothing that comes out: who reads verifies.
    """

    root: str

    def get(self, key: str, limit: int) -> Optional[bytes]:
        """The first `limit` bytes and one more if there are more; None if there is no such key."""

    def open(self, key: str) -> Optional[BinaryIO]:
        """A file to read from; None if there is no such key."""

    def put(self, key: str, data: bytes) -> None:
        """Keep some bytes."""

    def staging(self) -> str:
        """A folder of this machine for files that `adopt` is to take."""

    def adopt(self, key: str, file: str) -> None:
        """Keep a file of the staging folder, which is gone afterwards."""

    def touch(self, key: str) -> bool:
        """Note that it was used now; False if there is no such key."""

    def keys(self, kind: str) -> Iterator[Tuple[str, Kept]]:
        """All keys of a kind, sorted."""

    def delete(self, key: str) -> bool:
        """False if there was no such key."""

    def move(self, key: str, to: str) -> bool:
        """False if there was no such key."""

    def clear(self, kind: str) -> None:
        """Delete all keys of a kind."""


class Files(Protocol):
    """What is in the workspace; paths are relative to it, with `/`."""

    def walk(self, below: str = "") -> Iterator[Tuple[str, bool]]:
        """Every path below a folder, sorted, with whether it is a real folder."""

    def digest(self, path: str, status: Optional[os.stat_result] = None) -> Optional[str]:
        """SHA-256 of a regular file's content in hexadecimal, or None if there is no such file.

        `status`, if given, is that of the file now.
        """

    def learn(self, path: str, identity: Identity, looked_at: int, quick: bytes, digest: str) -> None:
        """Take in what somebody else has read: `quick` is by `seed`, `looked_at` the time by `now` before."""

    @property
    def seed(self) -> int:
        """For the xxh3-128 that `learn` takes."""

    def now(self) -> int:
        """The time as the file system has it, in ns."""

    def at_once(self) -> ContextManager[None]:
        """Until this ends the calling thread reads no content and looks at few files, else it gets `NotAtOnce`."""

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is known of these paths."""


class History(Protocol):
    """What is remembered of past runs, the newest first. It never raises for damage: what is lost is not there."""

    def runs(
        self,
        limit: Optional[int] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        ok: Optional[bool] = None,
        branch: Optional[str] = None,
    ) -> Sequence[PastRun]:
        """Runs that began in a time (seconds since 1970, `until` not included), with a target, an end, a branch."""

    def tasks(
        self,
        run: Optional[str] = None,
        task: Optional[str] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastTask]:
        """Tasks of runs that began in a time; those of one run in the order of its plan."""

    def measures(
        self,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        branch: Optional[str] = None,
        task: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastMeasure]:
        """What can be counted of tasks; with a `limit` that of the last so many runs. Much quicker than `tasks`."""

    def attempts(self, run: str, task: str) -> Sequence[PastAttempt]:
        """All tries of one task, the first one first."""

    def durations(self, tasks: Iterable[str]) -> Mapping[TaskId, float]:
        """The median of the last few times that a task ran and ended well; without those of which nothing is known."""

    def peaks(self, tasks: Iterable[str]) -> Mapping[TaskId, int]:
        """The largest of the last few peaks of memory, in bytes; without those of which nothing is known."""
