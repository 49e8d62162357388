"""What tasks use is measured: processor time, and the memory of whole trees in the ways to measure that promise it."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Optional

import pytest

from taskrush.model.outcome import Outcome
from taskrush.model.task import Argv, Call, Task, TaskId
from taskrush.runners.call import CallRunner
from taskrush.runners.cgroup import own_group
from taskrush.runners.local import LocalRunner
from taskrush.runners.meters import make_meter
from taskrush.runners.sampler import Sampler, children, look_at, processes, proportional
from taskrush.runners.spawn import Exit
from taskrush.runners.usage import Measured, Used
from taskrush.testing.contracts import Heard, end_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells so much")
MIB = 1 << 20

TOUCH = "import sys, time; x = bytearray({0} << 20); x[::4096] = b'1' * len(x[::4096]); time.sleep({1})"
BURN = """
import os, time
while time.process_time() < 0.6: pass
for _ in range(3000): os.stat('/')
t = os.times(); print(t.user, t.system)
"""
BELOW = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"


def measured(folder: Path, code: str, measure: str = "end", heard: Optional[Heard] = None) -> Outcome:
    runner = LocalRunner(str(folder), os.environ, f"measure-{os.getpid()}-{time.monotonic_ns()}", measure=measure)
    task = Task(id=TaskId("t"), action=Argv((sys.executable, "-c", code)))
    outcome = end_of(runner.start(task, heard or Heard(), {}))
    runner.close()
    assert outcome.ok
    return outcome


@pytest.mark.parametrize("measure", ["end", "sample", "cgroup"])
def test_processor_time_of_a_tree_within_5_percent(tmp_path: Path, measure: str) -> None:
    """User and system time of a grandchild, as it counts them itself."""
    heard = Heard()
    outcome = measured(tmp_path, BELOW.format(BELOW.format(BURN)), measure, heard)
    user, system = map(float, heard.text("stdout").split())
    idle = measured(tmp_path, BELOW.format(BELOW.format("")), measure)
    assert outcome.cpu_user_seconds is not None
    assert outcome.cpu_system_seconds is not None
    assert idle.cpu_seconds is not None
    assert outcome.cpu_seconds == pytest.approx(outcome.cpu_user_seconds + outcome.cpu_system_seconds)
    found = outcome.cpu_user_seconds + outcome.cpu_system_seconds
    assert user + system - 0.02 <= found <= (user + system) * 1.05 + idle.cpu_seconds + 0.02


def test_peak_of_a_grandchild_within_5_percent(tmp_path: Path) -> None:
    """300 MiB, two processes down, beside what the three interpreters take; also without looking."""
    code = BELOW.format(BELOW.format(TOUCH.format(300, 0.3)))
    alone = measured(tmp_path, BELOW.format(BELOW.format(TOUCH.format(0, 0.3))), "sample")
    assert alone.peak_bytes is not None
    expected = 300 * MIB + alone.peak_bytes
    for measure in ("sample", "cgroup"):
        outcome = measured(tmp_path, code, measure)
        assert outcome.peak_bytes == pytest.approx(expected, rel=0.05), measure
    outcome = measured(tmp_path, code)
    own = alone.peak_bytes / 3  # the largest process is an interpreter too
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # with less than this the kernel's figure begins
    assert outcome.peak_bytes == pytest.approx(max(300 * MIB + own, ours), rel=0.05)


def test_what_a_tree_has_together(tmp_path: Path) -> None:
    """Two that have 100 MiB at a time are 200: the kernel's own figure knows the larger one only."""
    touch = TOUCH.format(100, 0.5)
    code = f"import subprocess, sys; c = [subprocess.Popen([sys.executable, '-c', {touch!r}]) for _ in '12']; "
    code += "[p.wait() for p in c]"
    together = measured(tmp_path, code, "sample").peak_bytes
    largest = measured(tmp_path, code).peak_bytes
    assert together is not None
    assert largest is not None
    assert 200 * MIB <= together <= 235 * MIB
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # with less than this the kernel's figure begins
    assert 100 * MIB <= largest <= max(120 * MIB, 1.1 * ours)


