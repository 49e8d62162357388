"""What an attempt or a task came to."""

from __future__ import annotations

import enum

from taskrush.model.task import TaskId
from taskrush.values import evolve, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Optional, Tuple, Union

NO_EARLIER_RESULT = "no earlier result"
"""The reason of a task that runs for the first time; not worth a word where space is short."""


class State(enum.Enum):
    """The states of a task in a run; the last five are ends.

    WAITING     something it needs has not ended
    CHECKING    all it needs ended well; its condition, requirements and the cache are being asked
    READY       it will run as soon as there is room
    RUNNING     its action was started
    RETRYING    an attempt failed, and it sleeps until the next one
    SUCCEEDED   the action ended well
    FRESH       nothing ran: its outputs on disk are already the right ones
    HIT         nothing ran: its result was restored from a cache
    WARNED      it failed, as it may: what needs it goes on, and nothing of it is kept
    FAILED      the action, a requirement or a declared output let it down
    CANCELLED   the run was stopped while it ran, or before it could
    SKIPPED     its condition does not hold, or something it needs did not end well
    """

    WAITING = "waiting"
    CHECKING = "checking"
    READY = "ready"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FRESH = "fresh"
    HIT = "hit"
    WARNED = "warned"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    __hash__ = object.__hash__  # there is one of each; that of `Enum` is written in Python

    @property
    def ended(self) -> bool:
        return self not in (State.WAITING, State.CHECKING, State.READY, State.RUNNING, State.RETRYING)


@frozen(kw_only=True)
class Outcome:
    """How a task ended.

    `ok` is whether dependants may go on: true for succeeded, fresh, hit and warned, and for skipped by a
    condition.
    `code` is the exit code of a process, negative for a signal. `reason` says in words what went wrong or why
    nothing ran. `seconds` is wall time, `cpu_seconds` user and system time of the processes waited for,
    `peak_bytes` the largest of them; `saved_seconds` what a fresh or restored result took when it was
    made. `value` is what a callable returned (no part of equality or of the wire form).

    `attempts` is how often it was tried, or, of a fresh or restored result, when it was made; `seconds` are those of
    the last attempt. `cpu_user_seconds` and `cpu_system_seconds` are the two parts of `cpu_seconds`; `read_bytes` and
    `written_bytes` went from and to storage. `key` identifies the work of a cached task, `outputs` is one digest of all
    it made. `timed_out`: it was ended because its time was up. `raised` are the class of the exception that a
    callable ended by and the bases of that, as `module.name` (no part of equality or of the wire form either).
    """

    state: State
    ok: bool
    code: Optional[int] = None
    reason: Optional[str] = None
    seconds: float = 0.0
    cpu_seconds: Optional[float] = None
    peak_bytes: Optional[int] = None
    saved_seconds: Optional[float] = None
    attempts: int = 1
    timed_out: bool = False
    cpu_user_seconds: Optional[float] = None
    cpu_system_seconds: Optional[float] = None
    read_bytes: Optional[int] = None
    written_bytes: Optional[int] = None
    key: Optional[str] = None
    outputs: Optional[str] = None
    value: Any = field(default=None, eq=False, repr=False)
    raised: Tuple[str, ...] = field(default=(), eq=False, repr=False)

    @property
    def flaky(self) -> bool:
        """Whether it ended well, but not at the first attempt."""
        return self.state is State.SUCCEEDED and self.attempts > 1


class EndedSo(Exception):
    """A call of a function that ended by anything but a value."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def timed(outcome: Outcome, seconds: float, attempts: int = 1) -> Outcome:
    """The same outcome after so many seconds of wall time; several times as fast as `attrs.evolve`."""
    return Outcome(
        state=outcome.state,
        ok=outcome.ok,
        code=outcome.code,
        reason=outcome.reason,
        seconds=seconds,
        cpu_seconds=outcome.cpu_seconds,
        peak_bytes=outcome.peak_bytes,
        saved_seconds=outcome.saved_seconds,
        cpu_user_seconds=outcome.cpu_user_seconds,
        cpu_system_seconds=outcome.cpu_system_seconds,
        read_bytes=outcome.read_bytes,
        written_bytes=outcome.written_bytes,
        key=outcome.key,
        outputs=outcome.outputs,
        attempts=attempts,
        timed_out=outcome.timed_out,
        value=outcome.value,
        raised=outcome.raised,
    )


def succeeded(**fields: Any) -> Outcome:
    return Outcome(state=State.SUCCEEDED, ok=True, **fields)


def failed(reason: Optional[str] = None, **fields: Any) -> Outcome:
    return Outcome(state=State.FAILED, ok=False, reason=reason, **fields)


def excused(outcome: Outcome, allowed: Union[bool, Tuple[int, ...]]) -> Outcome:
    """A failure that is allowed as a warning, anything else as it is. `allowed`: any failure, or these exit codes."""
    if outcome.state is not State.FAILED or not (allowed is True or (allowed and outcome.code in allowed)):
        return outcome
    return evolve(outcome, state=State.WARNED, ok=True)


def cancelled(reason: Optional[str] = None, **fields: Any) -> Outcome:
    return Outcome(state=State.CANCELLED, ok=False, reason=reason, **fields)


def skipped(reason: str, ok: bool) -> Outcome:
    return Outcome(state=State.SKIPPED, ok=ok, reason=reason)


@frozen(kw_only=True)
class RunResult:
    """How a run ended: the outcome of every planned task by id, and what a command line should exit with.

    `exit_code`: 0 all well, 1 a task failed, 130 or 143 interrupted.
    """

    run: str
    ok: bool
    exit_code: int
    seconds: float
    outcomes: Mapping[TaskId, Outcome]

    def __getitem__(self, task: str) -> Outcome:
        return self.outcomes[TaskId(task)]
