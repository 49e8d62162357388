"""The shapes of lists and mappings, and of mappings whose keys are known. Knows no key of task files."""

from __future__ import annotations

import re

from taskrush.declare.nodes import Mapping, Scalar, Sequence, plain
from taskrush.declare.shapes import IDENTIFIER, Shape
from taskrush.declare.suggest import did_you_mean
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Pattern, Tuple

    from taskrush.declare.nodes import Node, Spot
    from taskrush.declare.shapes import Reader, Schema

_LISTS = {"text": "a list of texts", "a name": "a list of names", "a command": "a list of commands"}


class ListOf(Shape):
    """A list; with `single` one value alone means a list of it. `least` is the smallest length."""

    def __init__(self, item: Shape, single: bool = True, least: int = 0, words: Optional[str] = None) -> None:
        self.item = item
        self.single = single
        self.least = least
        many = words or _LISTS.get(item.words, "a list")
        self.words = f"{item.words} or {many}" if single else many

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Tuple[Any, ...]]:
        if not isinstance(node, Sequence):
            if not self.single or (isinstance(node, Scalar) and node.value is None):
                reader.wrong(node, name, self.words)
                return None
            value = self.item.read(reader, node, name)
            return None if value is None else (value,)
        if len(node.items) < self.least:
            reader.report(node, f"{reader.called(name)} is an empty list")
            return None
        read = self.item.read
        found: List[Any] = []
        for item in node.items:
            value = read(reader, item, name)
            if value is not None:
                found.append(value)
        return tuple(found)

    def schema(self) -> Schema:
        schema: Schema = {"type": "array", "items": self.item.schema()}
        if self.least:
            schema["minItems"] = self.least
        return {"anyOf": [self.item.schema(), schema]} if self.single else schema


class MapOf(Shape):
    """A mapping with keys of the user's choice."""

    def __init__(
        self,
        item: Shape,
        key: Pattern[str] = re.compile(r"[^=\s\0]+"),
        key_words: str = "a name",
        least: int = 0,
        words: Optional[str] = None,
    ) -> None:
        self.item = item
        self.key = key
        self.key_words = key_words
        self.least = least
        self.words = words or "a mapping"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Dict[str, Any]]:
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        if len(node.items) < self.least:
            reader.report(node, f"{reader.called(name)} is empty")
            return None
        found: Dict[str, Any] = {}
        for key, item in node.items.items():
            if not self.key.fullmatch(key):
                reader.source.report(
                    f"`{key}` in {reader.called(name)} is not {self.key_words}", node.keys[key], _name_hint(key)
                )
                continue
            value = self.item.read(reader, item, f"{name}.{key}")
            if value is not None:
                found[key] = value
        return found

    def schema(self) -> Schema:
        schema: Schema = {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.key.pattern})$"},
            "additionalProperties": self.item.schema(),
        }
        if self.least:
            schema["minProperties"] = self.least
        return schema


def _name_hint(key: str) -> Optional[str]:
    tidy = re.sub(r"\W", "_", key, flags=re.ASCII)
    tidy = f"_{tidy}" if tidy[:1].isdigit() else tidy
    return f"`{tidy}` is one" if IDENTIFIER.fullmatch(tidy) and tidy != key else None


@frozen(kw_only=True, eq=False)
class Key:
    """One key: its spellings (the first is the one we write), its shape, what it is for, an example.

    `elsewhere` are names that other tools have for it: they are not understood, but suggested from.
    """

    names: Tuple[str, ...]
    shape: Shape
    help: str
    example: str = ""
    required: bool = False
    in_defaults: bool = False
    elsewhere: Tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]


if TYPE_CHECKING:
    Build = Callable[[Reader, Mapping, str, Dict[str, Any]], Any]


