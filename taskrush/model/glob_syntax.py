"""How patterns are written: text to alternatives, segments and tokens. What they mean is told in `pattern.py`."""

from __future__ import annotations

import functools

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence, Tuple

ALTERNATIVES_LIMIT = 1024
_LAST = 0x10FFFF
WILD = frozenset("*?[{\\!")

# A token: one character out of these ranges of code points, or STAR for any number of any.
if TYPE_CHECKING:
    Ranges = Tuple[Tuple[int, int], ...]
    Token = Optional[Ranges]
STAR: Token = None
ANY: Ranges = ((0, ord("/") - 1), (ord("/") + 1, _LAST))


@frozen(eq=False)
class Segment:
    """What stands between two `/`; the same text is the same object. `literal` is the one name it means, or None."""

    tokens: Tuple[Token, ...]
    literal: Optional[str] = None


GLOBSTAR = Segment(())
"""Any number of segments."""


class PatternError(ValueError):
    """A text that is no pattern; the message says why."""


def is_literal(pattern: str) -> bool:
    """Whether it names one path (and what is below it) rather than a set."""
    return WILD.isdisjoint(pattern)


@functools.lru_cache(maxsize=65536)
def parsed(pattern: str) -> Tuple[Tuple[Segment, ...], ...]:
    """The alternatives of a pattern, each as segments of tokens; `GLOBSTAR` stands for any number of segments."""
    if not pattern:
        raise PatternError("a pattern is empty")
    return tuple(_segments(alternative) for alternative in _alternatives(pattern))


def clean(text: str) -> str:
    """Without `./` in front and doubled or dotted segments; a `/` at the end stays."""
    if "//" not in text and "/." not in text and text[:1] not in (".", "/"):
        return text
    parts = text.split("/")
    kept = [part for part in parts[:-1] if part not in ("", ".")]
    last = "" if parts[-1] == "." else parts[-1]
    return "/".join([*kept, last])


def _segments(text: str) -> Tuple[Segment, ...]:
    parts = clean(text).split("/")
    below = parts[-1] == ""
    found: List[Segment] = []
    for part in parts[:-1] if below else parts:
        if part == "**":
            if found[-1:] != [GLOBSTAR]:
                found.append(GLOBSTAR)
        else:
            found.append(_segment(part))
    if below or found[-1:] == [GLOBSTAR]:
        if found[-1:] != [GLOBSTAR]:
            found.append(GLOBSTAR)
        found.append(_segment("*"))  # everything below: at least one more segment
    elif found[-1].literal is not None:
        found.append(GLOBSTAR)  # itself and everything below
    return tuple(found)


@functools.lru_cache(maxsize=None)
def _segment(part: str) -> Segment:
    tokens = _tokens(part)
    literal = "".join(chr(token[0][0]) for token in tokens if token is not None and is_one(token))
    return Segment(tokens, literal if len(literal) == len(tokens) else None)


def _tokens(part: str) -> Tuple[Token, ...]:
    found: List[Token] = []
    position = 0
    while position < len(part):
        sign = part[position]
        position += 1
        if sign == "*":
            if found[-1:] != [STAR]:
                found.append(STAR)
        elif sign == "?":
            found.append(ANY)
        elif sign == "[":
            end = _class_end(part, position)
            if end < 0:
                found.append(_one(sign))
            else:
                found.append(_ranges(part[position:end]))
                position = end + 1
        else:
            if sign == "\\" and position < len(part):
                sign = part[position]
                position += 1
            found.append(_one(sign))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _one(sign: str) -> Ranges:
    return ((ord(sign), ord(sign)),)


def is_one(token: Token) -> bool:
    return token is not None and len(token) == 1 and token[0][0] == token[0][1]


def _class_end(text: str, start: int) -> int:
    """Where the `]` of a class is whose inside begins at `start`, or -1: then the `[` means itself."""
    at = start + 1 if text[start : start + 1] in ("!", "^") else start
    return text.find("]", at + 1)


def _ranges(inside: str) -> Ranges:
    """The code points of a class, never with `/`."""
    negated = inside[0] in "!^"
    signs = inside[1:] if negated else inside
    pairs: List[Tuple[int, int]] = []
    position = 0
    while position < len(signs):
        low = high = ord(signs[position])
        if signs[position + 1 : position + 2] == "-" and position + 2 < len(signs):
            high = ord(signs[position + 2])
            position += 2
        position += 1
        if low <= high:
            pairs.append((low, high))
    slash = ord("/")
    if negated:
        return _complement([*pairs, (slash, slash)])
    found = tuple(
        piece
        for low, high in pairs
        for piece in (((low, slash - 1), (slash + 1, high)) if low <= slash <= high else ((low, high),))
        if piece[0] <= piece[1]
    )
    if not found:
        raise PatternError(f"`[{inside}]` in a pattern matches nothing")
    return found


def _complement(pairs: Sequence[Tuple[int, int]]) -> Ranges:
    found = []
    at = 0
    for low, high in sorted(pairs):
        if at < low:
            found.append((at, low - 1))
        at = max(at, high + 1)
    if at <= _LAST:
        found.append((at, _LAST))
    return tuple(found)


def _alternatives(text: str) -> List[str]:
    """`{a,b}` multiplied out, from the left; a brace without its partner or without a comma means itself."""
    if "{" not in text:
        return [text]
    done: List[str] = []
    todo = [("", text)]
    while todo:
        lead, rest = todo.pop()
        group = _group(rest)
        if group is None:
            done.append(lead + rest)
        else:
            start, choices, end = group
            if len(choices) == 1:  # no comma: the braces mean themselves
                inside = rest[start + 1 : end - 1]
                todo.append((lead + rest[:start] + "\\{", inside + "\\}" + rest[end:]))
            else:
                for choice in reversed(choices):
                    todo.append((lead + rest[:start], choice + rest[end:]))
        if len(todo) + len(done) > ALTERNATIVES_LIMIT:
            raise PatternError(f"a pattern has more than {ALTERNATIVES_LIMIT} alternatives")
    return done


def _group(text: str) -> Optional[Tuple[int, List[str], int]]:
    """The first complete brace group: where it starts, its choices, where it ends."""
    starts: List[int] = []
    position = 0
    while position < len(text):
        sign = text[position]
        if sign == "\\":
            position += 1
        elif sign == "[":
            position = max(position, _class_end(text, position + 1))
        elif sign == "{":
            starts.append(position)
        position += 1
    for start in starts:
        found = _choices(text, start)
        if found is not None:
            return start, found[0], found[1]
    return None


def _choices(text: str, start: int) -> Optional[Tuple[List[str], int]]:
    depth = 0
    position = start
    choices = [""]
    while position < len(text):
        sign = text[position]
        piece = sign
        if sign == "\\" and position + 1 < len(text):
            piece = text[position : position + 2]
        elif sign == "[":
            end = _class_end(text, position + 1)
            piece = text[position : end + 1] if end >= 0 else sign
        elif sign == "{":
            depth += 1
            piece = "" if depth == 1 else sign
        elif sign == "}":
            depth -= 1
            if not depth:
                return choices, position + 1
        elif sign == "," and depth == 1:
            choices.append("")
            piece = ""
        choices[-1] += piece
        position += max(1, len(piece))
    return None
