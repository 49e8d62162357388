"""What the YAML parser says, said again in the words of somebody who wrote a task file."""

from typing import Any, Optional, Tuple

from taskrush.declare.nodes import Source, Spot
from taskrush.errors import ConfigError

_UNCLOSED = {'"': "a quote", "'": "a quote", "[": "a list", "{": "a mapping"}

# (part of the parser's words, our words, hint)
_SAYINGS: Tuple[Tuple[str, str, Optional[str]], ...] = (
    (
        "mapping values are not allowed",
        "unexpected `:`",
        "put a value that contains `: ` in quotes, or check the indentation",
    ),
    ("could not find expected ':'", "this is neither a list item nor `key: value`", "is a `:` missing?"),
    ("did not find expected ',' or '", "{opener} is not closed", "add the closing bracket, or a missing comma"),
    ("expected ',' or '", "{opener} is not closed", "add the closing bracket, or a missing comma"),
    ("block sequence entries are not allowed", "a list cannot start here", "put it on lines of its own"),
    ("did not find expected '-' indicator", "a list item is expected here", "check the indentation"),
    ("did not find expected key", "a key is expected here", "check the indentation and the quotes"),
    ("expected <block end>", "unexpected text", "check the indentation and the quotes"),
    ("found unknown escape character", "unknown escape in double quotes", "use single quotes to keep a `\\` as it is"),
    ("did not find expected hexdecimal number", "unfinished escape in double quotes", "use single quotes"),
    ("expected escape sequence of", "unfinished escape in double quotes", "use single quotes"),
    ("did not find expected node content", "a value is expected here", None),
    ("expected the node content", "a value is expected here", None),
    ("did not find expected comment or line break", "unexpected text after `|` or `>`", "start it on the next line"),
    ("expected a comment or a line break", "unexpected text after `|` or `>`", "start it on the next line"),
    (
        "did not find expected <document start>",
        "unexpected text after the end of the document",
        "check the indentation",
    ),
    ("expected '<document start>'", "unexpected text after the end of the document", "check the indentation"),
    ("invalid leading UTF-8", "not UTF-8", "save the file as UTF-8"),
    ("found undefined tag handle", "a value cannot start with `!` here", "put it in quotes"),
    ("found a tab character", "a tab cannot be used for indentation", "use spaces"),
)


def explain(source: Source, error: Any) -> ConfigError:
    """The parser's error as ours, at the place where a person has to look."""
    if not hasattr(error, "problem_mark"):
        return _unreadable(source, error)
    problem = str(error.problem or error.context or "not YAML")
    spot = _spot(error.problem_mark) or _spot(error.context_mark) or (1, 1)
    opened = _spot(error.context_mark)
    if "unexpected end of stream" in problem and opened:
        quote = _char(source, opened)
        return source.fail(f"{_UNCLOSED.get(quote, 'a value')} is not closed", opened, f"add the closing `{quote}`")
    if "cannot start any token" in problem:
        return _bad_start(source, spot)
    for words, saying, hint in _SAYINGS:
        if words not in problem:
            continue
        if "{opener}" in saying:
            spot = opened or spot
            saying = saying.format(opener=_UNCLOSED.get(_char(source, spot), "a bracket"))
        elif saying.startswith("this is neither") and opened:
            spot = opened
        elif _tabbed(source, spot):
            return source.fail("a tab cannot be used for indentation", (spot[0], 1), "use spaces")
        return source.fail(saying, spot, hint)
    return source.fail(problem, spot)


def _bad_start(source: Source, spot: Spot) -> ConfigError:
    char = _char(source, spot)
    if char == "\t":
        return source.fail("a tab cannot be used for indentation", spot, "use spaces")
    return source.fail(f"a value cannot start with `{char}`", spot, "put it in quotes")


def _unreadable(source: Source, error: Any) -> ConfigError:
    """A character that YAML does not allow at all."""
    for number, line in enumerate(source.text.split("\n"), 1):
        for column, char in enumerate(line, 1):
            if (char < " " and char not in "\t\r") or char in "\x7f\ufffe\uffff" or "\x80" <= char <= "\x9f":
                return source.fail(
                    f"control character U+{ord(char):04X} is not allowed",
                    (number, column),
                    f'write it as "\\x{ord(char):02x}" in double quotes' if ord(char) < 256 else None,
                )
    return source.fail(f"not YAML: {getattr(error, 'reason', error)}", (1, 1))


def _tabbed(source: Source, spot: Spot) -> bool:
    line = source.line(spot) or ""
    return line[: len(line) - len(line.lstrip())].count("\t") > 0


def _char(source: Source, spot: Spot) -> str:
    line = source.line(spot) or ""
    return line[spot[1] - 1 : spot[1]] or "?"


def _spot(mark: Any) -> Optional[Spot]:
    return None if mark is None else (mark.line + 1, mark.column + 1)
