"""Ctrl-C in a program that uses the library and has no signal handler of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")

PROGRAM = """
import sys
from taskrush import Project, RunFinished, Task, TaskFinished, TaskStarted
class Told:
    def on_record(self, record):
        event = record.event
        if isinstance(event, TaskStarted):
            print("started", flush=True)
        if isinstance(event, TaskFinished):
            print(event.task, event.outcome.state.value, flush=True)
        if isinstance(event, RunFinished):
            print("finished", event.exit_code, flush=True)
tasks = [Task(id="a", action="trap '' INT TERM; setsid sleep 61 & sleep 62; sleep 63"), Task(id="b", deps=["a"])]
try:
    Project.of(tasks, ".").run("b", subscribers=[Told()])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(7)
"""


def test_ctrl_c_is_passed_on_and_nothing_is_left(tmp_path: Path) -> None:
    """The program sees `KeyboardInterrupt` after everything was ended, and the story of the run is complete."""
    token = f"LIBRARY_TEST={os.getpid()}-{time.time_ns()}"
    name, _, value = token.partition("=")
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=str(tmp_path),
        env={**os.environ, name: value},
        stdout=subprocess.PIPE,
        text=True,
    )

    def alive() -> List[str]:
        found = []
        for pid in os.listdir("/proc"):
            if pid.isdigit() and int(pid) != os.getpid():
                try:
                    if token.encode() in Path("/proc", pid, "environ").read_bytes():
                        found.append(pid)
                except OSError:
                    continue
        return found

    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "started\n"
        time.sleep(0.2)
        assert len(alive()) == 5  # the program, its guardian, a shell, two sleeps
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=20)
        assert out.splitlines() == ["a cancelled", "b cancelled", "finished 130", "interrupted"]
        assert program.returncode == 7
        assert alive() == []
    finally:
        for pid in alive():
            os.kill(int(pid), signal.SIGKILL)
