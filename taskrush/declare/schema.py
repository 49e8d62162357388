"""The JSON Schema of task files (draft 2020-12), made from the table of keys that the parser reads with.

It cannot say everything the parser checks: that a name is known, that a default is one of the choices, duplicate keys.
"""

from __future__ import annotations

from taskrush.declare.sections import FILE
from taskrush.declare.task_shape import TasksShape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Dict[str, Any]:
    """The schema of a whole file; that of one task is under `$defs`."""
    return {
        "$schema": DRAFT,
        "title": "TaskRush task file",
        "description": "Tasks of .rush files, taskrush.toml and [tool.taskrush] of pyproject.toml",
        **FILE.schema(),
        "$defs": {"task": TasksShape.body.schema()},
    }
