"""The project's own `tasks.py` checks the project."""

import shutil
from pathlib import Path

import pytest

from taskrush import Argv, Project
from tests.scenarios.rush import REPOSITORY, Scratch

PARTS = (
    "taskrush",
    "taskrush_cli",
    "tests",
    "examples",
    "tasks.py",
    "noxfile.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
LEFTOVERS = shutil.ignore_patterns("__pycache__", ".venv", "node_modules", ".taskrush", ".*_cache", "build", "dist")


@pytest.fixture
def copy(tmp_path: Path) -> Scratch:
    for name in PARTS:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(str(source), str(tmp_path / name), ignore=LEFTOVERS)
        else:
            shutil.copy(str(source), str(tmp_path / name))
    return Scratch(tmp_path)


@pytest.mark.core
def test_ci_is_everything() -> None:
    """`ci` plans linting, formatting, types, layers, tests and a wheel, and prepares what they need."""
    plan = Project.load(str(REPOSITORY)).plan("ci")
    planned = [task.id for task in plan.tasks]
    assert set(planned) == {
        "lint", "format-check", "types", "layers", "tests", "clean-dist", "wheel", "inspect-wheel", "ci",
    }  # fmt: skip
    assert planned.index("clean-dist") < planned.index("wheel") < planned.index("inspect-wheel")
    assert planned[-1] == "ci"
    lint = next(task for task in plan.tasks if task.id == "lint")
    assert isinstance(lint.action, Argv)
    assert lint.action.words[1:] == ("-m", "ruff", "check", ".")


def test_its_checks_find_mistakes(copy: Scratch) -> None:
    """An unused import that also breaks the layers is found by both checks; neither hides the other."""
    pytest.importorskip("ruff", reason="the `examples` dependency group is not installed")
    pytest.importorskip("importlinter", reason="the `examples` dependency group is not installed")
    assert "outcome.py" not in copy.rush("-k", "lint", "layers").all
    outcome = copy.root / "taskrush" / "model" / "outcome.py"
    future = "from __future__ import annotations\n"
    text = outcome.read_text(encoding="utf-8")
    assert future in text
    outcome.write_text(text.replace(future, f"{future}\nimport taskrush.project\n", 1), encoding="utf-8")
    done = copy.rush("-k", "lint", "layers")
    assert done.code == 1
    assert "F401" in done.all
    assert "taskrush.model.outcome -> taskrush.project" in done.all


def test_tests_take_parameters(copy: Scratch) -> None:
    """`tests --keyword` runs what matches, with the interpreter given, and passes a failure on."""
    shutil.rmtree(str(copy.root / "tests"))
    copy.write("tests/test_probe.py", "def test_probe_good(): pass\ndef test_probe_bad(): assert False\n")
    good = copy.rush("tests", "--keyword", "probe_good")
    assert good.code == 0, good.all
    assert "1 passed" in good.out
    assert copy.rush("tests", "--keyword", "probe_bad").code == 1
    assert copy.rush("tests", "--python", "no/such/python").code == 1


def test_the_wheel_is_built_and_inspected(copy: Scratch) -> None:
    """`inspect-wheel` builds a wheel that holds both packages and starts."""
    pytest.importorskip("build", reason="the `examples` dependency group is not installed")
    pytest.importorskip("hatchling", reason="the `examples` dependency group is not installed")
    done = copy.rush("inspect-wheel")
    assert done.code == 0, done.all
    (wheel,) = (copy.root / "dist").glob("*.whl")
    assert f"{wheel.name}: as it should be" in done.out
    assert "taskrush " in done.out
