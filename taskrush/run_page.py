"""Puts the page of a run together: the run itself, what is declared now, its paths, its past, and advice.

It decides how much of the past is looked at, and of how large a plan advice is worked out. The page is made in
`report/html/`.
"""

from __future__ import annotations

import os

from taskrush.analyze.paths import critical_path, paths
from taskrush.analyze.series import MEASURES
from taskrush.analyzing import find_bottlenecks, work_of
from taskrush.model.redaction import Redactor
from taskrush.report.exporting import log_tails
from taskrush.report.html.facts import Advice, Declared, Expected, Fared, Profiled, RunPage, Shift, whole
from taskrush.report.html.page import render
from taskrush.report.spooled import Spooled
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.analyze.profile import Profile, Subject
    from taskrush.model.failure import Failure
    from taskrush.model.history import PastRun, PastTask
    from taskrush.model.plan import Plan
    from taskrush.protocols import History

RUNS, PROFILED = 50, 100  # past runs whose times are shown, and of a profile
TASKS = 40  # tasks whose past is
FAILURES = 20  # that are explained
ADVISED = 2_000  # tasks of a plan for which advice is worked out
COMMAND = 600  # characters of a command that are shown


def page_of_run(
    found: Spooled,
    plan: Optional[Plan],
    root: str,
    history: Optional[History] = None,
    secrets: Sequence[str] = (),
    since: Optional[float] = None,
    profiled: Optional[Profiled] = None,
) -> str:
    """The page of a run in the workspace at `root`. `plan` is that of the run, or what is there of it now.

    `secrets` are taken out of commands. `since` is how far back trends go, as far as there is room for them.
    """
    tasks = found.tasks
    edges = _edges(plan, tasks)
    order, slack = _paths(whole(tasks, found.attempts), edges, _idle(plan))
    page = RunPage(
        run=found,
        edges=edges,
        path=order,
        slack=slack,
        declared=_declared(plan, secrets),
        log=lambda task, most: log_tails(root, most)(found.run.run, task),
    )
    if history is None:
        return render(page)
    until = found.run.began_at
    most = PROFILED if profiled else RUNS
    earlier = history.runs(limit=most * 4, since=since, until=until)
    like = [run for run in earlier if run.targets == found.run.targets and run.run != found.run.run]
    return render(
        evolve(
            page,
            failures=_failures(found, plan, root, history),
            runs=like[:most],
            past={task: history.tasks(task=task, since=since, until=until, limit=most) for task in _telling(tasks)},
            expected=_expected(plan, history, found),
            profile=profiled,
        )
    )


def past_run(run: PastRun, history: History) -> Spooled:
    """A run of the history whole."""
    tasks = tuple(history.tasks(run=run.run))
    tries = [attempt for task in tasks if task.attempts > 1 for attempt in history.attempts(run.run, task.task)]
    return Spooled(run=run, tasks=tasks, numbers=tuple(range(len(tasks))), attempts=tuple(tries))


def profiled_of(found: Profile, about: str) -> Profiled:
    """A profile as a page takes it: runs first, then tasks; changes in that order too."""
    units = {measure.name: measure for measure in MEASURES}
    subjects = [("run", one) for one in found.wholes] + [("task", one) for one in found.tasks]
    return Profiled(
        about=about,
        fared=tuple(_fared(kind, one) for kind, one in subjects),
        shifts=tuple(
            Shift(
                name=one.name,
                measure=units[trend.name].title,
                unit=units[trend.name].unit,
                at=change.at,
                run=change.run,
                before=change.before,
                after=change.after,
            )
            for _, one in subjects
            for trend in one.trends.values()
            for change in trend.changes
        ),
    )


def _fared(kind: str, one: Subject) -> Fared:
    def middle(name: str) -> Optional[float]:
        return one.trends[name].middle if name in one.trends else None

    wall = one.trends.get("wall")
    fared = Fared(
        kind=kind,
        name=one.name,
        count=one.count,
        hits=middle("hits"),
        failures=middle("failures"),
        peak=middle("memory"),
    )
    if wall is None:
        return fared
    return evolve(
        fared,
        p50=wall.p50,
        p90=wall.p90,
        p99=wall.p99,
        base=wall.base.middle if wall.base else None,
        sure=wall.base is not None and wall.base.sure,
    )


