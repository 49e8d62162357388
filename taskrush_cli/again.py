"""`--failed` and `--resume`: what is left of the last run, and what is said about it."""

from __future__ import annotations

import sys

from taskrush.errors import UsageError
from taskrush.resuming import names_of, rest
from taskrush.wiring import open_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.settings import Settings
    from taskrush.model.task import TaskId


def left(project: Any, options: Any) -> Tuple[Plan, Mapping[TaskId, Outcome]]:
    """The plan of what is left, and how those ended that it leaves out; says so where nothing is.

    Raises `UsageError`.
    """
    settings: Settings = options.settings
    flag = "--failed" if settings.failed else "--resume"
    if settings.failed and settings.resume:
        raise UsageError("it is either `--failed` or `--resume`", "`--resume` also runs what never ran")
    if settings.watch or settings.only:
        raise UsageError(f"`{flag}` does not go with `{'--watch' if settings.watch else '--only'}`")
    if options.arguments or options.extra:
        raise UsageError(
            f"`{flag}` runs tasks with the parameters that they had in the last run",
            "leave the parameters out, or name the tasks without this option",
        )
    history = open_history(project.root, _warn)
    targets = [project.task(name).id for name in options.targets]
    found = rest(project, history, failed=settings.failed, targets=targets)
    if found.gone:
        _warn(f"{names_of(found.gone)} failed in run {found.run.run} and does not exist any more")
    if not found.plan.tasks:
        said = found.words(settings.failed)
        print(said, file=sys.stderr)
        if settings.failed and found.undone:
            print("hint: `taskrush run --resume` runs what did not end well", file=sys.stderr)
    return found.plan, found.earlier


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
