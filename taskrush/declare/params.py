"""What may stand below `params:` and `matrix:`: typed parameters and the axes of an expansion."""

from __future__ import annotations

import re

from taskrush.declare.nodes import Mapping, Scalar, Sequence, describe
from taskrush.declare.shapes import IDENTIFIER, SCALAR_TYPES, Flag, OneOf, Shape, Text
from taskrush.declare.structures import Key, ListOf, MapOf, Record
from taskrush.model.declaration import Matrix
from taskrush.model.task import Param

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple
    from typing import Mapping as MappingType

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader, Schema

KINDS = ("str", "int", "float", "bool", "path")
KIND_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "path": "a path",
}
PARAM_NAME_WORDS = "a parameter name (letters, digits and `_`)"


class _Raw(Shape):
    """The value with its place, to be looked at once the type is known."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def read(self, reader: Reader, node: Node, name: str) -> Node:
        return node

    def schema(self) -> Schema:
        return dict(self._schema)


_FIELDS = Record(
    (
        Key(
            names=("type",),
            shape=OneOf(
                *KINDS,
                meant={
                    "string": "str",
                    "text": "str",
                    "integer": "int",
                    "number": "float",
                    "boolean": "bool",
                    "file": "path",
                },
            ),
            help="`str`, `int`, `float`, `bool` or `path`; without it as the default is",
        ),
        Key(
            names=("default",),
            shape=_Raw({"type": [*SCALAR_TYPES, "array"]}),
            help="the value when none is given; a list with `many`",
        ),
        Key(
            names=("choices",),
            shape=_Raw({"type": "array", "minItems": 1, "items": {"type": SCALAR_TYPES}}),
            help="the only values that are taken",
        ),
        Key(names=("required",), shape=Flag(), help="a value must be given"),
        Key(names=("many",), shape=Flag(), help="several values may be given"),
        Key(names=("help",), shape=Text(), help="what it is for"),
        Key(names=("env",), shape=Text("a variable name", IDENTIFIER), help="a variable to take the value from"),
    )
)


class _ParamShape(Shape):
    """A default value, nothing (then a value is required), a list of defaults, or a mapping that says more."""

    words = "a default value or a mapping"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Param]:
        own = name.rpartition(".")[2]
        where = reader.source.where(node.spot)
        if isinstance(node, Scalar):
            if node.value is None:
                return Param(own, required=True, where=where)
            kind = _kind_of(node)
            return Param(own, kind, default=_convert(node, kind), where=where)
        if isinstance(node, Sequence):
            kind = _kind_of(node.items[0]) if node.items else "str"
            return Param(own, kind, default=_values(reader, node, kind, name), many=True, where=where)
        before = reader.source.found
        fields = _FIELDS.read(reader, node, name)
        if reader.source.found > before:
            return None
        return _param(reader, node, name, own, fields)

    def schema(self) -> Schema:
        return {
            "anyOf": [
                {"type": [*SCALAR_TYPES, "null"]},
                {"type": "array", "items": {"type": SCALAR_TYPES}},
                _FIELDS.schema(),
            ]
        }


def _param(reader: Reader, node: Mapping, name: str, own: str, fields: Dict[str, Any]) -> Optional[Param]:
    default: Optional[Node] = fields.get("default")
    choices: Optional[Node] = fields.get("choices")
    many = fields.get("many", False)
    before = reader.source.found
    if default is not None and fields.get("required"):
        reader.report(default, f"{reader.called(name)} is required and has a default", "remove one of the two")
    kind = fields.get("type") or _kind_of(_first(default) or _first(choices))
    allowed: Tuple[Any, ...] = ()
    if choices is not None:
        if not isinstance(choices, Sequence):
            reader.wrong(choices, f"{name}.choices", "a list of values")
        elif not choices.items:
            reader.report(choices, f"{reader.called(f'{name}.choices')} is an empty list")
        else:
            allowed = _values(reader, choices, kind, f"{name}.choices")
    value: Any = None
    if default is not None:
        value = _default(reader, default, kind, many, f"{name}.default", allowed)
    if reader.source.found > before:
        return None
    return Param(
        own,
        kind,
        default=value,
        required=fields.get("required", False),
        choices=allowed,
        many=many,
        help=fields.get("help", ""),
        env=fields.get("env"),
        where=reader.source.where(node.spot),
    )


def _default(reader: Reader, node: Node, kind: str, many: bool, name: str, allowed: Tuple[Any, ...]) -> Any:
    if isinstance(node, Sequence) and not many:
        reader.report(node, f"{reader.called(name)} is a list", "add `many: true`")
        return None
    listed = Sequence(node.spot)
    listed.items = node.items if isinstance(node, Sequence) else [node]
    before = reader.source.found
    values = _values(reader, listed, kind, name)
    if reader.source.found > before:
        return None
    for item, value in zip(listed.items, values):
        if allowed and value not in allowed:
            reader.report(item, f"{reader.called(name)} is {describe(item)}, which is not one of its choices")
    return values if many else values[0]


def _values(reader: Reader, node: Sequence, kind: str, name: str) -> Tuple[Any, ...]:
    found: List[Any] = []
    for item in node.items:
        value = _convert(item, kind)
        if value is None:
            reader.wrong(item, name, KIND_WORDS[kind])
        else:
            found.append(value)
    return tuple(found)


def _convert(node: Node, kind: str) -> Any:
    """The value as this type, or None."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    value = node.value
    if kind in ("str", "path"):
        return node.text
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if kind == "float":
        return float(value)
    return value if isinstance(value, int) else None


