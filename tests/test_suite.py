"""The second try of CI, with small suites of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLAKY = """
import os, pathlib
def test_good(): pass
def test_flaky():
    mark = pathlib.Path("mark")
    seen = mark.exists()
    mark.touch()
    assert seen
"""


def suite(folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_some.py").write_text(text)
    return subprocess.run(
        [sys.executable, str(ROOT / "tests" / "suite.py"), "-q", "-n", "2", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_what_passes_alone_is_named_as_flaky(tmp_path: Path) -> None:
    done = suite(tmp_path, FLAKY)
    assert done.returncode == 0, done.stdout
    assert "flaky (failed among all others, passed alone):\n  test_some.py::test_flaky\n" in done.stdout


def test_what_fails_again_is_a_failure(tmp_path: Path) -> None:
    done = suite(tmp_path, "def test_bad(): assert 0\n")
    assert done.returncode == 1
    assert "flaky" not in done.stdout


def test_many_failures_are_not_tried_again(tmp_path: Path) -> None:
    done = suite(tmp_path, "".join(f"def test_{n}(): assert 0\n" for n in range(4)))
    assert done.returncode == 1
    assert "once more" not in done.stdout


def test_a_crash_is_a_failure(tmp_path: Path) -> None:
    assert suite(tmp_path, FLAKY.replace("assert seen", "seen or os.abort()")).returncode == 1


def test_a_suite_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    assert suite(tmp_path, "def test_(: pass\n").returncode != 0
