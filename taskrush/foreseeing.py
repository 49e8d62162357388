"""Puts together what says how long a run that goes on will still take: its plan, the history, the scheduler.

It decides how much of the past is looked at: enough to say something, and no more than the answer is worth.
"""

from __future__ import annotations

import statistics

from taskrush.analyze.paths import total
from taskrush.analyze.remaining import Progress, remaining
from taskrush.analyze.series import KEPT
from taskrush.analyze.work import RAN, past_times
from taskrush.analyzing import play, work_of
from taskrush.model.plan import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.analyze.estimate import Estimate
    from taskrush.analyze.work import Work
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.protocols import History

ROWS = 4_000  # of past tasks that are looked at
MOST, LEAST = 20, 3  # runs
PLAYED = 300  # of more tasks than this only work and the longest path are worked out
COMPARED = 5  # runs that are played again, to see how much longer they took than that
SOON = 1e6  # what runs already comes before everything that does not


class Foresight:
    """How long a run of `plan` that began at `began_at` still takes, by runs that began before it.

    `known` is false where nothing is remembered of its tasks.
    """

    def __init__(self, plan: Plan, history: History, jobs: int, began_at: Optional[float] = None) -> None:
        self._plan = plan
        self._jobs = jobs
        self._index = {task.id: node for node, task in enumerate(plan.tasks)}
        most = max(LEAST, min(MOST, ROWS // max(1, len(plan))))
        work = work_of(plan, history, jobs, until=began_at, most=most, ratios=False)
        self.known = work.runs > 0
        self._learnt = work.learnt
        kept: Dict[str, Set[int]] = {row.run: set() for row in work.rows}
        for row in work.rows:
            if row.state in KEPT:
                kept[row.run].add(self._index[row.task])
        self._kept = list(kept.values())
        self._wait = tuple(tuple(sorted({*needs, *after})) for needs, after in zip(plan.needs, plan.after))
        self._acting = {node for node, task in enumerate(plan.tasks) if task.action is not None}
        self._services = {node for node, task in enumerate(plan.tasks) if task.service is not None}
        self._ratio = self._compared(work)

    def left(self, outcomes: Mapping[TaskId, Outcome], running: Mapping[TaskId, float]) -> Estimate:
        """The seconds that are left, when these tasks have ended and these have been running for so long."""
        plan, index = self._plan, self._index
        ran = {
            index[task]: outcome.seconds
            for task, outcome in outcomes.items()
            if outcome.state.value in RAN and plan.tasks[index[task]].action is not None
        }
        progress = Progress(
            ran=ran,
            kept=frozenset(index[task] for task in outcomes).difference(ran),
            running={index[task]: seconds for task, seconds in running.items()},
        )
        waits = self._rest(progress)

        def rest(left: Sequence[int], times: Sequence[float]) -> float:
            return self._time(waits[0], waits[1], left, times, progress.running)

        return remaining(self._learnt, self._kept, progress, rest, self._ratio)

    def _time(
        self,
        plan: Plan,
        waits: Sequence[Tuple[int, ...]],
        nodes: Sequence[int],
        times: Sequence[float],
        running: Mapping[int, float],
        jobs: Optional[int] = None,
    ) -> float:
        """How long the `nodes`, which are the tasks of `plan`, take from now on."""
        jobs = jobs or self._jobs
        if len(nodes) > PLAYED:
            todo = [
                0.0 if node in self._services else max(0.0, time - running.get(node, 0.0))
                for node, time in zip(nodes, times)
            ]
            return max(total(waits, todo), sum(todo) / jobs)
        elapsed = [running.get(node) for node in nodes]
        order = [time + (SOON if ran is not None else 0.0) for time, ran in zip(times, elapsed)]
        return play(plan, times, jobs, order, elapsed=elapsed).seconds

    def _compared(self, work: Work) -> float:
        """How much longer runs take by the clock than the times of their tasks make of it."""
        times = past_times(self._plan, work.rows)
        found: List[float] = []
        for run in work.past:
            own = times.get(run.run, {})
            if run.ok and run.tasks == len(self._plan) and self._acting <= set(own) and len(found) < COMPARED:
                nodes = range(len(self._plan))
                alone = self._time(self._plan, self._wait, nodes, [own.get(node, 0.0) for node in nodes], {}, run.jobs)
                found += [run.seconds / alone] if alone > 0 else []
        return statistics.median(found) if found else 1.0

    def _rest(self, progress: Progress) -> Tuple[Plan, List[Tuple[int, ...]]]:
        """The plan of what is not over, and what waits for what in it."""
        left = [node for node in range(len(self._plan)) if not progress.is_over(node)]
        place = {node: at for at, node in enumerate(left)}
        waits = [tuple(place[on] for on in self._wait[node] if on in place) for node in left]
        return part(self._plan, [self._plan.tasks[node].id for node in left]), waits


def foresight(plan: Plan, history: History, jobs: int, began_at: Optional[float] = None) -> Optional[Foresight]:
    """What can be said of a run of `plan`; None where nothing is remembered of its tasks."""
    made = Foresight(plan, history, jobs, began_at)
    return made if made.known else None
