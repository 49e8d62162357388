"""Where in a user's Python file something stands: functions, their parameters, the caller of the library.

Files are only opened when there is something wrong to show.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import tokenize

from taskrush.errors import Problem, Where
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple


def place_of(function: Callable[..., Any]) -> Optional[Where]:
    """Where a function is defined (its first decorator), or None for what is not written in Python."""
    code = _code(function)
    return None if code is None else Where(shown_path(code.co_filename), code.co_firstlineno)


def place_of_caller(depth: int) -> Where:
    """The line that called the library; `depth` frames up from the function that asks."""
    frame = sys._getframe(depth + 1)
    return Where(shown_path(frame.f_code.co_filename), frame.f_lineno)


def place_of_parameter(function: Callable[..., Any], name: str) -> Optional[Where]:
    """Where a parameter stands in the definition of a function, as exactly as can be told."""
    code = _code(function)
    if code is None:
        return None
    definition = _definition(code.co_filename, code.co_firstlineno, code.co_name)
    if definition is not None:
        arguments = definition.args
        extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        for argument in [*getattr(arguments, "posonlyargs", ()), *arguments.args, *arguments.kwonlyargs, *extra]:
            if argument.arg == name:
                return Where(shown_path(code.co_filename), argument.lineno, argument.col_offset + 1)
    return Where(shown_path(code.co_filename), code.co_firstlineno)


def at(where: Optional[Where], message: str, hint: Optional[str] = None) -> Problem:
    """A problem with the line it speaks of; without a column the caret goes below the first letter."""
    if where is None or not where.line:
        return Problem(message, where, hint)
    lines = _lines(where.path)
    source = lines[where.line - 1].rstrip("\r\n") if where.line <= len(lines) else ""
    if not source:
        return Problem(message, where, hint)
    if not where.column:
        where = evolve(where, column=len(source) - len(source.lstrip()) + 1)
    return Problem(message, where, hint, source)


def shown_path(path: str) -> str:
    """Relative to where we are if it lies below, else as it is."""
    if not os.path.isabs(path):
        return path
    here = os.getcwd().rstrip(os.sep) + os.sep
    return path[len(here) :] if path.startswith(here) else path


def _lines(path: str) -> List[str]:
    """The lines as they are now; what is no file (a cell of a notebook) is asked of `linecache`."""
    try:
        with tokenize.open(path) as file:
            return file.readlines()
    except (OSError, SyntaxError, ValueError):
        return linecache.getlines(path)


def _code(function: Callable[..., Any]) -> Any:
    seen = 0
    inner: Any = function
    while seen < 100:
        seen += 1
        following = getattr(inner, "__wrapped__", None) or getattr(inner, "__func__", None)
        if following is None:
            following = getattr(inner, "func", None) if not hasattr(inner, "__code__") else None
        if following is None:
            break
        inner = following
    return getattr(inner, "__code__", None)


def _definition(path: str, line: int, name: str) -> Optional[ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        tree = ast.parse("".join(_lines(path)))
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            first: Tuple[int, ...] = (node.lineno, *(decorator.lineno for decorator in node.decorator_list))
            if min(first) == line:
                return node
    return None
