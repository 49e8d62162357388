"""What is known of a plan's times: numbers in plan order, learnt from past runs. It looks nothing up."""

from __future__ import annotations

from taskrush.analyze.estimate import estimate, learn
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Sequence, Tuple

    from taskrush.analyze.estimate import Estimate, Learnt, Play
    from taskrush.model.history import PastRun, PastTask
    from taskrush.model.plan import Plan

RAN = ("succeeded", "warned")
"""The states of tasks whose action ended well; what failed or was restored took another time."""


@frozen(kw_only=True, eq=False)
class Work:
    """A plan with `jobs` slots and the times of its tasks in past runs.

    `play` is how long a run with these times takes, decided by the scheduler. `ratios` are how long past runs in which
    all tasks ran took by the clock, each by what its own times make of it. `rows` are what is remembered of its tasks
    in the runs `past`, the newest first.
    """

    plan: Plan
    jobs: int
    learnt: Learnt
    play: Play
    runs: int
    ratios: Tuple[float, ...] = ()
    rows: Tuple[PastTask, ...] = ()
    past: Tuple[PastRun, ...] = ()

    @property
    def needs(self) -> Tuple[Tuple[int, ...], ...]:
        """What each task waits for, whether or not it has to end well."""
        return tuple(tuple(sorted({*needs, *after})) for needs, after in zip(self.plan.needs, self.plan.after))

    @property
    def seconds(self) -> List[float]:
        """How long each task usually takes."""
        return self.learnt.means

    @property
    def unknown(self) -> Tuple[str, ...]:
        """Tasks with an action that never ran to a good end in what is remembered."""
        ran = {row.task for row in self.rows if row.state in RAN}
        return tuple(task.id for task in self.plan.tasks if task.action is not None and task.id not in ran)

    def estimate(self, seed: int = 0) -> Estimate:
        """How long a run in which everything has to run takes."""
        return estimate(self.learnt, self.play, self.ratios, seed=seed)


def past_times(plan: Plan, rows: Sequence[PastTask]) -> Dict[str, Dict[int, float]]:
    """By run, how long the tasks of the plan took that ran and ended well."""
    index = {task.id: node for node, task in enumerate(plan.tasks) if task.action is not None}
    found: Dict[str, Dict[int, float]] = {}
    for row in rows:
        if row.state in RAN and row.task in index:
            found.setdefault(row.run, {})[index[row.task]] = row.seconds
    return found


def learn_times(plan: Plan, times: Mapping[str, Mapping[int, float]]) -> Learnt:
    """What these runs say; tasks without an action take no time."""
    still = {node: 0.0 for node, task in enumerate(plan.tasks) if task.action is None}
    return learn(len(plan), [{**still, **own} for own in times.values()] or [still])
