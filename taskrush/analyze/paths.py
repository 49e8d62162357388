"""Paths through a plan whose tasks take known times: the critical path, slack, and what shorter work would gain.

Pure arithmetic on numbers: tasks are indexes in topological order, `needs[i]` are those that end before i starts.
Workers are without limit here; with a number of them the scheduler itself is asked (`execute/simulate.py`).
"""

from __future__ import annotations

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Sequence, Tuple

if TYPE_CHECKING:
    Needs = Sequence[Sequence[int]]


class Paths(NamedTuple):
    """For each task when it starts at the earliest, and the longest way from its start to the end of all."""

    starts: List[float]
    tails: List[float]
    total: float

    def slack(self, node: int) -> float:
        """How much longer it could take, or later it could start, without the whole taking longer."""
        return max(0.0, self.total - self.starts[node] - self.tails[node])


def paths(needs: Needs, seconds: Sequence[float]) -> Paths:
    """All of it in one walk there and one back."""
    starts = [0.0] * len(needs)
    for node, on in enumerate(needs):
        if on:
            starts[node] = max([starts[other] + seconds[other] for other in on])
    behind = [0.0] * len(needs)
    for node in range(len(needs) - 1, -1, -1):
        tail = seconds[node] + behind[node]
        for other in needs[node]:
            behind[other] = max(behind[other], tail)
    total = max([start + took for start, took in zip(starts, seconds)], default=0.0)
    return Paths(starts, [took + rest for took, rest in zip(seconds, behind)], total)


def critical_path(needs: Needs, seconds: Sequence[float]) -> List[int]:
    """The tasks of the longest path, the first one first; of equal ones that of the lowest numbers from its end on."""
    found = paths(needs, seconds)
    ends = [start + took for start, took in zip(found.starts, seconds)]
    if not ends:
        return []
    node = max(range(len(ends)), key=lambda index: (ends[index], -index))
    path = [node]
    while needs[node]:
        node = max(needs[node], key=lambda other: (ends[other], -other))
        path.append(node)
    return path[::-1]


def total(needs: Needs, seconds: Sequence[float]) -> float:
    """How long everything takes with workers without limit."""
    ends: List[float] = []
    for on, took in zip(needs, seconds):
        ends.append(took + max([ends[other] for other in on], default=0.0))
    return max(ends, default=0.0)


def without_edge(needs: Sequence[Tuple[int, ...]], task: int, on: int) -> List[Tuple[int, ...]]:
    """The same plan where `task` does not wait for `on`."""
    made = list(needs)
    made[task] = tuple(other for other in needs[task] if other != on)
    return made


def gain_if_faster(needs: Needs, seconds: Sequence[float], node: int, factor: float = 2.0) -> float:
    """How much sooner everything ends if a task is so many times as fast."""
    faster = list(seconds)
    faster[node] /= factor
    return total(needs, seconds) - total(needs, faster)


def critical_edges(needs: Needs, seconds: Sequence[float]) -> List[Tuple[int, int]]:
    """The edges (task, on) of the longest path: an edge off a longest path gains nothing when it goes."""
    path = critical_path(needs, seconds)
    return [(task, on) for on, task in zip(path, path[1:])]
