"""`run()` and `checkpoint()`: what a task's function calls while it works.

Inside a task, output goes to the task and cancelling ends the command; outside of any, output goes where the
caller's goes.
"""

from __future__ import annotations

import os
import subprocess
import sys

from taskrush.asked import Pollable
from taskrush.errors import CommandFailed, TaskCancelled
from taskrush.model.environment import mentioned
from taskrush.model.outcome import State
from taskrush.model.policy import Ingredient
from taskrush.model.task import Argv, Shell
from taskrush.runners.carry import carry
from taskrush.runners.current import current
from taskrush.runners.local import DEFAULT_SHELL
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

    from taskrush.model.task import Task
    from taskrush.runners.current import Current


@frozen
class Completed:
    """How a command of `run()` ended. `stdout` and `stderr` are empty unless they were captured."""

    code: int
    stdout: str = ""
    stderr: str = ""


def run(
    command: Union[str, Sequence[str]],
    *,
    cwd: Optional[str] = None,
    env: Optional[Mapping[str, str]] = None,
    capture: bool = False,
    check: bool = True,
) -> Completed:
    """Run a command and wait for it: a string goes to the shell, a list is started as it is.

    `env` is added to the task's environment, `cwd` is relative to the task's. With `capture` the output is returned as
    text instead of shown. Raises `CommandFailed` unless it exits with 0 or `check` is false, and `TaskCancelled` when
    the task is told to stop.
    """
    action: Union[Shell, Argv] = Shell((command,)) if isinstance(command, str) else Argv(tuple(command))
    now = current()
    if now is None:
        return _run_outside(action, cwd, env, capture, check)
    return _run_inside(now, action, cwd, env, capture, check)


def checkpoint() -> None:
    """Raise `TaskCancelled` if the running task was told to stop; for long loops in a task's function."""
    now = current()
    if now is not None and (now.cancelled or now.abandoned):
        raise TaskCancelled(f"task `{now.task.id}` was cancelled")


def _run_inside(
    now: Current,
    action: Union[Shell, Argv],
    cwd: Optional[str],
    env: Optional[Mapping[str, str]],
    capture: bool,
    check: bool,
) -> Completed:
    checkpoint()
    chunks: Dict[str, List[bytes]] = {"stdout": [], "stderr": []}

    def on_output(stream: str, data: bytes) -> None:
        if capture:
            chunks[stream].append(data)
        else:
            now.on_output(stream, data)

    now.flush()
    task = evolve(
        now.task,
        action=action,
        cwd=now.task.cwd if cwd is None else os.path.join(now.task.cwd, cwd),
        env={**now.task.env, **(env or {})},
        extra=(),
        arguments={},
        capture=False,
    )
    handle = now.local.start(evolve(task, ingredients=_sparing(task)), on_output, {})
    now.on_cancel.append(handle.cancel)
    if now.cancelled:
        handle.cancel()
    try:
        outcome = carry(handle) if isinstance(handle, Pollable) else handle.wait()
    finally:
        now.on_cancel.remove(handle.cancel)
    if outcome.state is State.CANCELLED:
        raise TaskCancelled(f"task `{now.task.id}` was cancelled")
    code = 1 if outcome.code is None else outcome.code
    if outcome.code == 127 and outcome.reason and outcome.reason.startswith("cannot start"):
        now.on_output("stderr", (outcome.reason + "\n").encode())
    if check and code != 0:
        raise CommandFailed(str(action), code)
    return Completed(code, *(b"".join(chunks[name]).decode("utf-8", "replace") for name in ("stdout", "stderr")))


def _sparing(task: Task) -> Tuple[Ingredient, ...]:
    """Its ingredients, without the variables that the command merely mentions: it is no part of its task's key."""
    return (*(Ingredient(env=f"!{name}") for name in mentioned(task)), *task.ingredients)


def _run_outside(
    action: Union[Shell, Argv],
    cwd: Optional[str],
    env: Optional[Mapping[str, str]],
    capture: bool,
    check: bool,
) -> Completed:
    words = action.words if isinstance(action, Argv) else (*DEFAULT_SHELL, action.commands[0])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not capture:
            stream.flush()  # what was printed before comes before
    pipe = subprocess.PIPE if capture else None
    done = subprocess.run(words, cwd=cwd, env={**os.environ, **(env or {})}, stdout=pipe, stderr=pipe, check=False)
    if check and done.returncode != 0:
        raise CommandFailed(str(action), done.returncode)
    return Completed(
        done.returncode, *((data or b"").decode("utf-8", "replace") for data in (done.stdout, done.stderr))
    )
