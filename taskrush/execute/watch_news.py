"""What a watch tells those who listen, and the round that its iterator yields. Values only."""

from __future__ import annotations

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple, Union

    from taskrush.errors import TaskRushError
    from taskrush.execute.watch_state import Causes
    from taskrush.model.outcome import RunResult
    from taskrush.model.task import TaskId


@frozen
class Watching:
    """News: a watch begins, or goes on with files that were loaded again. `method` is `"notify"` or `"poll"`."""

    files: int
    targets: Tuple[TaskId, ...]
    method: str


@frozen
class RoundStarted:
    """News: these tasks run now. `causes` are the changed paths by the task that they affect; empty at first."""

    number: int
    tasks: Tuple[TaskId, ...]
    causes: Causes


@frozen
class NotLoaded:
    """News: the files that declare tasks changed and are wrong now; nothing runs until they are right."""

    error: TaskRushError


@frozen
class SelfChanging:
    """News: a task that each time changes what it reads is no longer started again by that."""

    task: TaskId
    path: str


@frozen
class ServiceEnded:
    """News: a service that lived on between two rounds has ended; the next one that needs it starts it again.

    `log` is the end of what it wrote.
    """

    task: TaskId
    reason: str
    log: str = ""


if TYPE_CHECKING:
    News = Union[Watching, RoundStarted, NotLoaded, SelfChanging, ServiceEnded]


@frozen(kw_only=True)
class Round:
    """One run of a watch: why it was, what it ran and how it ended."""

    number: int
    tasks: Tuple[TaskId, ...]
    causes: Causes
    result: RunResult
