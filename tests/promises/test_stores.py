"""The cache's place and policies as they are written in a file."""

import os
import shutil

import pytest

from taskrush.cache import compression
from tests.scenarios.rush import Scratch

TASKS = """
cache:
  backends: [{type: local, path: %s}]
  policies: {%s}
tasks:
  make: {cmd: 'echo ran >> trace; mkdir -p out; yes | head -c 300000 > out/f', inputs: [in], outputs: [out]}
"""


@pytest.fixture
def own_place(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A workspace whose own words say where the cache is."""
    monkeypatch.delenv("TASKRUSH_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(scratch.root / "home"))
    scratch.write("in", "1")
    return scratch


@pytest.mark.parametrize("policy", ["compression: false", "compression: true", "restore: link", "restore: copy"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_results_come_back_from_there(policy: str, scheme: str, own_place: Scratch) -> None:
    """By path and by URL, with each policy; the file says, and nothing else is needed."""
    place = own_place.root / "kept"
    own_place.write(".rush", TASKS % (f"{scheme}{place}", policy))
    assert own_place.rush("make").code == 0
    shutil.rmtree(own_place.root / "out")
    shutil.rmtree(own_place.root / ".taskrush")
    done = own_place.rush("make")
    assert "1 hit" in done.all or "from cache" in done.all, done.all
    assert own_place.ran() == ["ran"]
    assert own_place.text("out/f") == "y\n" * 150_000
    objects = [path for path in (place / "objects").rglob("*") if path.is_file()]
    compressed = compression.zstd() is not None and policy == "compression: true"
    assert sorted({path.suffix for path in objects}) == ([".zst"] if compressed else [""])
    if not scheme:
        assert (os.stat(own_place.root / "out" / "f").st_nlink == 2) == (policy == "restore: link")


def test_clouds_are_refused_in_words(own_place: Scratch) -> None:
    """A store beyond this machine needs what this version lacks, and it says so."""
    own_place.write(".rush", TASKS % ("s3://bucket/x", ""))
    done = own_place.rush("make")
    assert done.code == 2
    assert "`s3://bucket/x`: caches beyond this machine are not part of this version" in done.err
    assert "hint: write a path, or a URL that begins with `file://`" in done.err
