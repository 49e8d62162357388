"""Runs Python functions in threads of this interpreter. Async functions get an event loop of their own.

Cancelling is cooperative: `run()` and `checkpoint()` inside the function raise, an async function is cancelled.
"""

import asyncio
import contextvars
import inspect
import threading
import traceback
from typing import Any, Dict, Mapping

from taskrush.errors import TaskCancelled, TaskRushError
from taskrush.model.outcome import Outcome, cancelled, failed, succeeded
from taskrush.model.task import Call, Task
from taskrush.protocols import OnOutput, Runner
from taskrush.runners.current import Current, _current


class CallRunner:
    """Starts functions; commands that they `run()` go to the `local` runner."""

    def __init__(self, local: Runner) -> None:
        self._local = local

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> "CallRunning":
        return CallRunning(task, on_output, values, self._local)

    def close(self) -> None:
        pass


class CallRunning:
    """One call under way; a `Running`."""

    def __init__(self, task: Task, on_output: OnOutput, values: Mapping[str, object], local: Runner) -> None:
        assert isinstance(task.action, Call)
        self._function = task.action.function
        self._task = task
        self._kwargs: Dict[str, Any] = {**task.arguments, **values}
        self._current = Current(task, on_output, local, threading.Event())

    def wait(self) -> Outcome:
        return contextvars.copy_context().run(self._call)

    def cancel(self, force: bool = False) -> None:
        self._current.cancelled.set()
        for tell in list(self._current.on_cancel):
            tell(force)

    def _call(self) -> Outcome:
        _current.set(self._current)
        try:
            value = self._function(*self._task.extra, **self._kwargs)
            if inspect.isawaitable(value):
                value = asyncio.run(self._await(value))
        except (TaskCancelled, asyncio.CancelledError):
            return cancelled("cancelled")
        except TaskRushError as error:
            return failed(error.message)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else (0 if error.code is None else 1)
            if code == 0:
                return succeeded(code=0)
            return failed(f"exit code {code}" if isinstance(error.code, int) else str(error.code), code=code)
        except BaseException as error:
            text = "".join(traceback.format_exception(type(error), error, _below_us(error)))
            self._current.on_output("stderr", text.encode("utf-8", "backslashreplace"))
            return failed(f"{type(error).__name__}: {error}")
        return succeeded(value=value)

    async def _await(self, awaitable: Any) -> Any:
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(awaitable)

        def tell(force: bool) -> None:
            loop.call_soon_threadsafe(work.cancel)

        self._current.on_cancel.append(tell)
        if self._current.cancelled.is_set():
            work.cancel()
        return await work


def _below_us(error: BaseException) -> Any:
    """The traceback without our own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace
