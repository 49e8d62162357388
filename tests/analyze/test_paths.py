"""Paths against brute force: every path of a small random graph written out."""

from typing import Iterator, List, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.analyze.paths import (
    critical_edges,
    critical_path,
    gain_if_faster,
    paths,
    total,
    without_edge,
)

pytestmark = pytest.mark.core

Case = Tuple[List[Tuple[int, ...]], List[float]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(0, 7))
    needs = [
        tuple(sorted(draw(st.sets(st.integers(0, node - 1), max_size=3)))) if node else () for node in range(count)
    ]
    seconds = [float(draw(st.integers(0, 9))) for _ in range(count)]
    return needs, seconds


def every_path(needs: Sequence[Tuple[int, ...]]) -> Iterator[Tuple[int, ...]]:
    """All paths from a task without needs to any task."""
    for node in range(len(needs)):
        if not needs[node]:
            yield (node,)
        for on in needs[node]:
            for path in every_path(needs[: on + 1]):
                if path[-1] == on:
                    yield (*path, node)


def brute(needs: Sequence[Tuple[int, ...]], seconds: Sequence[float]) -> float:
    return max((sum(seconds[node] for node in path) for path in every_path(needs)), default=0.0)


@given(cases())
def test_the_longest_path_is_the_longest_of_all(case: Case) -> None:
    """Its length, its tasks, and that it is one."""
    needs, seconds = case
    longest = brute(needs, seconds)
    path = critical_path(needs, seconds)
    assert total(needs, seconds) == paths(needs, seconds).total == longest
    assert sum(seconds[node] for node in path) == longest
    assert not path or tuple(path) in set(every_path(needs))


@given(cases())
def test_slack_is_what_can_be_lost(case: Case) -> None:
    """A task that takes longer by its slack costs nothing, by one more second it costs one."""
    needs, seconds = case
    found = paths(needs, seconds)
    for node in range(len(needs)):
        longer = list(seconds)
        longer[node] += found.slack(node)
        assert brute(needs, longer) == found.total
        longer[node] += 1
        assert brute(needs, longer) == found.total + 1


@given(cases())
def test_gains_are_those_of_a_plan_without(case: Case) -> None:
    """Of every edge and of every task; edges that are not named gain nothing."""
    needs, seconds = case
    whole = brute(needs, seconds)
    named = set(critical_edges(needs, seconds))
    for task, own in enumerate(needs):
        for on in own:
            gain = total(needs, seconds) - total(without_edge(needs, task, on), seconds)
            assert gain == whole - brute(without_edge(needs, task, on), seconds)
            assert gain == 0 or (task, on) in named
        faster = [took / 2 if node == task else took for node, took in enumerate(seconds)]
        assert gain_if_faster(needs, seconds, task) == whole - brute(needs, faster)


def test_a_long_chain_is_walked() -> None:
    """Without recursion, and fast."""
    count = 100_000
    needs = [(node - 1,) if node else () for node in range(count)]
    assert len(critical_path(needs, [1.0] * count)) == count
