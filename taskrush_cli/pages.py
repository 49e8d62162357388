"""The page of a past run: which run it is about, what is declared of its tasks now, where the file goes."""

from __future__ import annotations

import os
import sys

from taskrush.errors import TaskRushError, UsageError
from taskrush.run_page import page_of_run, past_run
from taskrush.statefile import state_folder
from taskrush_cli.past import run_called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Sequence

    from taskrush.model.history import PastRun
    from taskrush.model.plan import Plan
    from taskrush.profiling import Period
    from taskrush.protocols import History
    from taskrush.report.html.facts import Profiled

NAME = "profile.html"


def last_of(history: History, names: Sequence[str], period: Period) -> PastRun:
    """The last run of a time that was asked for one of the names, or had such a task. Raises `UsageError`."""
    since, until, branch = period.since, period.until, period.branch
    wanted: Sequence[Optional[str]] = names or [None]
    found = [
        run for name in wanted for run in history.runs(limit=1, since=since, until=until, branch=branch, target=name)
    ]
    if not found:
        rows = [row for name in names for row in history.tasks(task=name, since=since, until=until, limit=1)]
        found = [run_called(history, row.run) for row in rows]
    if not found:
        raise UsageError("no run is remembered that fits", "`--duration 90d` looks further back")
    return max(found, key=lambda run: run.began_at)


def page_of_past(
    options: Any, root: str, history: History, run: PastRun, since: Optional[float], profiled: Optional[Profiled]
) -> str:
    """Its page. What its tasks need, run and keep is what is declared now."""
    return page_of_run(past_run(run, history), _plan_now(options, run), root, history, (), since, profiled)


def _plan_now(options: Any, run: PastRun) -> Optional[Plan]:
    """The plan of the same targets and parameters, None where there is none any more."""
    try:
        project = options.workspace.project
        there = [target for target in run.targets if target in project.graph.tasks]
        given = {task: dict(own) for task, own in run.arguments.items() if task in project.graph.tasks}
        return project.plan(there, arguments=given) if there else None
    except TaskRushError:
        return None


def written(root: str, text: str, path: Optional[str], browse: bool) -> int:
    """Into the file that was asked for, else to where standard output leads; where that is a person, into a file of
    our own, which is named. Raises `UsageError`."""
    if path == "-" or (path is None and not browse and not sys.stdout.isatty()):
        sys.stdout.write(text)
        return 0
    try:
        target = os.path.abspath(path) if path else os.path.join(state_folder(root), NAME)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"no page in {path or root}: {(error.strerror or str(error)).lower()}") from None
    if path is None:
        print(target)
    if browse:
        import webbrowser
        from pathlib import Path

        if not webbrowser.open(Path(target).as_uri()):
            print(f"warning: no browser was found; the page is {target}", file=sys.stderr)
    return 0
