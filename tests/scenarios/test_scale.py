"""Many tasks and long chains, through the command line."""

import os
from pathlib import Path
from typing import List

import pytest

from taskrush import Project, Task, TaskId, TaskStarted
from taskrush.runners import process_tree
from tests.scenarios.rush import Scratch


def test_a_thousand_tasks(scratch: Scratch) -> None:
    """1,000 independent tasks all run, once each."""
    lines = [f"  t{number}: {{cmd: echo {number} >> trace}}" for number in range(1000)]
    lines.append("  all: {deps: [" + ", ".join(f"t{number}" for number in range(1000)) + "]}")
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("--output", "none", "-j4", "all")
    assert done.code == 0, done.err
    assert sorted(map(int, scratch.ran())) == list(range(1000))


def test_a_chain_of_two_thousand(scratch: Scratch) -> None:
    """A chain far deeper than Python's recursion limit loads, lists, dry-runs and runs in order."""
    lines = []
    for number in range(2000):
        cmd = f"cmd: echo {number} >> trace, " if number % 100 == 0 else ""
        lines.append(f"  t{number}: {{{cmd}deps: [{f't{number - 1}' if number else ''}]}}")
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    assert scratch.rush("list").out.count("\n") >= 2000
    assert scratch.rush("-n", "t1999").code == 0
    assert scratch.ran() == []
    done = scratch.rush("t1999", "--output", "none")
    assert done.code == 0, done.err
    assert list(map(int, scratch.ran())) == list(range(0, 2000, 100))


def test_a_large_cycle_is_named(scratch: Scratch) -> None:
    """A circle of 500 tasks is an error, not a crash."""
    lines = [f"  t{number}: {{deps: [t{(number + 1) % 500}]}}" for number in range(500)]
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("t0")
    assert done.code == 2
    assert "cycle" in done.err
    assert "Traceback" not in done.err


@pytest.mark.core
def test_much_output_of_many_tasks_stays_apart(scratch: Scratch) -> None:
    """By default the lines of one task stand together, whatever runs beside it."""
    body = "i=0; while test $i -lt 50; do echo {0}-$i; i=$((i+1)); done"
    lines = [f"  {name}: {{cmd: '{body.format(name)}'}}" for name in ("aa", "bb", "cc")]
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("-j3", "aa", "bb", "cc")
    assert done.code == 0
    lines = [line for line in done.out.splitlines() if line.strip()[:3] in ("aa-", "bb-", "cc-")]
    assert len(lines) == 150
    owners = [line.strip()[:2] for line in lines]
    assert sum(left != right for left, right in zip(owners, owners[1:])) == 2


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
def test_an_interrupted_crowd_is_looked_for_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ending 40 stubborn tasks by force takes one search for what is left, not one for each."""
    searches: List[str] = []
    search = process_tree.marked

    def counted(mark: str) -> List[int]:
        searches.append(mark)
        return search(mark)

    monkeypatch.setattr(process_tree, "marked", counted)
    names = [TaskId(f"t{number}") for number in range(40)]
    command = "trap '' INT TERM; setsid sleep 47 & sleep 48; sleep 49"
    project = Project.of([Task(id=name, action=command) for name in names], str(tmp_path))
    with project.start(names, jobs=len(names), grace=0.2, env={"SCALE_TEST": str(tmp_path)}) as run:
        started = 0
        for record in run:
            started += isinstance(record.event, TaskStarted)
            if started == len(names):
                started = -1
                run.stop("enough")
    assert run.result().exit_code == 143
    whole = [mark for mark in searches if "." not in mark.rpartition("-")[2]]
    assert 1 <= len(whole) <= 5
    assert len(searches) - len(whole) <= len(names) / 2
    left = [pid for pid in os.listdir("/proc") if pid.isdigit() and _mentions(pid, f"SCALE_TEST={tmp_path}")]
    assert left == []


def _mentions(pid: str, entry: str) -> bool:
    try:
        return entry.encode() in Path("/proc", pid, "environ").read_bytes().split(b"\0")
    except OSError:
        return False
