"""What is left of a run: four of five times it ends within the interval, whatever it has done so far."""

import random
import statistics
from typing import Dict, List, Sequence

import pytest

from taskrush.analyze.estimate import Estimate, learn
from taskrush.analyze.remaining import Progress, remaining

NOTHING = Progress(ran={}, kept=frozenset(), running={})


def in_line(progress: Progress) -> "object":
    """One task after the other, in the order of their numbers."""

    def play(left: Sequence[int], times: Sequence[float]) -> float:
        return sum(time - progress.running.get(node, 0.0) for node, time in zip(left, times))

    return play


def ask(past: Sequence[Dict[int, float]], progress: Progress, kept: Sequence["frozenset[int]"] = ()) -> Estimate:
    return remaining(learn(3, past), kept, progress, in_line(progress))  # type: ignore[arg-type]


PAST = [{0: 2.0, 1: 4.0, 2: 6.0}, {0: 2.1, 1: 4.2, 2: 6.3}, {0: 1.9, 1: 3.8, 2: 5.7}]


@pytest.mark.core
def test_what_is_over_takes_no_time() -> None:
    """From all to nothing, as tasks end and run."""
    assert ask(PAST, NOTHING).seconds == pytest.approx(12.0, rel=0.1)
    assert ask(PAST, Progress({0: 2.0}, frozenset(), {})).seconds == pytest.approx(10.0, rel=0.1)
    assert ask(PAST, Progress({0: 2.0}, frozenset(), {1: 3.0})).seconds == pytest.approx(7.0, rel=0.15)
    assert ask(PAST, Progress({0: 2.0}, frozenset({1, 2}), {})) == Estimate(0.0, 0.0, 0.0)


@pytest.mark.core
def test_a_task_that_runs_longer_than_ever_is_not_over() -> None:
    """Something is left of it, and not very much."""
    found = ask(PAST, Progress({}, frozenset({0, 1}), {2: 60.0}))
    assert 0 < found.low <= found.seconds <= found.high <= 15


@pytest.mark.core
def test_what_is_usually_kept_is_not_counted() -> None:
    """Half of the past runs kept everything: once the first task was kept, or ran, it is known which half this is."""
    kept = [frozenset({0, 1, 2}), frozenset(), frozenset({0, 1, 2}), frozenset()]
    unknown = ask(PAST, NOTHING, kept)
    assert unknown.low == 0.0
    assert unknown.high > 11
    assert ask(PAST, Progress({}, frozenset({0}), {}), kept) == Estimate(0.0, 0.0, 0.0)
    assert ask(PAST, Progress({0: 2.0}, frozenset(), {}), kept).low > 8


@pytest.mark.core
def test_a_slow_machine_stays_slow() -> None:
    """What has ended took twice as long as usual: so will the rest."""
    past = [{node: 1.0 + 0.01 * (run + node) for node in range(20)} for run in range(4)]
    progress = Progress(dict.fromkeys(range(10), 2.0), frozenset(), {})
    found = remaining(learn(20, past), (), progress, in_line(progress))  # type: ignore[arg-type]
    assert found.seconds == pytest.approx(20.0, rel=0.15)


@pytest.mark.parametrize(("over", "noise"), [(0, 0.2), (5, 0.1), (10, 0.2), (17, 0.2)])
def test_four_of_five_runs_end_within_the_interval(over: int, noise: float) -> None:
    """At the beginning, in the middle and near the end, with a task that is half done."""
    inside: List[bool] = []
    for seed in range(150):
        chance = random.Random(seed)
        usual = [chance.uniform(1, 10) for _ in range(20)]

        def run(usual: List[float] = usual, chance: random.Random = chance) -> Dict[int, float]:
            together = max(0.5, chance.gauss(1.0, noise / 2))
            return {node: took * chance.lognormvariate(0, noise) * together for node, took in enumerate(usual)}

        past = [run() for _ in range(8)]
        now = run()
        progress = Progress({node: now[node] for node in range(over)}, frozenset(), {over: now[over] / 2})
        found = remaining(learn(20, past), (), progress, in_line(progress), seed=seed)  # type: ignore[arg-type]
        came = sum(now[node] for node in range(over, 20)) - now[over] / 2
        inside.append(found.low <= came <= found.high)
    assert 0.70 <= statistics.fmean(inside) <= 0.92, statistics.fmean(inside)
