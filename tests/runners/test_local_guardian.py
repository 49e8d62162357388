"""The guardian ends what a killed runner leaves, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import pytest

from taskrush.runners.guardian import SCRIPT, Guardian
from taskrush.runners.process_tree import COOKIE, Tree, marked

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")


def sleeper(cookie: str, **more: str) -> "subprocess.Popen[bytes]":
    """A process of a run, in a session of its own."""
    env: Dict[str, str] = {"PATH": os.environ["PATH"], COOKIE: cookie, **more}
    return subprocess.Popen(["sleep", "60"], env=env, start_new_session=True)


def alive(processes: "List[subprocess.Popen[bytes]]") -> List[bool]:
    return [process.poll() is None for process in processes]


def wait_for(processes: "List[subprocess.Popen[bytes]]", wanted: List[bool]) -> None:
    until = time.monotonic() + 10
    while alive(processes) != wanted and time.monotonic() < until:
        time.sleep(0.02)
    assert alive(processes) == wanted


def close_pipe(guardian: Guardian) -> None:
    """What the kernel does when the runner is killed."""
    os.close(guardian._pipe)
    guardian._pipe = os.open(os.devnull, os.O_WRONLY)


@pytest.mark.parametrize("grep", ["with grep -a", "without grep -a"])
def test_exactly_the_processes_of_the_run_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grep: str) -> None:
    """Those of runs below it too; not those of the run above, of runs with a longer or shorter name, of other tools."""
    if grep != "with grep -a":
        real = next(path for path in ("/bin/grep", "/usr/bin/grep") if os.path.exists(path))
        fake = tmp_path / "grep"
        refuse = "for word; do case $word in -a*|-la*) exit 2;; esac; done\n"
        fake.write_text(f'#!/bin/sh\n{refuse}exec {real} "$@"\n')
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    run = f"guarded-{os.getpid()}-{time.time_ns()}"
    ours = [sleeper(f"{run}.1"), sleeper(f"above.2/{run}.17"), sleeper(f"{run}.3/below.1", LAST="x"), sleeper(run)]
    others = [sleeper(f"{run}0.1"), sleeper(f"x{run}.1"), sleeper("above.2"), sleeper("x", OTHER=run)]
    others.append(sleeper("y", **{f"MY_{COOKIE}": f"{run}.1"}))
    guardian = Guardian(Tree(run, {}))
    try:
        guardian.start()
        time.sleep(0.1)
        assert alive(ours + others) == [True] * 9
        close_pipe(guardian)
        wait_for(ours, [False] * 4)
        time.sleep(0.1)
        assert alive(others) == [True] * 5
        os.waitpid(guardian._pid, 0)  # it ends by itself
    finally:
        guardian.close()
        for process in ours + others:
            process.kill()
            process.wait()


def test_without_proc_the_groups_it_was_told_of_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: groups that have ended are forgotten."""
    monkeypatch.setattr("taskrush.runners.guardian.PROC", "/no/such/folder")
    processes = [sleeper("none") for _ in range(3)]
    guardian = Guardian(Tree("none-of-these", {}))
    try:
        guardian.start()
        for process in processes:
            guardian.watch(process.pid)
        guardian.forget(processes[1].pid)
        close_pipe(guardian)
        wait_for(processes, [False, True, False])
    finally:
        guardian.close()
        for process in processes:
            process.kill()
            process.wait()


def test_a_run_that_ends_in_order_takes_its_guardian_along() -> None:
    """No guardian stays, and nothing is killed."""
    run = f"orderly-{os.getpid()}"
    process = sleeper(f"{run}.1")
    guardian = Guardian(Tree(run, {}))
    guardian.start()
    pid = guardian._pid
    guardian.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert process.poll() is None
    process.kill()
    process.wait()


def test_the_script_is_plain_shell() -> None:
    """Every shell that is here can read it."""
    for shell in ("sh", "dash", "bash", "busybox"):
        words = [shell, "sh", "-n"] if shell == "busybox" else [shell, "-n"]
        try:
            subprocess.run(words, input=SCRIPT.encode(), check=True)
        except FileNotFoundError:
            continue


NESTED = """
import sys
from taskrush import Project, Task
inner = [sys.executable, "-c", "from taskrush import Project, Task\\n"
         "Project.of([Task(id='t', action='setsid sleep 61 & sleep 62')], '.').run('t')"]
Project.of([Task(id="t", action=inner)], ".").run("t")
"""


def test_a_run_inside_a_run_ends_with_it(tmp_path: Path) -> None:
    """The outer runner is killed: its guardian ends the inner runner and all of its processes."""
    token = f"{os.getpid()}-{time.time_ns()}"
    env = {**os.environ, "NESTED_TEST": token}
    runner = subprocess.Popen([sys.executable, "-c", NESTED], cwd=str(tmp_path), env=env)

    def found() -> List[int]:
        pids = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                try:
                    if f"NESTED_TEST={token}".encode() in Path("/proc", name, "environ").read_bytes():
                        pids.append(int(name))
                except OSError:
                    continue
        return pids

    until = time.monotonic() + 20
    while len(found()) < 7 and time.monotonic() < until:  # two runners, two guardians, a shell, two sleeps
        time.sleep(0.05)
    try:
        assert len(found()) == 7
        runner.kill()
        runner.wait()
        while found() and time.monotonic() < until:
            time.sleep(0.02)
        assert found() == []
    finally:
        for pid in found():
            os.kill(pid, signal.SIGKILL)


def test_marks_are_told_apart() -> None:
    """A command's mark is not that of another one whose number begins alike."""
    tree = Tree("r-1", {COOKIE: "outer.4"})
    marks = [tree.new_mark() for _ in range(12)]
    assert (marks[0], marks[11], tree.cookie(marks[0])) == ("r-1.1", "r-1.12", {COOKIE: "outer.4/r-1.1"})
    process = sleeper("outer.4/" + marks[11])
    try:
        assert marked(marks[0]) == []
        assert marked(marks[11]) == marked("r-1") == marked("outer.4") == marked("outer") == [process.pid]
    finally:
        process.kill()
        process.wait()
