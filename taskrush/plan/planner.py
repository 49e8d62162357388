"""Cuts a graph down to its targets and puts it in order. Runs nothing and reads no file."""

from typing import Dict, Iterable, List, Sequence, Tuple

from taskrush.errors import GraphError, Problem
from taskrush.model.graph import Edge, EdgeKind, Graph
from taskrush.model.plan import Plan
from taskrush.model.task import TaskId


def make_plan(graph: Graph, targets: Iterable[TaskId], root: str = ".", only: bool = False) -> Plan:
    """What has to run so that `targets` are done; with `only`, the targets alone.

    Raises `GraphError` with every problem of the tasks concerned: missing names, cycles, clashes.
    """
    targets = tuple(dict.fromkeys(targets))
    chosen = dict.fromkeys(targets) if only else _needed(graph, targets)
    problems = [found.problem for found in graph.problems if not found.tasks.isdisjoint(chosen)]
    problems += [problem for task_id in chosen for problem in graph.tasks[task_id].problems]
    if problems:
        raise GraphError(*problems)
    edges = {task_id: [edge for edge in graph.edges[task_id] if edge.on in chosen] for task_id in chosen}
    order = _ordered(list(chosen), edges, graph)
    index = {task_id: number for number, task_id in enumerate(order)}
    needs, after = [], []
    for task_id in order:
        own = edges[task_id]
        needs.append(_numbers(index, (edge for edge in own if edge.kind is not EdgeKind.FINALLY)))
        after.append(_numbers(index, (edge for edge in own if edge.kind is EdgeKind.FINALLY)))
    return Plan(
        tasks=tuple(graph.tasks[task_id] for task_id in order),
        needs=tuple(needs),
        after=tuple(after),
        targets=targets,
        root=root,
        edges=tuple(edge for task_id in order for edge in edges[task_id]),
    )


def _numbers(index: Dict[TaskId, int], edges: Iterable[Edge]) -> Tuple[int, ...]:
    return tuple(sorted({index[edge.on] for edge in edges}))


def _needed(graph: Graph, targets: Sequence[TaskId]) -> Dict[TaskId, None]:
    """Targets, all they need, and the `finally` tasks of any of these, in order of discovery."""
    closers: Dict[TaskId, List[TaskId]] = {}
    for edges in graph.edges.values():
        for edge in edges:
            if edge.kind is EdgeKind.FINALLY:
                closers.setdefault(edge.on, []).append(edge.task)
    found = dict.fromkeys(targets)
    todo = list(targets)[::-1]
    while todo:
        task_id = todo.pop()
        more = [edge.on for edge in graph.edges[task_id] if edge.kind is not EdgeKind.FINALLY]
        for other in [*more, *closers.get(task_id, ())]:
            if other not in found:
                found[other] = None
                todo.append(other)
    return found


def _ordered(chosen: List[TaskId], edges: Dict[TaskId, List[Edge]], graph: Graph) -> List[TaskId]:
    """Topological order, stable by declaration; raises for a cycle, naming it."""
    place = {task_id: number for number, task_id in enumerate(graph.tasks)}
    blockers = {task_id: len({edge.on for edge in edges[task_id]}) for task_id in chosen}
    dependants: Dict[TaskId, List[TaskId]] = {task_id: [] for task_id in chosen}
    for task_id in chosen:
        for on in {edge.on for edge in edges[task_id]}:
            dependants[on].append(task_id)
    ready = sorted((task_id for task_id in chosen if not blockers[task_id]), key=place.__getitem__)
    order: List[TaskId] = []
    position = 0
    order.extend(ready)
    while position < len(order):
        freed = []
        for dependant in dependants[order[position]]:
            blockers[dependant] -= 1
            if not blockers[dependant]:
                freed.append(dependant)
        order.extend(sorted(freed, key=place.__getitem__))
        position += 1
    if len(order) < len(chosen):
        raise GraphError(_cycle_problem(set(chosen) - set(order), edges, graph))
    return order


def _cycle_problem(stuck: "set[TaskId]", edges: Dict[TaskId, List[Edge]], graph: Graph) -> Problem:
    """Follow edges among the stuck tasks until one comes again: that loop is a cycle."""
    path: List[TaskId] = []
    seen: Dict[TaskId, int] = {}
    task_id = min(stuck, key=list(graph.tasks).index)
    while task_id not in seen:
        seen[task_id] = len(path)
        path.append(task_id)
        task_id = next(edge.on for edge in edges[task_id] if edge.on in stuck)
    cycle = [*path[seen[task_id] :], task_id]
    shown = cycle if len(cycle) <= 12 else [*cycle[:6], TaskId(f"... {len(cycle) - 12} more ..."), *cycle[-6:]]
    return Problem("tasks depend on each other in a cycle: " + " -> ".join(shown), graph.tasks[cycle[0]].where)
