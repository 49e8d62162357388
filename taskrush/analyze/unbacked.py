"""Edges that no file stands behind: tasks that wait for others although they declare to read nothing of theirs.

Only what is declared counts. Where one of the two declares no files nothing can be said, and nothing is.
"""

from __future__ import annotations

from taskrush.model.graph import EdgeKind
from taskrush.model.overlap import may_overlap
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from taskrush.model.graph import Edge
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId


@frozen(kw_only=True)
class Unbacked:
    """`task` waits for `on`, and none of the inputs it declares is an output that `on` declares."""

    task: TaskId
    on: TaskId


def unbacked(plan: Plan) -> Tuple[Unbacked, ...]:
    """Such edges, in the order of the plan."""
    tasks = {task.id: task for task in plan.tasks}
    read_through = _makers_behind_groups(plan)
    found: List[Unbacked] = []
    for edge in plan.edges:
        if edge.kind is not EdgeKind.NEEDS or edge.order_only:
            continue
        task, on = tasks[edge.task], tasks[edge.on]
        if task.inputs is None or not task.inputs or task.action is None:
            continue
        makers = read_through.get(on.id, (on,)) if on.action is None else (on,)
        if all(maker.outputs for maker in makers) and not any(_reads(task, maker) for maker in makers):
            found.append(Unbacked(task=task.id, on=on.id))
    return tuple(found)


def _reads(task: Task, maker: Task) -> bool:
    """Whether a declared input of one may be an output of the other. What cannot be read as a pattern may be."""
    try:
        return any(
            may_overlap(pattern, output)
            for pattern in task.inputs or ()
            if not pattern.startswith("!")
            for output in maker.outputs
            if not output.startswith("!")
        )
    except ValueError:
        return True


def _makers_behind_groups(plan: Plan) -> Dict[TaskId, Tuple[Task, ...]]:
    """For tasks without an action, the tasks behind them that have one."""
    tasks = {task.id: task for task in plan.tasks}
    edges: Dict[TaskId, List[Edge]] = {}
    for edge in plan.edges:
        edges.setdefault(edge.task, []).append(edge)
    found: Dict[TaskId, Tuple[Task, ...]] = {}
    for task in plan.tasks:  # in order, so that what is behind is there already
        if task.action is None:
            behind: List[Task] = []
            for edge in edges.get(task.id, ()):
                on = tasks[edge.on]
                behind.extend(found.get(on.id, ()) if on.action is None else (on,))
            found[task.id] = tuple({maker.id: maker for maker in behind}.values())
    return found
