"""Functions of `tasks.py` can import modules beside it, when they are loaded and when they run."""

import subprocess
import sys
from pathlib import Path

import pytest

TASKS = """
from early_helper import EARLY
from taskrush import task

@task
def thread():
    from late_helper import LATE
    print(EARLY, LATE)

@task(isolate="process")
def process():
    from late_helper import LATE
    print(EARLY, LATE)
"""


@pytest.mark.parametrize("name", ["thread", "process"])
def test_modules_beside_the_file_are_found(name: str, tmp_path: Path) -> None:
    """In threads and in processes of their own."""
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "early_helper.py").write_text("EARLY = 'early'\n")
    (tmp_path / "late_helper.py").write_text("LATE = 'late'\n")
    command = [sys.executable, "-m", "taskrush", "-C", str(tmp_path), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "early late\n"), done.stderr
