"""Notes what a run was that found nothing to do, so that `idle.py` can tell the same again.

It decides which runs are plain enough: those after which all tasks are known to be fresh, or only stand for others. A
subscriber: what it knows of the run comes from the records.
"""

from __future__ import annotations

import marshal
import os
import sys

from taskrush.declare.discover import discover
from taskrush.events import RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted
from taskrush.model.environment import declared
from taskrush.model.outcome import Outcome, State, succeeded
from taskrush.report.history import run_of, texts
from taskrush.report.spool_lines import end_line, run_fields, start_line, timeless
from taskrush.unchanged import Witness, keep, question
from taskrush_cli.idle import around
from taskrush_cli.render.style import Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.events import Record
    from taskrush.model.plan import Plan
    from taskrush.model.settings import Settings
    from taskrush.model.task import Task, TaskId
    from taskrush.project import Project
    from taskrush.unchanged import Known
    from taskrush_cli.render.console import Console


class IdleNotes:
    """Notes one run of `plan`. It gives up when anything is told that a run with nothing to do would tell differently.

    `origin` is what the tasks came from; what is `known` of tasks from before holds if they came from the same.
    """

    def __init__(self, plan: Plan, origin: Any, known: Optional[Known] = None) -> None:
        self._plan = plan
        self._alone = {task.id for task in plan.tasks if task.action is None}
        if known is not None and (origin is None or known.kept[0][:3] != origin[:3]):
            known = None
        if known is not None:
            known.leave(_dependants(plan, known.changed))
        self.witness = Witness(known)
        self._jobs = 0
        self._ended: List[TaskId] = []
        self._plain = True
        self._whole = False

    def on_record(self, record: Record) -> None:
        if not self._plain:
            return
        event = record.event
        if isinstance(event, TaskFinished):
            self._ended.append(event.task)
        elif isinstance(event, RunStarted):
            self._jobs = event.jobs
        elif isinstance(event, RunFinished):
            self._whole = event.ok
        else:
            self._plain = isinstance(event, (TaskStarted, TaskOutput))

    def keep(self, project: Project, settings: Settings, console: Console, words: Sequence[str]) -> bool:
        """Keep what was noted for the next time that these words are said in this folder, if it was plain enough."""
        plan = self._plan
        if not (self._plain and self._whole and project.origin is not None and _plain_settings(settings)):
            return False
        if not all(map(_plain, plan.tasks)) or any(plan.after) or plan.resumes or plan.only:
            return False
        if any(file.notify is not None or file.secrets for file in project.files):
            return False
        outcomes = self._outcomes()
        lines = None if settings.no_history else self._lines(outcomes)
        if not (outcomes and console.plain) or (lines is None and not settings.no_history):
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
            "lines": _said(console, outcomes),
            "sums": None if settings.quiet or len(outcomes) < 2 else _sums(outcomes),
            "run": None if lines is None else self._run_fields(),
            "tasks": lines,
            "fresh": marshal.dumps([(task, *self._row(task)) for task in outcomes if task not in self._alone]),
        }
        return keep(plan.root, question(words, os.getcwd()), self.witness, origin, os.environ, told)

    def _outcomes(self) -> Dict[TaskId, Outcome]:
        """How all would end if they were run once more; empty if that is not known of one."""
        known = self.witness.known.fresh if self.witness.known is not None else {}
        found: Dict[TaskId, Outcome] = {}
        for task in self._ended:
            row = self.witness.fresh.get(task) or known.get(task)
            if task in self._alone:
                found[task] = succeeded()
            elif row is not None:
                key, seconds, attempts, _ = row
                found[task] = Outcome(state=State.FRESH, ok=True, saved_seconds=seconds, attempts=attempts, key=key)
            else:
                return {}
        return found

    def _lines(self, outcomes: Mapping[TaskId, Outcome]) -> Optional[bytes]:
        """What the history is told of the tasks, with NUL for times; None where that cannot be written so."""
        numbers = {task.id: number for number, task in enumerate(self._plan.tasks)}
        lines: List[Optional[str]] = []
        for task, outcome in outcomes.items():
            if task in self._alone:
                lines.append(timeless(start_line(numbers[task], task, 1, 0.0, 0.0, "", "")))
            lines.append(timeless(end_line(numbers[task], task, 0.0, outcome, 0)))
        if None in lines:
            return None
        return "".join(line for line in lines if line is not None).encode("utf-8", "backslashreplace")

    def _row(self, task: TaskId) -> Tuple[Any, ...]:
        known = self.witness.known
        return self.witness.fresh.get(task) or (known.fresh[task] if known is not None else ())

    def _run_fields(self) -> List[str]:
        return list(run_fields(run_of(self._plan, "", 0.0, self._jobs, texts(self._plan))))


def _said(console: Console, outcomes: Mapping[TaskId, Outcome]) -> str:
    lines = (console.footer(task, outcome) for task, outcome in outcomes.items())
    return "".join(f"{line}\n" for line in lines if line)


def _sums(outcomes: Mapping[TaskId, Outcome]) -> Tuple[int, Dict[str, int], float]:
    """What `totals` makes the last line of: how many tasks, how they end, seconds saved."""
    ended: Dict[str, int] = {}
    for outcome in outcomes.values():
        ended[outcome.state.value] = ended.get(outcome.state.value, 0) + 1
    return len(outcomes), ended, sum(outcome.saved_seconds or 0.0 for outcome in outcomes.values())


def _dependants(plan: Plan, changed: AbstractSet[str]) -> List[TaskId]:
    """These tasks and all that need them, in whatever way."""
    found = {number for number, task in enumerate(plan.tasks) if task.id in changed}
    for number, (needs, after) in enumerate(zip(plan.needs, plan.after)):
        if not found.isdisjoint(needs) or not found.isdisjoint(after):
            found.add(number)
    return [plan.tasks[number].id for number in found]


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
