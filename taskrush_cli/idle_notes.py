"""Notes what a run was that found nothing to do, so that `idle.py` can tell the same again.

It decides which runs are plain enough: those in which all tasks were found fresh, or only stand for others, and nothing
was said but that. A subscriber: what it knows of the run comes from the records.
"""

from __future__ import annotations

import os
import sys

from taskrush.declare.discover import discover
from taskrush.events import RunFinished, RunStarted, TaskFinished, TaskStarted
from taskrush.model.environment import declared
from taskrush.model.outcome import State
from taskrush.report.history import run_of, texts
from taskrush.report.spool_lines import end_line, run_fields, start_line, timeless
from taskrush.unchanged import Witness, keep, question
from taskrush_cli.idle import around
from taskrush_cli.render.style import Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence

    from taskrush.events import Record
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.settings import Settings
    from taskrush.model.task import Task, TaskId
    from taskrush.project import Project
    from taskrush_cli.render.console import Console


class IdleNotes:
    """Notes one run of `plan`. It gives up when anything happens that a run with nothing to do does not see."""

    def __init__(self, plan: Plan) -> None:
        self.witness = Witness()
        self._plan = plan
        self._alone = {task.id for task in plan.tasks if task.action is None}
        self._jobs = 0
        self._outcomes: Dict[TaskId, Outcome] = {}
        self._idle = True
        self._whole = False

    def on_record(self, record: Record) -> None:
        if not self._idle:
            return
        event = record.event
        if isinstance(event, TaskFinished):
            fresh = State.SUCCEEDED if event.task in self._alone else State.FRESH
            self._idle = event.outcome.state is fresh
            self._outcomes[event.task] = event.outcome
        elif isinstance(event, TaskStarted):
            self._idle = event.task in self._alone
        elif isinstance(event, RunStarted):
            self._jobs = event.jobs
        else:
            self._idle = self._whole = isinstance(event, RunFinished) and event.ok

    def keep(self, project: Project, settings: Settings, console: Console, words: Sequence[str]) -> bool:
        """Keep what was noted for the next time that these words are said in this folder, if it was plain enough."""
        plan = self._plan
        if not (self._whole and project.origin is not None and _plain_settings(settings)):
            return False
        if not all(map(_plain, plan.tasks)) or any(plan.after) or plan.resumes or plan.only:
            return False
        if any(file.notify is not None or file.secrets for file in project.files):
            return False
        said = console.said
        lines = None if settings.no_history else self._lines()
        if said is None or (lines is None and not settings.no_history):
            return False
        found = discover(settings.directory)
        if found is None or found.root != plan.root or found.python or found.rush not in project.sources:
            return False
        begun, skew, seen, passing, _ = project.origin
        counting = {name for task in plan.tasks for name in declared(passing, task)}
        origin = (begun, skew, seen, tuple(name for name in passing if name not in counting), b"")
        told = {
            "color": settings.color,
            "around": around(found.root, found.rush, Style.of(sys.stderr, settings.color, os.environ)),
            "lines": said[0],
            "sums": said[1],
            "run": None if lines is None else self._run_fields(),
            "tasks": lines,
            "stats": [
                (task, out.saved_seconds or 0.0) for task, out in self._outcomes.items() if task not in self._alone
            ],
        }
        return keep(plan.root, question(words, os.getcwd()), self.witness, origin, os.environ, told)

    def _lines(self) -> Optional[bytes]:
        """What the history is told of the tasks, with NUL for times; None where that cannot be written so."""
        numbers = {task.id: number for number, task in enumerate(self._plan.tasks)}
        lines: List[Optional[str]] = []
        for task, outcome in self._outcomes.items():
            if task in self._alone:
                lines.append(timeless(start_line(numbers[task], task, 1, 0.0, 0.0, "", "")))
            lines.append(timeless(end_line(numbers[task], task, 0.0, outcome, 0)))
        if None in lines:
            return None
        return "".join(line for line in lines if line is not None).encode("utf-8", "backslashreplace")

    def _run_fields(self) -> List[str]:
        return list(run_fields(run_of(self._plan, "", 0.0, self._jobs, texts(self._plan))))


def _plain_settings(settings: Settings) -> bool:
    asked: Sequence[Any] = (
        settings.report,
        settings.env,
        settings.env_file,
        settings.only,
        settings.failed,
        settings.resume,
        settings.force,
        "MAKEFLAGS" in os.environ,
    )
    return not any(asked) and settings.output != "json"


def _plain(task: Task) -> bool:
    """Whether nothing but its files and what is kept of it decides whether it runs, and nobody is asked or told."""
    if task.condition is not None or task.confirm is not None or task.service is not None:
        return False
    return not (task.requires or task.platforms or task.secrets or task.notify)
