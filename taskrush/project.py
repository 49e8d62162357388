"""`Project`: load -> graph -> plan -> run, the facade for people and programs."""

import os
import secrets
import time
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence, Tuple, Union

import attrs

from taskrush.compile.expand import expand
from taskrush.compile.link import link
from taskrush.compile.select import select
from taskrush.declare.discover import RUSH_NAMES, discover
from taskrush.declare.files import load_files
from taskrush.declare.module import load_module
from taskrush.declare.taskset import TaskSet
from taskrush.errors import UsageError
from taskrush.execute.executor import Executor
from taskrush.execute.scheduler import DRAIN
from taskrush.model.declaration import FileDecl
from taskrush.model.graph import Graph
from taskrush.model.outcome import RunResult
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from taskrush.plan.planner import make_plan
from taskrush.protocols import Subscriber
from taskrush.wiring import SystemClock, make_memory, make_runners

if TYPE_CHECKING:
    from taskrush.execute.watch import Watcher

Targets = Union[str, Iterable[str]]


@attrs.frozen
class Project:
    """A workspace and its graph of tasks. `root` is absolute, as are `sources`, the files that declare the tasks."""

    root: str
    graph: Graph
    files: Tuple[FileDecl, ...] = ()
    sources: Tuple[str, ...] = ()

    @classmethod
    def load(cls, path: str = ".") -> "Project":
        """Find the workspace at or above `path` and load everything that declares tasks in it.

        Raises `UsageError` when there is none, `ConfigError` with all problems of the files.
        """
        found = discover(path)
        if found is None:
            names = ", ".join((*RUSH_NAMES, "tasks.py"))
            raise UsageError(f"no task file ({names}) here or in any folder above", "`taskrush init` makes one")
        files = load_files(found.root, found.rush) if found.rush else ()
        tasks = list(expand(files))
        if found.python:
            tasks.extend(TaskSet.from_module(load_module(found.python)).tasks)
        sources = (*(file.path for file in files), *((found.python,) if found.python else ()))
        return cls(found.root, link(tasks), files, sources)

    @classmethod
    def of(cls, tasks: Union[TaskSet, Iterable[Task]], root: str = ".") -> "Project":
        """A project of tasks made by a program."""
        return cls(os.path.abspath(root), link(tasks.tasks if isinstance(tasks, TaskSet) else tasks))

    def plan(
        self,
        targets: Targets,
        *,
        only: bool = False,
        arguments: Optional[Mapping[str, Mapping[str, Any]]] = None,
        extra: Sequence[str] = (),
    ) -> Plan:
        """What has to run for `targets`. `arguments` are values of parameters by task, `extra` goes to the last target."""
        chosen = select(self.graph, (targets,) if isinstance(targets, str) else targets)
        plan = make_plan(self.graph, chosen, self.root, only)
        tasks = []
        for task in plan.tasks:
            values = (arguments or {}).get(task.id)
            if values:
                task = attrs.evolve(task, arguments={**task.arguments, **values})
            if extra and task.id == chosen[-1]:
                task = attrs.evolve(task, extra=tuple(extra))
            tasks.append(task)
        return attrs.evolve(plan, tasks=tuple(tasks))

    def executor(
        self,
        plan: Plan,
        *,
        subscribers: Sequence[Subscriber] = (),
        jobs: Optional[int] = None,
        on_failure: str = DRAIN,
        grace: float = 5.0,
        env: Optional[Mapping[str, str]] = None,
    ) -> Executor:
        """An executor for one run of `plan`. `env` wins over what tasks declare."""
        run_id = new_run_id()
        return Executor(
            plan,
            runners=make_runners(self.root, run_id, overrides=env),
            clock=SystemClock(),
            run_id=run_id,
            subscribers=subscribers,
            jobs=jobs or os.cpu_count() or 1,
            on_failure=on_failure,
            grace=grace,
            memory=make_memory(),
        )

    def run(self, targets: Targets, **options: Any) -> RunResult:
        """Plan and run in this thread; never raises for a task that failed. Options as for `executor`."""
        return self.executor(self.plan(targets), **options).run()

    def watch(self, targets: Targets, **options: Any) -> "Watcher":
        """Run `targets`, then again whatever a change affects; iterating yields each round that has ended.

        Options as for `taskrush.watching.watcher`. The files that declare the tasks are loaded again when they change.
        """
        from taskrush.watching import watcher

        return watcher(self, targets, **options)

    def task(self, name: str) -> Task:
        """The task that a name or alias means."""
        return self.graph.tasks[select(self.graph, (name,))[0]]


def new_run_id() -> str:
    """Sorts by time, and is unlike any other."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + secrets.token_hex(4)


__all__ = ["Project", "TaskId", "new_run_id"]
