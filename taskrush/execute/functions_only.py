"""Which plans have nothing but Python functions to call in their order: those are run by `function_executor.py`.

Pure; whatever is not named here goes the way of all tasks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task


def functions_only(plan: Plan) -> bool:
    """Whether all that this plan asks for is to call functions in their order."""
    return all(map(_only_called, plan.tasks)) and any(task.function or task.action for task in plan.tasks)


def _only_called(task: Task) -> bool:
    if task.function is not None and not task.uncommon:
        return True
    action = task.action
    if action is not None and getattr(action, "isolate", None) != "thread":  # only a `Call` has that
        return False
    return not task.uncommon or not (
        task.cache.enabled
        or task.inputs is not None
        or task.outputs
        or task.ingredients
        or task.secrets
        or task.condition is not None
        or task.requires
        or task.platforms
        or task.confirm is not None
        or task.interactive
        or task.retry is not None
        or task.timeout is not None
        or task.limits is not None
        or task.service is not None
        or task.remote is not None
        or task.runner != "local"
    )
