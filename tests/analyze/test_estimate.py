"""Estimates: their middle is near what comes, and four of five runs fall into their interval."""

import random
import statistics
from typing import List

import pytest

from taskrush.analyze.estimate import Estimate, Spread, estimate, learn


def predict(seed: int, past: int, noise: float) -> "tuple[Estimate, float]":
    """The estimate for a chain and a fan of tasks whose times vary alone and together, and what then came."""
    chance = random.Random(seed)
    usual = [chance.uniform(1, 10) for _ in range(20)]

    def run() -> List[float]:
        together = max(0.5, chance.gauss(1.0, noise / 2))
        return [took * chance.lognormvariate(0, noise) * together for took in usual]

    def play(times: "object") -> float:
        assert isinstance(times, list)
        return sum(times[:8]) + max(times[8:])

    learnt = learn(20, [dict(enumerate(run())) for _ in range(past)])
    return estimate(learnt, play, seed=seed), play(run())


@pytest.mark.core
@pytest.mark.parametrize(("past", "noise"), [(4, 0.1), (8, 0.1), (8, 0.3), (20, 0.05)])
def test_four_of_five_runs_fall_into_the_interval(past: int, noise: float) -> None:
    """And no more than nine of ten: an interval that holds everything says nothing."""
    pairs = [predict(seed, past, noise) for seed in range(150)]
    inside = statistics.fmean(found.low <= came <= found.high for found, came in pairs)
    assert 0.70 <= inside <= 0.92, inside
    errors = [abs(found.seconds - came) / came for found, came in pairs]
    assert statistics.median(errors) <= max(0.02, noise)
    assert all(found.low <= found.seconds <= found.high for found, _ in pairs)


def test_little_is_known_of_what_ran_once_or_never() -> None:
    """Once: a wide interval around it. Never: as long as the middle of the others."""
    learnt = learn(3, [{0: 10.0, 1: 2.0}])
    assert learnt.means == [10.0, 2.0, 6.0]
    found = estimate(learnt, sum)
    assert found.low < 18.0 < found.high
    assert estimate(learn(2, []), sum) == Estimate(0.0, 0.0, 0.0)


def test_what_has_elapsed_counts() -> None:
    """A task that runs longer than it ever did is not expected to have ended."""
    learnt = learn(1, [{0: 2.0}, {0: 2.2}, {0: 1.8}])
    assert estimate(learnt, sum, elapsed=[7.0]) == Estimate(7.0, 7.0, 7.0)


def test_past_runs_correct_what_is_played() -> None:
    """What a run costs beside its tasks is learnt from how past ones compared."""
    learnt = learn(1, [{0: 2.0}, {0: 2.0}])
    assert estimate(learnt, sum, ratios=[1.5, 1.5]).seconds == pytest.approx(3.0)


def test_draws_are_never_negative() -> None:
    """Whatever the spread."""
    chance = random.Random(1)
    spread = Spread([0.1, 9.0, 0.1])
    assert min(spread.draw(chance) for _ in range(500)) >= 0
