"""Which tasks a person means: names, aliases, patterns, tags.

`test` or an alias of it; `test-*`, `docs:*` (`*` stays within a namespace, `**` does not); `tag:slow` for all tasks
with a tag. Function names may be written as in Python: `run_tests` also means `run-tests`. Hidden tasks are only found
by their names.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional, Tuple

    from taskrush.errors import UsageError
    from taskrush.model.graph import Graph
    from taskrush.model.task import TaskId

TAG = "tag:"


def select(graph: Graph, targets: Iterable[str]) -> Tuple[TaskId, ...]:
    """The tasks asked for, in that order. Raises `UsageError` for a name that means nothing, with near ones."""
    chosen: List[TaskId] = []
    names = graph.names
    for target in targets:
        if target in names:
            chosen.append(names[target])
            continue
        chosen.extend(_matches(graph, target))
    return tuple(dict.fromkeys(chosen))


def _matches(graph: Graph, target: str) -> List[TaskId]:
    name = target[1:] if target.startswith(":") else target
    if name in graph.names:
        return [graph.names[name]]
    from taskrush.compile.names import near
    from taskrush.model.spelling import dashed

    for spelling in (name.replace("_", "-"), dashed(name), name.replace("-", "_")):
        if spelling in graph.names:
            return [graph.names[spelling]]
    visible = [task for task in graph if not task.hidden]
    if target.startswith(TAG):
        tag = target[len(TAG) :]
        found = [task.id for task in visible if tag in task.tags]
        if not found:
            tags = {other for task in visible for other in task.tags}
            raise _wrong(f"no task has the tag `{tag}`", near(tag, sorted(tags)))
        return _without_members(graph, found)
    if any(sign in name for sign in "*?["):
        import re  # as dear as all the rest of a list

        matcher = re.compile(_pattern(name))
        found = [task.id for task in visible if any(map(matcher.fullmatch, (task.id, *task.aliases)))]
        if not found:
            raise _wrong(f"no task matches `{target}`", "`*` stays within a namespace, `**` does not")
        return _without_members(graph, found)
    raise _wrong(f"no task is called `{target}`", _hint(graph, name))


def _wrong(message: str, hint: Optional[str]) -> UsageError:
    from taskrush.errors import UsageError

    return UsageError(message, hint)


def _hint(graph: Graph, name: str) -> Optional[str]:
    prefix = name.rstrip(":") + ":"
    if any(other.startswith(prefix) and not graph.tasks[task_id].hidden for other, task_id in graph.names.items()):
        return f"`{prefix[:-1]}` is a namespace: `{prefix}*` means all tasks in it"
    shown = [other for other, task_id in graph.names.items() if not graph.tasks[task_id].hidden]
    from taskrush.compile.names import near

    return near(name, shown)


def _without_members(graph: Graph, found: List[TaskId]) -> List[TaskId]:
    """Members of a matrix are left to the task that stands for them all."""
    every = set(found)
    return [task_id for task_id in found if graph.tasks[task_id].group not in every]


def _pattern(text: str) -> str:
    """A shell pattern over names as a regular expression."""
    import re

    pieces = {"**": ".*", "*": "[^:]*", "?": "[^:]"}
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", text)
    return "".join(
        pieces.get(part) or (_class(part) if part.startswith("[") and part.endswith("]") else re.escape(part))
        for part in parts
    )


def _class(text: str) -> str:
    import re

    inside = text[1:-1]
    negated = inside[:1] in ("!", "^") and len(inside) > 1
    signs = inside[1:] if negated else inside
    escaped = "".join(sign if sign == "-" else re.escape(sign) for sign in signs)
    try:
        re.compile(f"[{escaped}]")
    except re.error:  # a range that runs backwards
        return re.escape(text)
    return f"[{'^' if negated else ''}{escaped}]"
