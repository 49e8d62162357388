"""Which of the ready tasks go first: what has the longest way to the end before it, by recorded durations. Pure."""

from __future__ import annotations

from taskrush.execute.scheduler import longest_remaining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Mapping, Optional

    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId


def priorities(plan: Plan, durations: Mapping[TaskId, float]) -> Optional[List[float]]:
    """For each task the seconds of the longest path from it to an end; None where nothing is known of any.

    A task of which nothing is known is taken to be like the average of the others.
    """
    known = [durations[task.id] for task in plan.tasks if task.id in durations]
    if not known:
        return None
    usual = sum(known) / len(known)
    weights = [durations.get(task.id, usual) if task.action is not None else 0.0 for task in plan.tasks]
    dependants: List[List[int]] = [[] for _ in plan.tasks]
    for node, needs in enumerate(plan.needs):
        for on in needs:
            dependants[on].append(node)
    return longest_remaining(dependants, weights)
