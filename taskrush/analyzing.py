"""Puts analyses together: plans, history, the scheduler that plays a run again."""

from __future__ import annotations

from taskrush.analyze.bottleneck import Gain, bottlenecks
from taskrush.analyze.paths import total, without_edge
from taskrush.analyze.unbacked import unbacked
from taskrush.analyze.work import Work, learn_times, past_times
from taskrush.execute.limited import Room, limits_of_run
from taskrush.execute.simulate import simulate
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

    from taskrush.analyze.bottleneck import Bottlenecks
    from taskrush.analyze.estimate import Estimate
    from taskrush.execute.simulate import Schedule
    from taskrush.model.history import PastRun, PastTask
    from taskrush.model.plan import Plan
    from taskrush.protocols import History

RUNS = 20
"""So many of the last runs are looked at."""


def work_of(
    plan: Plan,
    history: History,
    jobs: int,
    since: Optional[float] = None,
    until: Optional[float] = None,
    branch: Optional[str] = None,
    most: int = RUNS,
    ratios: bool = True,
) -> Work:
    """What past runs say of the times of a plan, with `jobs` slots: those since and until a time, of a branch.

    Without `ratios` none of them is played again.
    """
    planned = {task.id for task in plan.tasks}
    runs: List[PastRun] = []
    rows: List[PastTask] = []
    for run in history.runs(limit=most * 3, since=since, until=until, branch=branch):
        own = [row for row in history.tasks(run=run.run) if row.task in planned]
        if own:
            runs.append(run)
            rows += own
        if len(runs) == most:
            break
    times = past_times(plan, rows)
    acting = {node for node, task in enumerate(plan.tasks) if task.action is not None}
    learnt = learn_times(plan, times)

    def played(seconds: Sequence[float]) -> float:
        return play(plan, seconds, jobs, learnt.means).seconds

    compared: List[float] = []
    for run in runs if ratios else ():
        own_times = times.get(run.run, {})
        if run.ok and run.tasks == len(plan) and acting <= set(own_times):
            alone = play(plan, [own_times.get(node, 0.0) for node in range(len(plan))], run.jobs, learnt.means).seconds
            compared += [run.seconds / alone] if alone > 0 else []
    return Work(
        plan=plan,
        jobs=jobs,
        learnt=learnt,
        play=played,
        runs=len(runs),
        ratios=tuple(compared),
        rows=tuple(rows),
        past=tuple(runs),
    )


def play(
    plan: Plan,
    seconds: Sequence[float],
    jobs: int,
    expected: Optional[Sequence[float]] = None,
    needs: Optional[Sequence[Tuple[int, ...]]] = None,
    elapsed: Optional[Sequence[Optional[float]]] = None,
) -> Schedule:
    """A run of the plan with these times, its limits included; with other `needs` if they are given."""

    def limits() -> Dict[str, Any]:
        services = [node for node, task in enumerate(plan.tasks) if task.service is not None]
        return {**limits_of_run(plan, jobs, Room()), "services": services, "stay": False}

    return simulate(needs or plan.needs, plan.after, seconds, jobs, elapsed, expected, limits)


def find_bottlenecks(work: Work) -> Bottlenecks:
    """Where the time goes, and what would make it shorter."""
    plan, seconds = work.plan, work.seconds
    return bottlenecks(
        work,
        rewired=lambda needs: play(plan, seconds, work.jobs, needs=_kept(plan, needs)).seconds,
        staffed=lambda jobs: play(plan, seconds, jobs).seconds,
    )


def find_unbacked(work: Work) -> List[Gain]:
    """Edges that no file stands behind, with what a run gains without each, the most first."""
    plan, seconds = work.plan, work.seconds
    index = {task.id: node for node, task in enumerate(plan.tasks)}
    usual = play(plan, seconds, work.jobs).seconds
    longest = total(work.needs, seconds)
    gains = []
    for edge in unbacked(plan):
        task, on = index[edge.task], index[edge.on]
        left = without_edge(plan.needs, task, on)
        gain = usual - play(plan, seconds, work.jobs, needs=left).seconds
        unlimited = longest - total(without_edge(work.needs, task, on), seconds)
        gains.append(Gain(kind="edge", seconds=gain, unlimited=unlimited, task=edge.task, on=edge.on))
    return sorted(gains, key=lambda gain: -gain.seconds)


def what_if(
    work: Work, change: Callable[[Plan, List[float]], Tuple[Sequence[Tuple[int, ...]], List[float]]], jobs: int
) -> Tuple[Estimate, Schedule]:
    """A run with `jobs` slots after a change of needs and times: how long it takes, and its usual schedule."""
    plan = work.plan
    needs, factors = change(plan, [1.0] * len(plan))
    means = [mean * factor for mean, factor in zip(work.seconds, factors)]

    def run(seconds: Sequence[float]) -> float:
        times = [one * factor for one, factor in zip(seconds, factors)]
        return play(plan, times, jobs, means, needs).seconds

    changed = evolve(work, jobs=jobs, play=run)
    return changed.estimate(), play(plan, means, jobs, means, needs)


def _kept(plan: Plan, needs: Sequence[Tuple[int, ...]]) -> List[Tuple[int, ...]]:
    """Of joined needs those that have to end well, as the plan has them."""
    return [tuple(on for on in own if on in set(mine)) for own, mine in zip(needs, plan.needs)]
