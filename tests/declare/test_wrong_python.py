"""Every wrong `tasks.py` in `wrong_python/` gets exactly the message that stands below its text."""

import sys
from pathlib import Path
from typing import Tuple

import pytest

import taskrush
from taskrush import ConfigError, Project, TaskSet
from taskrush.declare.module import load_module

WRONG = Path(__file__).parent / "wrong_python"
CASES = sorted(WRONG.glob("*.case"))
CUT = "\n===== message =====\n"

pytestmark = pytest.mark.core


def read(path: Path) -> Tuple[str, str]:
    source, _, message = path.read_text(encoding="utf-8").partition(CUT)
    return source, message


def message_for(source: str, folder: Path) -> str:
    """What loading the file, or planning all of its tasks, says, in the order of its lines."""
    path = folder / "tasks.py"
    path.write_text(source + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        plan_all(path)
    problems = sorted(
        caught.value.problems, key=lambda one: (one.where.line, one.where.column) if one.where else (0, 0)
    )
    return "".join(f"{problem}\n" for problem in problems)


def plan_all(path: Path) -> None:
    project = Project.of(TaskSet.from_module(load_module(str(path))))
    project.plan([task.id for task in project.graph])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_wrong_file_gets_exactly_this_message(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Place, caret and hint in the user's own file are part of the contract."""
    monkeypatch.chdir(tmp_path)
    source, message = read(path)
    found = message_for(source, tmp_path)
    assert found.replace(sys.executable, "PYTHON").replace(taskrush.__file__, "TASKRUSH") == message


def test_the_corpus_is_large() -> None:
    """At least twenty mistakes are held to their messages."""
    assert len(CASES) >= 20
