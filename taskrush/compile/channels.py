"""Joins the `notify:` sections of all files, and checks that what they and the tasks name is there.

A rule that names what is not there would never be heard of, so it is an error of its file; a task's own is an error of
that task. In a workspace without any channel tasks with `notify_on_failure` run all the same: `unheard` says so.
"""

from __future__ import annotations

from taskrush.compile.names import near
from taskrush.errors import ConfigError, Problem
from taskrush.model.notification import FAILURE, Notice, Notifications
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.errors import Where
    from taskrush.model.declaration import FileDecl
    from taskrush.model.notification import Channel
    from taskrush.model.task import Task, TaskId

_WILD = frozenset("*?[")


def gather(files: Iterable[FileDecl]) -> Notifications:
    """All channels and rules; those of an included file are about the tasks of its namespace."""
    channels: Dict[str, Channel] = {}
    rules: List[Notice] = []
    for file in files:
        if file.notify is not None:
            channels.update((name, one) for name, one in file.notify.channels.items() if name not in channels)
            for rule in file.notify.rules:
                rules.append(evolve(rule, of=tuple(_full(name, file.namespace) for name in rule.of)))
    return Notifications(channels=channels, rules=tuple(rules))


def check_channels(files: Sequence[FileDecl], tasks: Iterable[Task]) -> Tuple[Task, ...]:
    """The tasks, with a problem where one names a channel that is not declared. Raises `ConfigError` for sections."""
    tasks = tuple(tasks)
    problems: List[Problem] = []
    first: Dict[str, Channel] = {}
    for file in files:
        for name, channel in (file.notify.channels if file.notify else {}).items():
            other = first.setdefault(name, channel)
            if other is not channel:
                also = f", first at {other.where}" if other.where else ""
                problems.append(Problem(f"channel `{name}` is declared twice{also}", channel.where))
    names: Set[str] = set()
    if any(file.notify is not None and file.notify.rules for file in files):
        names = {name for task in tasks for name in (task.id, *task.aliases)}
    for file in files:
        for rule in file.notify.rules if file.notify else ():
            what = "a rule of `notify`"
            problems += [_undeclared(what, name, first, rule.where) for name in rule.to if name not in first]
            for name in rule.of:
                if not _WILD & set(name) and _full(name, file.namespace) not in names:
                    message = f"{what} is about `{name}`, which does not exist"
                    problems.append(Problem(message, rule.where, near(name, names)))
    if problems:
        raise ConfigError(*problems)
    return tuple(_checked(task, first) if task.notify or task.retry else task for task in tasks)


def _full(name: str, namespace: str) -> str:
    """A name or pattern of a rule as it is in the whole graph; a leading `:` starts at the top."""
    if name.startswith(":"):
        return name[1:]
    return f"{namespace}:{name}" if namespace else name


def _checked(task: Task, channels: Dict[str, Channel]) -> Task:
    """The task with what its `notify_on_failure` means, and what is wrong with it."""
    told = task.notify
    last = task.retry.notify_on_failure if task.retry else None
    meant = [notice for notice in told if notice.to == (last,) and notice.on == (FAILURE,)]
    if last and channels and not meant:
        told = (*told, Notice(to=(last,), on=(FAILURE,), where=task.where))
    elif meant and not channels:
        told = tuple(notice for notice in told if notice not in meant)
    wrong = [
        _undeclared(f"task `{task.id}`", name, channels, notice.where or task.where)
        for notice in told
        for name in notice.to
        if name not in channels
    ]
    if told is task.notify and not wrong:
        return task
    return evolve(task, notify=told, problems=(*task.problems, *wrong))


def unheard(files: Sequence[FileDecl], tasks: Iterable[Task]) -> Tuple[Tuple[str, str, TaskId], ...]:
    """A message and a hint for each of these tasks that is to tell of its failure where no channel is declared."""
    if any(file.notify is not None and file.notify.channels for file in files):
        return ()
    return tuple(
        (
            f"task `{task.id}` notifies `{name}` of its failure, and no channel is declared: nobody is told",
            _how(name),
            task.id,
        )
        for task in tasks
        for name in (task.retry.notify_on_failure if task.retry else None,)
        if name
    )


def _undeclared(what: str, name: str, channels: Mapping[str, Channel], where: Optional[Where]) -> Problem:
    message = f"{what} notifies `{name}`, which is not declared under `notify`"
    return Problem(message, where, near(name, channels) or _how(name))


def _how(name: str) -> str:
    return f"declare it: `notify: {{channels: {{{name}: URL}}}}`, best with a `${{VARIABLE}}`"
