"""Which declared capabilities this version does not have, so that a run can refuse before anything starts.

What is here is there because ignoring it would change what a run does. What only changes its cost (cache policies,
the strategy's name, a remote that no task uses) is accepted in silence.
"""

from __future__ import annotations

from taskrush.compile.names import near
from taskrush.errors import Problem, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from taskrush.model.declaration import FileDecl, TaskDecl
    from taskrush.model.task import Task

HINT = "`--dry-run` shows what would run; leave it out to run without it"


def of_file(file: FileDecl) -> Tuple[Problem, ...]:
    """What every task of a file lacks."""
    found: List[Problem] = []
    for plugin in file.plugins:
        found.append(_lacks(f"plugin `{plugin.name}`: plugins are", plugin.where or Where(file.path)))
    if file.cache is not None:
        for backend in file.cache.backends:
            kind = backend.get("type", "local")
            if kind != "local":
                where = file.cache.where or Where(file.path)
                found.append(_lacks(f"cache back end `{kind}`: caches beyond this machine are", where))
    return tuple(found)


def of_task(decl: TaskDecl, file: FileDecl) -> Tuple[Problem, ...]:
    """What one task lacks."""
    found: List[Problem] = []
    name = decl.name
    if decl.remote is not None:
        found.append(_lacks(f"task `{name}`: remote execution (`{decl.remote}`) is", _place(decl, "remote")))
    for plugin in decl.plugins or ():
        place = plugin.where or _place(decl, "plugins")
        found.append(_lacks(f"task `{name}`: plugin `{plugin.name}`: plugins are", place))
    if decl.cache is not None and decl.cache.share:
        place = _place(decl, "cache.share_across_team", "cache.share", "cache")
        found.append(_lacks(f"task `{name}`: sharing a cache across a team is", place))
    return tuple(found)


def of_declared(task: Task) -> Tuple[Problem, ...]:
    """What a task lacks that was declared in Python or made by a program."""
    lacks = []
    if task.remote is not None:
        lacks.append(f"remote execution (`{task.remote}`) is")
    return tuple(_lacks(f"task `{task.id}`: {what}", task.where) for what in lacks)


def wrong_remote(decl: TaskDecl, file: FileDecl) -> Tuple[Problem, ...]:
    """A task's remote that no `remotes:` section names is an error whatever this version can do."""
    if decl.remote is None or decl.remote in file.remotes:
        return ()
    message = f"task `{decl.name}` runs on remote `{decl.remote}`, which is not declared under `remotes`"
    return (Problem(message, _place(decl, "remote"), near(decl.remote, file.remotes)),)


def _lacks(what: str, where: Optional[Where]) -> Problem:
    return Problem(f"{what} not part of this version", where, HINT)


def _place(decl: TaskDecl, *keys: str) -> Optional[Where]:
    return next((decl.places[key] for key in keys if key in decl.places), decl.where)
