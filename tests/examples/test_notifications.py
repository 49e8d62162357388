"""A board is told of a failure, a recovery and a release."""

import subprocess
import sys
from typing import Callable

from tests.scenarios.rush import Scratch


def test_the_board_hears_of_it(example: Callable[[str], Scratch]) -> None:
    """As its README says."""
    scratch = example("notifications")
    board = subprocess.Popen(
        [sys.executable, "board.py", "0"], cwd=scratch.root, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert board.stdout is not None
        env = {"BOARD_URL": board.stdout.readline().split()[-1]}
        assert scratch.rush("release", env=env).code == 1
        scratch.write("fixed", "")
        done = scratch.rush("release", env=env)
        assert (done.code, "warning" in done.err) == (0, False)
        assert scratch.rush("notify", "test", "board", env=env).code == 0
    finally:
        board.terminate()
        told, _ = board.communicate(timeout=10)
    lines = told.splitlines()
    assert lines[0] == "[notifications] run failed; tasks: 1 failed"
    assert lines[1].startswith("  ✗ test failed: exit code 1 (")
    assert "2 attempts" in lines[1]
    assert any(line.startswith("  ✓ run of release is well again") for line in lines)
    assert "  1.2.3 is out" in lines
    assert "[notifications] test of channel board" in lines
