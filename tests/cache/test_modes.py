"""Compressed, linked, or behind a URL: results come back the same, and nothing that happens to them goes unseen."""

import os
import random
import stat
from pathlib import Path
from typing import Callable, Dict, Tuple

import pytest

from taskrush.cache import compression
from taskrush.cache.fs_store import FsStore
from taskrush.cache.objects import Damaged, ObjectStore
from taskrush.cache.verify import verify
from taskrush.model.fingerprint import Fingerprint
from taskrush.model.task import Task
from tests.cache.test_outputs import TASK, Bench, random_tree, snapshot

needs_zstd = pytest.mark.skipif(compression.zstd() is None, reason="zstd is part of Python 3.14 or of an extra")
TEXT = b"a line of text that repeats itself\n" * 20_000

MODES: Dict[str, Callable[[str], ObjectStore]] = {
    "compressed": lambda folder: ObjectStore(folder, compress=True),
    "linked": lambda folder: ObjectStore(folder, link=True),
    "linked and compressed": lambda folder: ObjectStore(folder, link=True, compress=True),
    "url": lambda folder: ObjectStore(FsStore(f"file://{folder}"), compress=True),
}


@pytest.fixture(params=[pytest.param(mode, marks=needs_zstd if "compressed" in mode else ()) for mode in MODES])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.store = MODES[request.param](str(tmp_path / "store"))
    return made


