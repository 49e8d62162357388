"""Measuring costs next to nothing: less than 2% of the processor time of a run of 1,000 tasks that do nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest

from taskrush.events import Event, Record, RunFinished, RunStarted, TaskFinished, TaskStarted
from taskrush.model.outcome import succeeded
from taskrush.model.task import TaskId
from taskrush.report.history import HistoryReporter
from tests.report.past import AT, plan_of, run_name

pytestmark = pytest.mark.skipif(os.name != "posix", reason="measures by wait4")
TASKS = 1000
USED = {"cpu_user_seconds": 0.001, "cpu_system_seconds": 0.001, "peak_bytes": 1 << 20, "read_bytes": 0}


def taken_down(root: Path, number: int) -> float:
    """Processor seconds for taking down a run of that many tasks, and for nothing else."""
    names = tuple(TaskId(f"t{number:04}") for number in range(TASKS))
    events: List[Event] = [RunStarted(targets=names[-1:], tasks=names, jobs=2)]
    for name in names:
        events.append(TaskStarted(name, "/bin/true", 1, "", waited_seconds=0.001, runner="local"))
        events.append(TaskFinished(name, succeeded(code=0, seconds=0.001, written_bytes=0, **USED)))
    events.append(RunFinished(ok=True, exit_code=0, seconds=1.0))
    records = [Record(run_name(number), at, AT + at / 1000, event) for at, event in enumerate(events)]
    reporter = HistoryReporter(plan_of(root, names))
    begun = time.process_time()
    for record in records:
        reporter.on_record(record)
    return time.process_time() - begun


def run_once(root: Path) -> float:
    """Processor seconds of a whole run, its tasks included, that takes nothing down."""
    lines = "".join(f"  t{number:04}: {{cmd: /bin/true}}\n" for number in range(TASKS))
    every = ", ".join(f"t{number:04}" for number in range(TASKS))
    (root / ".rush").write_text(f"tasks:\n{lines}  all: {{deps: [{every}]}}\n")
    before = os.times()
    words = [sys.executable, "-m", "taskrush", "--no-history", "--output", "none", "-j2", "all"]
    subprocess.run(words, cwd=root, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def test_measuring_costs_less_than_two_hundredths(tmp_path: Path) -> None:
    """The least of some tries of what is small, so that neighbours on the machine do not count."""
    cost = min(taken_down(tmp_path, number) for number in range(5))
    whole = run_once(tmp_path)
    assert cost / whole < 0.02, f"{cost:.4f}s of {whole:.3f}s"
