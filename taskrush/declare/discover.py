"""Finds the workspace and the files in it that declare tasks."""

import os
from typing import List, Optional

import attrs

RUSH_NAMES = (".rush", ".rush.yml", ".rush.yaml", "taskrush.toml")
PYTHON_NAME = "tasks.py"


@attrs.frozen
class Found:
    """A workspace: its absolute root and the absolute paths of what declares its tasks."""

    root: str
    rush: Optional[str]
    python: Optional[str]


def discover(start: str) -> Optional[Found]:
    """The nearest folder from `start` upwards that declares tasks, or None."""
    folder = os.path.abspath(start)
    while True:
        names: List[str] = [name for name in RUSH_NAMES if os.path.isfile(os.path.join(folder, name))]
        python = os.path.join(folder, PYTHON_NAME)
        if names or os.path.isfile(python):
            return Found(
                folder,
                os.path.join(folder, names[0]) if names else None,
                python if os.path.isfile(python) else None,
            )
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
