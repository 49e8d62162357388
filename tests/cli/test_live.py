"""The live view, and whatever else only happens on a terminal."""

import os
import re
import signal
from pathlib import Path
from typing import List

import pytest

if os.name != "posix":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.cli.terminal import Terminal, interrupt, render

pytest.importorskip("rich")

FILE = """
tasks:
  slow: {cmd: 'echo begin; sleep 0.8; echo end'}
  dots: {cmd: 'for i in 1 2 3 4 5; do printf .; sleep 0.2; done; echo'}
  quick: {cmd: echo quick}
  fails: {cmd: 'sleep 0.3; echo reason; exit 3'}
  all: {deps: [slow, dots, quick]}
  ask: {cmd: 'read answer; echo "got $answer"', interactive: true}
  deploy: {cmd: echo deployed, confirm: Really?}
  forever: {cmd: 'echo started; sleep 60'}
  shaky: {cmd: 'test -e ready || { touch ready; exit 3; }', retry: {delay: 1500ms}}
  stubborn: {cmd: 'trap "" INT TERM; echo started; while :; do sleep 0.1; done'}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    many = "".join(f"  m{n}: {{cmd: sleep 0.8}}\n" for n in range(40))
    (tmp_path / ".rush").write_text(f"{FILE}{many}  many: {{deps: [{', '.join(f'm{n}' for n in range(40))}]}}\n")
    return tmp_path


def left(terminal: Terminal) -> List[str]:
    return [re.sub(r"\d+\.\d\ds", "0.01s", line) for line in terminal.screen() if line]


def test_running_tasks_are_shown_and_leave_no_trace(project: Path) -> None:
    """While tasks run their names, times and the progress stand below; afterwards only output is left."""
    terminal = Terminal(["-j4", "all"], project, NO_COLOR="1")
    code = terminal.end()
    frames = terminal.seen.decode()
    assert code == 0
    assert re.search(r"slow +\d\.\d\ds", frames)
    assert re.search(r"dots +\d\.\d\ds", frames)
    assert "1/4" in frames
    lines = left(terminal)
    assert lines[-1] == "done: 4 tasks in 0.01s (4 succeeded)"
    assert [line for line in lines if line in ("begin", "end", ".....", "quick")].count(".....") == 1
    assert not any("/4" in line for line in lines)
    assert sorted(line for line in lines if line.startswith("✓")) == [
        "✓ dots  0.01s",
        "✓ quick  0.01s",
        "✓ slow  0.01s",
    ]


def test_a_line_that_is_not_complete_is_shown_below(project: Path) -> None:
    """Dots of the oldest task are seen as they come, although the lines below are redrawn."""
    terminal = Terminal(["dots"], project, NO_COLOR="1")
    assert terminal.end() == 0
    assert re.search(r"\n?\.\.\.\r\n", terminal.seen.decode())
    assert left(terminal) == [
        "▶ dots  for i in 1 2 3 4 5; do printf .; sleep 0.2; done; echo",
        ".....",
        "✓ dots  0.01s",
    ]


def test_quick_runs_show_nothing(project: Path) -> None:
    """No cursor is moved in a run that is over at once."""
    terminal = Terminal(["quick"], project, NO_COLOR="1")
    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen.decode()


@pytest.mark.parametrize("columns", [20, 200])
def test_many_tasks_fit_any_terminal(project: Path, columns: int) -> None:
    """Forty running tasks take a third of the rows at most, and no line is wider than the terminal."""
    terminal = Terminal(["-j40", "many"], project, columns, 12, NO_COLOR="1")
    terminal.wait_for("/41")
    terminal.end()
    for frame in terminal.seen.decode().split("\x1b[J")[1:]:
        drawn = frame.split("\x1b[")[0].split("\r\n")
        assert len([line for line in drawn if re.match(r"\S m\d+ +\d", line) and "✓" not in line]) <= 4
    assert re.search(r"and \d+ more", terminal.seen.decode())
    spinning = [line for line in terminal.seen.decode().split("\r\n") if re.search(r"m\d+ .*\ds$", line)]
    assert spinning
    assert max(len(re.sub(r"\x1b\[\w*?[A-Z]|\r", "", line)) for line in spinning if "✓" not in line) < columns


def test_resizing_leaves_no_rubbish(project: Path) -> None:
    """A terminal that becomes narrower while lines are drawn is cleaned all the same, in as many rows as they take."""
    terminal = Terminal(["slow"], project, 100, 24, NO_COLOR="1")
    terminal.wait_for("0/1")
    terminal.resize(40, 24)
    terminal.wait_for("end")
    terminal.end()
    assert re.search(r"\x1b\[[45]A", terminal.seen.decode())


def test_failures_come_last(project: Path) -> None:
    terminal = Terminal(["-k", "-j4", "fails", "slow"], project, NO_COLOR="1")
    assert terminal.end() == 1
    assert left(terminal)[-5:] == [
        "output of fails:",
        "reason",
        "✗ fails  exit code 3  0.01s  .rush:6:3",
        "failed: 2 tasks in 0.01s (1 succeeded, 1 failed)",
        "hint: `taskrush fails` runs it again",
    ]


def test_an_interruption_says_so_and_cleans_up(project: Path) -> None:
    """Ctrl-C ends the tasks; the lines below are gone, the exit code is that of the signal."""
    terminal = Terminal(["forever"], project, NO_COLOR="1")
    terminal.wait_for("0/1")
    interrupt(terminal)
    assert terminal.end() == 130
    lines = left(terminal)
    assert any("stopping: SIGINT; forever may take 5s to end, interrupt again to end at once" in line for line in lines)
    assert lines[-1] == "interrupted: 1 task in 0.01s (1 cancelled)"
    assert not any("0/1" in line for line in lines)


def test_a_second_interruption_does_not_wait(project: Path) -> None:
    """What ignores the first is ended by the second."""
    terminal = Terminal(["--grace", "60", "stubborn"], project, NO_COLOR="1")
    terminal.wait_for("started")
    interrupt(terminal, signal.SIGTERM)
    terminal.wait_for("stopping: SIGTERM")
    interrupt(terminal, signal.SIGTERM)
    assert terminal.end(10) == 143


def test_an_interactive_task_owns_the_terminal(project: Path) -> None:
    """It reads what is typed, and nothing is drawn meanwhile."""
    terminal = Terminal(["ask"], project, NO_COLOR="1")
    terminal.wait_for("ask")
    terminal.type(b"forty-two\n")
    terminal.wait_for("got forty-two")
    assert terminal.end() == 0
    assert "0/1" not in terminal.seen.decode()


@pytest.mark.parametrize(("answer", "code", "expected"), [(b"y\n", 0, "deployed"), (b"\n", 2, "nothing was run")])
def test_questions_are_asked_first(project: Path, answer: bytes, code: int, expected: str) -> None:
    terminal = Terminal(["deploy"], project, NO_COLOR="1")
    terminal.wait_for("deploy: Really? [y/N]")
    terminal.type(answer)
    assert terminal.end() == code
    assert expected in terminal.seen.decode()


def test_without_rich_there_is_no_live_view(project: Path) -> None:
    """The extra is missing: everything else is as it was."""
    (project / "rich").mkdir()
    (project / "rich" / "__init__.py").write_text("raise ImportError('not installed')")
    terminal = Terminal(["slow"], project, NO_COLOR="1", TASKRUSH_TEST_PATH=str(project))
    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen.decode()
    assert left(terminal)[1:] == ["begin", "end", "✓ slow  0.01s"]


def test_a_dumb_terminal_gets_plain_text(project: Path) -> None:
    """No colours and no moves, where a clever one gets both."""
    clever = Terminal(["slow"], project)
    assert clever.end() == 0
    assert "\x1b[1m" in clever.seen.decode()
    dumb = Terminal(["slow"], project, TERM="dumb")
    assert dumb.end() == 0
    assert "\x1b" not in dumb.seen.decode()


def test_the_renderer_of_these_tests() -> None:
    """Cursor up, erase below and carriage return do what a terminal does."""
    assert render("a\r\nb\r\nc\r\n\x1b[2A\r\x1b[Jd") == ["a", "d"]
    assert render("abc\rx") == ["xbc"]


def test_who_waits_for_a_pool_is_shown(project: Path) -> None:
    """A line says what is waited for, by whom first and how many more."""
    (project / ".rush").write_text(
        "pools: {door: 1}\ndefaults: {pool: door}\ntasks:\n"
        "  all: {deps: [a, b, c], pool: []}\n  a: sleep 0.8\n  b: sleep 0.1\n  c: sleep 0.1\n"
    )
    terminal = Terminal(["-j4", "all"], project, NO_COLOR="1")
    assert terminal.end() == 0
    assert "waiting for pool `door`: b and 1 more" in terminal.seen.decode()


def test_what_sleeps_until_its_next_attempt_is_shown(project: Path) -> None:
    """Which attempt comes, and when; nothing of it is left."""
    terminal = Terminal(["shaky"], project, NO_COLOR="1")
    assert terminal.end() == 0
    assert re.search(r"shaky +attempt 2 in [12]s", terminal.seen.decode())
    assert left(terminal) == [
        "↻ shaky  exit code 3; attempt 2 in 1.5s",
        "✓ shaky  flaky: passed on attempt 2  0.01s",
    ]


def test_a_service_that_is_up_is_told_apart(project: Path) -> None:
    (project / ".rush").write_text(
        "tasks:\n  web: {cmd: echo up; exec sleep 60, service: {ready: {log: up}}}\n"
        "  test: {cmd: sleep 0.8, deps: [web]}\n"
    )
    terminal = Terminal(["test"], project, NO_COLOR="1")
    assert terminal.end() == 0
    frames = terminal.seen.decode()
    assert re.search(r"web  up +\d\.\d\ds", frames)
    assert not re.search(r"test  up", frames)
    assert not any("web  up" in line for line in left(terminal))
