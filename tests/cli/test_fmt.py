"""`taskrush fmt` writes files whole, keeps their modes and links, and reads standard input."""

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from taskrush_cli.main import main

pytest.importorskip("ruamel.yaml")

UGLY = "tasks:\n    a:   x\n"
TIDY = "tasks:\n  a: x\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".rush"
    path.write_text(UGLY, encoding="utf-8")
    return path


def test_modes_and_links_are_kept(file: Path) -> None:
    """The file behind a link is replaced, not the link; nothing is left beside it."""
    real = file.with_name("real.rush")
    file.rename(real)
    file.symlink_to("real.rush")
    real.chmod(0o640)
    assert main(["fmt"]) == 0
    assert file.is_symlink()
    assert real.read_text(encoding="utf-8") == TIDY
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(os.listdir(str(file.parent))) == [".rush", ".taskrush", "real.rush"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_to(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and the file is as it was."""
    file.parent.chmod(0o500)
    try:
        assert main(["fmt"]) == 2
    finally:
        file.parent.chmod(0o700)
    assert "cannot write .rush: permission denied" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == UGLY


@pytest.mark.parametrize("flag", ["--check", "--diff"])
def test_looking_changes_nothing(file: Path, flag: str) -> None:
    """The exit code says that something would change; afterwards it says that nothing would."""
    assert main(["fmt", flag]) == 1
    assert file.read_text(encoding="utf-8") == UGLY
    assert main(["fmt"]) == 0
    assert main(["fmt", flag]) == 0


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For editors, outside of any workspace too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO(UGLY))
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == TIDY


def test_a_workspace_without_rush_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """TOML and Python are not formatted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taskrush.toml").write_text('[tasks]\na = "x"\n', encoding="utf-8")
    assert main(["fmt"]) == 2
    assert "there is no `.rush` file to format" in capsys.readouterr().err
