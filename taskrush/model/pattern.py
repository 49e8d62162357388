"""TaskRush's file patterns: what they match, and whether two of them can meet. It never looks at a disk.

Paths are relative with `/`, on every system, and matched with regard to case.

- `*` any characters but `/`, `?` one of them, `[a-z]` `[!a-z]` one of (not one of) these; a leading dot is not special
- `**` as a whole segment: any number of folders, none included; at the end: everything below
- `{a,b}` either of them, nested too; a backslash takes the special meaning from the next character
- a pattern whose last segment has no wildcard (`dist`, `packages/*/dist`) also means everything below it;
  with `/` at its end, only what is below
- `!` in front leaves out; in a list the last pattern that matches decides; a list of nothing but `!` starts
  from everything
"""

import functools
import re
from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple

import attrs

ALTERNATIVES_LIMIT = 1024
_LAST = 0x10FFFF

# A token of a segment: one character out of these ranges of code points, or STAR.
Ranges = Tuple[Tuple[int, int], ...]
Token = Optional[Ranges]
Segment = Tuple[Token, ...]
STAR: Token = None
ANY: Ranges = ((0, ord("/") - 1), (ord("/") + 1, _LAST))
GLOBSTAR: Segment = ((),)  # never made from text: a token that matches nothing marks it


class PatternError(ValueError):
    """A text that is no pattern; the message says why."""


def is_literal(pattern: str) -> bool:
    """Whether it names one path (and what is below it) rather than a set."""
    return not any(sign in pattern for sign in "*?[{\\!")


def literal_prefix(pattern: str) -> str:
    """The folders that everything matched lies in, without wildcards: `src/gen` of `src/gen/*.c`. Empty for the top."""
    pattern = pattern[1:] if pattern.startswith("!") else pattern
    literal = []
    segments = _clean(pattern).split("/")
    for number, segment in enumerate(segments):
        if not is_literal(segment) or (number == len(segments) - 1 and not is_literal(pattern)):
            break
        literal.append(segment)
    return "/".join(segment for segment in literal if segment)


@functools.lru_cache(maxsize=65536)
def matches(pattern: str, path: str) -> bool:
    """Whether one pattern, with no `!` in front, matches one path. Raises `PatternError`."""
    return regex(pattern).match(path) is not None


@functools.lru_cache(maxsize=65536)
def regex(pattern: str) -> "re.Pattern[str]":
    """The compiled regular expression of one pattern without `!`. Raises `PatternError`."""
    return re.compile(f"(?:{'|'.join(map(_regex, parsed(pattern)))})\\Z", re.DOTALL)


def _texts(values: Iterable[str]) -> Tuple[str, ...]:
    return tuple(values)


