"""The README's example runs through every layer."""

import subprocess
import sys
from pathlib import Path

HELLO = Path(__file__).parents[2] / "examples" / "hello"


def test_hello_runs_shell_and_python_tasks_in_one_graph() -> None:
    """Shell and Python tasks of one folder make one graph, and a return value reaches its dependant."""
    done = subprocess.run(
        [sys.executable, "-m", "taskrush", "-C", str(HELLO), "all"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "hello from the shell" in done.stdout
    assert "HELLO WORLD from" in done.stdout
