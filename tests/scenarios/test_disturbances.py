"""Tasks and surroundings that misbehave: folders that vanish, runs beside runs, nowhere to write."""

import os
import subprocess
import sys
import time

import pytest

from tests.scenarios.rush import Scratch, environment


@pytest.mark.core
def test_a_task_that_removes_its_own_folder(scratch: Scratch) -> None:
    """It ends well, and what follows elsewhere runs."""
    scratch.write(
        ".rush",
        """
        tasks:
          vanish: {cmd: 'rm -rf ../doomed && echo vanish >> ../trace', cwd: doomed}
          next: {cmd: echo next >> trace, deps: [vanish]}
        """,
    )
    scratch.write("doomed/file", "")
    done = scratch.rush("next")
    assert done.code == 0, done.all
    assert scratch.ran() == ["vanish", "next"]


def test_two_runs_at_once(scratch: Scratch) -> None:
    """Two runs in one workspace both finish, with everything done twice."""
    scratch.write(
        ".rush",
        "tasks: {a: {cmd: sleep 0.3; echo a >> trace}, b: {cmd: sleep 0.3; echo b >> trace, deps: [a]}}",
    )
    words = [sys.executable, "-m", "taskrush", "b"]
    runs = [
        subprocess.Popen(words, cwd=scratch.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert sorted(scratch.ran()) == ["a", "a", "b", "b"]


def test_a_workspace_that_cannot_be_written(scratch: Scratch) -> None:
    """State that cannot be kept costs nothing but time: tasks run as ever."""
    scratch.write(".rush", "tasks: {hello: {cmd: echo still here}}")
    scratch.write(".taskrush", "in the way of the folder for state")
    os.chmod(str(scratch.root), 0o555)
    try:
        done = scratch.rush("hello")
        listed = scratch.rush("list")
    finally:
        os.chmod(str(scratch.root), 0o755)
    assert (done.code, "still here" in done.out) == (0, True), done.all
    assert (listed.code, "hello" in listed.out) == (0, True), listed.all
    assert "Traceback" not in done.all


@pytest.mark.needs("ps")
def test_a_background_process_does_not_hold_the_run(scratch: Scratch) -> None:
    """A task that leaves a process with its output open ends when it ends, and the process is ended."""
    scratch.write(".rush", "tasks: {leave: {cmd: 'sleep 60 & echo $! > pid; echo left'}}")
    begun = time.monotonic()
    done = scratch.rush("leave")
    assert time.monotonic() - begun < 20
    assert (done.code, "left" in done.out) == (0, True)
    assert not runs(int(scratch.text("pid")))


def runs(pid: int) -> bool:
    """Whether a process is there and is more than the remains of one that nobody has waited for."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z")


def test_a_task_killed_by_a_signal_is_said_to_be(scratch: Scratch) -> None:
    """A process that dies of a signal is a failure with the signal's name."""
    scratch.write(".rush", "tasks: {die: {cmd: 'kill -SEGV $$'}}")
    done = scratch.rush("die")
    assert done.code == 1
    assert "SIGSEGV" in done.all


def test_a_task_file_that_changes_while_it_runs(scratch: Scratch) -> None:
    """The run goes on with what it read; the next run sees the change."""
    scratch.write(
        ".rush",
        """
        tasks:
          change: {cmd: 'sed -i.old s/first/second/ .rush'}
          show: {cmd: echo first, deps: [change]}
        """,
    )
    assert "first" in scratch.rush("show").out
    assert "second" in scratch.rush("show").out
