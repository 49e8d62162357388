"""What an annotation of a parameter means as an option: its kind, its choices, whether it is a list, may be missing.

Annotations may be objects or texts, in any spelling (`Optional[int]`, `int | None`, `List[str]`, `list[str]`), on every
interpreter: texts are read from their syntax tree, so that new spellings work on old interpreters too.
"""

from __future__ import annotations

import ast
import collections.abc
import enum
from pathlib import Path, PurePath
from typing import Any, Union

from taskrush.declare.options import text_of
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type

SUPPORTED = "str, int, float, bool, Path, an Enum, Literal, List or Optional of these"
_PLAIN: Dict[Any, str] = {str: "str", int: "int", float: "float", bool: "bool", Path: "path", PurePath: "path"}
_LISTS = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)


class Unsupported(Exception):
    """An annotation that is no option; the text says which."""


@frozen(kw_only=True)
class OptionInfo:
    """More about a parameter, inside `Annotated`; see `option`."""

    help: Optional[str] = None
    env: Optional[str] = None


def option(*, help: Optional[str] = None, env: Optional[str] = None) -> OptionInfo:
    """More about a task's parameter: `count: Annotated[int, option(help="how many", env="COUNT")] = 1`.

    `env` names the environment variable that is used when the option is not given.
    """
    return OptionInfo(help=help, env=env)


@frozen(kw_only=True)
class Meaning:
    """What an annotation says; the fields are those of `Param`."""

    kind: str = "str"
    choices: Tuple[Any, ...] = ()
    many: bool = False
    optional: bool = False
    convert: Optional[Callable[[str], Any]] = None
    help: Optional[str] = None
    env: Optional[str] = None


def meaning_of(annotation: Any, names: Mapping[str, Any]) -> Meaning:
    """Read an annotation; `names` is what texts in it can refer to. Raises `Unsupported`."""
    if isinstance(annotation, str):
        try:
            node = ast.parse(annotation.strip(), mode="eval").body
        except SyntaxError:
            raise Unsupported(annotation)
        return _meaning(_resolve(node, names), annotation, names)
    return _meaning(annotation, _shown(annotation), names)


def meaning_of_default(default: Any) -> Meaning:
    """Without an annotation the default tells the kind."""
    if isinstance(default, enum.Enum):
        return _enum(type(default))
    return Meaning(kind=_PLAIN.get(type(default), "path" if isinstance(default, PurePath) else "str"))


@frozen
class _Form:
    """`origin[arguments]` as read from a text; a union has the origin `Union`."""

    origin: Any
    arguments: Tuple[Any, ...]


