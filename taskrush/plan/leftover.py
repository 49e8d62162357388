"""What of a plan is still to be done after a run of it that did not end well. Pure: it is told what is done.

What is done stays out, unless it costs little to ask again or cannot be had otherwise: tasks whose results are kept
(the cache finds out whether they are still right), those whose values are passed on, services, and the `finally` tasks
of all that runs.
"""

from __future__ import annotations

from taskrush.model.graph import EdgeKind
from taskrush.model.plan import part
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List

    from taskrush.model.graph import Edge
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId


def leftover(plan: Plan, undone: Iterable[TaskId], resumes: str) -> Plan:
    """The plan of the tasks that are `undone`, with what they cannot do without. Its targets are those of `plan`."""
    tasks = {task.id: task for task in plan.tasks}
    on: Dict[TaskId, List[Edge]] = {}
    closers: Dict[TaskId, List[TaskId]] = {}
    for edge in plan.edges:
        if edge.kind is EdgeKind.FINALLY:
            closers.setdefault(edge.on, []).append(edge.task)
        else:
            on.setdefault(edge.task, []).append(edge)
    chosen = {task for task in undone if task in tasks}
    todo = list(chosen)
    while todo:
        task = todo.pop()
        wanted = list(closers.get(task, ()))
        for edge in on.get(task, ()):
            other = tasks[edge.on]
            kept = other.is_cached or other.action is None or other.service is not None
            if kept or edge.kind is EdgeKind.RESULT:
                wanted.append(edge.on)
        for other_id in wanted:
            if other_id not in chosen:
                chosen.add(other_id)
                todo.append(other_id)
    return evolve(part(plan, chosen), targets=plan.targets, whole=plan.whole or plan, resumes=resumes)
