"""What the YAML parser says, said again in the words of somebody who wrote a task file.

It looks at the text around the place, as the parser often notices a mistake later than it was made.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple

    from taskrush.declare.nodes import Source, Spot
    from taskrush.errors import ConfigError

_OPENED = {'"': "a quote", "'": "a quote", "[": "a list", "{": "a mapping"}
_QUOTE_IT = "put it in quotes"

# (part of the parser's words, our words, hint)
_SAYINGS: Tuple[Tuple[str, str, Optional[str]], ...] = (
    ("sequence entries are not allowed", "a list cannot start here", "put it on lines of its own"),
    ("did not find expected '-' indicator", "a list item is expected here", "check the indentation"),
    ("found unknown escape character", "unknown escape in double quotes", "use single quotes to keep a `\\` as it is"),
    ("did not find expected hexdecimal number", "unfinished escape in double quotes", "use single quotes"),
    ("expected escape sequence of", "unfinished escape in double quotes", "use single quotes"),
    ("did not find expected node content", "a value is expected here", None),
    ("expected the node content", "a value is expected here", None),
    ("did not find expected comment or line break", "unexpected text after `|` or `>`", "start it on the next line"),
    ("expected a comment or a line break", "unexpected text after `|` or `>`", "start it on the next line"),
    ("document start>", "unexpected text after the end of the document", "check the indentation"),
)
_BAD_PLACE = ("did not find expected key", "expected <block end>")
_NOT_CLOSED = ("did not find expected ',' or '", "expected ',' or '")
_NO_MAPPING = "mapping values are not allowed"
_NO_COLON = "could not find expected ':'"


def explain(source: Source, error: Any) -> ConfigError:
    """The parser's error as ours, at the place where a person has to look."""
    if not hasattr(error, "problem_mark"):
        return _unreadable(source, error)
    problem = str(error.problem or error.context or "not YAML")
    context = str(error.context or "")
    spot = _spot(error.problem_mark) or _spot(error.context_mark) or (1, 1)
    opened = _spot(error.context_mark)
    if opened and "unexpected end of stream" in problem:
        quote = _char(source, opened)
        return source.fail(f"{_OPENED.get(quote, 'a value')} is not closed", opened, f"add the closing `{quote}`")
    if opened and any(f"while scanning {what}" in context for what in ("a tag", "an alias", "an anchor")):
        return source.fail(f"a value cannot start with `{_char(source, opened)}`", opened, _QUOTE_IT)
    if "cannot start any token" in problem:
        char = _char(source, spot)
        if char == "\t":
            return _tab(source, spot)
        return source.fail(f"a value cannot start with {repr(char) if char == '`' else f'`{char}`'}", spot, _QUOTE_IT)
    if _tabbed(source, spot):
        return _tab(source, (spot[0], 1))
    if opened and any(words in problem for words in _NOT_CLOSED):
        name = _OPENED.get(_char(source, opened), "a bracket")
        return source.fail(f"{name} is not closed", opened, "add the closing bracket, or a missing comma")
    if _NO_MAPPING in problem:
        return _unexpected_colon(source, spot)
    if _NO_COLON in problem:
        return source.fail("neither a list item nor `key: value`", opened or spot, "is a `:` missing?")
    if any(words in problem for words in _BAD_PLACE):
        return _bad_place(source, spot)
    lines = source.text.rstrip().split("\n")
    if "node content" in problem and (spot[0] > len(lines) or spot == (len(lines), len(lines[-1]) + 1)):
        end = (len(lines), len(lines[-1].rstrip()) + 1)
        return source.fail("the file ends inside a list or mapping", end, "add the closing bracket")
    for words, saying, hint in _SAYINGS:
        if words in problem:
            return source.fail(saying, spot, hint)
    return source.fail(problem, spot)


def _tab(source: Source, spot: Spot) -> ConfigError:
    return source.fail("a tab cannot be used for indentation", spot, "use spaces")


def _unexpected_colon(source: Source, spot: Spot) -> ConfigError:
    """A `:` in a value; or, when it is its line's first, one that is missing in the line above."""
    line = source.line(spot) or ""
    number = spot[0] - 1
    if ":" not in line[: spot[1] - 1]:
        while number and not (source.line((number, 1)) or "").strip():
            number -= 1
        above = source.line((number, 1)) or ""
        glued = re.search(r":(?=[^\s/\\:])", above)
        if glued and ": " not in above:
            return source.fail("a space is missing after `:`", (number, glued.end() + 1))
        if above and ":" not in above and not above.lstrip().startswith("#"):
            return source.fail("a `:` is missing", (number, len(above) + 1), f"write `{above.strip()}:`")
    return source.fail("unexpected `:`", spot, "put a value that contains `: ` in quotes, or check the indentation")


def _bad_place(source: Source, spot: Spot) -> ConfigError:
    before = (source.line(spot) or "")[: spot[1] - 1]
    if not before.strip():
        return source.fail("the indentation fits nothing above", spot, "indent it as much as its neighbours")
    if before.rstrip()[-1:] in ("'", '"'):
        return source.fail("unexpected text after the closing quote", spot, "put the whole value in quotes")
    return source.fail("a key is expected here", spot, "check the indentation and the quotes")


def _unreadable(source: Source, error: Any) -> ConfigError:
    """A character that YAML does not allow at all."""
    zero = source.text.find("\0")
    if zero >= 0:
        before = source.text[:zero]
        spot = (before.count("\n") + 1, zero - before.rfind("\n"))
        return source.fail("a zero byte is not allowed", spot, "is this a text file?")
    for number, line in enumerate(source.text.split("\n"), 1):
        for column, char in enumerate(line, 1):
            if (char < " " and char not in "\t\r") or char in "\x7f\ufffe\uffff" or "\x80" <= char <= "\x9f":
                hint = f'write it as "\\x{ord(char):02x}" in double quotes' if ord(char) < 256 else None
                return source.fail(f"control character U+{ord(char):04X} is not allowed", (number, column), hint)
    return source.fail(f"not YAML: {getattr(error, 'reason', error)}", (1, 1))


def _tabbed(source: Source, spot: Spot) -> bool:
    line = source.line(spot) or ""
    return "\t" in line[: len(line) - len(line.lstrip())]


def _char(source: Source, spot: Spot) -> str:
    line = source.line(spot) or ""
    return line[spot[1] - 1 : spot[1]] or "?"


def _spot(mark: Any) -> Optional[Spot]:
    return None if mark is None else (mark.line + 1, mark.column + 1)
