"""Makes a graph of tasks: names become edges. What is wrong is collected, not raised: a list can still be shown.

A name is looked up in the task's own namespace first, then outwards; a leading `:` starts at the top.
"""

import difflib
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Tuple

from taskrush.errors import Problem
from taskrush.model.graph import Edge, EdgeKind, Graph, GraphProblem
from taskrush.model.task import Dep, Task, TaskId


def link(tasks: Iterable[Task]) -> Graph:
    """The graph of these tasks. Problems are kept in it for the planner and `taskrush check`."""
    by_id: Dict[TaskId, Task] = {}
    names: Dict[str, TaskId] = {}
    problems: List[GraphProblem] = []
    for task in tasks:
        if task.id in by_id:
            other = by_id[task.id].where
            problems.append(_problem(f"task `{task.id}` is declared twice, first at {other}", task))
            continue
        by_id[task.id] = task
        names[task.id] = task.id
    for task in by_id.values():
        for alias in task.aliases:
            names.setdefault(alias, task.id)
    edges: Dict[TaskId, Tuple[Edge, ...]] = {}
    extra: Dict[TaskId, List[Edge]] = {}
    for task in by_id.values():
        own: List[Edge] = []
        for dep in task.deps:
            on = _find(task, dep, names, problems)
            if on is not None:
                own.append(Edge(task.id, on, EdgeKind.NEEDS, dep.order_only))
        for on in task.bindings.values():
            found = resolve(on, task.namespace, names)
            if found is not None:
                own.append(Edge(task.id, found, EdgeKind.RESULT))
        for dep in task.finally_:
            on = _find(task, dep, names, problems)
            if on is not None:
                extra.setdefault(on, []).append(Edge(on, task.id, EdgeKind.FINALLY))
        edges[task.id] = tuple(own)
    for task_id, more in extra.items():
        edges[task_id] = (*edges[task_id], *more)
    return Graph(by_id, edges, names, tuple(problems))


def resolve(name: str, namespace: str, names: Mapping[str, TaskId]) -> Optional[TaskId]:
    """The task that `name` means when it is used inside `namespace`, or None."""
    if name.startswith(":"):
        return names.get(name[1:])
    while namespace:
        found = names.get(f"{namespace}:{name}")
        if found is not None:
            return found
        namespace = namespace.rpartition(":")[0]
    return names.get(name)


def near(name: str, names: Iterable[str]) -> Optional[str]:
    """A hint that names what was probably meant, or None."""
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return "did you mean " + " or ".join(f"`{match}`" for match in close) + "?" if close else None


def _find(task: Task, dep: Dep, names: Mapping[str, TaskId], problems: List[GraphProblem]) -> Optional[TaskId]:
    found = resolve(dep.task, task.namespace, names)
    if found is None and not dep.optional:
        problems.append(
            GraphProblem(
                Problem(
                    f"task `{task.id}` depends on `{dep.task}`, which does not exist",
                    dep.where or task.where,
                    near(dep.task, names),
                ),
                frozenset((task.id,)),
            )
        )
    return found


def _problem(message: str, *tasks: Task) -> GraphProblem:
    ids: FrozenSet[TaskId] = frozenset(task.id for task in tasks)
    return GraphProblem(Problem(message, tasks[0].where), ids)
