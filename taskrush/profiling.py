"""Puts profiles together: which runs of the history are looked at, and with which they are compared."""

from __future__ import annotations

from taskrush.analyze.profile import profile
from taskrush.report.spooled import Spooled
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Sequence, Set, Tuple

    from taskrush.analyze.profile import Profile
    from taskrush.model.history import PastMeasure, PastRun, PastTask
    from taskrush.protocols import History


@frozen(kw_only=True)
class Period:
    """Runs that began in a time (seconds since 1970, `until` not included), of all branches or of one."""

    since: Optional[float] = None
    until: Optional[float] = None
    branch: Optional[str] = None


def find_profile(history: History, names: Sequence[str], period: Period, base: Optional[Period] = None) -> Profile:
    """The profile of the runs that were asked for one of the `names`, with their tasks; without names of all runs.

    A name that no run was asked for stands for that task alone, in whatever run it was.
    """
    runs, rows = _found(history, names, period)
    base_runs, base_rows = _found(history, names, base) if base is not None else ([], [])

    def by(run: PastRun) -> Sequence[str]:
        return [name for name in names if name in run.targets] if names else [" ".join(run.targets)]

    return profile(runs, rows, base_runs, base_rows, by)


def past_runs(history: History, names: Sequence[str], period: Period) -> List[Spooled]:
    """The same runs whole, for exports: the oldest first, with tasks and the attempts of those that had several."""
    runs, rows = _found(history, names, period)
    wanted = {(row.run, row.task) for row in rows} if names else None
    tasks: Dict[str, List[PastTask]] = {}
    if wanted is None:
        for task in history.tasks(since=period.since, until=period.until):
            tasks.setdefault(task.run, []).append(task)
    else:
        for run in {name for name, _ in wanted}:
            tasks[run] = [task for task in history.tasks(run=run) if (run, task.task) in wanted]
    return [_whole(history, run, tasks.get(run.run, [])) for run in sorted(runs, key=lambda run: run.began_at)]


def _whole(history: History, run: PastRun, tasks: Sequence[PastTask]) -> Spooled:
    attempts = [one for task in tasks if task.attempts > 1 for one in history.attempts(run.run, task.task)]
    return Spooled(run=run, tasks=tuple(tasks), numbers=tuple(range(len(tasks))), attempts=tuple(attempts))


def _found(history: History, names: Sequence[str], period: Period) -> Tuple[List[PastRun], List[PastMeasure]]:
    since, until, branch = period.since, period.until, period.branch
    if not names:
        runs = history.runs(since=since, until=until, branch=branch)
        return list(runs), list(history.measures(since=since, until=until, branch=branch))
    found: Dict[str, PastRun] = {}
    rows: List[PastMeasure] = []
    alone: List[str] = []
    for name in names:
        own = history.runs(since=since, until=until, branch=branch, target=name)
        if own:
            fresh = {run.run: run for run in own if run.run not in found}
            more = history.measures(since=since, until=until, branch=branch, target=name)
            rows += [row for row in more if row.run in fresh]
            found.update(fresh)
        else:
            alone.append(name)
    if alone:
        others = {run.run: run for run in history.runs(since=since, until=until, branch=branch)}
        seen: Set[str] = set(found)
        for name in alone:
            more = history.measures(since=since, until=until, branch=branch, task=name)
            rows += [row for row in more if row.run not in seen]
            found.update((row.run, others[row.run]) for row in more if row.run in others)
    return list(found.values()), rows
