"""Runs Python functions in threads of this interpreter. Async functions get an event loop of their own.

Cancelling is cooperative: `run()` ends its command and raises, `checkpoint()` raises, an async function is cancelled;
after the grace period printing raises too. Nothing ends a thread that does none of these: the run goes on without it.
"""

from __future__ import annotations

import contextvars
import threading

from taskrush.model.outcome import cancelled, failed
from taskrush.model.task import Call
from taskrush.runners.current import Current, _current, functions_under_way
from taskrush.runners.invoke import Unbindable, arguments_of, invoke
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput, Runner


class CallRunner:
    """Starts functions; commands that they `run()` go to the `local` runner.

    With `capture_prints` what they print to `sys.stdout` and `sys.stderr` is their task's output.
    """

    def __init__(self, local: Runner, capture_prints: bool = False) -> None:
        self._local = local
        self._capture = capture_prints
        self._restore: Optional[Callable[[], None]] = None

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> CallRunning:
        captures = self._capture and not task.interactive  # who has the terminal writes to it, also half a line
        if captures and self._restore is None:
            from taskrush.runners.prints import install

            self._restore = install()
        return CallRunning(Current(task, on_output, self._local, captures), values)

    def interrupt(self, signum: int) -> None:
        """Functions hear of it by `cancel`, and their commands by the runner they go to."""

    def close(self) -> None:
        restore, self._restore = self._restore, None
        if restore is not None:
            restore()


class CallRunning:
    """One call under way, made by the thread that waits for it; a `Running`."""

    def __init__(self, current: Current, values: Mapping[str, object]) -> None:
        self._current = current
        self._values = values
        self._context = contextvars.copy_context()  # of the thread that runs the plan: what its owner set is seen
        self._context.run(_current.set, current)

    def wait(self) -> Outcome:
        thread = threading.get_ident()
        functions_under_way.add(thread)
        before = thread_times()
        try:
            return _with_times(self._context.run(self._call), before)
        finally:
            functions_under_way.discard(thread)

    def cancel(self, force: bool = False) -> None:
        if force:
            self._current.abandoned = True
        self._current.cancelled = True
        for tell in list(self._current.on_cancel):
            tell(force)

    def _call(self) -> Outcome:
        now = self._current
        assert isinstance(now.task.action, Call)
        if now.cancelled:
            return cancelled("cancelled")
        try:
            arguments = arguments_of(now.task, self._values)
        except Unbindable as error:
            return failed(str(error))
        try:
            return invoke(now.task.action.function, arguments, now.task.extra, self._tell_error, self._on_cancel)
        finally:
            now.flush()

    def _tell_error(self, text: str) -> None:
        self._current.flush()
        self._current.on_output("stderr", text.encode("utf-8", "backslashreplace"))

    def _on_cancel(self, tell: Callable[[bool], None]) -> None:
        self._current.on_cancel.append(tell)
        if self._current.cancelled:
            tell(False)


def thread_times() -> Optional[Tuple[float, float]]:
    """User and system time of this thread, where the system tells them apart."""
    try:
        import resource

        used = resource.getrusage(resource.RUSAGE_THREAD)
    except (ImportError, AttributeError):  # Windows; macOS
        return None
    return used.ru_utime, used.ru_stime


def _with_times(outcome: Outcome, before: Optional[Tuple[float, float]]) -> Outcome:
    """With the processor time since `before`; what the function's own threads and processes used is not in it."""
    now = thread_times()
    if before is None or now is None:
        return outcome
    user, system = now[0] - before[0], now[1] - before[1]
    return evolve(outcome, cpu_seconds=user + system, cpu_user_seconds=user, cpu_system_seconds=system)
