"""TaskRush's file patterns: what they match. It never looks at a disk.

Paths are relative with `/`, on every system, and matched with regard to case.

- `*` any characters but `/`, `?` one of them, `[a-z]` `[!a-z]` one of (not one of) these; a leading dot is not special
- `**` as a whole segment: any number of folders, none included; at the end: everything below
- `{a,b}` either of them, nested too; a backslash takes the special meaning from the next character
- a pattern whose last segment has no wildcard (`dist`, `packages/*/dist`) also means everything below it;
  with `/` at its end, only what is below
- `!` in front leaves out; in a list the last pattern that matches decides; a list of nothing but `!` starts
  from everything
"""

from __future__ import annotations

import functools

from taskrush.model.glob_syntax import ANY, GLOBSTAR, STAR, WILD, PatternError, clean, is_literal, is_one, parsed
from taskrush.model.plain_pattern import plain
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Iterable, List, Optional, Tuple

    from taskrush.model.glob_syntax import Segment, Token
    from taskrush.model.plain_pattern import Matcher

__all__ = ["PatternError", "Patterns", "depth", "is_literal", "literal_prefix", "matches", "regex"]


def literal_prefix(pattern: str) -> str:
    """The folders that everything matched lies in, without wildcards: `src/gen` of `src/gen/*.c`. Empty for the top."""
    pattern = pattern[1:] if pattern.startswith("!") else pattern
    wild = min([at for at in map(pattern.find, WILD) if at >= 0], default=-1)
    literal = pattern if wild < 0 else pattern[:wild].rpartition("/")[0]
    return clean(literal).rstrip("/") if "./" in literal or "//" in literal or literal[-1:] in "/." else literal


@functools.lru_cache(maxsize=65536)
def matches(pattern: str, path: str) -> bool:
    """Whether one pattern, with no `!` in front, matches one path. Raises `PatternError`."""
    return regex(pattern).match(path) is not None


@functools.lru_cache(maxsize=65536)
def regex(pattern: str) -> re.Pattern[str]:
    """The compiled regular expression of one pattern without `!`. Raises `PatternError`."""
    import re

    return re.compile(f"(?:{'|'.join(map(_regex, parsed(pattern)))})\\Z", re.DOTALL)


def depth(pattern: str) -> Optional[int]:
    """How many segments all paths have that a pattern (without `!`) matches; None if that cannot be told easily."""
    if "**" in pattern or is_literal(pattern.rpartition("/")[2]) or any(sign in pattern for sign in "{\\"):
        return None
    return None if "./" in pattern or "//" in pattern else pattern.count("/") + 1


def _texts(values: Iterable[str]) -> Tuple[str, ...]:
    return tuple(values)


@frozen
class Patterns:
    """A list of patterns in order."""

    patterns: Tuple[str, ...] = field(converter=_texts)
    _steps: Tuple[Tuple[bool, Matcher], ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        texts = [(not text.startswith("!"), text[1:] if text.startswith("!") else text) for text in self.patterns]
        if texts and not any(wanted for wanted, _ in texts):
            texts.insert(0, (True, "**"))
        steps = tuple((wanted, plain(text) or regex(text).match) for wanted, text in reversed(texts))
        object.__setattr__(self, "_steps", steps)

    def matches(self, path: str) -> bool:
        """What the last pattern that matches `path` says; False if none does."""
        for wanted, step in self._steps:
            if step(path):
                return wanted
        return False

    def select(self, paths: Iterable[str]) -> List[str]:
        """The paths that match, in their order."""
        return [path for path in paths if self.matches(path)]


def _regex(segments: Tuple[Segment, ...]) -> str:
    text = ""
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment is GLOBSTAR:
            text += "(?:/.*)?" if last else "(?:[^/]+/)*"
        else:
            text += "".join(_regex_token(token) for token in segment.tokens)
            if segment.tokens == (STAR,):
                text = text[: -len("[^/]*")] + "[^/]+"
            if not last and not (number == len(segments) - 2 and segments[-1] is GLOBSTAR):
                text += "/"
    if len(segments) > 1 and segments[-2] is GLOBSTAR and segments[-1].tokens == (STAR,):
        text = text[: -len("(?:[^/]+/)*[^/]+")] + ".+"
    return text


def _regex_token(token: Token) -> str:
    if token is None:
        return "[^/]*"
    if token == ANY:
        return "[^/]"
    import re

    if is_one(token):
        return re.escape(chr(token[0][0]))
    ranges = "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in token)
    return f"[{ranges}]"
