"""Which tasks a person means: names, aliases, patterns, tags."""

import fnmatch
from typing import Iterable, List, Tuple

from taskrush.compile.link import near
from taskrush.errors import UsageError
from taskrush.model.graph import Graph
from taskrush.model.task import TaskId


def select(graph: Graph, targets: Iterable[str]) -> Tuple[TaskId, ...]:
    """The tasks asked for, in that order. Raises `UsageError` for a name that means nothing, with near ones."""
    chosen: List[TaskId] = []
    for target in targets:
        chosen.extend(_matches(graph, target))
    return tuple(dict.fromkeys(chosen))


def _matches(graph: Graph, target: str) -> List[TaskId]:
    for spelling in (target, target.replace("_", "-"), target.replace("-", "_")):
        if spelling in graph.names:
            return [graph.names[spelling]]
    if any(sign in target for sign in "*?["):
        found = [task.id for task in graph if not task.hidden and fnmatch.fnmatchcase(task.id, target)]
        if found:
            return found
    shown = [name for name, task_id in graph.names.items() if not graph.tasks[task_id].hidden]
    raise UsageError(f"no task is called `{target}`", near(target, shown))
