"""Which steps a task goes through in a run: those of a service, or those of all others. Loads what the task needs."""

from __future__ import annotations

from taskrush.execute.task_run import TaskRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Type

    from taskrush.model.task import Task


def run_kind(task: Task) -> Type[TaskRun]:
    """The class whose object takes this task through a run."""
    if task.service is None:
        return TaskRun
    from taskrush.execute.service_run import ServiceRun

    return ServiceRun
