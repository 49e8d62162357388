"""What is asked before a task's action: platform, `requires`, `if`. Knows what to ask, not how to run it."""

from __future__ import annotations

import os
import sys

from taskrush.model.outcome import failed, skipped
from taskrush.model.task import Shell
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Mapping, Optional

    from taskrush.model.outcome import Outcome
    from taskrush.model.policy import Requirement
    from taskrush.model.task import Task


@frozen
class Probe:
    """A command that stands for a question; `verdict` turns how it ended into the end of the task, or None to go on."""

    task: Task
    verdict: Callable[[Outcome], Optional[Outcome]]


def platform_name() -> str:
    """`linux`, `macos`, `windows`, or what Python calls the platform."""
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)


def unmet(task: Task, root: str = ".", environ: Optional[Mapping[str, str]] = None) -> Optional[Outcome]:
    """How the task ends at once, by what can be told without running anything; None if it goes on."""
    if task.platforms and platform_name() not in task.platforms:
        return skipped(f"only for {', '.join(task.platforms)}", ok=True)
    if not task.requires:
        return None
    env = {**(os.environ if environ is None else environ), **task.env}
    for requirement in task.requires:
        lacking = _lacking(requirement, root, env)
        if lacking:
            return failed(requirement.message or lacking)
    return None


def _lacking(requirement: Requirement, root: str, env: Mapping[str, str]) -> Optional[str]:
    if requirement.env is not None and not env.get(requirement.env):
        return f"requires the environment variable {requirement.env}"
    if requirement.file is not None and not os.path.exists(os.path.join(root, requirement.file)):
        return f"requires the file {requirement.file}"
    if requirement.program is not None and not _found(requirement.program, env.get("PATH")):
        return f"requires the program {requirement.program} on PATH"
    return None


def probes(task: Task) -> List[Probe]:
    """The commands to ask, in order: first what it requires, then its condition."""
    found = []
    for requirement in task.requires:
        if requirement.command is not None:
            found.append(Probe(asking(task, requirement.command), _holds(requirement)))
    if task.condition is not None:
        found.append(Probe(asking(task, task.condition), _condition(task.condition)))
    return found


def asking(task: Task, command: str) -> Task:
    """The task whose command asks something on behalf of another one."""
    at_hand = tuple(secret for secret in task.secrets if secret.is_at_hand)  # nothing is fetched for a question
    shell = Shell((command,))
    return evolve(
        task, action=shell, extra=(), interactive=False, capture=False, runner="local", service=None, secrets=at_hand
    )


def _holds(requirement: Requirement) -> Callable[[Outcome], Optional[Outcome]]:
    def verdict(outcome: Outcome) -> Optional[Outcome]:
        if outcome.ok:
            return None
        return failed(requirement.message or f"requirement does not hold: {requirement.command}")

    return verdict


def _condition(command: str) -> Callable[[Outcome], Optional[Outcome]]:
    def verdict(outcome: Outcome) -> Optional[Outcome]:
        return None if outcome.ok else skipped(f"condition does not hold: {command}", ok=True)

    return verdict


def _found(program: str, path: Optional[str]) -> bool:
    import shutil  # half of what a task without requirements would pay for this module

    return shutil.which(program, path=path) is not None