def test_memory_that_is_shared_counts_once(tmp_path: Path) -> None:
    """Four that were forked from one with 100 MiB have 100 MiB, not 500."""
    code = "import os, time; x = bytearray(100 << 20); x[::4096] = b'1' * len(x[::4096])\n"
    code += "for _ in '1234':\n  if not os.fork(): time.sleep(0.3); os._exit(0)\n"
    code += "for _ in '1234': os.wait()\n"
    peak = measured(tmp_path, code, "sample").peak_bytes
    assert peak is not None
    assert 100 * MIB <= peak <= 130 * MIB


def test_orphans_count(tmp_path: Path) -> None:
    """What a command leaves in its session is its own, also when its parent is gone."""
    inner = TOUCH.format(100, 0.4)
    code = (
        f"import subprocess, sys, time; subprocess.Popen(['/bin/sh', '-c', '{sys.executable} -c \"$0\" &', {inner!r}])"
    )
    code += "; time.sleep(0.5)"
    peak = measured(tmp_path, code, "sample").peak_bytes
    assert peak is not None
    assert peak >= 100 * MIB


@pytest.mark.core
def test_sums() -> None:
    """Times and storage add up, of memory the most counts; the kernel's figure only above what we had ourselves."""
    used = Used(lambda: 50)
    used.add(Exit(0, 1.0, 0.5, 40, 512, 1024))
    assert used.peak_bytes == 40
    used.add(Exit(0, 1.0, 0.5, 45, 512, 1024), Measured(30))
    assert used.peak_bytes == 40
    used.add(Exit(0, 1.0, 0.5, 60, 0, 0), Measured(30, 3.0, 2.0))
    assert used.fields() == {
        "cpu_seconds": 8.0,
        "cpu_user_seconds": 5.0,
        "cpu_system_seconds": 3.0,
        "peak_bytes": 60,
        "read_bytes": 1024,
        "written_bytes": 2048,
    }


@pytest.mark.core
def test_what_is_gone() -> None:
    """Nothing is raised for processes that end meanwhile, nor for those nobody watches."""
    assert (look_at(2**22 + 1), children(2**22 + 1), proportional(2**22 + 1, 7)) == (None, [], 7)
    assert os.getpid() in processes()
    sampler = Sampler()
    assert sampler.forget(1) == Measured()
    sampler.watch(2**22 + 1)
    sampler.look()
    assert sampler.forget(2**22 + 1) == Measured()
    sampler.close()
    assert make_meter("end") is None


def test_groups_leave_nothing_behind(tmp_path: Path) -> None:
    """A group is gone when its command is, also one that failed."""
    above = own_group()
    if above is None:
        pytest.skip("no control groups can be made here")
    runner = LocalRunner(str(tmp_path), os.environ, f"groups-{os.getpid()}", measure="cgroup")
    for words in (("true",), ("sh", "-c", "exit 3"), ("no-such-command-here",)):
        outcome = end_of(runner.start(Task(id=TaskId("t"), action=Argv(words)), Heard(), {}))
        assert outcome.code == {"true": 0, "sh": 3}.get(words[0], 127)
    runner.close()
    assert [name for name in os.listdir(above) if name.startswith(f"taskrush-{os.getpid()}-")] == []


def test_functions_have_their_thread_s_time() -> None:
    """What a function in a thread used of the processor."""

    def burn() -> None:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass

    runner = CallRunner(LocalRunner("/", os.environ, "calls"))
    outcome = runner.start(Task(id=TaskId("t"), action=Call(burn)), Heard(), {}).wait()
    runner.close()
    assert outcome.cpu_seconds == pytest.approx(0.2, abs=0.05)
    assert outcome.cpu_user_seconds is not None
