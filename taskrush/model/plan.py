"""A plan: the graph cut down to the targets, in an order in which it could run one by one.

Inside a run tasks are known by their index in `tasks`: the scheduler sees numbers only.
"""

from __future__ import annotations

from taskrush.values import evolve, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional, Sequence, Tuple

    from taskrush.model.graph import Edge
    from taskrush.model.task import Task, TaskId


@frozen(kw_only=True)
class Plan:
    """`needs[i]`: indexes that must end well before task i; `after[i]`: indexes that must have ended, however.

    `root` is the absolute path of the workspace: every relative path of a task starts there.
    `targets` are the tasks that were asked for, `only` those without what they need. `resumes` is the run of which this
    is what was left to do. `edges` are the graph's edges among the planned tasks. Where tasks that
    others need were left out on demand, `whole` is the plan with them: what identifies a task's work is in there.
    """

    tasks: Tuple[Task, ...]
    needs: Tuple[Tuple[int, ...], ...]
    after: Tuple[Tuple[int, ...], ...]
    targets: Tuple[TaskId, ...]
    root: str = "."
    edges: Sequence[Edge] = field(default=(), repr=False)
    whole: Optional[Plan] = field(default=None, repr=False)
    only: bool = False
    resumes: Optional[str] = None

    def __len__(self) -> int:
        return len(self.tasks)


def part(plan: Plan, tasks: Iterable[TaskId]) -> Plan:
    """The plan of some of a plan's tasks: what the others would have to do first is done."""
    chosen = set(tasks)
    order = [number for number, task in enumerate(plan.tasks) if task.id in chosen]
    place = {number: at for at, number in enumerate(order)}
    return evolve(
        plan,
        tasks=tuple(plan.tasks[number] for number in order),
        needs=tuple(tuple(place[on] for on in plan.needs[number] if on in place) for number in order),
        after=tuple(tuple(place[on] for on in plan.after[number] if on in place) for number in order),
        targets=tuple(target for target in plan.targets if target in chosen),
        edges=tuple(edge for edge in plan.edges if edge.task in chosen and edge.on in chosen),
    )


def asked_for(plan: Plan) -> Tuple[int, ...]:
    """The services that stay up though nobody needs them: targets, and what targets stand for that do nothing else."""
    if not any(task.service is not None for task in plan.tasks if task.uncommon):
        return ()
    place = {task.id: node for node, task in enumerate(plan.tasks)}
    todo: List[int] = [place[target] for target in plan.targets if target in place]
    seen = set(todo)
    for node in todo:
        if plan.tasks[node].action is None:
            more = [on for on in plan.needs[node] if on not in seen]
            seen.update(more)
            todo.extend(more)
    return tuple(sorted(node for node in todo if plan.tasks[node].service is not None))
