"""Patterns simple enough to be matched without a regular expression, which takes 100 times as long to make.

It decides nothing about what patterns mean: whatever is said here is what `pattern.regex` says (a property test).
"""

from __future__ import annotations

from taskrush.model.glob_syntax import is_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

if TYPE_CHECKING:
    Matcher = Callable[[str], object]


def plain(pattern: str) -> Optional[Matcher]:
    """A function that is true for the paths that a pattern (without `!` in front) matches, or None: it is not simple.

    Simple are `a/b`, `a/*`, `a/**`, `a/*.c` and `a/**/*.c`.
    """
    if "./" in pattern or "//" in pattern or pattern.endswith(("/", "/.")) or pattern in ("", "."):
        return None
    folder, slash, last = pattern.rpartition("/")
    if is_literal(last):
        return _itself(pattern) if is_literal(folder) else None
    deep = False
    if folder == "**" or folder.endswith("/**"):
        folder, slash, deep = folder[:-3], folder[-3:-2], True
    if not is_literal(folder):
        return None
    start = folder + slash
    if last == "**":
        return None if deep else _below(start)
    ending = last[1:]
    if last[0] != "*" or not is_literal(ending):
        return None
    return _ending(start, ending, deep)


def _itself(pattern: str) -> Matcher:
    start = pattern + "/"
    return lambda path: path == pattern or path.startswith(start)


def _below(start: str) -> Matcher:
    size = len(start)
    return lambda path: len(path) > size and path.startswith(start)


def _ending(start: str, ending: str, deep: bool) -> Matcher:
    size, least = len(start), len(start) + max(1, len(ending))

    def match(path: str) -> bool:
        return (
            len(path) >= least and path.startswith(start) and path.endswith(ending) and (deep or "/" not in path[size:])
        )

    return match
