"""How long a plan will take, with the interval that four of five runs fall into: many simulated runs, each with other
times drawn from what was seen. It knows no scheduler: `play` is asked how long a run with given times takes.

What made all tasks of a past run slower or faster together (a busy machine) is told apart from what each did alone:
together it adds up, alone it evens out. Both are drawn from what was seen, spread so that few observations do not seem
surer than they are: a new one lies around the mean of n others with a variance larger by (1 + 1/n) than theirs, which
itself is only guessed from n - 1 of them (the prediction interval of elementary statistics).
"""

from __future__ import annotations

import math
import random
import statistics

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Mapping, Optional, Sequence, Tuple

WORK = 20_000  # tasks simulated for one estimate, over all its runs
MOST, LEAST = 200, 20  # simulated runs
TOGETHER = 3  # tasks of a run of which it can be told whether they were slow together
SHARE = 0.8
UNKNOWN_SPREAD = 0.3  # of a time that was seen once, as a part of it

if TYPE_CHECKING:
    Play = Callable[[Sequence[float]], float]


class Estimate(NamedTuple):
    """Seconds: the middle of the simulated runs, and the interval that `SHARE` of them fall into."""

    seconds: float
    low: float
    high: float


class Spread:
    """What is known of a number that was `seen` some times; `guess` is for one that never was.

    With `many` it is one of many that are added up, whose spreads are misjudged up and down: that evens out.
    """

    def __init__(self, seen: Sequence[float], guess: float = 0.0, many: bool = False) -> None:
        self._mean = statistics.fmean(seen) if seen else guess
        count = len(seen)
        if count >= 2:
            widen = math.sqrt((1 + 1 / count) * count / (count - 1))
            self._steps = [(one - self._mean) * widen for one in seen]
        else:
            self._steps = [-UNKNOWN_SPREAD * self._mean, 0.0, UNKNOWN_SPREAD * self._mean]
        self._scale = _t_scale(0 if many else count)

    @property
    def mean(self) -> float:
        return self._mean

    @property
    def deviation(self) -> float:
        """How far from the mean the next one usually is (a standard deviation)."""
        return math.sqrt(statistics.fmean(step * step for step in self._steps))

    def draw(self, chance: random.Random) -> float:
        """What the next one might be; never less than nothing."""
        return max(0.0, self._mean + chance.choice(self._steps) * self._scale(chance))


class Learnt(NamedTuple):
    """What past runs say: the spread of each task's time alone, and that of the factor that all of a run share."""

    alone: List[Spread]
    together: Spread

    @property
    def means(self) -> List[float]:
        return [spread.mean for spread in self.alone]


def learn(count: int, runs: Sequence[Mapping[int, float]]) -> Learnt:
    """Learn the times of `count` tasks from runs that say how long some of them took.

    A task of which nothing is known is taken to need the median of the others.
    """
    seen: List[List[Tuple[int, float]]] = [[] for _ in range(count)]
    for number, run in enumerate(runs):
        for node, took in run.items():
            seen[node].append((number, took))
    medians = [statistics.median(took for _, took in own) if own else 0.0 for own in seen]
    factors = []
    for run in runs:
        usual = sum(medians[node] for node in run)
        factors.append(sum(run.values()) / usual if usual and len(run) >= TOGETHER else 1.0)
    guess = statistics.median([middle for middle, own in zip(medians, seen) if own] or [0.0])
    times = [[took / (factors[number] or 1.0) for number, took in own] for own in seen]
    alone = [Spread(own, guess, many=True) for own in times]
    return Learnt(alone, Spread(_shared(factors, times)) if len(factors) > 1 else Spread([1.0, 1.0]))


def _shared(factors: List[float], times: Sequence[Sequence[float]]) -> List[float]:
    """The factors without that part of their spread which the tasks' own spreads explain."""
    whole = statistics.pvariance(factors)
    work = sum(statistics.fmean(own) for own in times if own)
    own_part = sum(statistics.pvariance(own) for own in times if len(own) > 1) / (work * work) if work else 0.0
    keep = math.sqrt(max(0.0, 1.0 - own_part / whole)) if whole else 0.0
    middle = statistics.fmean(factors)
    return [middle + (factor - middle) * keep for factor in factors]


def estimate(
    learnt: Learnt,
    play: Play,
    ratios: Sequence[float] = (),
    elapsed: Optional[Sequence[Optional[float]]] = None,
    seed: int = 0,
) -> Estimate:
    """What a run of these tasks takes. `ratios` are how long past runs took, each by what its own times make of it.

    The longer of a time and what has `elapsed` of it already counts.
    """
    chance = random.Random(seed)
    count = max(LEAST, min(MOST, WORK // max(1, len(learnt.alone))))
    ratio = Spread(ratios if len(ratios) > 1 else [1.0, 1.0])
    found: List[float] = []
    for _ in range(count):
        factor = learnt.together.draw(chance)
        times = [spread.draw(chance) * factor for spread in learnt.alone]
        if elapsed is not None:
            times = [max(time, ran or 0.0) for time, ran in zip(times, elapsed)]
        found.append(play(times) * ratio.draw(chance))
    found.sort()
    return Estimate(statistics.median(found), quantile(found, (1 - SHARE) / 2), quantile(found, (1 + SHARE) / 2))


def _t_scale(count: int) -> Callable[[random.Random], float]:
    """By how much a guess from so many observations is to be spread: a chi-distributed part of Student's t."""
    free = count - 1
    if free < 1 or free > 30:
        return lambda chance: 1.0

    def scale(chance: random.Random) -> float:
        return math.sqrt(free / max(1e-9, 2 * chance.gammavariate(free / 2, 1.0)))

    return scale


def quantile(found: Sequence[float], share: float) -> float:
    """Of numbers in order, of which there is at least one: between the neighbours of the place."""
    place = share * (len(found) - 1)
    low = int(place)
    high = min(low + 1, len(found) - 1)
    return found[low] + (found[high] - found[low]) * (place - low)
