"""Ctrl-Z: what runs stands still until the run goes on; and a SIGINT that a shell forgot is sent again."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import taskrush
from taskrush.model.task import Task, TaskId
from taskrush.runners.process_tree import Tree, deaf, newest
from tests.scenarios.rush import Scratch, environment

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")

SHELL = """
    import os, signal, sys, time
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.execv(sys.executable, [sys.executable, "-m", "taskrush", *sys.argv[1:]])
    while not os.path.exists("ticks"):
        time.sleep(0.01)
    os.kill(pid, signal.SIGTSTP)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status
    time.sleep(0.1)
    before = open("ticks").read()
    time.sleep(0.5)
    assert open("ticks").read() == before, "tasks went on"
    os.killpg(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.WEXITSTATUS(status))
"""
FILE = """
    tasks:
      ticks: for i in 1 2 3 4 5 6; do echo $i >> ticks; sleep 0.1; done
"""


def test_a_stopped_run_goes_on_where_it_was(scratch: Scratch) -> None:
    """As with any job of a shell: tasks have sessions of their own, so their shares of Ctrl-Z come from us."""
    scratch.write(".rush", FILE)
    shell = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SHELL), "ticks"],
        cwd=scratch.root,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _, errors = shell.communicate(timeout=30)
    assert shell.returncode == 0, errors.decode()
    assert scratch.text("ticks").split() == ["1", "2", "3", "4", "5", "6"]


def test_nobody_stops_who_could_not_be_continued(scratch: Scratch) -> None:
    """Without a shell above, SIGTSTP is ignored, as the system does it."""
    scratch.write(".rush", FILE)
    running = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "ticks"],
        cwd=scratch.root,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until = time.monotonic() + 20
    while not (scratch.root / "ticks").exists() and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGTSTP)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 0, errors.decode()


def test_a_library_run_can_be_paused(tmp_path: Path) -> None:
    """`Executor.pause` calls what it is given while commands stand still."""
    tasks = [Task(id=TaskId("ticks"), action="for i in 1 2 3 4 5; do echo $i >> ticks; sleep 0.1; done")]
    project = taskrush.Project.of(tasks, str(tmp_path))
    ticks = tmp_path / "ticks"
    seen = []

    def meanwhile() -> None:
        before = ticks.read_text()
        time.sleep(0.4)
        seen.append(ticks.read_text() == before)

    executor = project.executor(project.plan("ticks"))

    def later() -> None:
        while not ticks.exists():
            time.sleep(0.01)
        executor.pause(meanwhile)

    thread = threading.Thread(target=later)
    thread.start()
    assert executor.run().ok
    thread.join()
    assert seen == [True]
    assert ticks.read_text().split() == ["1", "2", "3", "4", "5"]


def test_who_would_have_died_of_a_signal_and_lives_has_not_heard_it() -> None:
    """A default disposition and a number from before the signal; newer processes and handlers do not count."""
    plain = subprocess.Popen(["sleep", "20"], start_new_session=True)
    handling = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(2, print); print(flush=True); time.sleep(20)"],
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    try:
        assert handling.stdout is not None
        handling.stdout.readline()
        since = newest()
        assert deaf(plain.pid, signal.SIGINT, since)
        assert not deaf(plain.pid, signal.SIGINT, plain.pid - 1)
        assert not deaf(handling.pid, signal.SIGINT, since)
        assert deaf(handling.pid, signal.SIGTERM, since)
    finally:
        for process in (plain, handling):
            process.kill()
            process.wait()
        handling.stdout.close()  # type: ignore[union-attr]


def test_reminding_ends_who_has_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first signal is lost here; the second ends it."""
    process = subprocess.Popen(["sleep", "20"], start_new_session=True)
    tree = Tree("run", {})
    tree.stop_signal = signal.SIGINT
    tree.started(process.pid)
    tree.remind()
    with monkeypatch.context() as lost:
        lost.setattr("taskrush.runners.process_tree.signal_group", lambda leader, signum: True)
        tree.tell(process.pid)
    assert process.poll() is None
    tree.remind()
    assert process.wait(5) == -signal.SIGINT
