"""What the end of a task or a run is news of, and for which notices. Pure; it knows no words and no channels."""

from __future__ import annotations

import fnmatch

from taskrush._typing import NamedTuple
from taskrush.model.notification import ALWAYS, FAILURE, FIRST_FAILURE, RECOVERY, SUCCESS, WARNING
from taskrush.model.outcome import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import FrozenSet, Optional, Tuple

    from taskrush.model.notification import Notice
    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task, TaskId

_WEIGHT = (RECOVERY, FIRST_FAILURE, FAILURE, WARNING, SUCCESS, ALWAYS)  # the most telling one first


class Ended(NamedTuple):
    """The end of a task, or of the run (`task` is None), with the notices that may want it and the last output."""

    task: Optional[TaskId]
    outcome: Outcome
    events: FrozenSet[str]
    notices: Tuple[Notice, ...]
    tail: bytes


def possible(outcome: Outcome) -> FrozenSet[str]:
    """What the end of a task may be, as long as nobody has looked at what was before."""
    if outcome.state is State.SUCCEEDED:
        return frozenset((SUCCESS, RECOVERY, ALWAYS))
    if outcome.state in (State.FRESH, State.HIT):
        return frozenset((RECOVERY, ALWAYS))
    if outcome.state is State.FAILED:
        return frozenset((FAILURE, FIRST_FAILURE, ALWAYS))
    return frozenset((WARNING, ALWAYS)) if outcome.state is State.WARNED else frozenset()


def possible_of_run(ok: bool, interrupted: bool, warned: bool = False) -> FrozenSet[str]:
    """As `possible`, of a run; `warned` is whether a task failed that may."""
    if interrupted:
        return frozenset((ALWAYS,))
    if ok:
        return frozenset((SUCCESS, RECOVERY, ALWAYS, *((WARNING,) if warned else ())))
    return frozenset((FAILURE, FIRST_FAILURE, ALWAYS))


def told(notice: Notice, events: FrozenSet[str], failed_before: bool) -> Optional[str]:
    """The most telling of the events that a notice wants to hear of, or None."""
    left_out = FIRST_FAILURE if failed_before else RECOVERY
    return next((one for one in _WEIGHT if one in events and one in notice.on and one != left_out), None)


def about(notice: Notice, task: Task) -> bool:
    """Whether a rule with `of` is about this task: its name, one of its aliases, its matrix, or a pattern of these."""
    names = (task.id, *task.aliases, *((task.group,) if task.group else ()))
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in notice.of for name in names)
