"""The live view says how long a run still takes, where the past knows; nobody else pays for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.cli.terminal import REPOSITORY, Terminal

pytest.importorskip("rich")
LEFT = re.compile(rb"(\d)/3  about (\d+)s left \((\d+) to (\d+)\)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".rush").write_text(
        "tasks:\n  a: {cmd: sleep 1}\n  b: {cmd: sleep 1.2, deps: [a]}\n  all: {deps: [b]}\n"
    )
    return tmp_path


def test_what_is_left_is_said_and_counts_down(project: Path) -> None:
    """Nothing in the first run; in the second near the truth, less and less; and then it is gone."""
    first = Terminal(["all"], project, NO_COLOR="1")
    assert first.end() == 0
    assert b" left (" not in first.seen
    second = Terminal(["all"], project, NO_COLOR="1")
    assert second.end() == 0
    said = [tuple(map(int, found.groups())) for found in LEFT.finditer(second.seen)]
    assert said, second.seen
    assert all(low <= seconds <= high for _, seconds, low, high in said)
    assert said[0][1] in (1, 2)
    assert said[-1][1] <= said[0][1]
    assert not any("left" in line for line in second.screen())


def test_after_a_failure_nothing_is_promised(project: Path) -> None:
    """What runs may end, and how long the rest would take is nobody's business; with `-k` it is."""
    text = "tasks:\n  bad: {cmd: 'sleep 0.2; test ! -e bad'}\n  long: {cmd: sleep 1.8}\n  all: {deps: [bad, long]}\n"
    (project / ".rush").write_text(text)
    assert Terminal(["-j2", "all"], project, NO_COLOR="1").end() == 0
    (project / "bad").write_text("")
    drained = Terminal(["-j2", "all"], project, NO_COLOR="1")
    assert drained.end() == 1
    assert b" left (" not in drained.seen
    kept = Terminal(["-j2", "-k", "all"], project, NO_COLOR="1")
    assert kept.end() == 1
    assert b" left (" in kept.seen


def test_nobody_else_loads_anything_for_it(project: Path) -> None:
    """Neither the past nor what works on it is loaded in a run that nobody watches."""
    script = (
        "import sys\nfrom taskrush_cli.main import main\nmain(['all'])\n"
        "names = ('sqlite3', 'random', 'taskrush.foreseeing', 'taskrush.analyzing', 'taskrush_cli.render.left')\n"
        "print('LOADED', [name for name in names if name in sys.modules])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", script], cwd=project, env=env, capture_output=True, check=True)
    assert b"LOADED []" in done.stdout
