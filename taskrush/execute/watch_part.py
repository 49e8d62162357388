"""The part of a plan that is to run again, and whether a task is still the one it was. Pure functions."""

from typing import Iterable, Optional

from taskrush.model.plan import Plan
from taskrush.model.task import Call, Task, TaskId
from taskrush.values import evolve


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


def differs(old: Optional[Task], new: Task, changed: Iterable[str]) -> bool:
    """Whether a task is another one than before. Functions are, as soon as a Python file has changed."""
    if old is None or old != new:
        return True
    return isinstance(new.action, Call) and any(path.endswith(".py") for path in changed)
