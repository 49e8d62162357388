"""Which task is running in this context, for `run()`, captured prints and cooperative cancelling.

A context variable, so that threads, async tasks and several runs in one process do not see each other's.
"""

import contextvars
import threading
from typing import Callable, Optional

import attrs

from taskrush.model.task import Task
from taskrush.protocols import OnOutput, Runner


@attrs.define(eq=False)
class Current:
    """The task whose body is running: where its output goes, and whether it was told to stop."""

    task: Task
    on_output: OnOutput
    local: Runner
    cancelled: threading.Event
    on_cancel: "list[Callable[[bool], None]]" = attrs.field(factory=list)


_current: "contextvars.ContextVar[Optional[Current]]" = contextvars.ContextVar("taskrush_current", default=None)


def current() -> Optional[Current]:
    """The running task of this context, or None outside of any."""
    return _current.get()