def _edges(plan: Optional[Plan], tasks: Sequence[PastTask]) -> List[Tuple[str, str]]:
    """Who waited for whom. What is declared otherwise now, so that it cannot have been so, is left out."""
    if plan is None:
        return []
    place: Dict[str, int] = {task.task: number for number, task in enumerate(tasks)}
    found: List[Tuple[str, str]] = []
    for node, task in enumerate(plan.tasks):
        for on in sorted({*plan.needs[node], *plan.after[node]}):
            other = plan.tasks[on].id
            if task.id in place and other in place and place[other] < place[task.id]:
                found.append((task.id, other))
    return found


def _idle(plan: Optional[Plan]) -> Set[str]:
    """Tasks that do no work of their own: groups, and services, which stay up for others."""
    tasks = plan.tasks if plan is not None else ()
    return {task.id for task in tasks if task.service is not None or task.action is None}


def _paths(
    tasks: Sequence[PastTask], edges: Sequence[Tuple[str, str]], idle: Set[str]
) -> Tuple[List[str], Dict[str, float]]:
    """The longest path by the times of this run, without what took no time, and everyone's slack."""
    place: Dict[str, int] = {task.task: number for number, task in enumerate(tasks)}
    needs: List[List[int]] = [[] for _ in tasks]
    for task, on in edges:
        needs[place[task]].append(place[on])
    seconds = [0.0 if task.began_at is None or task.task in idle else task.seconds for task in tasks]
    found = paths(needs, seconds)
    order: List[str] = [tasks[node].task for node in critical_path(needs, seconds) if seconds[node] > 0]
    slack: Dict[str, float] = {task.task: found.slack(node) for node, task in enumerate(tasks) if task.task not in idle}
    return order, slack


def _declared(plan: Optional[Plan], secrets: Sequence[str]) -> Dict[str, Declared]:
    if plan is None:
        return {}
    redactor = Redactor(os.fsencode(secret) for secret in secrets)
    return {
        task.id: Declared(
            description=redactor.clean_text(task.description),
            command=redactor.clean_text(str(task.action or ""))[:COMMAND],
            cached=task.is_cached,
            service=task.service is not None,
        )
        for task in plan.tasks
    }


def _telling(tasks: Sequence[PastTask]) -> List[str]:
    """The tasks whose past is worth a look: those that took longest, and what failed."""
    ran = [task for task in tasks if task.began_at is not None]
    ran.sort(key=lambda task: (task.state != "failed", -task.seconds))
    return [task.task for task in ran[:TASKS]]


def _failures(found: Spooled, plan: Optional[Plan], root: str, history: History) -> Mapping[str, Failure]:
    failed = [task for task in found.tasks if task.state == "failed"][:FAILURES]
    if not failed:
        return {}
    from taskrush.explaining import PAST, explain_past

    declared = {} if plan is None else {task.id: task for task in plan.tasks}
    return {
        past.task: explain_past(
            root, past, declared.get(past.task), history.tasks(task=past.task, until=past.began_at, limit=PAST)
        )
        for past in failed
    }


def _expected(plan: Optional[Plan], history: History, found: Spooled) -> Optional[Expected]:
    """What past runs say of the whole plan, this one among them."""
    if plan is None or not 1 < len(plan) <= ADVISED:
        return None
    work = work_of(plan, history, found.run.jobs or 1)
    if not work.runs:
        return None
    known = find_bottlenecks(work)
    return Expected(
        seconds=known.expected,
        low=known.low,
        high=known.high,
        runs=known.runs,
        advice=tuple(
            Advice(kind=gain.kind, seconds=gain.seconds, task=gain.task, on=gain.on, jobs=gain.jobs)
            for gain in known.gains
        ),
    )
