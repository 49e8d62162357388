"""Cuts a graph down to its targets and puts it in order. Runs nothing and reads no file."""

from __future__ import annotations

from taskrush._builtin import heappop, heappush
from taskrush.errors import GraphError, Problem, UsageError
from taskrush.model.graph import EdgeKind, Graph, knots
from taskrush.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.model.graph import Edge
    from taskrush.model.plain_edges import PlainEdges
    from taskrush.model.task import Task, TaskId

SHOWN = 12  # tasks of a long cycle that a message names
EFFORT = 200_000  # edges looked at in search of the shortest cycle


def make_plan(graph: Graph, targets: Iterable[TaskId], root: str = ".", only: bool = False) -> Plan:
    """What has to run so that `targets` are done, with the `finally` tasks of all that runs.

    With `only`: the targets, the tasks whose results are passed to them, and the `finally` tasks of these.
    The order is that of declaration wherever edges leave a choice.
    Raises `UsageError` for a target that is not there, `GraphError` with every problem of the tasks concerned: missing
    names, cycles, clashes.
    """
    targets = tuple(dict.fromkeys(targets))
    for target in targets:
        if target not in graph.tasks:
            raise UsageError(f"no task is called `{target}`")
    chosen = needed(graph, targets, only)
    whole = len(chosen) == len(graph.tasks)
    problems = [found.problem for found in graph.problems if not found.tasks.isdisjoint(chosen)]
    for task in (
        graph.tasks.values() if whole else [graph.tasks[task_id] for task_id in graph.tasks if task_id in chosen]
    ):
        if task.uncommon and task.problems:
            problems += task.problems
    if problems:
        raise GraphError(*in_order(problems))
    ids = list(graph.tasks) if whole else [task_id for task_id in graph.tasks if task_id in chosen]
    edges: Mapping[TaskId, Sequence[Edge]] = graph.edges
    plain: Optional[PlainEdges] = getattr(edges, "plain", None)
    if not whole and plain is None:
        edges = {task_id: [edge for edge in graph.edges[task_id] if edge.on in chosen] for task_id in ids}
    needs, after = _waits(ids, edges, plain, whole)
    order = _order(needs, after)
    if order is None:
        kept = {task_id: [edge for edge in edges[task_id] if edge.on in chosen] for task_id in ids}
        tangles = knots({task_id: [edge.on for edge in kept[task_id]] for task_id in ids})
        raise GraphError(*in_order(_cycle_problem(knot, kept, graph) for knot in tangles))
    if order is not DECLARED:
        place = [0] * len(ids)
        for number, node in enumerate(order):
            place[node] = number
        ids = [ids[node] for node in order]
        needs = [_numbers([place[on] for on in needs[node]]) for node in order]
        after = [_numbers([place[on] for on in after[node]]) for node in order]
    tasks = tuple([graph.tasks[task_id] for task_id in ids])
    if any(task.service is not None for task in tasks if task.uncommon):
        _pass_services_on(tasks, needs)
    found: Sequence[Edge]
    if plain is not None and whole:
        from taskrush.model.plain_edges import EdgesInOrder

        found = EdgesInOrder(ids, edges)
    else:
        found = tuple([edge for task_id in ids for edge in edges[task_id] if whole or edge.on in chosen])
    return Plan(tasks=tasks, needs=tuple(needs), after=tuple(after), targets=targets, root=root, edges=found)