@attrs.frozen
class Patterns:
    """A list of patterns in order."""

    patterns: Tuple[str, ...] = attrs.field(converter=_texts)
    _steps: Tuple[Tuple[bool, "re.Pattern[str]"], ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        texts = [(not text.startswith("!"), text[1:] if text.startswith("!") else text) for text in self.patterns]
        if texts and not any(wanted for wanted, _ in texts):
            texts.insert(0, (True, "**"))
        object.__setattr__(self, "_steps", tuple((wanted, regex(text)) for wanted, text in reversed(texts)))

    def matches(self, path: str) -> bool:
        """What the last pattern that matches `path` says; False if none does."""
        for wanted, step in self._steps:
            if step.match(path):
                return wanted
        return False

    def select(self, paths: Iterable[str]) -> List[str]:
        """The paths that match, in their order."""
        return [path for path in paths if self.matches(path)]


def may_overlap(first: str, second: str) -> bool:
    """Whether some path is matched by both of two patterns without `!`. Exact; raises `PatternError`."""
    if is_literal(first) and is_literal(second):
        first, second = _clean(first).rstrip("/"), _clean(second).rstrip("/")
        if first == second or not first or not second:
            return True
        return second.startswith(first + "/") or first.startswith(second + "/")
    return any(_meet(a, b, _segments_meet) for a in parsed(first) for b in parsed(second))


# --- parsing ------------------------------------------------------------------


@functools.lru_cache(maxsize=65536)
def parsed(pattern: str) -> Tuple[Tuple[Segment, ...], ...]:
    """The alternatives of a pattern, each as segments of tokens; `GLOBSTAR` stands for any number of segments."""
    if not pattern:
        raise PatternError("a pattern is empty")
    return tuple(_segments(alternative) for alternative in _alternatives(pattern))


def _clean(text: str) -> str:
    """Without `./` in front and doubled or dotted segments; a `/` at the end stays."""
    parts = text.split("/")
    kept = [part for part in parts[:-1] if part not in ("", ".")]
    last = "" if parts[-1] == "." else parts[-1]
    return "/".join([*kept, last])


def _segments(text: str) -> Tuple[Segment, ...]:
    parts = _clean(text).split("/")
    below = parts[-1] == ""
    found: List[Segment] = []
    for part in parts[:-1] if below else parts:
        if part == "**":
            if found[-1:] != [GLOBSTAR]:
                found.append(GLOBSTAR)
        else:
            found.append(_tokens(part))
    if below or found[-1:] == [GLOBSTAR]:
        if found[-1:] != [GLOBSTAR]:
            found.append(GLOBSTAR)
        found.append((STAR,))  # everything below: at least one more segment
    elif all(_is_one(token) for token in found[-1]):
        found.append(GLOBSTAR)  # itself and everything below
    return tuple(found)


def _tokens(part: str) -> Segment:
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


def _one(sign: str) -> Ranges:
    return ((ord(sign), ord(sign)),)


def _is_one(token: Token) -> bool:
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


# --- one use: a regular expression ------------------------------------------------


def _regex(segments: Tuple[Segment, ...]) -> str:
    text = ""
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == GLOBSTAR:
            text += "(?:/.*)?" if last else "(?:[^/]+/)*"
        else:
            text += "".join(_regex_token(token) for token in segment)
            if segment == (STAR,):
                text = text[: -len("[^/]*")] + "[^/]+"
            if not last and not (number == len(segments) - 2 and segments[-1] == GLOBSTAR):
                text += "/"
    if segments[-2:] == (GLOBSTAR, (STAR,)):
        text = text[: -len("(?:[^/]+/)*[^/]+")] + ".+"
    return text


def _regex_token(token: Token) -> str:
    if token is None:
        return "[^/]*"
    if token == ANY:
        return "[^/]"
    if _is_one(token):
        return re.escape(chr(token[0][0]))
    ranges = "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in token)
    return f"[{ranges}]"


# --- the other use: do two patterns meet --------------------------------------------


def _meet(first: Sequence[Any], second: Sequence[Any], same: Callable[[Any, Any], bool]) -> bool:
    """Whether two sequences with wildcards have something in common; `GLOBSTAR` and `STAR` stand for any number."""
    many = (GLOBSTAR, STAR)
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        a, b = todo.pop()
        if a == len(first) and b == len(second):
            return True
        steps = []
        if a < len(first) and first[a] in many:
            steps.append((a + 1, b))
            if b < len(second):
                steps.append((a, b + 1))
        if b < len(second) and second[b] in many:
            steps.append((a, b + 1))
            if a < len(first):
                steps.append((a + 1, b))
        single = a < len(first) and b < len(second) and first[a] not in many and second[b] not in many
        if single and same(first[a], second[b]):
            steps.append((a + 1, b + 1))
        for step in steps:
            if step not in reached:
                reached.add(step)
                todo.append(step)
    return False


@functools.lru_cache(maxsize=65536)
def _segments_meet(first: Segment, second: Segment) -> bool:
    if (STAR,) in (first, second):
        return True
    return _meet(first, second, _tokens_meet)


def _tokens_meet(first: Ranges, second: Ranges) -> bool:
    return any(low <= other_high and other_low <= high for low, high in first for other_low, other_high in second)
