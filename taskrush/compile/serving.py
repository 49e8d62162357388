"""What is wrong with a task as a service, and how a function becomes one. It knows no other task."""

from __future__ import annotations

from taskrush.errors import Problem
from taskrush.model.task import Call
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional, Tuple

    from taskrush.model.declaration import TaskDecl
    from taskrush.model.service import Service
    from taskrush.model.task import Task


def as_service(task: Task) -> Task:
    """The task with what is wrong with it as a service among its problems; its function gets a process of its own."""
    problems = wrong_service(task)
    if isinstance(task.action, Call) and task.action.isolate != "process":
        task = evolve(task, action=evolve(task.action, isolate="process"))  # a thread cannot be ended
    return evolve(task, problems=(*task.problems, *problems)) if problems else task


def wrong_service(task: Task) -> Tuple[Problem, ...]:
    """What does not go together with being a service."""
    found: List[Problem] = []
    for wrong, hint in (
        (task.action is None and "does nothing", "give it a `cmd` that stays in the foreground"),
        (task.interactive and "cannot own the terminal", "leave out `interactive`"),
        (task.outputs and "makes nothing that is kept", "let a task that it needs make the files in `outputs`"),
        (task.cache.enabled and "is never taken from the cache", "leave out `cache`"),
        (task.capture and "has no result: it does not end by itself", "leave out `capture`"),
        (
            task.timeout is not None and "does not end by itself",
            "leave out `timeout`; `ready.timeout` bounds its start",
        ),
        (task.retry is not None and task.retry.attempts > 1 and "is not tried again", "leave out `retry`"),
    ):
        if wrong:
            found.append(Problem(f"service `{task.id}` {wrong}", task.where, hint))
    return tuple(found)


def service_of(decl: TaskDecl, fill: Callable[..., str]) -> Optional[Service]:
    """The declared service with its texts filled in."""
    service = decl.service
    if service is None:
        return None
    texts = {}
    for name in ("port", "http"):
        text = getattr(service.ready, name)
        if text is not None and "${" in text:
            texts[name] = fill(text, f"service.ready.{name}", "service.ready", "service")
    return evolve(service, ready=evolve(service.ready, **texts)) if texts else service
