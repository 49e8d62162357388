"""Which task is running in this context, for `run()`, captured prints and cooperative cancelling.

A context variable, so that threads, async tasks and several runs in one process do not see each other's. A thread that
a task's function starts does not inherit it, unless it is started inside a copy of the context:
`Thread(target=contextvars.copy_context().run, args=(work,))`.
"""

from __future__ import annotations

from taskrush._builtin import ContextVar, Lock
from taskrush.errors import TaskCancelled
from taskrush.values import define, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Protocol, Set, Union

    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput, Runner

    class Late(Protocol):
        """Who can say what is current, once somebody looks."""

        def current(self) -> Current: ...


functions_under_way: Set[int] = set()
"""Threads of this process in which a task's function runs."""
PENDING_LIMIT = 8192  # bytes of an unfinished line that are kept back


@define(eq=False)
class Current:
    """The task whose function is running: where its output goes, and whether it was told to stop.

    `captures`: what the function prints is the task's output. `abandoned`: the grace period
    is over and nobody waits for the function any more.
    """

    task: Task
    on_output: OnOutput
    local: Runner
    captures: bool = False
    cancelled: bool = False
    abandoned: bool = False
    on_cancel: List[Callable[[bool], None]] = field(factory=list)
    _pending: Dict[str, bytearray] = field(factory=dict)
    _lock: Lock = field(factory=Lock)

    def write(self, stream: str, data: bytes) -> None:
        """Take output that comes in small pieces: whole lines are handed on, the rest waits for more."""
        if self.abandoned:
            raise TaskCancelled(f"task `{self.task.id}` was cancelled")
        with self._lock:
            pending = self._pending.setdefault(stream, bytearray())
            pending += data
            cut = len(pending) if len(pending) > PENDING_LIMIT else pending.rfind(b"\n") + 1
            ready = bytes(pending[:cut])
            del pending[:cut]
            if ready:
                self.on_output(stream, ready)

    def flush(self, stream: Optional[str] = None) -> None:
        """Hand on what waits, of one stream or of all."""
        if not self._pending:
            return
        with self._lock:
            for name in list(self._pending) if stream is None else [stream]:
                ready = bytes(self._pending.pop(name, b""))
                if ready and not self.abandoned:
                    self.on_output(name, ready)


_current: ContextVar[Union[Current, Late, None]] = ContextVar("taskrush_current", default=None)


def current() -> Optional[Current]:
    """The running task of this context, or None outside of any."""
    found = _current.get()
    return found if found is None or isinstance(found, Current) else found.current()