class Record(Shape):
    """A mapping with known keys. `build` makes a value of what was read; with `open` unknown keys are kept.

    At least one of the keys in `need` must be there, and at most one of those in `alone`.
    """

    words = "a mapping"

    def __init__(
        self,
        keys: Tuple[Key, ...],
        build: Optional[Build] = None,
        open: bool = False,
        ignored: Optional[Pattern[str]] = None,
        need: Tuple[str, ...] = (),
        alone: Tuple[str, ...] = (),
    ) -> None:
        self.keys = keys
        self.build = build
        self.open = open
        self.ignored = ignored
        self.need = need
        self.alone = alone
        self.by_name = {name: key for key in keys for name in key.names}
        self.elsewhere = {name: key for key in keys for name in key.elsewhere}

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        values = self.read_keys(reader, node, name)
        if values is None:
            return None
        return self.build(reader, node, name, values) if self.build else values

    def read_keys(
        self, reader: Reader, node: Mapping, name: str, spot: Optional[Spot] = None
    ) -> Optional[Dict[str, Any]]:
        """The values by the first spelling of their keys; None when anything is wrong and a value is to be built.

        What is absent is reported at `spot` (default: the mapping's).
        """
        values: Dict[str, Any] = {}
        spelled: Dict[str, str] = {}
        before = reader.source.found
        strange = False
        for spelling, item in node.items.items():
            key = self.by_name.get(spelling)
            if key is None:
                if self.open:
                    values[spelling] = plain(item)
                elif self.ignored is None or not self.ignored.fullmatch(spelling):
                    self._unknown(reader, node, name, spelling)
                    strange = True
                continue
            first = key.names[0]
            if first in spelled:
                reader.source.report(
                    f"`{spelled[first]}` and `{spelling}` in {reader.called(name)} mean the same",
                    node.keys[spelling],
                    f"keep `{first}`",
                )
                continue
            spelled[first] = spelling
            value = key.shape.read(reader, item, f"{name}.{spelling}" if name else spelling)
            if value is not None:
                values[first] = value
        both = [name for name in self.alone if name in spelled]
        if len(both) > 1:
            reader.source.report(
                f"{' and '.join(f'`{name}`' for name in both)} in {reader.called(name)} do not go together",
                max(node.keys[spelled[name]] for name in both),
                "keep one of them",
            )
        for key in self.keys:
            if key.required and not strange and key.names[0] not in spelled:
                reader.source.report(f"{reader.called(name)} has no `{key.name}`", spot or node.spot)
        if self.need and not strange and not any(name in spelled for name in self.need):
            wanted = ", ".join(f"`{name}`" for name in self.need)
            reader.source.report(f"{reader.called(name)} needs one of {wanted}", spot or node.spot)
        return values if reader.source.found == before or self.build is None else None

    def _unknown(self, reader: Reader, node: Mapping, name: str, spelling: str) -> None:
        if reader.source.full:
            reader.source.report("", node.keys[spelling])
            return
        inside = f" in {reader.called(name)}" if name or reader.owner else ""
        meant = self.elsewhere.get(spelling.lower())
        hint = f"did you mean `{meant.name}`?" if meant else did_you_mean(spelling, self.by_name)
        if hint is None:
            hint = "known keys: " + ", ".join(f"`{key.name}`" for key in self.keys)
        reader.source.report(f"unknown key `{spelling}`{inside}", node.keys[spelling], hint)

    def schema(self) -> Schema:
        properties: Schema = {}
        for key in self.keys:
            for name in key.names:
                properties[name] = {**key.shape.schema(), "description": key.help}
        schema: Schema = {"type": "object", "properties": properties}
        if not self.open:
            schema["additionalProperties"] = False
        if self.ignored is not None:
            schema["patternProperties"] = {f"^(?:{self.ignored.pattern})$": True}
        required = [key.name for key in self.keys if key.required]
        if required:
            schema["required"] = required
        clashes = [
            {"not": {"required": [one, two]}}
            for key in self.keys
            for index, one in enumerate(key.names)
            for two in key.names[index + 1 :]
        ]
        clashes += [
            {"not": {"required": [one, two]}} for index, one in enumerate(self.alone) for two in self.alone[index + 1 :]
        ]
        if clashes:
            schema["allOf"] = clashes
        if self.need:
            spellings = [name for first in self.need for name in self.by_name[first].names]
            schema["anyOf"] = [{"required": [name]} for name in spellings]
        return schema


class Either(Shape):
    """Another shape by the kind of the value: `flag` for true and false, `value` for other single values."""

    def __init__(
        self,
        words: str,
        *,
        flag: Optional[Shape] = None,
        value: Optional[Shape] = None,
        list: Optional[Shape] = None,
        mapping: Optional[Shape] = None,
    ) -> None:
        self.words = words
        self.flag = flag
        self.value = value
        self.list = list
        self.mapping = mapping

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        if isinstance(node, Mapping):
            shape = self.mapping
        elif isinstance(node, Sequence):
            shape = self.list
        elif self.flag is not None and isinstance(node.value, bool):
            shape = self.flag
        else:
            shape = self.value if node.value is not None else None
        if shape is None:
            reader.wrong(node, name, self.words)
            return None
        return shape.read(reader, node, name)

    def schema(self) -> Schema:
        value = self.value.schema() if self.value else None
        if value and self.flag and isinstance(value.get("type"), type([])):
            value["type"] = [kind for kind in value["type"] if kind != "boolean"]
        some = [self.flag.schema() if self.flag else None, value]
        some += [shape.schema() for shape in (self.list, self.mapping) if shape]
        return {"anyOf": [schema for schema in some if schema]}
