"""Finds the workspace and the files in it that declare tasks. It reads no more of them than their names.

Nothing dear is imported here: every command line comes this way.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

RUSH_NAMES = (".rush", ".rush.yml", ".rush.yaml", "taskrush.toml")
PYTHON_NAME = "tasks.py"
PYPROJECT = "pyproject.toml"
MARK = b"tool.taskrush"


class Found:
    """A workspace: its absolute root and the absolute paths of what declares its tasks.

    `rush` is the one file that is no Python: a `.rush` file, `taskrush.toml` or `pyproject.toml`.
    """

    __slots__ = ("python", "root", "rush")

    def __init__(self, root: str, rush: Optional[str], python: Optional[str]) -> None:
        self.root = root
        self.rush = rush
        self.python = python


def discover(start: str) -> Optional[Found]:
    """The nearest folder from `start` upwards that declares tasks, or None. Raises `ConfigError` for two rush files."""
    folder = os.path.abspath(start)
    while True:
        files = rush_files(folder)
        python = os.path.join(folder, PYTHON_NAME)
        has_python = os.path.isfile(python)
        if files or has_python:
            only_one(files)
            return Found(folder, files[0] if files else None, python if has_python else None)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def rush_files(folder: str) -> List[str]:
    """The files of a folder that declare tasks in YAML or TOML; more than one is a mistake."""
    found = [path for name in RUSH_NAMES for path in [os.path.join(folder, name)] if os.path.isfile(path)]
    pyproject = os.path.join(folder, PYPROJECT)
    if _has_table(pyproject):
        found.append(pyproject)
    return found


def only_one(files: List[str]) -> None:
    """Raises `ConfigError` when a folder declares tasks in two files."""
    if len(files) < 2:
        return
    from taskrush.declare.nodes import shown
    from taskrush.errors import ConfigError, Problem, Where

    names = " and ".join(f"`{os.path.basename(path)}`" for path in files)
    raise ConfigError(
        Problem(
            f"tasks are declared in {names}",
            Where(shown(files[0])),
            "keep one of them: a folder has one task file, and beside it `tasks.py`",
        )
    )


def _has_table(path: str) -> bool:
    """Whether a pyproject.toml seems to have our table; without parsing it, as most have none."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return False
    if MARK not in text.replace(b" ", b"").replace(b"\t", b""):
        return False
    return any(line.lstrip().startswith(b"[") and MARK in line.replace(b" ", b"") for line in text.splitlines())
