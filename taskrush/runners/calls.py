"""Calls functions one after the other in the threads of a run that has nothing but functions: little for each call.

What a function may ask for (`run()`, `checkpoint()`, where its prints go) is only made when it does. What is called,
and when, is decided elsewhere.
"""

from __future__ import annotations

import contextvars
import functools
import threading

from taskrush.errors import TaskCancelled
from taskrush.model.outcome import EndedSo
from taskrush.model.task import Call
from taskrush.runners.call import thread_times
from taskrush.runners.current import Current, _current, functions_under_way
from taskrush.runners.invoke import arguments_of, awaited, ended_by, value_of_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import Runner

    Heard = Callable[[Task, str, bytes], None]

_making = threading.Lock()  # threads that a function starts may look at the same time


class Calls:
    """The calls of one run, made in the thread that runs the plan: what its owner set in context variables is seen.

    Output of a function goes to `heard`, its commands to the `local` runner. With `captures` what functions print is
    their task's output.
    """

    def __init__(self, local: Runner, captures: bool, heard: Heard) -> None:
        self.local = local
        self.captures = captures
        self.heard = heard
        self.new_context = contextvars.copy_context().copy
        self.prepare = functools.partial(UnderWay, self)  # takes a task and, if it receives any, results of others
        self._restore: Optional[Callable[[], None]] = None
        if captures:
            from taskrush.runners.prints import install

            self._restore = install()

    def times(self) -> Optional[Tuple[float, float]]:
        """User and system time of this thread so far, where the system tells them apart."""
        return thread_times()

    def enter(self) -> None:
        """The calling thread is about to call functions."""
        functions_under_way.add(threading.get_ident())

    def leave(self) -> None:
        """The calling thread calls none for now."""
        functions_under_way.discard(threading.get_ident())

    def close(self) -> None:
        restore, self._restore = self._restore, None
        if restore is not None:
            restore()


class UnderWay:
    """One call. `cancel` may come from any thread, also before it is made."""

    _made: Optional[Current] = None
    _cancelled = _forced = False

    def __init__(self, calls: Calls, task: Task, values: Optional[Mapping[str, object]] = None) -> None:
        self._calls = calls
        self._task = task
        self._values = values

    def call(self) -> Any:
        """What the function returns. Raises `EndedSo` for any other end."""
        try:
            value = self._calls.new_context().run(self._call)
        except BaseException as error:
            raise EndedSo(self._outcome(error)) from None
        if self._made is not None:
            self._made.flush()
        return value

    def cancel(self, force: bool = False) -> None:
        self._forced = self._forced or force
        self._cancelled = True
        if self._made is not None:
            self._cancel_made(self._made, force)

    def current(self) -> Current:
        """What the function may ask for."""
        with _making:
            made = self._made
            if made is None:
                calls, task = self._calls, self._task
                made = Current(task, functools.partial(calls.heard, task), calls.local, calls.captures)
                self._made = made
                if self._cancelled:  # looked at after the above: else `cancel` has seen what was made
                    self._cancel_made(made, self._forced)
        return made

    def _call(self) -> Any:
        _current.set(self)
        task = self._task
        function = task.function
        if function is None:
            assert isinstance(task.action, Call)
            function = task.action.function
        if self._cancelled:
            raise TaskCancelled(f"task `{task.id}` was cancelled")
        if self._values is None:
            value = function()
            return value if value is None else awaited(value, self._on_cancel)
        arguments = arguments_of(task, self._values)
        return value_of_call(function, arguments, task.extra, self._on_cancel)

    def _outcome(self, error: BaseException) -> Outcome:
        try:
            return ended_by(error, self._tell_error)
        finally:
            if self._made is not None:
                self._made.flush()

    def _tell_error(self, text: str) -> None:
        if self._made is not None:
            self._made.flush()
        self._calls.heard(self._task, "stderr", text.encode("utf-8", "backslashreplace"))

    def _on_cancel(self, tell: Callable[[bool], None]) -> None:
        made = self.current()
        made.on_cancel.append(tell)
        if made.cancelled:
            tell(False)

    @staticmethod
    def _cancel_made(made: Current, force: bool) -> None:
        if force:
            made.abandoned = True
        made.cancelled = True
        for tell in list(made.on_cancel):
            tell(force)
