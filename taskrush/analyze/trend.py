"""Where a series of numbers changed, and whether two sets of numbers differ: tests on ranks, so that neither one wild
value nor the shape of the numbers matters. Pure; it does not know what the numbers are.

A step is looked for by the maximally selected rank statistic: of all places to cut a series in two, the one where the
ranks on both sides differ most. How often noise does that is told by the formula of Miller and Siegmund ("Maximally
selected chi square statistics", 1982; used for ranks by Lausen and Schumacher, 1992). Two sets are compared by the test
of Mann and Whitney. Which of many findings to believe is decided by the rule of Benjamini and Hochberg (1995): of what
is named, at most the share asked for is noise; where nothing changed at all, at most that share of reports names
anything. All of that holds for numbers that do not depend on their neighbours.
"""

from __future__ import annotations

import math
import statistics

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence

LEAST = 5
"""So many numbers have to lie on either side of a step."""
MOST = 300
"""So many of the last numbers of a series are looked at."""
INNER = 0.01
"""How sure a further step on one side of a step has to be."""


class Step(NamedTuple):
    """The numbers from index `at` on lie elsewhere than those before; noise does that in `p` of all series."""

    at: int
    p: float


def ranks(values: Sequence[float]) -> List[float]:
    """The place of each number among all, from 1; equal ones share the middle of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    begin = 0
    count = len(order)
    while begin < count:
        end = begin + 1
        value = values[order[begin]]
        while end < count and values[order[end]] == value:
            end += 1
        middle = (begin + end + 1) / 2
        for place in order[begin:end]:
            found[place] = middle
        begin = end
    return found


def step(values: Sequence[float], least: int = LEAST) -> Optional[Step]:
    """The surest step; None where there are too few numbers, or all are the same."""
    count = len(values)
    if count < 2 * least:
        return None
    placed = ranks(values)
    middle = (count + 1) / 2
    spread = sum((rank - middle) ** 2 for rank in placed) / count
    if not spread:
        return None
    scale = spread / (count - 1)
    total = sum(placed[: least - 1]) - (least - 1) * middle
    best, at = 0.0, 0
    for cut in range(least, count - least + 1):
        total += placed[cut - 1] - middle
        square = total * total / (cut * (count - cut))
        if square > best:
            best, at = square, cut
    return Step(at, _p_of_largest(math.sqrt(best / scale), least / count)) if at else None


def steps(values: Sequence[float], first: float, least: int = LEAST) -> List[Step]:
    """All steps, the earliest first: one with at most `first` as its `p`, then those on both sides of it.

    In the end each is put where the numbers lie nearest to the medians on both sides: ranks are blind to how far apart
    two sides lie, and may be off by a few places.
    """
    found: List[Step] = []
    todo = [(0, len(values), first)]
    while todo:
        begin, end, most = todo.pop()
        one = step(values[begin:end], least)
        if one is not None and one.p <= most:
            at = begin + one.at
            found.append(Step(at, one.p))
            todo += [(begin, at, min(first, INNER)), (at, end, min(first, INNER))]
    found.sort()
    for place, one in enumerate(found):
        begin = found[place - 1].at if place else 0
        end = found[place + 1].at if place + 1 < len(found) else len(values)
        found[place] = Step(begin + _nearest(values[begin:end], one.at - begin, least), one.p)
    return found


def _nearest(values: Sequence[float], at: int, least: int) -> int:
    """The cut near `at` that leaves the numbers nearest to the medians of both sides."""

    def distance(cut: int) -> float:
        sides = values[:cut], values[cut:]
        middles = [statistics.median(side) for side in sides]
        return sum(abs(value - middle) for side, middle in zip(sides, middles) for value in side)

    return min(range(max(1, at - least), min(len(values), at + least + 1)), key=lambda cut: (distance(cut), cut))


def differ(some: Sequence[float], others: Sequence[float]) -> float:
    """How often two sets that are of one kind differ by as much as these; 1.0 where there are too few to tell."""
    count, more = len(some), len(others)
    if count < 2 or more < 2:
        return 1.0
    placed = ranks([*some, *others])
    both = count + more
    middle = (both + 1) / 2
    spread = sum((rank - middle) ** 2 for rank in placed) / (both - 1) * count * more / both
    if not spread:
        return 1.0
    distance = abs(sum(placed[:count]) - count * middle)
    return math.erfc(max(0.0, distance - 0.5) / math.sqrt(2 * spread))


def believed(found: Sequence[float], share: float) -> float:
    """The largest `p` to believe, so that at most `share` of what is believed is noise; 0.0 for none."""
    count = len(found)
    sure = [p for place, p in enumerate(sorted(found), 1) if p <= share * place / count]
    return sure[-1] if sure else 0.0


def _p_of_largest(largest: float, edge: float) -> float:
    """How often the largest of the normed differences is that large, `edge` of the series left out at both ends."""
    if largest <= 1.0:
        return 1.0
    density = math.exp(-largest * largest / 2) / math.sqrt(2 * math.pi)
    room = 2 * math.log((1 - edge) / edge)
    return min(1.0, density * (4 / largest + (largest - 1 / largest) * room))
