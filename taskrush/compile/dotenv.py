"""Reads the text of dotenv files: `NAME=value` lines. It does not know what wins over what.

`export` in front, comments and empty lines are passed over. A value in single quotes is taken as it stands; in double
quotes `\\n`, `\\t`, `\\"`, `\\\\` and `\\$` mean what they do elsewhere; quoted values may go over several lines; of a
bare one everything from ` #` on is a comment. Nothing is substituted.
"""

from __future__ import annotations

from taskrush.errors import Problem, Where
from taskrush.regex import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Dict, List, Tuple

_ENTRY = expression(
    r"""(?xs)[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^\r\n]*?))
    [ \t]*(?:(?:(?<=[ \t])|(?<==))\#[^\r\n]*)?\r?(?:\n|\Z)""",
)
_NOTHING = expression(r"[ \t]*(?:#[^\r\n]*)?\r?(?:\n|\Z)")
_LINE = expression(r"[^\n]*(?:\n|\Z)")
_ESCAPED = expression(r"(?s)\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str, path: str) -> Tuple[Dict[str, str], Tuple[Problem, ...]]:
    """The variables in order, and what could not be read. `path` is named in problems."""
    values: Dict[str, str] = {}
    problems: List[Problem] = []
    text = text[1:] if text.startswith("\ufeff") else text
    position = 0
    while position < len(text):
        nothing = _NOTHING.match(text, position)
        entry = None if nothing else _ENTRY.match(text, position)
        if entry is not None:
            values[entry["name"]] = _value(entry)
        elif nothing is None:
            line = text.count("\n", 0, position) + 1
            problems.append(Problem("not a `NAME=value` line", Where(path, line, 1)))
        step = nothing or entry or _LINE.match(text, position)
        assert step is not None
        position = step.end()
    return values, tuple(problems)


def _value(entry: re.Match[str]) -> str:
    if entry["single"] is not None:
        return entry["single"]
    if entry["double"] is not None:
        return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), entry["double"])
    return entry["bare"] or ""
