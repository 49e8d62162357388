"""Edges turned round: for each task those that wait for it, in order. Two flat lists, however many tasks there are."""

from __future__ import annotations

from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Sequence


class Followers:
    """`followers[i]` are the numbers of those that have i in `waits`.

    Those of i lie in `flat` between `starts[i]` and `starts[i + 1]`.
    """

    __slots__ = ("flat", "starts")

    def __init__(self, waits: Sequence[Sequence[int]]) -> None:
        self.starts: List[int]
        self.flat: List[int]
        counts = [0] * (len(waits) + 1)
        if not any(waits):
            self.starts, self.flat = counts, []
            return
        for own in waits:
            for on in own:
                counts[on + 1] += 1
        self.starts = list(accumulate(counts))
        self.flat = [0] * self.starts[-1]
        free = self.starts[:]
        for node, own in enumerate(waits):
            for on in own:
                self.flat[free[on]] = node
                free[on] += 1

    def __getitem__(self, node: int) -> List[int]:
        return self.flat[self.starts[node] : self.starts[node + 1]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[List[int]]:
        return (self[node] for node in range(len(self)))
