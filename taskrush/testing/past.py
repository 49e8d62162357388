"""A history that was made up: whatever runs, tasks and attempts a test puts into it."""

from __future__ import annotations

import statistics

from taskrush.model.history import PastMeasure
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.history import PastAttempt, PastRun, PastTask

RECENT = 10


class FakeHistory:
    """A `History` in memory. Tasks of one run are given in the order of its plan."""

    def __init__(
        self, runs: Iterable[PastRun] = (), tasks: Iterable[PastTask] = (), attempts: Iterable[PastAttempt] = ()
    ) -> None:
        self._runs: Dict[str, PastRun] = {}
        self._tasks: Dict[str, List[PastTask]] = {}
        self._attempts: Dict[Tuple[str, str], List[PastAttempt]] = {}
        for run in runs:
            self._runs[run.run] = run
        for task in tasks:
            self._tasks.setdefault(task.run, []).append(task)
        for attempt in attempts:
            self._attempts.setdefault((attempt.run, attempt.task), []).append(attempt)

    def runs(
        self,
        limit: Optional[int] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        ok: Optional[bool] = None,
        branch: Optional[str] = None,
    ) -> Sequence[PastRun]:
        found = [
            run
            for run in self._newest()
            if (since is None or run.began_at >= since)
            and (until is None or run.began_at < until)
            and (target is None or target in run.targets)
            and (ok is None or run.ok == ok)
            and (branch is None or run.branch == branch)
        ]
        return found[:limit]

    def tasks(
        self,
        run: Optional[str] = None,
        task: Optional[str] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastTask]:
        found = [
            one
            for past in self.runs(since=since, until=until)
            if run is None or past.run == run
            for one in self._tasks.get(past.run, ())
            if task is None or one.task == task
        ]
        return found[:limit]

    def measures(
        self,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        branch: Optional[str] = None,
        task: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastMeasure]:
        return [
            measure_of(one)
            for past in self.runs(limit=limit, since=since, until=until, target=target, branch=branch)
            for one in self._tasks.get(past.run, ())
            if task is None or one.task == task
        ]

    def attempts(self, run: str, task: str) -> Sequence[PastAttempt]:
        return sorted(self._attempts.get((run, task), ()), key=lambda one: one.attempt)

    def durations(self, tasks: Iterable[str]) -> Mapping[TaskId, float]:
        recent = {task: [one.seconds for one in self._ran(task)] for task in tasks}
        return {TaskId(task): statistics.median(found) for task, found in recent.items() if found}

    def peaks(self, tasks: Iterable[str]) -> Mapping[TaskId, int]:
        recent = {task: [one.peak_bytes for one in self._ran(task) if one.peak_bytes] for task in tasks}
        return {TaskId(task): max(found) for task, found in recent.items() if found}

    def _newest(self) -> List[PastRun]:
        return sorted(self._runs.values(), key=lambda run: (run.began_at, run.run), reverse=True)

    def _ran(self, task: str) -> Sequence[PastTask]:
        return [one for one in self.tasks(task=task) if one.state == "succeeded"][:RECENT]


def measure_of(one: PastTask) -> PastMeasure:
    """What can be counted of a task."""
    user, system = one.cpu_user_seconds, one.cpu_system_seconds
    return PastMeasure(
        run=one.run,
        task=one.task,
        state=one.state,
        seconds=one.seconds,
        waited=one.waited_seconds,
        cpu=None if user is None or system is None else user + system,
        peak_bytes=one.peak_bytes,
        attempts=one.attempts,
        saved=one.saved_seconds,
    )