def _waits(
    ids: Sequence[TaskId], edges: Mapping[TaskId, Sequence[Edge]], plain: Optional[PlainEdges], whole: bool
) -> Tuple[List[Tuple[int, ...]], List[Tuple[int, ...]]]:
    """For each of `ids` the numbers of those among them that it needs, and of those that it only follows."""
    place = {task_id: number for number, task_id in enumerate(ids)}
    needs: List[Tuple[int, ...]] = []
    after: List[Tuple[int, ...]] = []
    last = EdgeKind.FINALLY
    for node, task_id in enumerate(ids):
        if plain is not None:
            if whole:
                numbers = plain.numbers[node]
            else:
                named = plain.needs(task_id)
                numbers = None if named is None else tuple([place[on] for on in named if on in place])
            if numbers is not None:
                needs.append(numbers if len(numbers) < 2 else tuple(sorted(numbers)))
                after.append(())
                continue
        own = edges[task_id]
        needs.append(_numbers([place[edge.on] for edge in own if edge.kind is not last and edge.on in place]))
        after.append(_numbers([place[edge.on] for edge in own if edge.kind is last and edge.on in place]))
    return needs, after


def _pass_services_on(tasks: Sequence[Task], needs: List[Tuple[int, ...]]) -> None:
    """Who needs a task that only stands for others needs the services among these: they stay up for it."""
    stands_for: List[Tuple[int, ...]] = []
    for number, task in enumerate(tasks):
        more = [service for on in needs[number] for service in stands_for[on]]
        if more:
            needs[number] = _numbers([*needs[number], *more])
        own = () if task.action is not None else needs[number]
        stands_for.append(tuple([on for on in own if tasks[on].service is not None]))


def in_order(problems: Iterable[Problem]) -> List[Problem]:
    """Each problem once, those of a file in the order of their places; files in the order in which they come up."""
    each = list(dict.fromkeys(problems))
    files = {path: number for number, path in enumerate(dict.fromkeys(one.where.path for one in each if one.where))}

    def place(problem: Problem) -> Tuple[int, int, int]:
        where = problem.where
        return (len(files), 0, 0) if where is None else (files[where.path], where.line, where.column)

    return sorted(each, key=place)


def cut(graph: Graph, targets: Sequence[TaskId]) -> Graph:
    """The part of a graph that a plan for `targets` would have, with its problems; nothing is raised."""
    chosen = needed(graph, targets)
    return Graph(
        tasks={task_id: task for task_id, task in graph.tasks.items() if task_id in chosen},
        edges={
            task_id: tuple(edge for edge in edges if edge.on in chosen)
            for task_id, edges in graph.edges.items()
            if task_id in chosen
        },
        names={name: task_id for name, task_id in graph.names.items() if task_id in chosen},
        problems=tuple(found for found in graph.problems if not found.tasks.isdisjoint(chosen)),
    )


def needed(graph: Graph, targets: Sequence[TaskId], only: bool = False) -> Set[TaskId]:
    """Targets, all they need, and the `finally` tasks of any of these with what those need."""
    found = set(targets)
    if len(found) == len(graph.tasks):
        return found
    last = EdgeKind.FINALLY
    closers: Dict[TaskId, List[TaskId]] = {}
    plain: Optional[PlainEdges] = getattr(graph.edges, "plain", None)
    declared: Mapping[TaskId, Sequence[Edge]] = graph.edges if plain is None else plain.others
    for edge in [edge for edges in declared.values() for edge in edges if edge.kind is last]:
        closers.setdefault(edge.on, []).append(edge.task)
    followed = (EdgeKind.RESULT,) if only else (EdgeKind.NEEDS, EdgeKind.FILES, EdgeKind.RESULT)
    todo = list(found)
    while todo:
        task_id = todo.pop()
        more: Sequence[TaskId] = ()
        names = None if plain is None else plain.needs(task_id)
        if names is None:
            more = [edge.on for edge in graph.edges[task_id] if edge.kind in followed]
        elif not only:
            more = names
        for other in [*more, *closers[task_id]] if task_id in closers else more:
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _numbers(numbers: List[int]) -> Tuple[int, ...]:
    return tuple(sorted(set(numbers))) if len(numbers) > 1 else tuple(numbers)


DECLARED: List[int] = []  # the order in which tasks are declared


