"""Steps are found where they are, and noise is named no more often than stated."""

import random
import statistics
from typing import Callable, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.analyze.trend import LEAST, believed, differ, ranks, step, steps

NOISES: Dict[str, Callable[[random.Random], float]] = {
    "normal": lambda chance: chance.gauss(10, 1),
    "long tail": lambda chance: chance.lognormvariate(0, 1.5),
    "few values": lambda chance: float(chance.randrange(3)),
    "seldom": lambda chance: float(chance.random() < 0.1),
}


@given(st.lists(st.integers(-3, 3).map(float), min_size=1))
def test_ranks_are_places(values: List[float]) -> None:
    """Each number has the mean of the places that numbers like it have in the sorted list."""
    placed = sorted(values)
    for value, rank in zip(values, ranks(values)):
        assert rank == statistics.fmean(place for place, other in enumerate(placed, 1) if other == value)


@pytest.mark.core
@pytest.mark.parametrize("noise", sorted(NOISES))
@pytest.mark.parametrize("count", [12, 30, 120])
def test_noise_is_no_step_more_often_than_stated(noise: str, count: int) -> None:
    """Of 600 series in which nothing changes at most 5% have a step at the 5% level, and 1% at the 1% level.

    With 600 series three standard deviations are 2.7% and 1.2%.
    """
    chance = random.Random(f"{noise} {count}")
    found = [step([NOISES[noise](chance) for _ in range(count)]) for _ in range(600)]
    ps = [1.0 if one is None else one.p for one in found]
    assert statistics.fmean(p <= 0.05 for p in ps) <= 0.05 + 0.027
    assert statistics.fmean(p <= 0.01 for p in ps) <= 0.01 + 0.012


@pytest.mark.core
@pytest.mark.parametrize(("count", "at"), [(20, 10), (40, 20), (40, 33), (100, 12), (100, 92)])
def test_real_steps_are_found_where_they_are(count: int, at: int) -> None:
    """A step of half the value over noise of a tenth is found in 95 of 100 series, in 90 exactly where it is."""
    hits = near = 0
    for seed in range(100):
        chance = random.Random(seed)
        values = [chance.gauss(1.8 if place >= at else 1.2, 0.12) for place in range(count)]
        found = steps(values, 0.05)
        hits += bool(found)
        near += [one.at for one in found] == [at]
    assert (hits >= 95, near >= 90) == (True, True), (hits, near)


def test_several_steps() -> None:
    """Up and down again, and up: all three, in order."""
    chance = random.Random(7)
    levels = [1.0] * 30 + [2.0] * 25 + [1.0] * 25 + [1.4] * 20
    found = steps([chance.gauss(level, 0.08) for level in levels], 0.01)
    assert [one.at for one in found] == [30, 55, 80]


def test_one_wild_value_is_no_step() -> None:
    """However wild it is, and wherever it lies."""
    for place in range(40):
        values = [10.0 + (number * 7 % 5) for number in range(40)]
        values[place] = 1e9
        assert steps(values, 0.01) == []


def test_too_little_to_say_anything() -> None:
    """Few numbers, or all the same."""
    assert step([1.0] * (LEAST - 1) + [9.0] * LEAST) is None
    assert step([2.0] * 50) is None
    assert steps([], 0.5) == []
    assert differ([1.0], [2.0, 3.0, 4.0]) == 1.0
    assert differ([1.0] * 9, [1.0] * 9) == 1.0


def test_sets_that_differ_and_sets_that_do_not() -> None:
    """Of 400 pairs of one kind 5% differ at the 5% level; a shift by a standard deviation is seen in 9 of 10."""
    chance = random.Random(3)

    def some(middle: float, count: int) -> List[float]:
        return [chance.gauss(middle, 1) for _ in range(count)]

    same = statistics.fmean(differ(some(0, 15), some(0, 40)) <= 0.05 for _ in range(400))
    assert 0.01 <= same <= 0.085
    assert statistics.fmean(differ(some(1, 25), some(0, 40)) <= 0.05 for _ in range(200)) >= 0.9


def test_a_report_of_nothing_names_nothing_in_19_of_20() -> None:
    """Whatever the number of series: what is believed is decided over all of them."""
    named = 0
    for seed in range(200):
        chance = random.Random(seed)
        found = [step([chance.gauss(5, 1) for _ in range(24)]) for _ in range(25)]
        named += believed([one.p for one in found if one is not None], 0.05) > 0
    assert named / 200 <= 0.05 + 0.046  # three standard deviations


def test_what_is_believed() -> None:
    """The rule's own example: the largest p below its place times the share."""
    assert believed([0.01, 0.04, 0.03, 0.9], 0.05) == 0.01
    assert believed([0.01, 0.02, 0.03, 0.9], 0.05) == 0.03
    assert believed([0.2, 0.9], 0.05) == 0.0
    assert believed([], 0.05) == 0.0
