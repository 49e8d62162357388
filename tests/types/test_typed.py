"""What people declare keeps its types, in the eyes of both type checkers at their strictest."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def check(checker: str, path: Path) -> "subprocess.CompletedProcess[str]":
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"`{checker}` is not installed")
    strict: List[str] = ["--strict", "--warn-unused-ignores"] if checker == "mypy" else ["--pythonpath", sys.executable]
    command = [sys.executable, "-m", checker, *strict, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_declarations_keep_their_types(checker: str) -> None:
    """Decorated functions, commands, results and runs have the types that were written."""
    done = check(checker, HERE / "typed.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_wrong_type_is_noticed(checker: str, tmp_path: Path) -> None:
    """The checkers really judge these declarations: asserting another type fails."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text((HERE / "typed.py").read_text() + "\nassert_type(result_of(version), int)\n")
    done = check(checker, wrong)
    assert done.returncode == 1
    assert done.stdout.count("error:") == 1
