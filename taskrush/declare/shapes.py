"""The shapes of values in a file: each reads a value, says in words what it wants, and gives its JSON Schema.

From these the parser, its messages, the schema and the reference are made, so that they cannot differ. A shape that
finds something wrong reports it and gives None. Single values are here, lists and mappings in `structures.py`; which
keys a task file has is said in `keys.py`.
"""

from __future__ import annotations

import re

from taskrush.declare.nodes import Mapping, Scalar, describe, plain
from taskrush.declare.suggest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Pattern

    from taskrush.declare.nodes import Node, Source

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
if TYPE_CHECKING:
    Schema = Dict[str, Any]
SCALAR_TYPES = ["string", "number", "boolean"]


class Reader:
    """What a shape reads with: the source, and in whose name (`task `build``) problems are reported."""

    def __init__(self, source: Source, owner: str = "") -> None:
        self.source = source
        self.owner = owner

    def wrong(self, node: Node, name: str, wanted: str, hint: Optional[str] = None) -> None:
        if isinstance(node, Scalar) and node.value is None:
            self.source.report(f"{self.called(name)} has no value; it must be {wanted}", node.spot, hint)
            return
        self.source.report(f"{self.called(name)} must be {wanted}, not {describe(node)}", node.spot, hint)

    def report(self, node: Node, message: str, hint: Optional[str] = None) -> None:
        self.source.report(message, node.spot, hint)

    def called(self, name: str) -> str:
        """How a message names a value: `` `retry.delay` in task `build` ``."""
        if not self.owner:
            return f"`{name}`" if name else "the file"
        return f"`{name}` in {self.owner}" if name else self.owner


class Shape:
    """What a value may look like."""

    words = "a value"

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        raise NotImplementedError

    def schema(self) -> Schema:
        raise NotImplementedError


class Text(Shape):
    """A text; numbers, `true` and `false` are taken as they are written. Null is not a text."""

    def __init__(
        self,
        words: str = "text",
        pattern: Optional[Pattern[str]] = None,
        empty: bool = False,
        quote: bool = False,
        hint: Optional[str] = None,
    ) -> None:
        self.words = words
        self.quote = quote
        self.pattern = pattern
        self.empty = empty
        self.hint = hint

    def read(self, reader: Reader, node: Node, name: str) -> Optional[str]:
        if not isinstance(node, Scalar) or node.value is None:
            hint = self.hint if isinstance(node, Scalar) else None
            if self.quote and isinstance(node, Mapping):
                hint = "put a value that contains `: ` or starts with `{` in quotes"
            reader.wrong(node, name, self.words, hint)
            return None
        text = node.text
        if not self.empty and not text.strip():
            reader.report(node, f"{reader.called(name)} is empty", self.hint)
            return None
        if self.pattern is not None and not self.pattern.fullmatch(text):
            reader.wrong(node, name, self.words, self.hint)
            return None
        if "\0" in text or not (text.isascii() or _encodes(text)):
            reader.report(node, f"{reader.called(name)} contains a character that no command can be given")
            return None
        return text

    def schema(self) -> Schema:
        schema: Schema = {"type": SCALAR_TYPES}
        if self.pattern is not None:
            # a schema's pattern only speaks of strings: leave out other kinds whose text it would not match
            kinds = {"string": True, "number": self.pattern.fullmatch("1"), "boolean": self.pattern.fullmatch("true")}
            schema["type"] = [kind for kind in SCALAR_TYPES if kinds.get(kind)]
            schema["pattern"] = f"^(?:{self.pattern.pattern})$"
        elif not self.empty:
            schema["pattern"] = "\\S"
        return schema


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Flag(Shape):
    """`true` or `false`."""

    words = "`true` or `false`"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[bool]:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        hint = None
        if isinstance(node, Scalar):
            if node.text.lower() in ("yes", "on", "y", "1", "true"):
                hint = "write `true`"
            elif node.text.lower() in ("no", "off", "n", "0", "false"):
                hint = "write `false`"
        reader.wrong(node, name, self.words, hint)
        return None

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Number(Shape):
    """A number of at least `least`; whole unless `fraction`."""

    def __init__(self, least: float = 0, fraction: bool = False, words: Optional[str] = None) -> None:
        self.least = least
        self.fraction = fraction
        self.words = words or f"{'a' if fraction else 'a whole'} number"

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        value = node.value if isinstance(node, Scalar) else None
        kinds = (int, float) if self.fraction else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds) or value != value:
            reader.wrong(node, name, self.words)
            return None
        if value < self.least:
            reader.report(node, f"{reader.called(name)} must be at least {self.least:g}, not {describe(node)}")
            return None
        return value

    def schema(self) -> Schema:
        return {"type": "number" if self.fraction else "integer", "minimum": self.least}


class OneOf(Shape):
    """One of a few words; `meant` maps what people also write to the right one."""

    def __init__(self, *choices: str, meant: Optional[Dict[str, str]] = None) -> None:
        self.choices = choices
        self.meant = meant or {}
        self.words = f"one of {', '.join(f'`{choice}`' for choice in choices)}"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[str]:
        if isinstance(node, Scalar) and node.text in self.choices and node.value is not None:
            return node.text
        hint = None
        if isinstance(node, Scalar):
            right = self.meant.get(node.text.lower())
            hint = f"write `{right}`" if right else did_you_mean(node.text, self.choices)
        reader.wrong(node, name, self.words, hint)
        return None

    def schema(self) -> Schema:
        return {"enum": list(self.choices)}


class Made(Shape):
    """A shape whose value is made into something else by `make(reader, node, name, value)`."""

    def __init__(self, shape: Shape, make: Callable[[Reader, Node, str, Any], Any]) -> None:
        self.shape = shape
        self.make = make
        self.words = shape.words

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        value = self.shape.read(reader, node, name)
        return None if value is None else self.make(reader, node, name, value)

    def schema(self) -> Schema:
        return self.shape.schema()


class Anything(Shape):
    """Settings that are passed on as they are written."""

    words = "anything"

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        return plain(node)

    def schema(self) -> Schema:
        return {}
