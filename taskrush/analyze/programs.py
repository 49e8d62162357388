"""What to say of a program that was not found: where else it lies, what was perhaps meant, what to install."""

from __future__ import annotations

import os

from taskrush.analyze.causes import quoted
from taskrush.analyze.packages import OTHERWISE, PROGRAMS
from taskrush.model.failure import Cause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from taskrush.analyze.causes import Look

KIND = "command-not-found"


def not_found(name: str, look: Look, said: bool) -> Optional[Cause]:
    """A cause for a command that is not there; `said` by who would have started it."""
    machine = look.machine
    if not name or len(name) > 200 or any(letter in name for letter in "\"'`$ "):
        return None
    if "/" in name:
        return _no_path(name, look, said)
    message = f"`{name}` is not on PATH" if said else f"it looks as if `{name}` is not on PATH"
    if machine.on_path(name):
        changed = (
            f"`{name}` was not found, although it is on the PATH that the task was given: perhaps that was changed"
        )
        return Cause(kind=KIND, message=changed) if said else None
    remedy: Optional[str] = None
    elsewhere = machine.program_elsewhere(name)
    near = machine.near_programs(name)
    other = OTHERWISE.get(name, "")
    if elsewhere is not None:
        message += f", but there is `{elsewhere}`"
        folder = os.path.dirname(elsewhere)
        remedy = _reach(folder, name, elsewhere)
    elif machine.exists(name) and not machine.is_folder(name):
        remedy = f"it is in the folder of the task: write `./{name}`"
    elif other and machine.on_path(other.split()[0]):
        remedy = f"there is `{other}` here"
    elif name in PROGRAMS:
        remedy = f"perhaps install {PROGRAMS[name]}"
    elif near:
        remedy = f"did you mean {quoted(near)}?"
    else:
        remedy = "is it installed, and is its folder on PATH?"
    return Cause(kind=KIND, message=message, remedy=remedy, certain=said)


def _reach(folder: str, name: str, path: str) -> str:
    if "node_modules" in folder:
        return f"write `npx {name}` or `{path}`"
    if folder.endswith(("venv/bin", "venv/Scripts", "env/bin")):
        return f"write `{path}`, or activate the virtual environment first"
    return f"write `{path}`"


def _no_path(path: str, look: Look, said: bool) -> Optional[Cause]:
    machine = look.machine
    if machine.exists(path):
        return None
    near = machine.nearest(path)
    message = f"there is no `{path}`"
    remedy = f"did you mean `{near}`?" if near else None
    if machine.at_root(path):
        remedy = f"it is there from the top of the workspace, but the task runs in `{machine.shown(machine.cwd)}`"
    return Cause(kind=KIND, message=message, remedy=remedy, certain=True)
