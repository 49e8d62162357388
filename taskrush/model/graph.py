"""The graph: tasks and the edges between them, with everything that is wrong about them.

It is data. `compile/link.py` makes it from tasks; `plan/planner.py` cuts it down to what was asked for.
"""

from __future__ import annotations

import enum

from taskrush.model.task import TaskId
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, FrozenSet, Hashable, Iterable, Iterator, List, Mapping, Set, Tuple, TypeVar

    from taskrush.errors import Problem
    from taskrush.model.task import Task


class EdgeKind(enum.Enum):
    """Where an edge comes from.

    Behind NEEDS (declared), FILES (one reads what the other makes) and RESULT (its value is passed on) a task waits for
    a good end, behind FINALLY for any end.
    """

    NEEDS = "needs"
    FILES = "files"
    RESULT = "result"
    FINALLY = "finally"


@frozen
class Edge:
    """`task` waits for `on`. `order_only`: what `on` makes is no ingredient of `task`'s key; `by_key`: `on`'s key is.

    `via` is the output of `on` that `task` reads, for edges that follow from files.
    """

    task: TaskId
    on: TaskId
    kind: EdgeKind = EdgeKind.NEEDS
    order_only: bool = False
    by_key: bool = field(default=False, kw_only=True)
    via: str = field(default="", eq=False)


@frozen
class GraphProblem:
    """Something wrong with the graph, and the tasks for which it matters."""

    problem: Problem
    tasks: FrozenSet[TaskId]


@frozen
class Graph:
    """Tasks by id in the order of declaration, the edges out of each (what it waits for), names and problems.

    `names` maps every name by which a task may be asked for (ids and aliases) to its id.
    """

    tasks: Mapping[TaskId, Task]
    edges: Mapping[TaskId, Tuple[Edge, ...]]
    names: Mapping[str, TaskId]
    problems: Tuple[GraphProblem, ...] = ()

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks.values())

    def __getitem__(self, task_id: str) -> Task:
        return self.tasks[TaskId(task_id)]


if TYPE_CHECKING:
    Node = TypeVar("Node", bound=Hashable)


def entangled(edges: Mapping[Node, Iterable[Node]]) -> Set[Node]:
    """The nodes that lie on a cycle, or between two cycles; empty for what can be put in order."""
    forth = {node: [other for other in others if other in edges] for node, others in edges.items()}
    back: Dict[Node, List[Node]] = {node: [] for node in forth}
    for node, others in forth.items():
        for other in others:
            back[other].append(node)
    left = set(forth)
    for out, into in ((forth, back), (back, forth)):
        count = {node: sum(other in left for other in out[node]) for node in left}
        free = [node for node in left if not count[node]]
        while free:
            node = free.pop()
            left.discard(node)
            for other in into[node]:
                if other in left:
                    count[other] -= 1
                    if not count[other]:
                        free.append(other)
    return left


def knots(edges: Mapping[Node, Iterable[Node]]) -> Tuple[Tuple[Node, ...], ...]:
    """The nodes that cycles join, one tuple for each set of nodes that can all reach each other, in their order.

    Tarjan's algorithm with a stack of its own, on what `entangled` leaves.
    """
    left = entangled(edges)
    inner = {node: [other for other in edges[node] if other in left] for node in edges if node in left}
    index: Dict[Node, int] = {}
    low: Dict[Node, int] = {}
    open_ones: Dict[Node, None] = {}
    found: List[Tuple[Node, ...]] = []
    place = {node: number for number, node in enumerate(inner)}
    for root in inner:
        path = [] if root in index else [(root, iter(inner[root]))]
        while path:
            node, others = path[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                open_ones[node] = None
            following = next(others, None)
            if following is not None:
                if following not in index:
                    path.append((following, iter(inner[following])))
                elif following in open_ones:
                    low[node] = min(low[node], index[following])
                continue
            path.pop()
            if path:
                above = path[-1][0]
                low[above] = min(low[above], low[node])
            if low[node] == index[node]:
                knot = []
                while node in open_ones:
                    knot.append(open_ones.popitem()[0])
                if len(knot) > 1 or node in inner[node]:
                    found.append(tuple(sorted(knot, key=place.__getitem__)))
    return tuple(sorted(found, key=lambda knot: place[knot[0]]))
