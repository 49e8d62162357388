"""The graph: tasks and the edges between them, with everything that is wrong about them.

It is data. `compile/link.py` makes it from tasks; `plan/planner.py` cuts it down to what was asked for.
"""

import enum
from typing import FrozenSet, Iterator, Mapping, Tuple

import attrs

from taskrush.errors import Problem
from taskrush.model.task import Task, TaskId


class EdgeKind(enum.Enum):
    """Where an edge comes from. Behind NEEDS, FILES and RESULT a task waits for a good end, behind FINALLY for any end."""

    NEEDS = "needs"
    FILES = "files"
    RESULT = "result"
    FINALLY = "finally"


@attrs.frozen
class Edge:
    """`task` waits for `on`. `order_only`: what `on` makes is no ingredient of `task`'s key."""

    task: TaskId
    on: TaskId
    kind: EdgeKind = EdgeKind.NEEDS
    order_only: bool = False


@attrs.frozen
class GraphProblem:
    """Something wrong with the graph, and the tasks for which it matters."""

    problem: Problem
    tasks: FrozenSet[TaskId]


@attrs.frozen
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