def _first(node: Optional[Node]) -> Optional[Node]:
    if isinstance(node, Sequence):
        return node.items[0] if node.items else None
    return node


def _kind_of(node: Optional[Node]) -> str:
    """The type that a value shows. A number that would be written otherwise (`3.10`, `007`) is a text."""
    if not isinstance(node, Scalar):
        return "str"
    if isinstance(node.value, bool):
        return "bool"
    if isinstance(node.value, (int, float)) and str(node.value) == node.text:
        return "int" if isinstance(node.value, int) else "float"
    return "str"


class Params(MapOf):
    """`name: default` or `name: {type: ..., ...}`, as a tuple of `Param`."""

    def __init__(self) -> None:
        super().__init__(_ParamShape(), IDENTIFIER, PARAM_NAME_WORDS)

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        if isinstance(node, Sequence):
            hint = "write `NAME:` for one that must be given, `NAME: DEFAULT` for others"
            reader.report(node, f"{reader.called(name)} must be a mapping, not a list", hint)
            return None
        found = super().read(reader, node, name)
        return None if found is None else tuple(found.values())


_VALUES = ListOf(Text("text", empty=True), single=False, least=1, words="a list of values")
_COMBINATIONS = ListOf(MapOf(Text("text", empty=True), IDENTIFIER, least=1), single=False, words="a list of mappings")
_AXIS = re.compile(rf"(?!(?:exclude|include)$){IDENTIFIER.pattern}")


class MatrixShape(Shape):
    """Axes with their values, and combinations to leave out or add; a list alone is the axis `item`."""

    words = "a mapping of axes or a list of values"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Matrix]:
        where = reader.source.where(node.spot)
        if isinstance(node, Sequence):
            values = _VALUES.read(reader, node, name)
            return None if values is None else Matrix(axes={"item": values}, where=where)
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        axes: Dict[str, Tuple[str, ...]] = {}
        more: Dict[str, Tuple[MappingType[str, str], ...]] = {"exclude": (), "include": ()}
        for key, item in node.items.items():
            if key in more:
                more[key] = _COMBINATIONS.read(reader, item, f"{name}.{key}") or ()
            elif not IDENTIFIER.fullmatch(key):
                reader.source.report(
                    f"`{key}` in {reader.called(name)} is not an axis name (letters, digits and `_`)", node.keys[key]
                )
            else:
                axes[key] = _VALUES.read(reader, item, f"{name}.{key}") or ()
        if node.items.keys() <= more.keys():
            reader.report(node, f"{reader.called(name)} has no axis", "write `name: [value, ...]`")
        for key in more:
            self._known(reader, node.items.get(key), f"{name}.{key}", axes, whole=key == "include")
        return Matrix(axes=axes, exclude=more["exclude"], include=more["include"], where=where)

    def _known(self, reader: Reader, node: Optional[Node], name: str, axes: Dict[str, Any], whole: bool) -> None:
        if not axes or not isinstance(node, Sequence):
            return
        for item in node.items:
            if not isinstance(item, Mapping):
                continue
            for key in item.items:
                if key not in axes:
                    known = ", ".join(f"`{axis}`" for axis in axes)
                    reader.source.report(
                        f"`{key}` in {reader.called(name)} is not an axis", item.keys[key], f"the axes are {known}"
                    )
            absent = [axis for axis in axes if axis not in item.items]
            if whole and absent:
                reader.report(item, f"{reader.called(name)} gives no value for `{absent[0]}`")

    def schema(self) -> Schema:
        combinations = _COMBINATIONS.schema()
        mapping = {
            "type": "object",
            "properties": {"exclude": combinations, "include": combinations},
            "patternProperties": {f"^(?:{_AXIS.pattern})$": _VALUES.schema()},
            "additionalProperties": False,
            "minProperties": 1,
        }
        return {"anyOf": [_VALUES.schema(), mapping]}
