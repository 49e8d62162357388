"""Whether two patterns can match the same path: exact, without looking at a disk."""

from __future__ import annotations

import functools

from taskrush.model.glob_syntax import GLOBSTAR, STAR, clean, is_literal, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence, Tuple

    from taskrush.model.glob_syntax import Ranges, Segment

if TYPE_CHECKING:
    Alternatives = Tuple[Tuple[Segment, ...], ...]


def may_overlap(first: str, second: str) -> bool:
    """Whether some path is matched by both of two patterns without `!`. Exact; raises `PatternError`."""
    if is_literal(first) and is_literal(second):
        first, second = clean(first).rstrip("/"), clean(second).rstrip("/")
        if first == second or not first or not second:
            return True
        return second.startswith(first + "/") or first.startswith(second + "/")
    return meet(parsed(first), parsed(second))


def meet(first: Alternatives, second: Alternatives) -> bool:
    """As `may_overlap`, for patterns that were parsed already."""
    for one in first:
        for other in second:
            if _meet(one, other, _segments_meet):
                return True
    return False


def _meet(first: Sequence[Any], second: Sequence[Any], same: Callable[[Any, Any], bool]) -> bool:
    """Whether two sequences with wildcards have something in common; `GLOBSTAR` and `STAR` stand for any number."""
    many = (GLOBSTAR, STAR)
    start = 0
    for one, other in zip(first, second):  # the way up to the first wildcard is short
        if one in many or other in many:
            break
        if not same(one, other):
            return False
        start += 1
    first, second = first[start:], second[start:]
    if not first or not second:
        return all(item in many for item in (*first, *second))
    if first[-1] not in many and second[-1] not in many and not same(first[-1], second[-1]):
        return False
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


def _segments_meet(first: Segment, second: Segment) -> bool:
    if first is second:
        return True
    if first.literal is not None and second.literal is not None:
        return first.literal == second.literal
    return _wild_segments_meet(first, second)


@functools.lru_cache(maxsize=65536)
def _wild_segments_meet(first: Segment, second: Segment) -> bool:
    if (STAR,) in (first.tokens, second.tokens):
        return True
    return _meet(first.tokens, second.tokens, _tokens_meet)


def _tokens_meet(first: Ranges, second: Ranges) -> bool:
    return any(low <= other_high and other_low <= high for low, high in first for other_low, other_high in second)
