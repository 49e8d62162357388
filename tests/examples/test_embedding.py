"""Another tool uses TaskRush as its engine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.rush import REPOSITORY, environment

SCRIPT = REPOSITORY / "examples" / "embedding" / "gallery.py"


def gallery(tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=str(tmp_path),
        timeout=60,
        check=False,
    )


def picture(path: Path, width: int, height: int) -> None:
    dots = bytes(value for y in range(height) for x in range(width) for value in (x % 256, y % 256, 0))
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + dots)


@pytest.mark.core
def test_thumbnails_and_a_page(tmp_path: Path) -> None:
    """The tool's own progress counts up to all tasks, the thumbnails are right, the page comes last."""
    for name in ("a", "b", "c"):
        picture(tmp_path / f"{name}.ppm", 64, 48)
    done = gallery(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[-1].split()[1:] == ["page", "succeeded"]
    assert all(line.endswith("succeeded  32 24") for line in lines[:-1])
    small = (tmp_path / "site" / "b.ppm").read_bytes()
    assert small.startswith(b"P6 32 24 255\n")
    assert small[13:19] == bytes([0, 0, 0, 2, 0, 0])
    assert (tmp_path / "site" / "index.html").read_text().count("<img") == 3


def test_a_damaged_picture(tmp_path: Path) -> None:
    """Its own thumbnail fails, the page is skipped, the others are made; the exit code is 1."""
    picture(tmp_path / "good.ppm", 8, 8)
    (tmp_path / "bad.ppm").write_bytes(b"GIF89a not for us, this is")
    done = gallery(tmp_path)
    assert done.returncode == 1
    assert "bad.ppm is not a PPM picture" in done.stdout
    assert (tmp_path / "site" / "good.ppm").exists()
    assert not (tmp_path / "site" / "index.html").exists()
    states = {line.split()[1]: line.split()[2] for line in done.stdout.splitlines()}
    assert states == {"thumb:good.ppm": "succeeded", "thumb:bad.ppm": "failed", "page": "skipped"}


def test_it_is_short() -> None:
    """The whole tool is about 60 lines."""
    assert len(SCRIPT.read_text().splitlines()) <= 65
