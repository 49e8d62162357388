"""What a watch tells those who listen, and the round that its iterator yields. Values only."""

from typing import Tuple, Union

import attrs

from taskrush.errors import TaskRushError
from taskrush.execute.watch_state import Causes
from taskrush.model.outcome import RunResult
from taskrush.model.task import TaskId


@attrs.frozen
class Watching:
    """News: a watch begins, or goes on with files that were loaded again. `method` is `"notify"` or `"poll"`."""

    files: int
    targets: Tuple[TaskId, ...]
    method: str


@attrs.frozen
class RoundStarted:
    """News: these tasks run now. `causes` are the changed paths by the task that they affect; empty at first."""

    number: int
    tasks: Tuple[TaskId, ...]
    causes: Causes


@attrs.frozen
class NotLoaded:
    """News: the files that declare tasks changed and are wrong now; nothing runs until they are right."""

    error: TaskRushError


@attrs.frozen
class SelfChanging:
    """News: a task that each time changes what it reads is no longer started again by that."""

    task: TaskId
    path: str


News = Union[Watching, RoundStarted, NotLoaded, SelfChanging]


@attrs.frozen(kw_only=True)
class Round:
    """One run of a watch: why it was, what it ran and how it ended."""

    number: int
    tasks: Tuple[TaskId, ...]
    causes: Causes
    result: RunResult
