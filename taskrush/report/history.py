"""Takes down what a run does, for later: a subscriber that appends to the run's spool and nothing else.

It decides what of the events is worth remembering. Who reads takes spools into the database (`history_db.py`); no
database is touched while tasks run. Starts and good ends are held for a moment (`SHORT`): most tasks are over by then,
and one line tells of both. History never fails a run: what goes wrong raises `HistoryError` once, and the bus says so
and goes on.
"""

from __future__ import annotations

import os

from taskrush._typing import Protocol
from taskrush.errors import TaskRushError
from taskrush.events import (
    AttemptFinished,
    RunFinished,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskOutput,
    TaskStarted,
)
from taskrush.model.history import PastRun
from taskrush.model.outcome import State
from taskrush.model.redaction import Redactor
from taskrush.model.substitution import as_text
from taskrush.report.learnt import Learnt
from taskrush.report.revision import revision_of
from taskrush.report.spool import SpoolWriter, make_room_sometimes
from taskrush.report.spool_lines import attempt_fields, end_line, finish_fields, run_fields, start_line, whole_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.events import Record
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.report.spool_lines import Begun

_SUCCEEDED = State.SUCCEEDED  # an attribute of an Enum is slow
SHORT = 0.05  # seconds that what happens is held at most while more happens; after that `settle` is called


class HistoryError(TaskRushError):
    """What runs do cannot be taken down."""


class Spool(Protocol):
    """Where lines go."""

    def write(self, kind: str, fields: Sequence[str], now: bool = True) -> None: ...

    def write_line(self, line: str, now: bool = True) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class HistoryReporter:
    """Takes down one run of `plan`. The values in `secrets` do not get into the parameters.

    With a `spool` of its own it is for that alone: the workspace remembers nothing.
    """

    def __init__(self, plan: Plan, secrets: Iterable[str] = (), spool: Optional[Spool] = None) -> None:
        self._own = spool
        self._root = plan.root
        self._plan = plan
        self._arguments = texts(plan, secrets)
        self._learnt: Dict[str, Tuple[float, int]] = {}
        self._stand_for_others = {task.id for task in plan.tasks if task.action is None}  # there is nothing to learn
        self._numbers: Dict[TaskId, int] = {}
        self._printed: Dict[TaskId, int] = {}
        self._begun: Dict[TaskId, Begun] = {}  # starts of which nothing is written yet
        self._over: List[Tuple[TaskId, Optional[Begun], float, Outcome, int]] = []  # ends of which nothing is
        self._spool: Optional[Spool] = None
        self._stopped = ""
        self._written_at = 0.0

    def on_record(self, record: Record) -> None:
        try:
            self._take(record)
        except OSError as error:
            raise self._failure(error) from error

    def settle(self) -> None:
        """Nothing has happened for a moment: what is held is written."""
        try:
            self._write_down()
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> HistoryError:
        return HistoryError(f"this run is not remembered: {error.filename or self._root}: {error.strerror or error}")

    def _take(self, record: Record) -> None:
        event = record.event
        spool = self._spool
        if spool is None:
            if isinstance(event, RunStarted):
                self._begin(record, event)
            return
        if isinstance(event, TaskStarted):
            self._begun[event.task] = (record.at, event)
        elif isinstance(event, TaskFinished):
            printed = self._printed.pop(event.task, 0) if self._printed else 0
            self._over.append((event.task, self._begun.pop(event.task, None), record.at, event.outcome, printed))
            if not event.outcome.ok:
                self._write_down()
        elif isinstance(event, TaskOutput):
            self._printed[event.task] = self._printed.get(event.task, 0) + len(event.data)
        elif isinstance(event, AttemptFinished):
            self._write_down()
            number = self._numbers.get(event.task, len(self._numbers))
            spool.write("A", attempt_fields(number, event.task, event.attempt, record.at, event.outcome, event.delay))
        elif isinstance(event, StopRequested):
            self._stopped = event.reason
            self._write_down()
        elif isinstance(event, RunFinished):
            self._write_down()
            spool.write("E", finish_fields(record.at, event.ok, event.exit_code, event.seconds, self._stopped))
            self._spool = None
            spool.close()
            if self._learnt and self._own is None:
                Learnt(self._root).learn(self._learnt)
            return
        if record.at - self._written_at > SHORT:
            self._write_down()
            self._written_at = record.at

    def _write_down(self) -> None:
        """Write all that is held: many lines at once take a third of the time that each takes between two tasks."""
        spool = self._spool
        if spool is None:
            return
        numbers, beyond = self._numbers, len(self._numbers)
        for task, begun, at, outcome, printed in self._over:
            number = numbers.get(task, beyond)
            if begun is None:
                spool.write_line(end_line(number, task, at, outcome, printed), False)
            else:
                spool.write_line(whole_line(number, task, begun, at, outcome, printed), False)
            if outcome.state is _SUCCEEDED and task not in self._stand_for_others:
                self._learnt[task] = (outcome.seconds, outcome.peak_bytes or 0)
        self._over.clear()
        for task, (at, start) in self._begun.items():
            own = (start.attempt, at, start.waited_seconds, start.runner, start.reason)
            spool.write_line(start_line(numbers.get(task, beyond), task, *own), False)
        self._begun.clear()
        spool.flush()

    def _begin(self, record: Record, event: RunStarted) -> None:
        if self._own is None:
            make_room_sometimes(self._root)
        self._numbers = {task: number for number, task in enumerate(event.tasks)}
        run = run_of(self._plan, record.run, record.at, event.jobs, self._arguments)
        self._written_at = record.at
        self._spool = SpoolWriter(self._root, record.run) if self._own is None else self._own
        self._spool.write("R", run_fields(run))


def run_of(plan: Plan, run: str, began_at: float, jobs: int, arguments: Mapping[str, Mapping[str, str]]) -> PastRun:
    """What is remembered of a run of a plan when it begins."""
    revision, branch = revision_of(plan.root)
    return PastRun(
        run=run,
        began_at=began_at,
        targets=plan.targets,
        jobs=jobs,
        arguments=arguments,
        host=_host(),
        revision=revision,
        branch=branch,
        resumes=plan.resumes,
        only=plan.only,
    )


def texts(plan: Plan, secrets: Iterable[str] = ()) -> Dict[str, Dict[str, str]]:
    """The parameters of all tasks as texts; what followed `--` is called `--`. None is none."""
    found: Dict[str, Dict[str, str]] = {}
    redactor = Redactor(os.fsencode(secret) for secret in secrets)
    for task in plan.tasks:
        if not (task.arguments or task.extra):
            continue
        own = {name: _shown(value) for name, value in task.arguments.items() if value is not None}
        if task.extra:
            own["--"] = _words(task.extra)
        found[task.id] = {name: redactor.clean_text(text) for name, text in own.items()}
    return found


def _words(values: Iterable[object]) -> str:
    """Several as one text, from which `shlex.split` makes them again."""
    import shlex

    return " ".join(shlex.quote(as_text(value) or "") for value in values)


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return _words(value)
    return "false" if value is False else as_text(value) or ""


def _host() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # not needed elsewhere

    return socket.gethostname()


__all__: List[str] = ["HistoryError", "HistoryReporter"]
