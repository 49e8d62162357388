"""Predictions of the simulator beside what then came: random graphs of sleeps that are really run.

The times of each task vary from run to run, alone and together, as on a machine that does other things as well.
"""

import random
import statistics
from pathlib import Path
from typing import List, NamedTuple

import pytest

from taskrush import Project, Task
from taskrush.analyze.estimate import Estimate
from taskrush.analyzing import work_of
from taskrush.model.history import PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.testing.past import FakeHistory

PAST = 8
GRAPHS = 100
FEW = 5


class Prediction(NamedTuple):
    said: Estimate
    came: float


def predicted(seed: int, root: Path) -> Prediction:
    """Run a random graph `PAST` times, then once more and compare."""
    chance = random.Random(seed)
    count, jobs = chance.randint(5, 12), chance.choice([2, 3, 4])
    deps = [[f"t{on}" for on in chance.sample(range(node), min(node, chance.randint(0, 2)))] for node in range(count)]
    usual = [chance.uniform(0.01, 0.06) for _ in range(count)]
    history = FakeHistory()
    runs: List[PastRun] = []
    rows: List[PastTask] = []
    said = None
    for number in range(PAST + 1):
        together = max(0.6, chance.gauss(1.0, 0.08))
        times = [took * chance.lognormvariate(0, 0.12) * together for took in usual]
        tasks = [
            Task(id=TaskId(f"t{node}"), action=["sleep", f"{times[node]:.4f}"], deps=deps[node])
            for node in range(count)
        ]
        project = Project.of(tasks, str(root))
        plan = project.plan([task.id for task in tasks])
        if number == PAST:
            history = FakeHistory(runs[::-1], rows)
            said = work_of(plan, history, jobs).estimate(seed)
        done = project.executor(plan, jobs=jobs).run()
        assert done.ok
        run = f"run{number}"
        runs.append(
            PastRun(run=run, began_at=number, seconds=done.seconds, ok=True, exit_code=0, jobs=jobs, tasks=len(plan))
        )
        rows += [
            PastTask(run=run, task=task, state="succeeded", ok=True, seconds=outcome.seconds)
            for task, outcome in done.outcomes.items()
        ]
    assert said is not None
    return Prediction(said, done.seconds)


def errors(found: List[Prediction]) -> List[float]:
    return [abs(one.said.seconds - one.came) / one.came for one in found]


def test_predictions_are_near_what_comes(tmp_path: Path) -> None:
    """A few graphs are few: the middle of their errors is at most a quarter. A hundred are held to a tenth below."""
    found = [predicted(seed, tmp_path) for seed in range(FEW)]
    assert statistics.median(errors(found)) <= 0.25, found


@pytest.mark.soak
def test_a_hundred_predictions_are_honest(tmp_path: Path) -> None:
    """The middle of the errors is at most a tenth, and 75 to 85 of 100 runs fall into the interval of four of five."""
    found = [predicted(seed, tmp_path) for seed in range(GRAPHS)]
    inside = sum(one.said.low <= one.came <= one.said.high for one in found)
    print(f"median error {statistics.median(errors(found)):.1%}, {inside} of {GRAPHS} inside")
    assert statistics.median(errors(found)) <= 0.10
    assert 75 <= inside <= 85, inside
