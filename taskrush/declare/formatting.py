"""The usual form of a `.rush` file: indentation and spacing made even, comments and quotes kept, meaning untouched.

Rewritten by ruamel.yaml with all plain values as text, so that none is spelled anew. A result that means something
else, or has lost a comment, is thrown away: nothing here can change what a file says.
"""

from __future__ import annotations

import io

import yaml

from taskrush.declare.nodes import Source
from taskrush.declare.rushfile import read_text
from taskrush.errors import ConfigError, MissingCapability, Problem, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Sequence, Set, Tuple

    from taskrush.model.declaration import FileDecl

MAX_ROUNDS = 4
CONFUSED = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
"""What a round trip may stumble over: the text is then not rewritten."""


def format_text(text: str, path: str) -> str:
    """`text` in its usual form. `path` is named in problems.

    What ruamel.yaml cannot write again without loss (a comment inside of a flow mapping, say) is only rid of spaces at
    the ends of lines and of repeated empty lines. Raises `ConfigError` when the text is wrong, and `MissingCapability`
    without ruamel.yaml.
    """
    before = read_text(Source(path, text), path)
    if path.endswith(".toml"):
        raise ConfigError(Problem("TOML is not formatted", Where(path), "only YAML files are"))
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    tidy = _tidy(lines)
    for found in (_settled(tidy, path), tidy):
        if found is not None and _comments(found) == _comments(lines) and _means(found, path, before):
            return found.replace("\n", "\r\n") if "\r\n" in text else found
    return text


def _settled(text: str, path: str) -> Optional[str]:
    """What comes out of rewriting until nothing changes any more; None when that does not happen."""
    for _ in range(MAX_ROUNDS):
        try:
            last, text = text, _tidy(_rewrite(text, path), _sides(text))
        except CONFUSED:
            return None
        if text == last:
            return text
    return None


def _means(text: str, path: str, declared: FileDecl) -> bool:
    try:
        return read_text(Source(path, text), path) == declared
    except ConfigError:
        return False


def _rewrite(text: str, path: str) -> str:
    """One round trip through ruamel.yaml; what goes wrong is one of `CONFUSED`."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.resolver import VersionedResolver
    except ImportError:
        raise MissingCapability(
            Problem("formatting needs ruamel.yaml", Where(path), "install it with `pip install 'taskrush[fmt]'`")
        ) from None

    class Texts(VersionedResolver):
        """Every plain value is text; only `<<` keeps its meaning."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            from ruamel.yaml.nodes import ScalarNode

            if kind is ScalarNode and value != "<<" and implicit[0]:
                return super().resolve(kind, "text", implicit)
            return super().resolve(kind, value, implicit)

    trip = YAML(typ="rt")
    trip.Resolver = Texts
    trip.preserve_quotes = True
    trip.width = 1_000_000
    trip.brace_single_entry_mapping_in_flow_sequence = True
    trip.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    try:
        data = trip.load(text)
        if not isinstance(data, dict):
            return text
        trip.dump(data, written)
    except YAMLError as error:
        raise ValueError(str(error)) from error
    return written.getvalue()


def _tidy(text: str, sides: Sequence[int] = ()) -> str:
    """No spaces at the ends of lines, single empty lines, comments at the indentation of something beside them.

    `sides` says of each line that is a comment whether it goes with the following (0) or the preceding line (1).

    A comment behind a value stands two spaces off, or one, or in the column of the comment above or below it.
    """
    kept, places = _spans(text)
    lines = text.split("\n")
    columns = {text.count("\n", 0, sign): sign - text.rfind("\n", 0, sign) - 1 for sign in _signs(text, places)}
    out: List[str] = []
    comments = 0
    own = _sides(text)
    if len(sides) != len(own):
        sides = own
    for number, line in enumerate(lines):
        if number in kept:
            out.append(line)
            continue
        line = line.rstrip()
        if line.lstrip().startswith("#"):
            line = " " * _neighbours(lines, number, kept)[sides[comments]] + line.lstrip()
            comments += 1
        elif number in columns and columns[number] not in (columns.get(number - 1), columns.get(number + 1)):
            value, comment = line[: columns[number]], line[columns[number] :]
            line = value.rstrip() + (value[len(value.rstrip()) :] if value[-3:].strip() else "  ") + comment
        if line or (out and out[-1]):
            out.append(line)
    while out and not out[-1]:
        out.pop()
    while out and not out[0]:
        out.pop(0)
    return "\n".join(out) + "\n" if out else ""


def _sides(text: str) -> List[int]:
    """Where lines that are comments belong: to what precedes (1) if indented as that alone, else to what follows."""
    kept, _ = _spans(text)
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        if number not in kept and line.lstrip().startswith("#"):
            following, preceding = _neighbours(lines, number, kept)
            found.append(int(len(line) - len(line.lstrip()) == preceding != following))
    return found


def _neighbours(lines: List[str], number: int, kept: Set[int]) -> Tuple[int, int]:
    """The indentation of the next and of the last line that is neither empty nor a comment."""
    near: List[int] = []
    for step in (1, -1):
        at = number + step
        while 0 <= at < len(lines) and (
            not lines[at].strip() or (at not in kept and lines[at].lstrip().startswith("#"))
        ):
            at += step
        beside = lines[at] if 0 <= at < len(lines) else ""
        near.append(len(beside) - len(beside.lstrip()))
    return near[0], near[1]


def _spans(text: str) -> Tuple[Set[int], List[Tuple[int, int]]]:
    """The lines that belong to a value of several lines, and the places of all values in the text."""
    lines: Set[int] = set()
    places: List[Tuple[int, int]] = []
    all_lines = text.split("\n")
    for token in yaml.scan(text, Loader=yaml.Loader):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark, token.end_mark
            places.append((start.index, end.index))
            first, last = start.line, end.line if end.column else end.line - 1
            if token.style in ("|", ">"):
                first += 1
                if "+" not in all_lines[start.line][start.column :].split("#")[0]:
                    while last >= first and not all_lines[last].strip():
                        last -= 1
            if last > start.line:
                lines.update(range(first, last + 1))
    return lines, places


def _comments(text: str) -> List[str]:
    """The comments of a text, in any order, without the spaces around them."""
    return sorted(text[sign:].split("\n", 1)[0].strip() for sign in _signs(text, _spans(text)[1]))


def _signs(text: str, places: List[Tuple[int, int]]) -> List[int]:
    """Where comments start: every `#` outside of values that no other one precedes in its line."""
    found: List[int] = []
    at = 0
    for start, end in [*sorted(places), (len(text), len(text))]:
        sign = text.find("#", at, start)
        while sign >= 0:
            found.append(sign)
            at = text.find("\n", sign)
            at = len(text) if at < 0 else at
            sign = text.find("#", at, start)
        at = max(at, end)
    return found
