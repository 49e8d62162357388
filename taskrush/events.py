"""The closed set of facts about a run, and the record that stamps one with run, number and time.

Events say what, never when. Adding a field with a default is a compatible change; anything else needs a new
`WIRE_VERSION` (the wire form is in `report/jsonl.py`).
"""

from __future__ import annotations

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

    from taskrush.model.failure import Failure
    from taskrush.model.outcome import Outcome
    from taskrush.model.task import TaskId

WIRE_VERSION = 1
CHANGED = "changed"  # the reason of a stop by a watch that starts again at once


@frozen(kw_only=True)
class RunStarted:
    """A run begins: what was asked for and everything that is planned, in plan order; `services` are among it."""

    targets: Tuple[TaskId, ...]
    tasks: Tuple[TaskId, ...]
    jobs: int
    services: Tuple[TaskId, ...] = ()


@frozen
class TaskHeld:
    """A task could start but for a limit, and waits for it: ``pool `database` ``, ``mutex `x` ``, ``memory``."""

    task: TaskId
    limit: str


@frozen
class TaskStarted:
    """The action of a task was started.

    `command` is what a person would read, empty when there is no action. `reason` says why nothing kept in the cache
    could be used, empty for tasks that are not cached. It was ready and waited for room for `waited_seconds`; `runner`
    is the name of where it executes.
    """

    task: TaskId
    command: str = ""
    attempt: int = 1
    reason: str = ""
    waited_seconds: float = 0.0
    runner: str = ""


@frozen
class ServiceReady:
    """A service can be used, `seconds` after it was started. Until its `TaskFinished` it stays up."""

    task: TaskId
    seconds: float


@frozen
class TaskOutput:
    """Bytes that a task wrote, in order within its stream. `stream` is `"stdout"` or `"stderr"`."""

    task: TaskId
    stream: str
    data: bytes


@frozen
class AttemptFinished:
    """An attempt failed; the next one starts `delay` seconds later, as soon as there is room. Of the last one there is
    no such event: `TaskFinished` tells of it."""

    task: TaskId
    attempt: int
    outcome: Outcome
    delay: float


@frozen
class TaskFinished:
    """A task ended; exactly one such event for every planned task."""

    task: TaskId
    outcome: Outcome


@frozen
class StopRequested:
    """The run was told to stop; what runs has `grace` seconds to end before it is killed."""

    reason: str
    grace: float


@frozen
class Warned:
    """Something a person should know that does not change the outcome of any task."""

    message: str
    hint: Optional[str] = None
    task: Optional[TaskId] = None


@frozen
class FailureExplained:
    """What can be said about a failure, told at the end of the run; not for everyone when there are very many."""

    task: TaskId
    failure: Failure


@frozen(kw_only=True)
class RunFinished:
    """The run is over and nothing of it is left running. `exit_code` as in the documentation."""

    ok: bool
    exit_code: int
    seconds: float


if TYPE_CHECKING:
    Event = Union[
        RunStarted,
        TaskHeld,
        TaskStarted,
        ServiceReady,
        TaskOutput,
        AttemptFinished,
        TaskFinished,
        StopRequested,
        Warned,
        FailureExplained,
        RunFinished,
    ]
else:

    def __getattr__(name):
        if name != "Event":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from typing import Union

        kinds = [thing for thing in globals().values() if isinstance(thing, type) and thing.__module__ == __name__]
        return Union[tuple(kind for kind in kinds if kind is not Record)]


@frozen
class Record:
    """An event as it happened: in which run, as the how-manieth (from 0), at which time (seconds since 1970)."""

    run: str
    seq: int
    at: float
    event: Event
