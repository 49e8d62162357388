"""What can be said about why a task failed: values only, what finds them is in `analyze/`."""

from __future__ import annotations

from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task


@frozen(kw_only=True)
class Cause:
    """Something that may have made a task fail.

    `kind` names it for programs (`command-not-found`). `certain` is whether the system itself said so; of everything
    else a message says that it is a guess. `remedy` is what may help, one line.
    """

    kind: str
    message: str
    remedy: Optional[str] = None
    certain: bool = False


@frozen(kw_only=True)
class Flakiness:
    """How a task ended of late, this time included: it failed `failed` of `runs` times; its chance to fail lies between
    `low` and `high` (Wilson interval, 95%).

    `same_key` is whether only ends with the key of this failure were counted: then different ends mean that something
    else than what is declared decides. `recovered` is how often one of them ended well after a failed attempt.
    """

    runs: int
    failed: int
    low: float
    high: float
    same_key: bool = False
    recovered: int = 0


@frozen(kw_only=True)
class Failure:
    """All that is known about one failure.

    `lines` are the decisive lines of its output of `written` lines, without control characters; `changed` says in one
    line what is not as it was when the task last ended well, empty where nothing is known.
    """

    lines: Tuple[str, ...] = ()
    written: int = 0
    causes: Tuple[Cause, ...] = ()
    changed: str = ""
    history: Optional[Flakiness] = None


@frozen(kw_only=True)
class Evidence:
    """What is looked at to find a cause.

    `lines` are the telling ones of its output and the last ones, in order, without control characters. `env` is what
    its commands saw, `withheld` the names of what they did not see of the caller's.
    """

    task: Task
    outcome: Outcome
    lines: Tuple[str, ...] = ()
    env: Mapping[str, str] = field(factory=dict, repr=False)
    withheld: Tuple[str, ...] = ()
