"""Reads a function's parameters: which become options, which take results of other tasks, what is wrong with them."""

from __future__ import annotations

import inspect
from typing import Generic, TypeVar

from taskrush.declare.annotation import SUPPORTED, Meaning, Unsupported, meaning_of, meaning_of_default
from taskrush.declare.docstring import read_docstring
from taskrush.declare.place import at, place_of_parameter
from taskrush.errors import UsageError
from taskrush.model.task import Param
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, NoReturn, Tuple

    from taskrush.errors import Problem

T = TypeVar("T")
_EMPTY = inspect.Parameter.empty
_COLLECTING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class ResultOf(Generic[T]):
    """Stands for the value of a task until a run has it.

    A function that is called outside of a run gets this marker where the caller passes nothing: any use of it says so.
    """

    __slots__ = ("_task",)

    def __init__(self, task: object) -> None:
        object.__setattr__(self, "_task", task)

    def __repr__(self) -> str:
        return f"result_of({_name(source_of(self))})"

    def __reduce__(self) -> NoReturn:
        self._refuse()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        name = _name(source_of(self))
        raise UsageError(
            f"the result of `{name}` is only there when TaskRush runs the task",
            "call the function with a value for this parameter, or run it as a task",
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        self._refuse()

    __str__ = __format__ = __bool__ = __len__ = __iter__ = __next__ = __contains__ = __getitem__ = _refuse
    __setitem__ = __delitem__ = __setattr__ = __delattr__ = __call__ = __await__ = __fspath__ = _refuse
    __enter__ = __exit__ = __int__ = __float__ = __index__ = __bytes__ = __neg__ = __abs__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __mod__ = __rmod__ = __and__ = __or__ = _refuse
    __hash__ = object.__hash__


def source_of(marker: ResultOf[Any]) -> object:
    """The task whose value the marker stands for."""
    return object.__getattribute__(marker, "_task")


def _name(task: object) -> str:
    return str(getattr(task, "__name__", None) or getattr(task, "name", None) or getattr(task, "id", None) or task)


@frozen(kw_only=True)
class Signature:
    """A function as a task. `results` are other tasks by the parameter that takes their value."""

    description: str = ""
    params: Tuple[Param, ...] = ()
    results: Mapping[str, object] = field(factory=dict)
    problems: Tuple[Problem, ...] = ()


def read_signature(function: Callable[..., Any], task: str) -> Signature:
    """Read a function. What is wrong is collected, in the words of the task called `task`."""
    text = inspect.getdoc(function) or "" if function.__doc__ and not _is_partial(function) else ""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin that does not tell
        parameters = {}  # type: ignore[assignment]
    description, helps = read_docstring(text, parameters)
    params: List[Param] = []
    results: Dict[str, object] = {}
    problems: List[Problem] = []
    names = _names(function) if parameters else {}
    for name, parameter in parameters.items():
        default = parameter.default
        if isinstance(default, ResultOf):
            results[name] = source_of(default)
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        try:
            meaning = _meaning(parameter, names)
        except Unsupported as error:
            message = f"task `{task}`: parameter `{name}` cannot be an option: {error} is not supported"
            problems.append(at(place_of_parameter(function, name), message, f"use {SUPPORTED}"))
            continue
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            if meaning.kind != "str" or meaning.many or meaning.choices:
                message = f"task `{task}`: `*{name}` takes what follows `--`, which are texts"
                problems.append(at(place_of_parameter(function, name), message, f"write `*{name}: str`"))
            continue
        params.append(_param(name, default, meaning, helps.get(name, "")))
    clashes = _clashes(params, task, function)
    return Signature(description=description, params=tuple(params), results=results, problems=(*problems, *clashes))


def _meaning(parameter: inspect.Parameter, names: Mapping[str, Any]) -> Meaning:
    if parameter.annotation is not _EMPTY:
        return meaning_of(parameter.annotation, names)
    if parameter.default is _EMPTY or parameter.kind in _COLLECTING:
        return Meaning()
    return meaning_of_default(parameter.default)


def _param(name: str, default: Any, meaning: Meaning, help: str) -> Param:
    return Param(
        name=name,
        kind=meaning.kind,
        default=None if default is _EMPTY else default,
        required=default is _EMPTY and not meaning.optional,
        choices=meaning.choices,
        many=meaning.many,
        help=meaning.help or help,
        env=meaning.env,
        convert=meaning.convert,
    )


def _clashes(params: List[Param], task: str, function: Callable[..., Any]) -> List[Problem]:
    """`no_cache` beside a yes-or-no `cache` would be the same option."""
    from taskrush.declare.options import option_strings

    seen: Dict[str, str] = {}
    problems = []
    for param in params:
        for option in option_strings(param):
            if option in seen:
                message = f"task `{task}`: parameters `{seen[option]}` and `{param.name}` are both the option {option}"
                problems.append(at(place_of_parameter(function, param.name), message, "rename one of them"))
                break
            seen[option] = param.name
    return problems


def _names(function: Callable[..., Any]) -> Dict[str, Any]:
    """What texts in annotations can refer to: the function's globals and what it closes over."""
    inner: Any = inspect.unwrap(function)
    while _is_partial(inner):
        inner = inner.func
    inner = getattr(inner, "__func__", inner)
    names = dict(getattr(inner, "__globals__", {}))
    code = getattr(inner, "__code__", None)
    for name, cell in zip(getattr(code, "co_freevars", ()), getattr(inner, "__closure__", None) or ()):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            pass
    return names


def _is_partial(function: object) -> bool:
    return type(function).__name__ == "partial" and hasattr(function, "func")
