"""YAML text to a tree of positioned values, by the rules of YAML 1.2: `no`, `on` and `12:30` are text.

Built from PyYAML's events (libyaml's where it is there) without recursion, so that neither depth nor aliases can hurt.
Merge keys (`<<`) work. Knows nothing of tasks.
"""

from __future__ import annotations

import difflib
import re

import yaml

from taskrush.declare.nodes import Mapping, Scalar, Sequence
from taskrush.declare.yaml_errors import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

    from taskrush.declare.nodes import Node, Source, Spot

MAX_DEPTH = 100
MAX_NODES = 1_000_000
MAX_EXPANDED = 1_000_000
LIBYAML: bool = yaml.__with_libyaml__
STR_TAG = "tag:yaml.org,2002:str"

_CORE = re.compile(
    r"(?P<null>~|null|Null|NULL|)"
    r"|(?P<true>true|True|TRUE)"
    r"|(?P<false>false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]+)"
    r"|(?P<octal>0o[0-7]+)"
    r"|(?P<hex>0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF))"
    r"|(?P<nan>\.(?:nan|NaN|NAN))"
)
_FIRST = frozenset("~nNtTfF+-.0123456789")


def core_value(text: str) -> object:
    """What a plain scalar means by the core schema of YAML 1.2 (section 10.3.2)."""
    if text and text[0] not in _FIRST:
        return text
    match = _CORE.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup
    if kind == "null":
        return None
    if kind in ("true", "false"):
        return kind == "true"
    if kind in ("int", "octal", "hex"):
        if len(text) > 300:
            return text
        return int(text, {"int": 10, "octal": 8, "hex": 16}[kind])
    if kind == "inf":
        return float("-inf") if text.startswith("-") else float("inf")
    return float("nan") if kind == "nan" else float(text)


def read_yaml(source: Source) -> Optional[Node]:
    """The tree of the one document in `source`; None when it is empty.

    Raises `ConfigError` for text that is not YAML; duplicate keys and the like are collected in `source`.
    """
    return _Composer(source).compose()


def _events(text: str) -> Iterator[Any]:
    loader: Any = yaml.CLoader if LIBYAML else yaml.Loader
    return iter(yaml.parse(text, Loader=loader))


class _Open:
    """A list or mapping that is being filled: its anchor, the key that waits for a value, how much it holds."""

    __slots__ = ("anchor", "key", "merges", "node", "size")

    def __init__(self, node: Union[Sequence, Mapping], anchor: Optional[str]) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Optional[Tuple[Optional[str], Spot]] = None
        self.merges: List[Tuple[Spot, Node]] = []
        self.size = 1


class _Composer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.root: Optional[Node] = None
        self.open: List[_Open] = []
        self.anchors: Dict[str, Tuple[Optional[Node], int]] = {}
        self.documents = 0
        self.count = 0

    def compose(self) -> Optional[Node]:
        try:
            for event in _events(self.source.text):
                self._take(event)
        except yaml.YAMLError as error:
            raise explain(self.source, error) from error
        return self.root

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._start(Mapping(_spot(event)), event)
        elif kind is yaml.SequenceStartEvent:
            self._start(Sequence(_spot(event)), event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                raise self.source.fail("a second document starts here", _spot(event), "keep one document in a file")

    def _scalar(self, event: Any) -> None:
        text = event.value
        plain, _ = event.implicit
        spot = _spot(event)
        if event.tag is not None and event.tag not in (STR_TAG, "!"):
            self._tag(event, spot)
        value = core_value(text) if plain and event.tag is None else text
        node = Scalar(value, text, spot)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, 1)
        self._add(node, 1, merge=plain and text == "<<")

    def _tag(self, event: Any, spot: Spot) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        if tag.startswith("!!"):
            self.source.report(f"the tag `{tag}` is not supported", spot, "leave it out; use quotes for text")
        else:
            self.source.report("a value cannot start with `!`", spot, "put it in quotes")

    def _start(self, node: Union[Sequence, Mapping], event: Any) -> None:
        if event.tag is not None:
            self._tag(event, node.spot)
        if len(self.open) >= MAX_DEPTH:
            raise self.source.fail(f"nested more than {MAX_DEPTH} deep", node.spot)
        top = self.open[-1] if self.open else None
        if top is not None and isinstance(top.node, Mapping) and top.key is None:
            raise self.source.fail(
                f"a {node.kind} cannot be a key", node.spot, "put a value that starts with `{` or `[` in quotes"
            )
        if event.anchor is not None:
            self.anchors[event.anchor] = (None, 0)
        self.open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        done = self.open.pop()
        if done.merges and isinstance(done.node, Mapping):
            self._merge(done.node, done.merges)
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.node, done.size)
        self._add(done.node, done.size)

    def _alias(self, event: Any) -> None:
        spot = _spot(event)
        if event.anchor not in self.anchors:
            near = difflib.get_close_matches(event.anchor, list(self.anchors), 1)
            hint = f"did you mean `*{near[0]}`?" if near else "put a value that starts with `*` in quotes"
            raise self.source.fail(f"`*{event.anchor}` refers to an anchor that is not set above", spot, hint)
        node, size = self.anchors[event.anchor]
        if node is None:
            raise self.source.fail(f"`*{event.anchor}` stands inside the value that it refers to", spot)
        if sum(holder.size for holder in self.open) + size > MAX_EXPANDED:
            raise self.source.fail(f"aliases make more than {MAX_EXPANDED:,} values of this file", spot)
        self._add(node, size)

    def _add(self, node: Node, size: int, merge: bool = False) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            raise self.source.fail(f"more than {MAX_NODES:,} values", node.spot, "split the file with `include`")
        if not self.open:
            self.root = node
            return
        top = self.open[-1]
        top.size += size
        holder = top.node
        if isinstance(holder, Sequence):
            holder.items.append(node)
        elif top.key is None:
            if not isinstance(node, Scalar):
                raise self.source.fail(f"a {node.kind} cannot be a key", node.spot)
            top.key = (None if merge else node.text, node.spot)
        else:
            key, spot = top.key
            top.key = None
            if key is None:
                top.merges.append((spot, node))
            elif key in holder.keys:
                first = holder.keys[key]
                self.source.report(
                    f"duplicate key `{key}`, first at {self.source.where(first)}", spot, "remove one of the two"
                )
            else:
                holder.items[key] = node
                holder.keys[key] = spot

    def _merge(self, target: Mapping, merges: List[Tuple[Spot, Node]]) -> None:
        for spot, node in merges:
            for one in node.items if isinstance(node, Sequence) else [node]:
                if not isinstance(one, Mapping):
                    self.source.report("`<<` merges mappings only", spot, "write `<<: *name` or `<<: [*one, *two]`")
                    continue
                for key, value in one.items.items():
                    if key not in target.items:
                        target.items[key] = value
                        target.keys[key] = one.keys[key]


def _spot(event: Any) -> Spot:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)
