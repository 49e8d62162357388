"""Runs of the real command line are remembered, whatever happens to them and whoever runs beside them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush import Project, Record, Task
from taskrush.model.task import TaskId
from taskrush.report.history import HistoryReporter
from taskrush.wiring import make_priority
from tests.scenarios.rush import Scratch

REPOSITORY = Path(__file__).parents[2]


def past(scratch: Scratch, *words: str) -> Dict[str, Any]:
    done = scratch.rush("history", *words, "--json")
    assert done.code == 0, done.err
    found: Dict[str, Any] = json.loads(done.out)
    return found


def start(scratch: Scratch, *words: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "taskrush", *words],
        cwd=scratch.root,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.core
def test_a_killed_run_is_interrupted(scratch: Scratch) -> None:
    """SIGKILL while a task runs: what it had got to is there, and the next run does not mind."""
    scratch.write(".rush", "tasks:\n  first: echo one\n  second: {cmd: 'echo on; sleep 60', deps: [first]}\n")
    run = start(scratch, "second")
    until = time.monotonic() + 20
    spool = Path(scratch.root) / ".taskrush" / "spool"
    while not any(b"\tsecond\t" in path.read_bytes() for path in spool.glob("*.run")) and time.monotonic() < until:
        time.sleep(0.02)
    while not list(Path(scratch.root).glob(".taskrush/logs/*/second.log")) and time.monotonic() < until:
        time.sleep(0.02)
    assert past(scratch)["runs"][0]["reason"] == "still running"
    run.send_signal(signal.SIGKILL)
    assert run.wait(20) == -signal.SIGKILL
    assert scratch.rush("first").code == 0
    newest, killed = past(scratch)["runs"]
    assert (newest["ok"], killed["ok"], killed["exit_code"], killed["reason"]) == (
        True,
        False,
        None,
        "the runner was killed",
    )
    states = [(task["task"], task["state"]) for task in _tasks(scratch, killed["run"])]
    assert states == [("first", "succeeded"), ("second", "interrupted")]
    done = scratch.rush("log", f"{killed['run']}/second")
    assert (done.code, done.out) == (0, "on\n")


def _tasks(scratch: Scratch, run: str) -> List[Dict[str, Any]]:
    tasks: List[Dict[str, Any]] = json.loads(scratch.rush("last", run, "--json").out)["tasks"]
    return tasks


def test_two_runs_at_once_and_readers(scratch: Scratch) -> None:
    """Neither fails, both are remembered whole, whoever looks meanwhile."""
    names = [f"t{number}" for number in range(40)]
    tasks = "".join(f"  {name}: 'true'\n" for name in names)
    scratch.write(".rush", f"tasks:\n{tasks}  all: {{deps: [{', '.join(names)}]}}\n")
    runs = [start(scratch, "-q", "all") for _ in range(3)]
    looks = [scratch.rush("history", "t7") for _ in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert [run.stderr.read() for run in runs if run.stderr] == [b"", b"", b""]
    assert all(look.code in (0, 2) and "warning" not in look.err for look in looks)
    assert [(run["ok"], run["tasks"]) for run in past(scratch)["runs"]] == [(True, 41)] * 3


def test_a_damaged_database_fails_no_run(scratch: Scratch) -> None:
    """Cut off in the middle: runs do not notice, who looks is told where it went, and history goes on."""
    scratch.write(".rush", "tasks:\n  a: 'true'\n")
    scratch.rush("a")
    past(scratch)
    file = Path(scratch.root) / ".taskrush" / "history.db"
    for end in ("-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)  # type: ignore[call-arg,unused-ignore]
    file.write_bytes(file.read_bytes()[:5000])
    done = scratch.rush("a")
    assert (done.code, "history" in done.err) == (0, False)
    done = scratch.rush("history")
    assert done.code == 0
    assert "warning: the history is damaged" in done.err
    assert ".aside and a new one begun" in done.err
    assert len(past(scratch)["runs"]) == 1
    assert scratch.rush("history").err == ""


def test_where_history_cannot_be_written_runs_go_on(scratch: Scratch) -> None:
    """One warning, and the run ends well."""
    scratch.write(".rush", "tasks:\n  a: echo fine\n")
    scratch.rush("a")
    folder = Path(scratch.root) / ".taskrush" / "spool"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    done = scratch.rush("a")
    assert (done.code, done.out) == (0, "fine\n")
    assert done.err.count("this run is not remembered") == 1


def test_what_history_forgets_has_no_logs(scratch: Scratch) -> None:
    """Limits are settings, of the file as well."""
    scratch.write(".rush", "settings: {history_rows: 2}\ntasks:\n  a: echo fine\n")
    for _ in range(4):
        scratch.rush("a")
    runs = [run["run"] for run in past(scratch)["runs"]]
    assert len(runs) == 2
    assert sorted(os.listdir(Path(scratch.root) / ".taskrush" / "logs")) == sorted(runs)
    done = scratch.rush("--history-keep", "soon", "history")
    assert (done.code, "setting `history_keep`" in done.err) == (2, True)


@pytest.mark.soak
@pytest.mark.parametrize("command", ["sleep 0.005", "true"])
def test_it_costs_less_than_2_percent(command: str, tmp_path: Path) -> None:
    """Of 1,000 tasks of 5 ms, and of 1,000 that do nothing: taking down, learning and ordering together."""
    tasks = [Task(id=TaskId(f"t{number}"), action=command) for number in range(1000)]
    project = Project.of([*tasks, Task(id=TaskId("all"), deps=tuple(task.id for task in tasks))], str(tmp_path))
    plan = project.plan("all")

    class Timed(HistoryReporter):
        spent = 0.0

        def on_record(self, record: Record) -> None:
            begun = time.thread_time()
            super().on_record(record)
            self.spent += time.thread_time() - begun

        def settle(self) -> None:
            begun = time.thread_time()
            super().settle()
            self.spent += time.thread_time() - begun

    shares = []
    for _ in range(1 if command != "true" else 3):
        reporter = Timed(plan)
        begun = time.perf_counter(), time.thread_time()
        make_priority(plan, 2)
        spent = time.thread_time() - begun[1]
        assert project.executor(plan, subscribers=[reporter], jobs=2).run().ok
        shares.append((spent + reporter.spent) / (time.perf_counter() - begun[0]))
    assert min(shares) < 0.02, shares
