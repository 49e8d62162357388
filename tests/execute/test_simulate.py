"""Runs that are only played: the real scheduler, with times instead of processes."""

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.execute.admission import Admission, Demand, Limit
from taskrush.execute.simulate import simulate

pytestmark = pytest.mark.core


@st.composite
def cases(draw: st.DrawFn) -> Tuple[List[Tuple[int, ...]], List[float], int]:
    count = draw(st.integers(1, 12))
    needs = [
        tuple(sorted(draw(st.sets(st.integers(0, node - 1), max_size=3)))) if node else () for node in range(count)
    ]
    return needs, [float(draw(st.integers(0, 9))) for _ in range(count)], draw(st.integers(1, 4))


@given(cases())
def test_a_schedule_keeps_the_rules(case: Tuple[List[Tuple[int, ...]], List[float], int]) -> None:
    """Nothing starts too early, slots are not exceeded, nothing idles for no reason, and the bounds hold."""
    needs, seconds, jobs = case
    found = simulate(needs, [()] * len(needs), seconds, jobs)
    starts = [start for start in found.starts if start is not None]
    ends = [end for end in found.ends if end is not None]
    assert len(starts) == len(ends) == len(needs)
    for node, own in enumerate(needs):
        assert ends[node] == starts[node] + seconds[node]
        ready = max([ends[on] for on in own], default=0.0)
        assert starts[node] >= ready
        assert found.waited[node] == starts[node] - ready
    for moment in {*starts}:
        running = sum(start <= moment < end for start, end in zip(starts, ends))
        assert running <= jobs
        waiting = [node for node in range(len(needs)) if starts[node] - found.waited[node] <= moment < starts[node]]
        assert not waiting or running == jobs
    longest = simulate(needs, [()] * len(needs), seconds, len(needs)).seconds
    assert max(longest, sum(seconds) / jobs) <= found.seconds <= sum(seconds)
    assert found.busy(seconds, jobs) <= 1.0 + 1e-9
    assert simulate(needs, [()] * len(needs), seconds, 1).seconds == sum(seconds)


def test_the_longest_path_goes_first_by_what_is_expected() -> None:
    """The priority is that of the usual times, whatever this run's are."""
    needs: List[Tuple[int, ...]] = [(), (), (1,)]
    first = simulate(needs, [()] * 3, [5.0, 1.0, 4.0], 1)
    assert [first.starts[0], first.starts[1]] in ([0.0, 5.0], [1.0, 0.0], [5.0, 0.0])
    surprised = simulate(needs, [()] * 3, [5.0, 1.0, 4.0], 1, expected=[9.0, 1.0, 1.0])
    assert surprised.starts == [0.0, 5.0, 6.0]


def test_what_ran_already_takes_less() -> None:
    """A task that has run for a while, and one that should have ended long ago."""
    found = simulate([(), ()], [(), ()], [5.0, 2.0], 2, elapsed=[3.0, 9.0])
    assert found.ends == [2.0, 0.0]


def test_limits_hold() -> None:
    """Pools and services as in a run: a limit is made anew for each."""

    def limits() -> "dict[str, object]":
        return {"admission": Admission([Limit("pool", 1)], {0: (Demand(0, 1),), 1: (Demand(0, 1),)})}

    for _ in range(2):
        assert simulate([(), ()], [(), ()], [2.0, 3.0], 2, limits=limits).seconds == 5.0
    served = simulate([(), (0,), (0,)], [()] * 3, [99.0, 1.0, 2.0], 1, limits=lambda: {"services": [0]})
    assert (served.seconds, served.ends[0]) == (3.0, 3.0)
