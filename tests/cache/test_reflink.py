"""Where the file system can share blocks, storing and restoring large files takes no room."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from tests.cache.test_outputs import TASK, Bench
from tests.needs import needs_program

SIZE = 24 << 20


@pytest.fixture(params=["xfs", "btrfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A small file system of that kind."""
    needs_program(f"mkfs.{request.param}")
    if os.getuid() != 0:
        pytest.skip("mounting takes root")
    image, folder = tmp_path / "image", tmp_path / "mounted"
    with open(image, "wb") as file:
        file.truncate(400 << 20)
    subprocess.run([f"mkfs.{request.param}", "-q", str(image)], check=True, stdout=subprocess.DEVNULL)
    folder.mkdir()
    if subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=False, capture_output=True).returncode:
        pytest.skip(f"{request.param} images cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def used(folder: Path) -> int:
    subprocess.run(["sync", "-f", str(folder)], check=True)
    return shutil.disk_usage(folder).used


def test_blocks_are_shared_and_writing_parts_them(place: Path) -> None:
    """Store and restore of 24 MiB take less than 4 MiB each; a write to the output does not reach the store."""
    bench = Bench(place)
    data = os.urandom(1 << 20) * (SIZE >> 20)

    def make() -> None:
        (bench.root / "out").mkdir()
        (bench.root / "out" / "f").write_bytes(data)
        used(place)

    assert bench.save(TASK, "k", make) is None
    once = used(place)
    assert once < SIZE + (70 << 20)
    (bench.root / "out" / "f").rename(bench.root / "kept")
    assert bench.restore(TASK, "k"), bench.warnings
    assert used(place) - once < 4 << 20
    assert (bench.root / "out" / "f").read_bytes() == data
    with open(bench.root / "out" / "f", "r+b") as file:
        file.write(b"rewritten")
    os.unlink(bench.root / "out" / "f")
    assert bench.restore(TASK, "k"), bench.warnings
    assert (bench.root / "out" / "f").read_bytes() == data
