"""What `analyze` and `simulate` look at: the plan of some targets, or of the last run's, with the times of its past."""

from __future__ import annotations

import os
import time

from taskrush.analyzing import work_of
from taskrush.errors import UsageError
from taskrush_cli.past import moment, open_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Sequence

    from taskrush.analyze.work import Work
    from taskrush.model.plan import Plan


def add_period(parser: Any) -> None:
    """Options that say which past runs count."""
    parser.add_argument("targets", nargs="*", metavar="TASK", help="what a run is to be for (default: as the last run)")
    parser.add_argument("--duration", metavar="TIME", help="only runs of this long until now: `7d`, `12h`")
    parser.add_argument("--branch", metavar="NAME", help="only runs on this branch")
    parser.add_argument("--json", action="store_true", help="as JSON")


def known_work(options: Any, jobs: Optional[int] = None) -> Work:
    """The plan and what is known of it. Raises `UsageError` where nothing is."""
    project = options.workspace.project
    _, history = open_past(options)
    since = None if options.duration is None else moment(options.duration, "--duration", time.time())
    plan = _plan(project, history.runs(limit=1), options.targets)
    work = work_of(plan, history, jobs or options.settings.jobs or os.cpu_count() or 1, since, branch=options.branch)
    if not work.runs:
        raise UsageError("no past run of these tasks is remembered", f"`taskrush {' '.join(plan.targets)}` makes one")
    return work


def _plan(project: Any, last: Sequence[Any], targets: Sequence[str]) -> Plan:
    if targets:
        return project.plan(targets)  # type: ignore[no-any-return]
    if not last:
        raise UsageError("no run is remembered here", "`taskrush TASK` makes one, unless `--no-history` says otherwise")
    there = [target for target in last[0].targets if target in project.graph.tasks]
    if not there:
        raise UsageError("the last run's targets are no tasks any more", "name the tasks to look at")
    return project.plan(there, arguments=_given(project, last[0].arguments))  # type: ignore[no-any-return]


def _given(project: Any, arguments: Any) -> Any:
    """The parameters of a past run, of tasks that are still there."""
    return {task: dict(own) for task, own in arguments.items() if task in project.graph.tasks}
