"""`secret()`: how a task's function gets the value of one of its secrets. Commands find it in their environment."""

from __future__ import annotations

import os

from taskrush.errors import UsageError
from taskrush.runners.current import current


def secret(name: str) -> str:
    """The value of a secret that the running task names under `secrets`.

    In a process of its own, and outside of any task, it is the variable of that name. Raises `UsageError` for a name
    that the task does not have, or that has no value.
    """
    now = current()
    if now is None:
        value = os.environ.get(name)
        owner = "this process"
    else:
        known = getattr(now.local, "secrets", None)
        value = known(now.task).get(name) if known is not None else None
        owner = f"task `{now.task.id}`"
    if not value:
        raise UsageError(f"{owner} has no secret `{name}`", f'name it: `@task(secrets=["{name}"])`')
    return value