@pytest.fixture
def linked(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.store = ObjectStore(str(tmp_path / "store"), link=True)
    return made


def looks(bench: Bench) -> Dict[str, Tuple[str, int, bytes]]:
    """The outputs; of what is a link into the store the mode says nothing but that it is no program."""
    found = snapshot(bench.root / "out")
    if bench.store.links:
        for path, (kind, mode, content) in found.items():
            if kind == "file" and not mode & 0o111:
                found[path] = (kind, 0, content)
    return found


def round_trip(bench: Bench, seed: int, largest: int) -> None:
    rnd = random.Random(seed)
    assert bench.save(TASK, "k1", lambda: random_tree(bench.root / "out", rnd, largest)) is None
    wanted = looks(bench)
    assert bench.save(TASK, "k2", lambda: random_tree(bench.root / "out", rnd, largest)) is None
    for key in ("k1", "k2", "k1"):
        assert bench.restore(TASK, key), bench.warnings
        assert bench.cache().fresh(TASK, key)
        assert key != "k1" or looks(bench) == wanted
    found = verify(bench.store)
    assert (found.damaged, found.incomplete) == (0, 0)
    assert not os.listdir(bench.root / ".taskrush" / "incoming")


@pytest.mark.parametrize("seed", range(12))
def test_a_random_tree_comes_back_the_same(seed: int, bench: Bench) -> None:
    """Kinds, links, names, contents, and what may be executed."""
    round_trip(bench, seed, 200_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(500))
def test_five_hundred_random_trees_with_files_up_to_five_mib(seed: int, bench: Bench) -> None:
    """The same with large files, by name."""
    round_trip(bench, seed, 5 << 20)


def make_text(bench: Bench) -> None:
    (bench.root / "out").mkdir(exist_ok=True)
    (bench.root / "out" / "f").write_bytes(TEXT)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    for place in range(at, min(at + 16, len(data))):
        data[place] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("at", [0, 5, 40, 100, -20])
def test_flipped_bytes_are_a_miss_and_are_reported(at: int, bench: Bench) -> None:
    """In the head of a compressed object, in its middle, at its end: set aside, nothing on disk changes."""
    bench.save(TASK, "k", lambda: make_text(bench))
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    path = Path(_place(bench, found.manifest.entries[0].digest))
    flip(path, at if at >= 0 else path.stat().st_size + at)
    os.unlink(bench.root / "out" / "f")
    (bench.root / "out" / "f").write_text("other")
    assert not bench.restore(TASK, "k")
    assert (bench.root / "out" / "f").read_text() == "other"
    assert "counts as missing" in bench.warnings[0]
    assert not path.exists()


def _place(bench: Bench, digest: str) -> str:
    return bench.store.object_path(digest).replace("file://", "")


@needs_zstd
def test_what_saves_nothing_is_not_compressed(tmp_path: Path) -> None:
    """Text is, noise and small things are not; either way the digest is that of the content."""
    store = ObjectStore(str(tmp_path), compress=True)
    noise = random.Random(1).getrandbits(8 * 200_000).to_bytes(200_000, "big")
    assert store.object_path(store.put_bytes(TEXT)).endswith(".zst")
    assert not store.object_path(store.put_bytes(noise)).endswith(".zst")
    assert not store.object_path(store.put_bytes(b"x" * 300)).endswith(".zst")
    large = tmp_path / "large"
    large.write_bytes(TEXT * 3)
    with open(large, "rb", buffering=0) as file:
        digest, size = store.put_file(file)
    assert size == len(TEXT) * 3
    assert store.object_path(digest).endswith(".zst")
    assert store.get_bytes(digest) == TEXT * 3
    assert os.stat(store.object_path(digest)).st_size < size / 20


@needs_zstd
def test_a_bomb_is_stopped_at_the_recorded_size(tmp_path: Path) -> None:
    """A compressed object that becomes larger than its record says fills neither disk nor memory."""
    store = ObjectStore(str(tmp_path), compress=True)
    digest = store.put_bytes(b"\0" * 50_000_000)
    assert os.stat(store.object_path(digest)).st_size < 50_000
    for size in (1000, 2 << 20):
        with pytest.raises(Damaged):
            store.write_to(digest, str(tmp_path / "target"), size, 0o644, lambda data: None)
        assert (tmp_path / "target").stat().st_size <= size
        (tmp_path / "target").unlink()
        store.put_bytes(b"\0" * 50_000_000)
    with pytest.raises(Damaged):
        store.get_bytes(digest, 1000)


@needs_zstd
def test_stores_written_either_way_are_read_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy is about writing only; without zstd a compressed object is missing, not an error."""
    digest = ObjectStore(str(tmp_path), compress=True).put_bytes(TEXT)
    plain = ObjectStore(str(tmp_path))
    assert plain.get_bytes(digest) == TEXT
    assert [key for key, _ in plain.objects()] == [digest]
    monkeypatch.setattr(compression, "zstd", lambda: None)
    assert plain.get_bytes(digest) is None
    monkeypatch.undo()
    assert plain.delete_object(digest)
    assert not plain.has(digest)


def test_without_zstd_objects_are_stored_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "zstd", lambda: None)
    store = ObjectStore(str(tmp_path), compress=True)
    assert store.get_bytes(store.put_bytes(TEXT)) == TEXT


def test_links_share_an_inode_and_cannot_be_written(linked: Bench) -> None:
    """Restored by link: no byte is copied; programs, whose mode would be lost, are copied."""

    def make() -> None:
        make_text(linked)
        (linked.root / "out" / "run").write_bytes(TEXT)
        (linked.root / "out" / "run").chmod(0o755)

    linked.save(TASK, "k", make)
    for name in ("f", "run"):
        os.unlink(linked.root / "out" / name)
    assert linked.restore(TASK, "k")
    file = os.stat(linked.root / "out" / "f")
    found = linked.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    assert linked.store.is_object(found.manifest.entries[0].digest, file)
    assert not file.st_mode & 0o222
    assert stat.S_IMODE(os.stat(linked.root / "out" / "run").st_mode) == 0o755
    assert os.stat(linked.root / "out" / "run").st_nlink == 1


def in_place(linked: Bench) -> None:
    """What a task does that opens its old output for writing, allowed or not."""
    path = linked.root / "out" / "f"
    with open(path, "r+b" if path.exists() else "w+b") as file:
        file.write(b"REWRITTEN")


@pytest.mark.parametrize(
    "task",
    [
        TASK,
        Task(id="make", action="true", inputs=["src", "out"], outputs=["out"]),
        Task(id="make", action="true", inputs=["src"], outputs=["out"], incremental=True),
    ],
    ids=["plain", "reads its outputs", "incremental"],
)
@pytest.mark.parametrize("known", [True, False], ids=["marked", "mark lost"])
def test_a_task_that_rewrites_its_output_in_place_does_not_touch_the_store(
    task: Task, known: bool, linked: Bench
) -> None:
    """Before it starts, its outputs are files of their own again, also after a kill between links and mark."""
    linked.save(task, "k", lambda: make_text(linked))
    os.unlink(linked.root / "out" / "f")
    assert linked.restore(task, "k")
    if not known:
        linked.cache().forget(task)
    assert linked.save(task, "k2", lambda: in_place(linked)) is None
    found = verify(linked.store)
    assert (found.damaged, found.incomplete) == (0, 0)
    os.unlink(linked.root / "out" / "f")
    assert linked.restore(task, "k")
    assert (linked.root / "out" / "f").read_bytes() == TEXT


def test_whoever_forces_a_write_into_a_link_is_found_out(linked: Bench) -> None:
    """A person rewrites a linked output behind our back: not fresh, and its object is a miss, never a hit."""
    linked.save(TASK, "k", lambda: make_text(linked))
    os.unlink(linked.root / "out" / "f")
    assert linked.restore(TASK, "k")
    path = linked.root / "out" / "f"
    before = os.stat(path)
    path.chmod(0o644)
    path.write_bytes(TEXT.replace(b"text", b"TEXT"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not linked.cache().fresh(TASK, "k")
    os.unlink(path)
    assert not linked.restore(TASK, "k")
    assert "damaged" in linked.warnings[0]


def test_two_outputs_with_one_content_are_two_links(linked: Bench) -> None:
    def make() -> None:
        make_text(linked)
        (linked.root / "out" / "g").write_bytes(TEXT)

    linked.save(TASK, "k", make)
    for name in "fg":
        os.unlink(linked.root / "out" / name)
    assert linked.restore(TASK, "k")
    os.unlink(linked.root / "out" / "f")
    assert linked.restore(TASK, "k")  # beside a link to the same object that is right already
    assert snapshot(linked.root / "out")["f"][2] == TEXT
    assert not os.listdir(linked.root / ".taskrush" / "incoming")


def test_a_link_does_not_stand_for_a_program_with_its_content(linked: Bench) -> None:
    """The same bytes, once to be executed and once not: the mode of a link is that of its object."""

    def make(mode: int) -> None:
        (linked.root / "out").mkdir(exist_ok=True)
        (linked.root / "out" / "f").write_bytes(TEXT)
        (linked.root / "out" / "f").chmod(mode)

    linked.save(TASK, "program", lambda: make(0o755))
    linked.save(TASK, "text", lambda: make(0o644))
    os.unlink(linked.root / "out" / "f")
    assert linked.restore(TASK, "text")
    assert linked.restore(TASK, "program")
    assert stat.S_IMODE(os.stat(linked.root / "out" / "f").st_mode) == 0o755
