"""TOML text to the same tree of positioned values as YAML; places are found by scanning for the keys.

`tomllib` gives no positions, so a scan over the lines finds tables, keys and list items; what it cannot find (unusual
spellings) gets the place of the nearest thing around it.
"""

from __future__ import annotations

import re

from taskrush._compat import tomllib
from taskrush.declare.nodes import Mapping, Scalar, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from taskrush.declare.nodes import Node, Source, Spot
    from taskrush.errors import ConfigError

MAX_DEPTH = 100
if TYPE_CHECKING:
    Path = Tuple[str, ...]

_BARE = r"[A-Za-z0-9_-]+"
_PART = rf"(?:{_BARE}|\"[^\"\n]*\"|'[^'\n]*')"
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"^[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]\]?")
_KEY = re.compile(rf"({_DOTTED})[ \t]*=[ \t]*")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)$|\(at end of document\)$")


class Float(float):
    """A number that remembers how it was written: `3.10` is no `3.1` where a text is wanted."""

    text: str

    def __new__(cls, text: str) -> Float:
        self = super().__new__(cls, text)
        self.text = text
        return self


def read_toml(source: Source, under: Path = ()) -> Optional[Node]:
    """The tree of the table at `under`; None when it is not there. Raises `ConfigError` for text that is no TOML."""
    try:
        data: Any = tomllib.loads(source.text, parse_float=Float)
    except tomllib.TOMLDecodeError as error:
        raise _explain(source, str(error)) from error
    except RecursionError as error:
        raise source.fail(f"nested more than {MAX_DEPTH} deep", (1, 1)) from error
    for name in under:
        data = data.get(name) if isinstance(data, dict) else None
    if data is None:
        return None
    places = _scan(source.text)
    return _node(source, data, under, places, places.get(under, (1, 1)), 0)


def _node(source: Source, data: Any, path: Path, places: Dict[Path, Spot], near: Spot, depth: int) -> Node:
    spot = places.get((*path, ""), places.get(path, near))
    if depth > MAX_DEPTH:
        raise source.fail(f"nested more than {MAX_DEPTH} deep", spot)
    if isinstance(data, dict):
        mapping = Mapping(spot)
        for key, value in data.items():
            below = (*path, key)
            mapping.keys[key] = places.get(below, spot)
            mapping.items[key] = _node(source, value, below, places, mapping.keys[key], depth + 1)
        return mapping
    if isinstance(data, list):
        sequence = Sequence(spot)
        sequence.items = [_node(source, item, (), {}, spot, depth + 1) for item in data]
        return sequence
    if isinstance(data, bool):
        return Scalar(data, "true" if data else "false", spot)
    if isinstance(data, Float):
        return Scalar(float(data), data.text, spot)
    if isinstance(data, (int, str)):
        return Scalar(data, str(data), spot)
    return Scalar(str(data), str(data), spot)


def _scan(text: str, again: Optional[List[Tuple[Spot, Path]]] = None) -> Dict[Path, Spot]:
    """Where tables and keys stand; a value's own place is that of its key's path with an empty part added.

    Keys that stand there already are added to `again`.
    """
    places: Dict[Path, Spot] = {}
    table: Path = ()
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quote:
            if quote in line:
                quote = ""
            continue
        header = _TABLE.match(line)
        if header:
            spots = _spots(header, number)
            table = tuple(name for name, _ in spots)
            if again is not None and (*table, "[") in places and not line.lstrip().startswith("[["):
                again.append((spots[-1][1], table))
            places.setdefault((*table, "["), spots[-1][1])
            for size, (_, spot) in enumerate(spots, 1):
                places.setdefault(table[:size], spot)
            continue
        match = _KEY.match(line, len(line) - len(line.lstrip()))
        if match:
            _place(places, table, match, number, again)
            prefix = (*table, *(name for name, _ in _spots(match, number)))
            if line[match.end() : match.end() + 1] == "{":
                for inner in _KEY.finditer(line, match.end() + 1):
                    _place(places, prefix, inner, number, None)
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quote = mark
    return places


def _place(
    places: Dict[Path, Spot],
    table: Path,
    match: re.Match[str],
    number: int,
    again: Optional[List[Tuple[Spot, Path]]],
) -> None:
    spots = _spots(match, number)
    path = (*table, *(name for name, _ in spots))
    if again is not None and path in places:
        again.append((spots[-1][1], path))
    for size, (_, spot) in enumerate(spots, len(table) + 1):
        places.setdefault(path[:size], spot)
    places.setdefault((*path, ""), (number, match.end() + 1))


def _spots(match: re.Match[str], number: int) -> List[Tuple[str, Spot]]:
    """The parts of a dotted key with their places."""
    found: List[Tuple[str, Spot]] = []
    for part in re.finditer(_PART, match.group(1)):
        name = part.group()
        found.append((name[1:-1] if name[0] in "\"'" else name, (number, match.start(1) + part.start() + 1)))
    return found


def _explain(source: Source, message: str) -> ConfigError:
    if message.startswith(("Cannot overwrite", "Cannot declare", "Duplicate inline table key")):
        again: List[Tuple[Spot, Path]] = []
        places = _scan(source.text, again)
        if again:
            spot, path = again[0]
            first = source.where(places[path])
            return source.fail(f"duplicate key `{path[-1]}`, first at {first}", spot, "remove one of the two")
    match = _AT.search(message)
    said = message[: match.start()].strip() if match else message
    hint = "put text in quotes" if said == "Invalid value" else None
    if "Illegal character" in said and "\\n" in said:
        said, hint = "a quote is not closed", 'add the closing `"`, or use `"""` for several lines'
    said = said[:1].lower() + said[1:]
    if match and match.group(1):
        return source.fail(said, (int(match.group(1)), int(match.group(2))), hint)
    lines = source.text.rstrip("\n").split("\n")
    return source.fail(f"{said}: the file ends too early", (len(lines), len(lines[-1]) + 1), hint)
