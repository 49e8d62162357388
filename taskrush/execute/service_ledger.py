"""Who uses which service of a run, and which of them can be used. A ledger without rules: the scheduler decides.

A service is used by each task that needs it, from the start of the run until that task's end, and by the run itself
while it was asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Sequence, Set, Tuple


class ServiceLedger:
    """`needs` as the scheduler's; `services` are the tasks that are some, `asked` those that start unneeded.

    What was asked for is used by the run until it is let go, or with `stay` false until it can be used.
    """

    def __init__(
        self, needs: Sequence[Tuple[int, ...]], services: Iterable[int], asked: Iterable[int] = (), stay: bool = True
    ) -> None:
        self.all = frozenset(services)
        self.asked: Set[int] = set(self.all.intersection(asked))
        self.stay = stay
        self.up: Set[int] = set()
        self.ending: Set[int] = set()
        self.gone: Dict[int, str] = {}  # in words, why it cannot be used any more
        self.users: Dict[int, int] = dict.fromkeys(self.all, 0)
        self._of: Dict[int, Tuple[int, ...]] = {}
        self._missing: Dict[int, int] = {}
        if not self.all:
            return
        for node, own in enumerate(needs):
            found = tuple(on for on in own if on in self.all)
            if found:
                self._of[node] = found
                self._missing[node] = len(found)
                for service in found:
                    self.users[service] += 1
        for service in self.asked:
            self.users[service] += 1

    def of(self, node: int) -> Tuple[int, ...]:
        """The services that a task needs."""
        return self._of.get(node, ())

    def missing(self, node: int) -> int:
        """How many of these cannot be used yet."""
        return self._missing.get(node, 0)

    def can_be_used(self, dependants: Iterable[int]) -> List[int]:
        """One of their services can be used, or will not be needed; those that miss no other one."""
        complete = []
        for node in dependants:
            self._missing[node] -= 1
            if not self._missing[node]:
                complete.append(node)
        return complete

    def let_go(self, service: int) -> bool:
        """One user less; whether that was the last one."""
        self.users[service] -= 1
        return self.users[service] == 0

    def leaves(self, dependants: Sequence[Sequence[int]]) -> List[int]:
        """The services in use that no other such service needs."""
        return [one for one in sorted(self.up) if not any(node in self.up for node in dependants[one])]
