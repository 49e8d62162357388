"""Who may start beside what runs: pools, mutexes and memory, as limits with so much room each. Pure: numbers only.

The scheduler asks `take` when a task could start but for these, and tells `give` when it has ended. It knows no slots:
those are the scheduler's own, and are taken last.

Rule 1: limits are taken one by one, in their order, and slots after all of them. Whoever waits for a limit holds none
        that comes later, so nobody waits in a circle, and the last one that waits is always served.
Rule 2: whoever waits for a limit stands in its queue: the more urgent first, then who came first. Nobody takes from a
        limit past its queue, so that those who need little do not starve one who needs much.
Rule 3: only a task that could have started at once takes part: what is held back holds back as little as possible.
Rule 4: nothing is scanned: giving back looks at the head of the queues of what is given back, and on while it fits.
"""

from __future__ import annotations

import heapq

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.limits import Limits
    from taskrush.model.task import Task, TaskId

MEMORY = "memory"
LIGHT = 8  # what took less than this part of an equal share of memory is not counted


class Limit(NamedTuple):
    """A limit by the words for it, and how much room there is."""

    name: str
    size: int


class Demand(NamedTuple):
    """So much of a limit, by its number."""

    limit: int
    amount: int


class Admission:
    """Room in limits, and who waits for it. `demands` are those of each task that has any, in the order of limits.

    `urgency` is that of a task in a queue, 0 unless given; the higher goes first.
    """

    def __init__(
        self,
        limits: Sequence[Limit],
        demands: Mapping[int, Tuple[Demand, ...]],
        urgency: Optional[Mapping[int, int]] = None,
    ) -> None:
        self._names = [limit.name for limit in limits]
        self._free = [limit.size for limit in limits]
        self._demands = {
            node: tuple(sorted(Demand(one.limit, min(one.amount, limits[one.limit].size)) for one in own))
            for node, own in demands.items()
        }
        self._urgency = urgency or {}
        self._queues: List[List[Tuple[int, int, int]]] = [[] for _ in limits]
        self._held: Dict[int, int] = {}  # how many of its demands a task holds
        self._waits: Dict[int, int] = {}  # the limit in whose queue it stands
        self._number = 0

    def wants(self, node: int) -> bool:
        """Whether there is anything that it has to take first."""
        return node in self._demands and self._held.get(node, 0) < len(self._demands[node])

    def take(self, node: int) -> bool:
        """Take all that it needs; False where it has to wait: a later `give` names it when it has everything."""
        self._held.setdefault(node, 0)
        return self._go_on(node)

    def give(self, node: int) -> List[int]:
        """It needs nothing any more, whether it ran or waited; the tasks that now have all they need, in order."""
        own = self._demands.get(node)
        if own is None or node not in self._held:
            return []
        returned = [one.limit for one in own[: self._held.pop(node)]]
        for limit, amount in own[: len(returned)]:
            self._free[limit] += amount
        waited = self._waits.pop(node, None)
        complete: List[int] = []
        for limit in returned if waited is None else [*returned, waited]:
            self._serve(limit, complete)
        return complete

    def waits_for(self, node: int) -> str:
        """The words for the limit in whose queue it stands, empty where it stands in none."""
        limit = self._waits.get(node)
        return "" if limit is None else self._names[limit]

    def _go_on(self, node: int) -> bool:
        """Take further demands until one does not fit, and stand in its queue."""
        own = self._demands[node]
        while self._held[node] < len(own):
            limit, amount = own[self._held[node]]
            if self._free[limit] < amount or self._head(limit) is not None:
                self._number += 1
                heapq.heappush(self._queues[limit], (-self._urgency.get(node, 0), self._number, node))
                self._waits[node] = limit
                if self._free[limit] < amount or self._head(limit) != node:
                    return False
                heapq.heappop(self._queues[limit])  # more urgent than all who wait
                del self._waits[node]
            self._free[limit] -= amount
            self._held[node] += 1
        return True

    def _serve(self, limit: int, complete: List[int]) -> None:
        """Let those at the head of a queue take what fits."""
        while True:
            node = self._head(limit)
            if node is None:
                return
            amount = self._demands[node][self._held[node]].amount
            if amount > self._free[limit]:
                return
            heapq.heappop(self._queues[limit])
            del self._waits[node]
            self._free[limit] -= amount
            self._held[node] += 1
            if self._go_on(node):
                complete.append(node)

    def _head(self, limit: int) -> Optional[int]:
        """Who is to be served next; those who went away are dropped."""
        queue = self._queues[limit]
        while queue and self._waits.get(queue[0][2]) != limit:
            heapq.heappop(queue)
        return queue[0][2] if queue else None


def admission_of(
    tasks: Sequence[Task],
    urgency: Mapping[int, int],
    free_memory: Optional[int] = None,
    memory: Optional[Mapping[int, int]] = None,
) -> Optional[Admission]:
    """The limits of a run; None where nothing holds anything back.

    `memory` is what tasks need of it, by number. Its limit is taken last.
    """
    numbers: Dict[str, int] = {}
    limits: List[Limit] = []
    demands: Dict[int, List[Demand]] = {}

    def need(node: int, name: str, size: int, amount: int) -> None:
        number = numbers.setdefault(name, len(limits))
        if number == len(limits):
            limits.append(Limit(name, size))
        demands.setdefault(node, []).append(Demand(number, amount))

    for node, task in enumerate(tasks):
        if task.limits is not None and task.action is not None:
            for name in dict.fromkeys(task.limits.mutex):
                need(node, f"mutex `{name}`", 1, 1)
            for use in task.limits.pools:
                need(node, f"pool `{use.pool}`", use.size or use.weight, use.weight)
    if free_memory is not None:
        for node, amount in (memory or {}).items():
            need(node, MEMORY, max(1, free_memory), amount)
    if not demands:
        return None
    return Admission(limits, {node: tuple(own) for node, own in demands.items()}, urgency)


def memory_needed(
    tasks: Sequence[Task], peaks: Mapping[TaskId, int], free_memory: Optional[int], jobs: int
) -> Dict[int, int]:
    """What tasks need of the memory, by number: what they say, else what they took before if that is much.

    Empty where everything fits beside each other anyhow.
    """
    if free_memory is None:
        return {}
    needed: Dict[int, int] = {}
    told = False
    for node, task in enumerate(tasks):
        if task.action is None:
            continue
        said = None if task.limits is None else task.limits.resources.memory
        amount = peaks.get(task.id, 0) if said is None else said
        told = told or said is not None
        if said is not None or amount * jobs * LIGHT > free_memory:
            needed[node] = amount
    heaviest = sorted(needed.values(), reverse=True)[:jobs]
    return needed if sum(heaviest) > free_memory else {}


def urgencies(limits: Sequence[Optional[Limits]], needs: Sequence[Iterable[int]]) -> Dict[int, int]:
    """How urgent tasks are that are not as urgent as any other: their own priority, else the highest that needs them.

    Tasks must be numbered in topological order.
    """
    found: Dict[int, int] = {}
    for node in range(len(limits) - 1, -1, -1):
        own = limits[node]
        if own is not None and own.priority is not None:
            found[node] = own.priority
        urgent = found.get(node, 0)
        if urgent > 0:
            for on in needs[node]:
                known = limits[on]
                if known is None or known.priority is None:
                    found[on] = max(found.get(on, 0), urgent)
    return {node: urgent for node, urgent in found.items() if urgent}
