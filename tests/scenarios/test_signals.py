"""Signals to the runner at random moments: nothing of the run is left, and the exit code says what happened.

Every task starts grandchildren that ignore SIGINT and SIGTERM, some in sessions of their own.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional

import pytest

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")

TASKS = '''
from taskrush import command, run, task

polite = command("sleep 30")
stubborn = command("trap '' INT TERM; sleep 31 & sleep 32")
daemons = command("setsid sh -c \\"trap '' INT TERM; sleep 33; sleep 34\\" & (setsid sleep 35 &) ; sleep 36")
quick = command("(setsid sleep 37 &) ; sleep 0.05")
again = command("sleep 41", deps=[quick])

@task
def body() -> None:
    """Runs a command inside a function."""
    run("setsid sh -c \\"trap '' INT TERM; sleep 38; sleep 39\\" & sleep 40")

@task(deps=[polite, stubborn, daemons, again, body])
def everything() -> None:
    """All of it."""
'''
TOKEN = "SIGNALS_TEST"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tasks.py").write_text(TASKS)
    return tmp_path


def alive(token: str) -> List[str]:
    """Command lines of processes that carry the token in their environment, zombies aside."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                environ = Path("/proc", name, "environ").read_bytes()
                if f"{TOKEN}={token}".encode() in environ.split(b"\0"):
                    found.append(name + " " + Path("/proc", name, "cmdline").read_bytes().decode().replace("\0", " "))
            except OSError:
                continue
    return found


def one_run(project: Path, number: int, signum: int, delay: float, second: Optional[float]) -> int:
    """Start a run, signal the runner after a delay, and see that all is gone. Returns the exit code."""
    token = f"{os.getpid()}-{number}-{random.random()}"
    env = {**os.environ, TOKEN: token, "PYTHONUNBUFFERED": "1"}
    runner = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "-C", str(project), "-j8", "--grace", "0.3", "everything"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        time.sleep(delay)
        runner.send_signal(signum)
        if second is not None:
            time.sleep(second)
            runner.send_signal(signum)
        try:
            _, errors = runner.communicate(timeout=30) if signum != signal.SIGKILL else (runner.wait(30), b"")
        except subprocess.TimeoutExpired:
            pytest.fail(f"{signal.Signals(signum).name} at {delay:.3f} s did not end it; alive: {alive(token)}")
        until = time.monotonic() + (5 if signum == signal.SIGKILL else 0.5)
        while alive(token) and time.monotonic() < until:
            time.sleep(0.02)
        assert alive(token) == [], f"left after {signal.Signals(signum).name} at {delay:.3f} s"
        if signum == signal.SIGINT and b"KeyboardInterrupt" in errors and b"taskrush" not in errors:
            return -signum  # the interpreter itself was interrupted before a line of ours had run
        assert runner.returncode not in (0, 1, 2, 3), errors.decode()
        assert b"Traceback" not in errors or b"KeyboardInterrupt" in errors, errors.decode()
        return runner.returncode
    finally:
        for line in alive(token):
            os.kill(int(line.split()[0]), signal.SIGKILL)
        if runner.stderr is not None:
            runner.stderr.close()


def judge(project: Path, count: int, seed: int) -> None:
    dice = random.Random(seed)
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    for number in range(count):
        signum = kinds[number % 3]
        delay = dice.choice((dice.uniform(0.0, 0.3), dice.uniform(0.2, 0.8)))
        second = dice.choice((None, None, 0.05)) if signum != signal.SIGKILL else None
        code = one_run(project, number, signum, delay, second)
        # a signal before the runner has installed its handlers ends Python in the ordinary way
        right = {-signum} if signum == signal.SIGKILL else {128 + signum, -signum}
        assert code in right, f"{signal.Signals(signum).name} at {delay:.3f} s: exit code {code}"


def test_a_few_runs_end_with_nothing_left(project: Path) -> None:
    """Nine runs, three for each of SIGINT, SIGTERM and SIGKILL."""
    judge(project, 9, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_two_hundred_runs_end_with_nothing_left(project: Path) -> None:
    """The same, 200 times."""
    judge(project, 200, seed=2)
