"""Whether a task is still the one it was. A pure function."""

from __future__ import annotations

from taskrush.model.plan import part as part
from taskrush.model.task import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Optional

    from taskrush.model.task import Task


def differs(old: Optional[Task], new: Task, changed: Iterable[str]) -> bool:
    """Whether a task is another one than before. Functions are, as soon as a Python file has changed."""
    if old is None or old != new:
        return True
    return isinstance(new.action, Call) and any(path.endswith(".py") for path in changed)
