"""The ways in: three programs, runs inside runs, both streams, exit codes."""

import os
import sys
from pathlib import Path
from typing import Tuple

import pytest

from tests.scenarios.rush import Scratch

SCRIPTS = Path(sys.executable).parent
PROGRAMS = [(sys.executable, "-m", "taskrush"), (str(SCRIPTS / "taskrush"),), (str(SCRIPTS / "rush"),)]


@pytest.mark.core
@pytest.mark.parametrize("program", PROGRAMS, ids=["module", "taskrush", "rush"])
def test_every_way_in_is_the_same(scratch: Scratch, program: Tuple[str, ...]) -> None:
    """`python -m taskrush`, `taskrush` and `rush` run tasks, tell their version and pass exit codes on."""
    scratch.write(".rush", "tasks: {good: {cmd: echo well}, bad: {cmd: exit 7}}")
    good = scratch.rush("good", program=program)
    assert (good.code, "well" in good.out) == (0, True)
    assert scratch.rush("bad", program=program).code == 1
    assert scratch.rush("--version", program=program).out.startswith("taskrush ")
    assert scratch.rush("--no-such-option", program=program).code == 2


def test_the_folder_is_not_imported_from(scratch: Scratch) -> None:
    """A file of the project that is called like a module of Python or of TaskRush's packages disturbs nothing."""
    scratch.write(".rush", "tasks: {good: {cmd: echo well}}")
    for name in ("yaml.py", "attr.py", "selectors.py"):
        scratch.write(name, "raise SystemExit('imported by mistake')")
    done = scratch.rush("good", program=PROGRAMS[1])
    assert (done.code, "well" in done.out) == (0, True), done.err


@pytest.mark.core
def test_both_streams_arrive(scratch: Scratch) -> None:
    """What a task writes to stdout and to stderr is shown, bytes that are no text included."""
    scratch.write(".rush", "tasks: {both: {cmd: \"echo to-out; echo to-err >&2; printf 'odd \\\\377 byte\\\\n'\"}}")
    done = scratch.rush("both")
    assert done.code == 0
    assert "to-out" in done.out
    assert "to-err" in done.all
    assert "odd \ufffd byte" in done.out


def test_piped_output_has_no_control_codes(scratch: Scratch) -> None:
    """What is piped is plain text."""
    scratch.write(".rush", "tasks: {good: {cmd: echo well}, bad: {cmd: exit 1}}")
    done = scratch.rush("-k", "good", "bad")
    assert "\x1b" not in done.all
    assert "\r" not in done.all


@pytest.mark.core
def test_a_run_inside_a_run(scratch: Scratch) -> None:
    """A task may run TaskRush again: output and failure come through."""
    scratch.write(
        ".rush",
        f"""
        tasks:
          outer: {{cmd: '"{sys.executable}" -m taskrush -C inner "${{which}}"', params: {{which: {{default: good}}}}}}
        """,
    )
    scratch.write("inner/.rush", "tasks: {good: {cmd: echo from inside}, bad: {cmd: echo inner failed; exit 5}}")
    good = scratch.rush("outer")
    assert (good.code, "from inside" in good.out) == (0, True), good.all
    bad = scratch.rush("outer", "--which", "bad")
    assert bad.code == 1
    assert "inner failed" in bad.all


def test_what_a_task_reads_from_stdin_is_empty(scratch: Scratch) -> None:
    """A task that reads stdin finds its end at once, so that none waits for a person who is not asked."""
    scratch.write(".rush", "tasks: {read: {cmd: 'cat; echo read-on'}}")
    done = scratch.rush("read", input="not for the task\n")
    assert done.code == 0
    assert "read-on" in done.out
    assert "not for the task" not in done.out


def test_a_closed_output_is_no_traceback(scratch: Scratch) -> None:
    """`taskrush list | head -1` ends quietly."""
    scratch.write(".rush", "tasks:\n" + "".join(f"  task-number-{n}: {{cmd: 'true'}}\n" for n in range(3000)))
    line = f'"{sys.executable}" -m taskrush list | head -1'
    done = scratch.rush(program=("/bin/sh", "-c", line))
    assert "Traceback" not in done.err
    assert "BrokenPipe" not in done.err


def test_the_exit_code_of_help_is_zero(scratch: Scratch) -> None:
    """`--help` works without any project."""
    done = scratch.rush("--help")
    assert done.code == 0
    assert "--keep-going" in done.out
    assert os.listdir(str(scratch.root)) == []
