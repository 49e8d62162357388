"""`examples/services` runs as its README says."""

import shutil
from pathlib import Path

import pytest

from tests.scenarios.rush import REPOSITORY, Scratch


@pytest.mark.core
def test_the_tests_meet_a_server_and_then_need_none(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    example = tmp_path / "examples" / "services"
    ignore = shutil.ignore_patterns("build", ".taskrush")
    shutil.copytree(str(REPOSITORY / "examples" / "services"), str(example), ignore=ignore)
    done = scratch.rush("-C", "examples/services", "test")
    assert done.code == 0, done.all
    assert "the shop knows tea" in done.out
    assert "the shop knows 3.20" in done.out
    assert "5 succeeded" in done.err
    again = scratch.rush("-C", "examples/services", "-v", "test")
    assert again.code == 0, again.all
    assert "server  skipped: nothing that ran needed it" in again.err
