"""The gate between the scheduler and slots that are shared with other programs: who was handed out waits here for one.

The scheduler counts the slots of the run as if they were its own; nested programs may have taken some of them. It
decides no order: first come, first served.
"""

from __future__ import annotations

import collections

from taskrush.model.outcome import succeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Deque, Dict, Optional, Sequence, Set

    from taskrush.execute.carrier import Carrier
    from taskrush.execute.jobserver import Tokens
    from taskrush.model.outcome import Outcome


class Gate:
    """`start` is called for a task once it has the slots it needs (`needs`, by number of task, one if not said).

    Tasks for which `shares` holds may take further slots by themselves while they run.
    """

    def __init__(
        self,
        tokens: Tokens,
        carrier: Carrier,
        start: Callable[[int], None],
        needs: Dict[int, int],
        shares: Callable[[int], bool],
    ) -> None:
        self._tokens = tokens
        self._carrier = carrier
        self._start = start
        self._needs = needs
        self._shares = shares
        self._waiting: Deque[int] = collections.deque()
        self._held: Dict[int, int] = {}
        self._sharing: Set[int] = set()
        self._unsettled = False
        self._watching = False

    def enter(self, node: int) -> None:
        """A task was handed out."""
        self._waiting.append(node)
        self._admit()

    def leave(self, node: int) -> None:
        """It needs no slot any more; whoever never had one may leave as well."""
        if node in self._sharing:
            self._sharing.discard(node)
            self._unsettled = True
        self._tokens.give(self._held.pop(node, 0))
        self._admit()

    def withdraw(self, node: int) -> bool:
        """Whether it was still waiting here; it does not any more."""
        if node not in self._waiting:
            return False
        self._waiting.remove(node)
        self._tokens.give(self._held.pop(node, 0))
        return True

    def close(self) -> None:
        """The run is over: all slots are given back."""
        self._waiting.clear()
        self._tokens.close()

    def _admit(self) -> None:
        if self._unsettled and not self._sharing:
            self._unsettled = False
            self._tokens.settle()
        while self._waiting:
            node = self._waiting[0]
            needed = min(self._needs.get(node, 1), self._tokens.limit)
            while self._held.get(node, 0) < needed:
                if not self._tokens.take():
                    self._watch()
                    return
                self._held[node] = self._held.get(node, 0) + 1
            self._waiting.popleft()
            if self._shares(node):
                self._sharing.add(node)
            self._start(node)

    def _watch(self) -> None:
        """Try again when there may be a slot."""
        if not self._watching:
            self._watching = True
            self._carrier.carry(_Readable(self._tokens.descriptor), self._look)

    def _look(self, outcome: Outcome) -> None:
        self._watching = False
        self._admit()


class _Readable:
    """Waits until a descriptor can be read; a `Pollable`. Whose it is closes it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._outcome: Optional[Outcome] = None

    def descriptors(self) -> Sequence[int]:
        return (self._descriptor,)

    def readable(self, descriptor: int) -> None:
        self._outcome = succeeded()

    def deadline(self) -> Optional[float]:
        return None

    def tick(self) -> None:
        """It has no deadline."""

    def outcome(self) -> Optional[Outcome]:
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        """There is nothing to end."""

    def close(self) -> None:
        """The descriptor is not ours."""
