"""What stands for a Python function in a key: its source, and that of the helpers it names in its own module.

It follows names that the function's code mentions to functions and classes defined in the same module, and to plain
constants there; not to other modules, whose files a task can declare as inputs.
"""

from __future__ import annotations

import inspect
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Set, Tuple

_PLAIN = (str, bytes, int, float, bool, type(None))


def source_parts(function: Callable[..., Any]) -> Iterator[Tuple[str, str]]:
    """`source NAME` for the function and every helper, `constant NAME` for plain module values, sorted by name."""
    function = inspect.unwrap(function)
    module_globals = getattr(function, "__globals__", {})
    module = getattr(function, "__module__", None)
    found: List[Tuple[str, str]] = []
    seen: Set[int] = set()
    todo: List[Any] = [function]
    named: Set[str] = set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        found.append((f"source {getattr(thing, '__qualname__', repr(thing))}", _source(thing)))
        for name in _names(thing):
            if name in named or name not in module_globals:
                continue
            value = module_globals[name]
            if isinstance(value, (types.FunctionType, type)) and getattr(value, "__module__", None) == module:
                todo.append(value)
            elif _is_plain(value):
                named.add(name)
                found.append((f"constant {name}", repr(value)))
    closure = getattr(function, "__closure__", None) or ()
    for name, cell in zip(getattr(getattr(function, "__code__", None), "co_freevars", ()), closure):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if _is_plain(value):
            found.append((f"closure {name}", repr(value)))
    return iter(sorted(found))


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list, frozenset, set)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        return code.co_code.hex() + repr(code.co_consts) if code is not None else repr(thing)


def _names(thing: Any) -> Set[str]:
    """Every global name that the code of a function, or of a class's methods, mentions."""
    codes = [thing.__code__] if isinstance(thing, types.FunctionType) else []
    if isinstance(thing, type):
        codes = [value.__code__ for value in vars(thing).values() if isinstance(value, types.FunctionType)]
    names: Set[str] = set()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(const for const in code.co_consts if isinstance(const, types.CodeType))
    return names
