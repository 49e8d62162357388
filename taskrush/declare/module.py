"""Loads `tasks.py` by path and puts what goes wrong into the terms of the user's file.

While it is loaded its folder can be imported from; afterwards `sys.path` is as before. Its source is always compiled
afresh: a byte-code file is told apart by seconds, which is too coarse for a file that is edited and run again.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.util
import inspect
import linecache
import os
import re
import sys
import tokenize

from taskrush.declare.command import command
from taskrush.declare.decorator import task
from taskrush.declare.mark import mark_of, marked
from taskrush.declare.place import at, shown_path
from taskrush.errors import ConfigError, Problem, TaskRushError, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any, Callable, Iterator, List, Optional, Tuple

    from taskrush.declare.mark import Mark

_KEYWORD = re.compile(r"^(task|command)\(\) got an unexpected keyword argument '(\w+)'")
MODULE_PREFIX = "taskrush_tasks_"


def module_name(path: str) -> str:
    """The name under which a file is loaded: one per path, so that two projects in one process do not meet."""
    return MODULE_PREFIX + hashlib.sha256(os.path.abspath(path).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def load_module(path: str) -> ModuleType:
    """Execute a Python file as a module. Raises `ConfigError` for what goes wrong, with the user's line."""
    path = os.path.abspath(path)
    name = module_name(path)
    linecache.checkcache(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    seen: List[Tuple[Callable[..., Any], Mark]] = []
    token = marked.set(seen)
    try:
        with _importable(os.path.dirname(path)):
            sys.modules[name] = module
            _execute(path, module)
    except BaseException:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before
        raise
    finally:
        marked.reset(token)
    hidden = _hidden(module, seen)
    if hidden:
        raise ConfigError(*hidden)
    return module


def _execute(path: str, module: ModuleType) -> None:
    try:
        with tokenize.open(path) as file:
            source = file.read()
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except TaskRushError:
        raise
    except SyntaxError as error:
        raise ConfigError(_syntax_problem(path, error)) from error
    except OSError as error:
        if error.filename != path:
            raise ConfigError(_problem(path, error)) from error
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(Problem(f"cannot read: {reason}", Where(shown_path(path)))) from error
    except SystemExit as error:
        message = "the file exits while it is loaded: tasks are declared, not run, when TaskRush reads it"
        raise ConfigError(at(_innermost(path, error.__traceback__), message)) from error
    except Exception as error:
        raise ConfigError(_problem(path, error)) from error


@contextlib.contextmanager
def _importable(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def _problem(path: str, error: BaseException) -> Problem:
    hint = None
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = f"install what provides `{error.name.partition('.')[0]}` for {sys.executable}"
    where = _innermost(path, error.__traceback__)
    text = str(error)
    keyword = _KEYWORD.match(text) if isinstance(error, TypeError) else None
    if keyword is not None:
        name, wrong = keyword.groups()
        close = difflib.get_close_matches(
            wrong, list(inspect.signature({"task": task}.get(name, command)).parameters), 1
        )
        hint = f"did you mean `{close[0]}`?" if close else None
        return at(where, f"`{name}` has no keyword `{wrong}`", hint)
    return at(where, type(error).__name__ + (f": {text}" if text else ""), hint)


def _syntax_problem(path: str, error: SyntaxError) -> Problem:
    where = Where(shown_path(error.filename or path), error.lineno or 0, max(error.offset or 0, 0))
    source = None if error.text is None else error.text.rstrip("\r\n")
    message = error.msg or str(error)
    return Problem(f"syntax error: {message[:1].lower()}{message[1:]}", where, None, source)


def _innermost(path: str, trace: Optional[TracebackType]) -> Where:
    """The deepest line in a file of the user's folder; installed packages and the standard library are passed over."""
    folder = os.path.dirname(path) + os.sep
    where = Where(shown_path(path))
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == path or (name.startswith(folder) and f"{os.sep}site-packages{os.sep}" not in name):
            where = Where(shown_path(name), trace.tb_lineno)
        trace = trace.tb_next
    return where


def _hidden(module: ModuleType, seen: List[Tuple[Callable[..., Any], Mark]]) -> List[Problem]:
    """Tasks that a later task of the same function name has replaced in the module."""
    reachable = {id(mark_of(value)) for value in vars(module).values()}
    problems = []
    for function, mark in seen:
        name = getattr(function, "__qualname__", "")
        other = mark_of(vars(module).get(name))
        if other is None or id(mark) in reachable or getattr(function, "__module__", "") != module.__name__:
            continue
        hint = "give one of the functions another name"
        problems.append(at(other.where, f"task `{other.name}` is declared twice, first at {mark.where}", hint))
    return problems
