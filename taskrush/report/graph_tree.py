"""A graph as an indented tree for people: each task with what it waits for below it.

What was shown before is named again but not unfolded. Very deep graphs are cut, with a mark.
"""

from __future__ import annotations

from taskrush.model.graph import EdgeKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Sequence, Set, Tuple

    from taskrush.model.graph import Edge, Graph
    from taskrush.model.task import TaskId

MAX_DEPTH = 40
REPEATED = "(see above)"
DEEPER = "(deeper levels are left out)"


def draw_tree(graph: Graph, roots: Sequence[TaskId] = (), ascii_only: bool = False) -> str:
    """The tree below `roots`; without any, below every task that nothing waits for. Ends with a newline."""
    tee, corner, bar = ("|-- ", "`-- ", "|   ") if ascii_only else ("├── ", "└── ", "│   ")
    lines: List[str] = []
    shown: Set[TaskId] = set()
    for root in _roots(graph, roots, shown):
        lines.append(_root_line(graph, root, root in shown))
        stack: List[Iterator[Tuple[Edge, bool]]] = [iter(())] if root in shown else [_branches(graph, root)]
        shown.add(root)
        lead = [""]
        while stack:
            branch = next(stack[-1], None)
            if branch is None:
                stack.pop()
                lead.pop()
                continue
            edge, last = branch
            repeated = edge.on in shown and bool(graph.edges[edge.on])
            deeper = not repeated and len(stack) >= MAX_DEPTH and bool(graph.edges[edge.on])
            notes = [
                note
                for note in (_service(graph, edge) or _note(edge), REPEATED if repeated else DEEPER if deeper else "")
                if note
            ]
            lines.append(lead[-1] + (corner if last else tee) + " ".join([edge.on, *notes]))
            if not repeated and not deeper:
                shown.add(edge.on)
                lead.append(lead[-1] + ("    " if last else bar))
                stack.append(_branches(graph, edge.on))
    return "".join(line + "\n" for line in lines)


def _roots(graph: Graph, wanted: Sequence[TaskId], shown: Set[TaskId]) -> Iterator[TaskId]:
    if wanted:
        yield from wanted
        return
    waited_for = {edge.on for edges in graph.edges.values() for edge in edges}
    yield from (task.id for task in graph if task.id not in waited_for)
    yield from (task.id for task in graph if task.id not in shown)  # those of cycles, and below what was cut


def _root_line(graph: Graph, root: TaskId, repeated: bool) -> str:
    description = graph.tasks[root].description.strip().partition("\n")[0]
    return f"{root} {REPEATED}" if repeated else f"{root}  {description}" if description else root


def _branches(graph: Graph, task_id: TaskId) -> Iterator[Tuple[Edge, bool]]:
    edges = graph.edges[task_id]
    return ((edge, number == len(edges) - 1) for number, edge in enumerate(edges))


def _note(edge: Edge) -> str:
    notes: Dict[EdgeKind, str] = {
        EdgeKind.FILES: f"(makes {edge.via})",
        EdgeKind.RESULT: "(gives its result)",
        EdgeKind.FINALLY: "(finally, however it ends)",
    }
    return notes.get(edge.kind, "(order only)" if edge.order_only else "")


def _service(graph: Graph, edge: Edge) -> str:
    return "" if graph.tasks[edge.on].service is None else "(service)"