def _order(needs: Sequence[Tuple[int, ...]], after: Sequence[Tuple[int, ...]]) -> Optional[List[int]]:
    """Topological order, always the first declared one that may come next; None where there is a cycle."""
    if all(not own or own[-1] < node for every in (needs, after) for node, own in enumerate(every)):
        return DECLARED
    blockers = [0] * len(needs)
    dependants: List[List[int]] = [[] for _ in needs]
    for every in (needs, after):
        for node, own in enumerate(every):
            blockers[node] += len(own)
            for on in own:
                dependants[on].append(node)  # twice, if it is needed and followed, as it is counted twice
    ready = [number for number, count in enumerate(blockers) if not count]
    order: List[int] = []
    while ready:
        number = heappop(ready)
        order.append(number)
        for dependant in dependants[number]:
            blockers[dependant] -= 1
            if not blockers[dependant]:
                heappush(ready, dependant)
    return order if len(order) == len(needs) else None


def _cycle_problem(knot: Sequence[TaskId], edges: Mapping[TaskId, Sequence[Edge]], graph: Graph) -> Problem:
    """Names the shortest cycle that a bounded search finds in a knot, beginning with its first declared task."""
    inside = set(knot)
    cycle = _shortest_cycle({task_id: [edge for edge in edges[task_id] if edge.on in inside] for task_id in knot})
    place = {task_id: number for number, task_id in enumerate(knot)}
    first = min(range(len(cycle)), key=lambda number: place[cycle[number].task])
    cycle = [*cycle[first:], *cycle[:first]]
    names: List[str] = [*(edge.task for edge in cycle), cycle[0].task]
    if len(names) > SHOWN + 1:
        half = SHOWN // 2
        names = [*names[:half], f"... {len(names) - 1 - SHOWN} more ...", *names[-half:]]
    if len(cycle) == 1:
        message = f"task `{cycle[0].task}` depends on itself"
    else:
        message = "tasks depend on each other in a cycle: " + " -> ".join(names)
    return Problem(message, graph.tasks[cycle[0].task].where, _reason(cycle))


def _reason(cycle: Sequence[Edge]) -> Optional[str]:
    """What is not obvious about a cycle: edges that no `deps` names."""
    for edge in cycle:
        if edge.kind is EdgeKind.FILES:
            return f"`{edge.task}` waits for `{edge.on}` because it reads `{edge.via}`, which `{edge.on}` makes"
    for edge in cycle:
        if edge.kind is EdgeKind.FINALLY:
            return f"`{edge.task}` runs after `{edge.on}`, which names it under `finally`"
    return None


def _shortest_cycle(edges: Mapping[TaskId, Sequence[Edge]]) -> List[Edge]:
    """A cycle; the shortest one unless the graph is so large that the search is cut off."""
    best = _some_cycle(edges)
    effort = EFFORT
    for start in [edge.task for edge in best] if len(edges) > EFFORT // 100 else list(edges):
        if effort < 0 or len(best) == 1:
            break
        came: Dict[TaskId, Edge] = {}
        layer, depth = [start], 0
        while layer and start not in came and depth < len(best) - 1:
            depth += 1
            following = []
            for task_id in layer:
                effort -= len(edges[task_id])
                for edge in edges[task_id]:
                    if edge.on not in came:
                        came[edge.on] = edge
                        following.append(edge.on)
            layer = following
        if start in came:
            best = [came[start]]
            while best[0].task != start:
                best.insert(0, came[best[0].task])
    return best


def _some_cycle(edges: Mapping[TaskId, Sequence[Edge]]) -> List[Edge]:
    """Walk until a task comes again: within a knot each has an edge to go on by."""
    path: List[Edge] = []
    seen: Dict[TaskId, int] = {}
    task_id = next(iter(edges))
    while task_id not in seen:
        seen[task_id] = len(path)
        path.append(edges[task_id][0])
        task_id = path[-1].on
    return path[seen[task_id] :]