def _resolve(node: ast.AST, names: Mapping[str, Any]) -> Any:
    """The object that a syntax tree stands for, with subscripts and unions kept as forms."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            return _resolve(ast.parse(node.value.strip(), mode="eval").body, names)
        return node.value
    if isinstance(node, ast.Name):
        import builtins

        if node.id in names:
            return names[node.id]
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, names)
        if hasattr(owner, node.attr):
            return getattr(owner, node.attr)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _Form(Union, (_resolve(node.left, names), _resolve(node.right, names)))
    if isinstance(node, ast.Subscript):
        origin = _resolve(node.value, names)
        inner: Any = node.slice
        inner = getattr(inner, "value", inner) if type(inner).__name__ == "Index" else inner
        parts: Sequence[Any] = inner.elts if isinstance(inner, ast.Tuple) else (inner,)
        if _name(origin) == "Literal":
            return _Form(origin, tuple(_literal(part, names) for part in parts))
        if _name(origin) == "Annotated":
            return _Form(origin, (_resolve(parts[0], names), *(_evaluated(part, names) for part in parts[1:])))
        return _Form(origin, tuple(_resolve(part, names) for part in parts))
    raise Unsupported(_unparse(node))


def _literal(node: Any, names: Mapping[str, Any]) -> Any:
    return node.value if isinstance(node, ast.Constant) else _resolve(node, names)


def _evaluated(node: Any, names: Mapping[str, Any]) -> Any:
    """The value of an expression in `Annotated`; what cannot be evaluated says nothing about an option."""
    try:
        return eval(compile(ast.Expression(node), "<annotation>", "eval"), dict(names))
    except Exception:
        return None


def _unparse(node: ast.AST) -> str:
    if hasattr(ast, "unparse"):
        return ast.unparse(node)
    return getattr(node, "id", None) or getattr(node, "attr", None) or type(node).__name__


def _meaning(annotation: Any, shown: str, names: Mapping[str, Any]) -> Meaning:
    if isinstance(annotation, str):
        return meaning_of(annotation, names)
    if type(annotation).__name__ == "ForwardRef":
        return meaning_of(annotation.__forward_arg__, names)
    if annotation in (Any, object):
        return Meaning()
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _enum(annotation)
    if isinstance(annotation, type) and annotation in _PLAIN:
        return Meaning(kind=_PLAIN[annotation])
    if isinstance(annotation, type) and annotation in _LISTS:
        return Meaning(many=True)
    origin, arguments = _parts(annotation)
    name = _name(origin)
    if name == "Annotated":
        return _annotated(arguments, shown, names)
    if name == "Literal":
        return _choices(arguments, shown, text_of)
    if origin is Union or name in ("Union", "UnionType"):
        return _union(arguments, shown, names)
    if name == "Optional":
        return evolve(_meaning(arguments[0], shown, names), optional=True)
    if origin in _LISTS or name in ("List", "Sequence", "Iterable", "Collection"):
        return _list(arguments, shown, names)
    raise Unsupported(shown)


def _parts(annotation: Any) -> Tuple[Any, Tuple[Any, ...]]:
    if isinstance(annotation, _Form):
        return annotation.origin, annotation.arguments
    metadata = getattr(annotation, "__metadata__", None)
    if metadata is not None:
        return _ANNOTATED, (annotation.__origin__, *metadata)
    return getattr(annotation, "__origin__", annotation), getattr(annotation, "__args__", ())


class _Annotated:
    _name = "Annotated"


_ANNOTATED = _Annotated()


def _name(origin: Any) -> str:
    return str(getattr(origin, "_name", None) or getattr(origin, "__name__", None) or "")


def _annotated(arguments: Tuple[Any, ...], shown: str, names: Mapping[str, Any]) -> Meaning:
    meaning = _meaning(arguments[0], shown, names)
    for more in arguments[1:]:
        if isinstance(more, str):
            meaning = evolve(meaning, help=more)
        elif isinstance(more, OptionInfo):
            meaning = evolve(meaning, help=more.help or meaning.help, env=more.env or meaning.env)
    return meaning


def _union(arguments: Tuple[Any, ...], shown: str, names: Mapping[str, Any]) -> Meaning:
    flat: List[Any] = []
    for argument in arguments:
        origin, inner = _parts(argument)
        flat.extend(inner if isinstance(argument, _Form) and origin is Union else (argument,))
    kinds = [argument for argument in flat if argument is not None and argument is not type(None)]
    if len(kinds) != 1:
        raise Unsupported(shown)
    return evolve(_meaning(kinds[0], shown, names), optional=len(flat) > 1)


def _list(arguments: Tuple[Any, ...], shown: str, names: Mapping[str, Any]) -> Meaning:
    inner = arguments[:1]
    if not inner or type(inner[0]).__name__ == "TypeVar":
        return Meaning(many=True)
    meaning = _meaning(inner[0], shown, names)
    if meaning.many or meaning.optional:
        raise Unsupported(shown)
    return evolve(meaning, many=True)


def _enum(kind: Type[enum.Enum]) -> Meaning:
    meaning = _choices(tuple(kind), kind.__name__, text_of)
    return evolve(meaning, convert=_from_names({**{member.name: member for member in kind}, **_by_text(kind)}))


def _choices(values: Iterable[Any], shown: str, text: Callable[[object], str]) -> Meaning:
    values = tuple(values)
    optional = None in values
    values = tuple(value for value in values if value is not None)
    if not values or not all(isinstance(value, (str, int, enum.Enum)) for value in values):
        raise Unsupported(shown)
    return Meaning(choices=values, optional=optional, convert=_from_names(_by_text(values)))


def _by_text(values: Iterable[Any]) -> Dict[str, Any]:
    return {text_of(value): value for value in values}


def _from_names(table: Mapping[str, Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return table[text]
        except KeyError:
            raise ValueError(f"not one of {', '.join(table)}: {text!r}") from None

    return convert


def _shown(annotation: Any) -> str:
    if isinstance(annotation, type) and not getattr(annotation, "__args__", None):
        return annotation.__qualname__
    return repr(annotation).replace("typing.", "")
