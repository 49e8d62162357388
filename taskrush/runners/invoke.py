"""Calls a task's function and says in an `Outcome` how that went. Never raises.

It does not know in which thread or process it is, nor who waits.
"""

from __future__ import annotations

import inspect
import os
import sys
import traceback

from taskrush.errors import CommandFailed, TaskCancelled, TaskRushError
from taskrush.model.outcome import cancelled, failed, succeeded
from taskrush.model.retry import exception_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Awaitable, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task

if TYPE_CHECKING:
    OnCancel = Callable[[Callable[[bool], None]], None]
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Unbindable(Exception):
    """The function cannot be called with what there is; the text says why."""


def arguments_of(task: Task, values: Mapping[str, object]) -> Dict[str, Any]:
    """Parameters by name: what was typed, and the results of other tasks. Raises `Unbindable` for a missing result."""
    for name, source in task.bindings.items():
        if name not in values and name not in task.arguments:
            raise Unbindable(f"needs the result of `{source.lstrip(':')}`, which is not part of this run")
    return {**task.arguments, **values}


def invoke(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    extra: Sequence[str],
    on_error: Callable[[str], None],
    on_cancel: OnCancel,
) -> Outcome:
    """Call `function`. `on_error` gets the text of a traceback; `on_cancel` is given what cancels an async function."""
    try:
        return succeeded(value=value_of_call(function, arguments, extra, on_cancel))
    except BaseException as error:
        return ended_by(error, on_error)


def value_of_call(
    function: Callable[..., Any], arguments: Mapping[str, Any], extra: Sequence[str], on_cancel: OnCancel
) -> Any:
    """What `function` returns, awaited where it has to be. Raises whatever it raises, and `Unbindable`."""
    positional, named = _bind(function, arguments, extra)
    value = function(*positional, **named)
    return value if value is None else awaited(value, on_cancel)


def awaited(value: Any, on_cancel: OnCancel) -> Any:
    """What comes of a value that has to be awaited; any other as it is."""
    return _await(value, on_cancel) if inspect.isawaitable(value) else value


def ended_by(error: BaseException, on_error: Callable[[str], None]) -> Outcome:
    """How a task ended whose function raised `error`; its traceback goes to `on_error`."""
    if isinstance(error, Unbindable):
        return failed(str(error))
    if isinstance(error, TaskCancelled) or _is_cancelled_error(error):
        return cancelled("cancelled")
    if isinstance(error, CommandFailed):
        return failed(error.message, code=error.code, raised=_kinds(error))
    if isinstance(error, TaskRushError):
        return failed(str(error), raised=_kinds(error))
    if isinstance(error, SystemExit):
        return _exited(error, on_error)
    on_error("".join(traceback.format_exception(type(error), error, _below_us(error.__traceback__))))
    text = str(error).strip()
    return failed(type(error).__qualname__ + (f": {text}" if text else ""), raised=_kinds(error))


def _bind(function: Callable[..., Any], arguments: Mapping[str, Any], extra: Sequence[str]) -> tuple[List[Any], Any]:
    """Arguments by position and by name; what followed `--` goes to `*args`."""
    if not arguments and not extra:
        return [], {}
    named = dict(arguments)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return list(extra), named
    takes_extra = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters)
    if extra and not takes_extra:
        raise Unbindable("takes no arguments after `--`: the function has no `*args`")
    positional: List[Any] = []
    for parameter in parameters:
        by_position = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            positional.extend(extra)
            break
        if not by_position and not (extra and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD):
            continue
        if parameter.name in named:
            positional.append(named.pop(parameter.name))
        elif parameter.default is not inspect.Parameter.empty:
            positional.append(parameter.default)
        else:
            raise Unbindable(f"needs a value for `{parameter.name}`")
    return positional, named


def _exited(error: SystemExit, on_error: Callable[[str], None]) -> Outcome:
    """`sys.exit()` ends the task as it would end a script."""
    if error.code is None or error.code == 0:
        return succeeded(code=0)
    if isinstance(error.code, int):
        return failed(f"exit code {error.code}", code=error.code)
    on_error(f"{error.code}\n")
    return failed(str(error.code), code=1)


def _await(awaitable: Awaitable[Any], on_cancel: OnCancel) -> Any:
    """Run an awaitable to its end in an event loop of its own."""
    import asyncio

    async def follow() -> Any:
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(awaitable)

        def tell(force: bool) -> None:
            try:
                loop.call_soon_threadsafe(work.cancel)
            except RuntimeError:  # the loop is closed: it has ended
                pass

        on_cancel(tell)
        return await work

    return asyncio.run(follow())


def _kinds(error: BaseException) -> Tuple[str, ...]:
    """The class of an exception and its bases by name, for those who try again after some."""
    return tuple(exception_name(kind) for kind in type(error).__mro__ if issubclass(kind, BaseException))


def _is_cancelled_error(error: BaseException) -> bool:
    module = sys.modules.get("asyncio")
    return module is not None and isinstance(error, module.CancelledError)


def _below_us(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """The traceback from the first frame that is neither ours nor the event loop's."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith(_HERE) and f"{os.sep}asyncio{os.sep}" not in name:
            return trace
        trace = trace.tb_next
    return None
