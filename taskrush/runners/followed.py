"""`followed()`: how the tasks ended that the running one follows by `finally`. It reads what its task was told.

In a thread that is in the task's environment, in a process of its own in that of the process.
"""

from __future__ import annotations

import os

from taskrush.errors import UsageError
from taskrush.model.outcome import Outcome, State
from taskrush.model.task import TaskId
from taskrush.runners.current import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Mapping

VARIABLE = "TASKRUSH_OUTCOMES"


def followed() -> Mapping[TaskId, Outcome]:
    """How the tasks ended that the task of this function runs after (`finally_`), by name; empty for any other task.

    Those are among them too whose failure kept one of them from running. Values of functions are not known here.
    Raises `UsageError` in a task whose result is kept and that does not say that it depends on this.
    """
    now = current()
    text = (os.environ if now is None else now.task.env).get(VARIABLE)
    if text is None:
        return {}
    if not text:
        raise UsageError(
            "how the followed tasks ended is no part of what identifies this task, whose result is kept",
            'add `variable("TASKRUSH_OUTCOMES")` to its `inputs`, or do not cache it',
        )
    import json

    rows: Dict[str, Dict[str, object]] = json.loads(text)
    return {TaskId(task): _outcome(row) for task, row in rows.items()}


def _outcome(row: Mapping[str, object]) -> Outcome:
    return Outcome(**{**row, "state": State(row["state"])})  # type: ignore[arg-type]
