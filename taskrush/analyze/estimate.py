"""How long a plan will take, with the interval that four of five runs fall into: many simulated runs, each with other
times drawn from what was seen. It knows no scheduler: `play` is asked how long a run with given times takes.

A task's time is drawn from its past ones, spread so that few of them do not seem surer than they are: a new
observation lies around the mean of n others with a variance larger by (1 + 1/n) than theirs, which for a small n is
itself only guessed from n - 1 of them (the prediction interval of elementary statistics).
"""

import math
import random
import statistics
from typing import Callable, List, NamedTuple, Optional, Sequence

WORK = 20_000  # tasks simulated for one estimate, over all its runs
MOST, LEAST = 400, 20  # simulated runs
SHARE = 0.8
UNKNOWN_SPREAD = 0.3  # of a time that was seen once, as a part of it

Play = Callable[[Sequence[float]], float]


class Estimate(NamedTuple):
    """Seconds: the middle of the simulated runs, and the interval that `SHARE` of them fall into."""

    seconds: float
    low: float
    high: float


class Spread:
    """What is known of one task's time: `seen` are its past ones, in seconds; `guess` is for those without any."""

    def __init__(self, seen: Sequence[float], guess: float = 0.0) -> None:
        self._mean = statistics.fmean(seen) if seen else guess
        count = len(seen)
        if count >= 2:
            widen = math.sqrt((1 + 1 / count) * count / (count - 1))
            self._steps = [(one - self._mean) * widen for one in seen]
        else:
            self._steps = [-UNKNOWN_SPREAD * self._mean, 0.0, UNKNOWN_SPREAD * self._mean]
        self._scale = _t_scale(count)

    @property
    def mean(self) -> float:
        return self._mean

    def draw(self, chance: random.Random) -> float:
        """A time that the next run might see; never less than nothing."""
        return max(0.0, self._mean + chance.choice(self._steps) * self._scale(chance))


def estimate(
    spreads: Sequence[Spread],
    play: Play,
    ratios: Sequence[float] = (),
    elapsed: Optional[Sequence[Optional[float]]] = None,
    seed: int = 0,
) -> Estimate:
    """What a run of these tasks takes. `ratios` are how past runs compared with their own simulation.

    The longer of a time and what has `elapsed` of it already counts.
    """
    chance = random.Random(seed)
    count = max(LEAST, min(MOST, WORK // max(1, len(spreads))))
    ratio = Spread(list(ratios)) if len(ratios) > 1 else None
    middle = statistics.median(ratios) if ratios else 1.0
    found: List[float] = []
    for _ in range(count):
        times = [spread.draw(chance) for spread in spreads]
        if elapsed is not None:
            times = [max(time, ran or 0.0) for time, ran in zip(times, elapsed)]
        found.append(play(times) * (middle if ratio is None else ratio.draw(chance)))
    found.sort()
    return Estimate(statistics.median(found), _quantile(found, (1 - SHARE) / 2), _quantile(found, (1 + SHARE) / 2))


def _t_scale(count: int) -> Callable[[random.Random], float]:
    """By how much a guess from so many observations is to be spread: a chi-distributed part of Student's t."""
    free = count - 1
    if free < 1 or free > 30:
        return lambda chance: 1.0

    def scale(chance: random.Random) -> float:
        return math.sqrt(free / max(1e-9, 2 * chance.gammavariate(free / 2, 1.0)))

    return scale


def _quantile(found: Sequence[float], share: float) -> float:
    place = share * (len(found) - 1)
    low = int(place)
    high = min(low + 1, len(found) - 1)
    return found[low] + (found[high] - found[low]) * (place - low)
