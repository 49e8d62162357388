"""A watch of a project: puts the watcher together with loading, planning and running."""

from __future__ import annotations

import os

from taskrush.errors import UsageError
from taskrush.execute.changes import NOTIFY, POLL, available
from taskrush.execute.kept_services import KeptServices
from taskrush.execute.watch import Watched, Watcher
from taskrush.execute.watch_news import ServiceEnded
from taskrush.execute.watch_state import ON_CHANGE, RESTART
from taskrush.plan.gitignore import GitIgnore
from taskrush.project import Project, new_run_id
from taskrush.wiring import SystemClock, make_runners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.execute.executor import Executor
    from taskrush.execute.watch_news import News
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.project import Targets
    from taskrush.protocols import Subscriber


def watcher(
    project: Project,
    targets: Targets,
    *,
    on_change: str = RESTART,
    on_news: Callable[[News], None] = lambda news: None,
    method: Optional[str] = None,
    subscribers: Callable[[Plan], Sequence[Subscriber]] = lambda plan: (),
    only: bool = False,
    arguments: Optional[Mapping[str, Mapping[str, Any]]] = None,
    extra: Sequence[str] = (),
    **options: Any,
) -> Watcher:
    """A watcher of `targets`; iterate over it. `on_change`: `"restart"`, `"finish"` or `"queue"`.

    `method`: `"notify"` or `"poll"`; None takes TASKRUSH_WATCH, else the better one that is installed.
    `subscribers` gives those of one round's run; further options are those of `Project.executor`.
    Raises `UsageError` for an unknown choice and whatever planning raises.
    """
    if on_change not in ON_CHANGE:
        raise UsageError(f"no way to treat changes is called `{on_change}`", f"there are {', '.join(ON_CHANGE)}")
    current = [project]
    if options.get("notify", True) is True and any(file.notify is not None for file in project.files):
        from taskrush.report.notify_past import Remembered

        options["notify"] = Remembered()

    def plan_of(loaded: Project) -> Plan:
        return loaded.plan(targets, only=only, arguments=arguments, extra=extra)

    def start(part: Plan, listener: Subscriber, earlier: Mapping[TaskId, Outcome]) -> Executor:
        heard = (*subscribers(part), listener)
        options["keeper"] = services() if any(task.service is not None for task in part.tasks) else None
        return current[0].executor(part, subscribers=heard, whole=plan_of(current[0]), earlier=earlier, **options)

    kept: List[KeptServices] = []

    def services() -> KeptServices:
        if not kept:
            runners = make_runners(project.root, new_run_id(), overrides=options.get("env"))
            kept.append(KeptServices(runners, SystemClock(), options.get("grace", 5.0), ended))
        return kept[0]

    def ended(task: TaskId, outcome: Outcome, log: str) -> None:
        on_news(ServiceEnded(task, outcome.reason or "by itself", log))

    def load(again: bool) -> Watched:
        loaded = Project.load(project.root, env=options.get("env")) if again and project.sources else current[0]
        plan = plan_of(loaded)
        loaded.require(plan)
        current[0] = loaded
        lasting = any(task.service is not None for task in plan.tasks)
        return Watched(
            plan=plan,
            task_files=_inside(loaded),
            start=start,
            services=services() if lasting or kept else None,
            ignored=GitIgnore(loaded.root).ignored,
        )

    return Watcher(
        load,
        on_change=on_change,
        on_news=on_news,
        method=_method(method or os.environ.get("TASKRUSH_WATCH") or None),
    )


def _method(wanted: Optional[str]) -> Optional[str]:
    if wanted == "auto":
        return None
    if wanted not in (None, NOTIFY, POLL):
        raise UsageError(f"no way to watch is called `{wanted}`", f"there are auto, {NOTIFY}, {POLL}")
    if wanted == NOTIFY and not available():
        raise UsageError("events of the file system need `watchfiles`", "pip install 'taskrush[watch]'")
    return wanted


def _inside(project: Project) -> Tuple[str, ...]:
    """What loading the tasks looked at, relative to the workspace; what is outside cannot be watched."""
    found = []
    for path in project.looked:
        relative = os.path.relpath(path, project.root).replace(os.sep, "/")
        if not relative.startswith("../"):
            found.append(relative)
    return tuple(found)
