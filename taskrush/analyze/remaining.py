"""How long a run that goes on will still take: simulated from where it is, with times drawn from past runs.

Which of the tasks that are left will have to run is told by past runs, the more so the more they are like this one so
far: in each simulated run those tasks run that ran in one of them. How much slower this run is than usual is learnt
from what has ended. It knows no scheduler: `play` is asked how long the rest takes with given times.
"""

from __future__ import annotations

import math
import random
import statistics

from taskrush._typing import NamedTuple
from taskrush.analyze.estimate import SHARE, TOGETHER, Estimate, quantile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Callable, List, Mapping, Sequence

    from taskrush.analyze.estimate import Learnt

WORK = 4_000  # tasks simulated for one estimate
MOST, LEAST = 100, 12  # simulated runs
TRIES = 12  # draws of a time that is to be longer than what has elapsed
SURPRISE = 0.1  # a run may differ by so much from all others, however alike these were
LIKENESS = 8  # how much a run that is like this one counts for more


class Progress(NamedTuple):
    """Where a run is: seconds of tasks that `ran` and are over, tasks that were `kept` or left out, and for how many
    seconds others are `running`. Tasks are numbers."""

    ran: Mapping[int, float]
    kept: AbstractSet[int]
    running: Mapping[int, float]

    def is_over(self, node: int) -> bool:
        return node in self.ran or node in self.kept


if TYPE_CHECKING:
    Play = Callable[[Sequence[int], Sequence[float]], float]
    """How long the given tasks take from now on, with the whole time of each."""


def remaining(
    learnt: Learnt,
    kept: Sequence[AbstractSet[int]],
    progress: Progress,
    play: Play,
    ratio: float = 1.0,
    seed: int = 0,
) -> Estimate:
    """How long the rest takes. `kept` are, for each past run, the tasks that did not have to run in it.

    `ratio` is how much longer runs take by the clock than their tasks make of it.
    """
    chance = random.Random(seed)
    left = [node for node in range(len(learnt.alone)) if not progress.is_over(node)]
    if not left:
        return Estimate(0.0, 0.0, 0.0)
    factor = _factor(learnt, progress)
    weights = [_likeness(one, progress) for one in kept]
    found: List[float] = []
    for _ in range(max(LEAST, min(MOST, WORK // len(left)))):
        spared: AbstractSet[int] = chance.choices(kept, weights)[0] if kept else frozenset()
        slower = factor(chance)
        times = []
        for node in left:
            elapsed = progress.running.get(node)
            if elapsed is not None:
                times.append(_longer(learnt, node, slower, elapsed, chance))
            else:
                times.append(0.0 if node in spared else learnt.alone[node].draw(chance) * slower)
        found.append(play(left, times) * ratio)
    found.sort()
    return Estimate(statistics.median(found), quantile(found, (1 - SHARE) / 2), quantile(found, (1 + SHARE) / 2))


def _likeness(kept: AbstractSet[int], progress: Progress) -> float:
    """What a past run counts for, by how many of the tasks that are over went the same way in it."""
    over = len(progress.ran) + len(progress.kept)
    if not over:
        return 1.0
    same = sum(node not in kept for node in progress.ran) + sum(node in kept for node in progress.kept)
    return (same / over) ** LIKENESS + 1e-6


def _factor(learnt: Learnt, progress: Progress) -> Callable[[random.Random], float]:
    """By how much all times of this run differ from the usual ones: as in some run until enough tasks are over, then
    between that and what these say, each counting by how sure it is (the mean of two normal distributions).
    """
    usual = sum(learnt.alone[node].mean for node in progress.ran)
    if not usual or len(progress.ran) < TOGETHER:
        return learnt.together.draw
    seen = sum(progress.ran.values()) / usual
    doubt = math.sqrt(sum(learnt.alone[node].deviation ** 2 for node in progress.ran)) / usual
    spread = max(learnt.together.deviation, SURPRISE)
    trust = spread * spread / (spread * spread + doubt * doubt)
    mean = learnt.together.mean + trust * (seen - learnt.together.mean)
    deviation = spread * math.sqrt(1 - trust)
    return lambda chance: max(0.01, chance.gauss(mean, deviation))


def _longer(learnt: Learnt, node: int, factor: float, elapsed: float, chance: random.Random) -> float:
    """The whole time of a task that runs for `elapsed` already: one that is longer, of those that were seen."""
    spread = learnt.alone[node]
    for _ in range(TRIES):
        time = spread.draw(chance) * factor
        if time > elapsed:
            return time
    return elapsed * (1 + chance.random() / 4)  # longer than ever: it may take another eighth of what it took
