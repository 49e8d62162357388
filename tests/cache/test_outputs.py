"""Whatever a task made goes into the cache and comes back the same; nothing else is ever touched."""

import os
import random
import stat
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from taskrush.cache.objects import ObjectStore
from taskrush.cache.result_cache import LocalResultCache, read_record, write_record
from taskrush.model.artifact import Manifest, Stored
from taskrush.model.fingerprint import Fingerprint
from taskrush.model.outcome import succeeded
from taskrush.model.task import Task
from taskrush.plan.file_index import FileIndex
from taskrush.values import evolve

NAMES = [
    "a",
    "b.txt",
    "ü ñ",
    "with space",
    "x" * 250,
    "-dash",
    "#",
    "new\nline",
    "q'\"`$(x)",
    "日本",
    b"\xff\xfe".decode("utf-8", "surrogateescape"),
]
TASK = Task(id="make", action="true", inputs=["src"], outputs=["out"])


class Bench:
    """A workspace, a store and a cache over both."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "w"
        self.root.mkdir(parents=True)
        self.store = ObjectStore(str(folder / "store"))
        self.warnings: List[str] = []
        self.replayed: List[Tuple[str, bytes]] = []

    def cache(self) -> LocalResultCache:
        return LocalResultCache(str(self.root), self.store, FileIndex(str(self.root)), "run", self.warnings.append)

    def save(self, task: Task, key: str, made: "object") -> "object":
        recording = self.cache().begin(task)
        made()  # type: ignore[operator]
        recording.output("stdout", b"out")
        recording.output("stderr", b"err")
        return recording.finish(Fingerprint((), key), succeeded())

    def restore(self, task: Task, key: str) -> bool:
        cache = self.cache()
        found = cache.stored(task, Fingerprint((), key))
        if found is None:
            return False
        return cache.restore(task, found, lambda stream, data: self.replayed.append((stream, data)))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def snapshot(root: Path) -> Dict[str, Tuple[str, int, bytes]]:
    """Everything below a folder: kind, permission bits, content or target."""
    found = {}
    for folder, folders, files in os.walk(str(root)):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            mode = stat.S_IMODE(status.st_mode)
            rel = os.path.relpath(path, str(root))
            if stat.S_ISLNK(status.st_mode):
                found[rel] = ("link", 0, os.fsencode(os.readlink(path)))
            elif stat.S_ISDIR(status.st_mode):
                found[rel] = ("folder", 0, b"")
            else:
                with open(path, "rb") as file:
                    found[rel] = ("file", mode, file.read())
    return found


def random_tree(root: Path, rnd: random.Random, largest: int) -> None:
    """Files of many sizes and modes, links (dangling ones too), empty folders, odd names."""
    root.mkdir(parents=True, exist_ok=True)
    folders = [root]
    for _ in range(rnd.randint(1, 12)):
        path = rnd.choice(folders) / rnd.choice(NAMES)
        if os.path.lexists(str(path)):
            continue
        kind = rnd.random()
        if kind < 0.3:
            path.mkdir()
            folders.append(path)
        elif kind < 0.45:
            path.symlink_to(rnd.choice(["a", "nowhere", "b.txt", "./ü ñ"]))
        else:
            size = rnd.choice([0, 1, 100, 5000, rnd.randint(0, largest)])
            path.write_bytes(rnd.getrandbits(8 * size).to_bytes(size, "big") if size else b"")
            path.chmod(rnd.choice([0o600, 0o644, 0o755, 0o400, 0o640]))


@pytest.mark.parametrize("seed", range(50))
def test_a_random_tree_comes_back_the_same(seed: int, bench: Bench) -> None:
    """Modes, links, names, empty folders and contents survive being stored and restored."""
    round_trip(bench, seed, 200_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(500))
def test_five_hundred_random_trees_with_files_up_to_five_mib(seed: int, bench: Bench) -> None:
    """The same with large files, by name."""
    round_trip(bench, seed, 5 << 20)


def round_trip(bench: Bench, seed: int, largest: int) -> None:
    rnd = random.Random(seed)
    assert bench.save(TASK, "k1", lambda: random_tree(bench.root / "out", rnd, largest)) is None
    wanted = snapshot(bench.root / "out")
    assert bench.save(TASK, "k2", lambda: random_tree(bench.root / "out", rnd, largest)) is None
    assert bench.restore(TASK, "k1")
    assert snapshot(bench.root / "out") == wanted
    assert bench.replayed == [("stdout", b"out"), ("stderr", b"err")]
    assert bench.cache().fresh(TASK, "k1")
    assert not bench.cache().fresh(TASK, "k2")


def test_what_an_earlier_result_had_and_this_one_lacks_is_removed(bench: Bench) -> None:
    """On a hit the task's own old files go; files that it does not own stay."""
    out = bench.root / "out"

    def make(*names: str) -> None:
        out.mkdir(exist_ok=True)
        for name in names:
            (out / name).write_text(name)

    bench.save(TASK, "k1", lambda: make("a", "b"))
    bench.save(TASK, "k2", lambda: make("a"))
    assert sorted(os.listdir(str(out))) == ["a"]
    (out / "mine").write_text("not the task's")
    assert bench.restore(TASK, "k1")
    assert sorted(os.listdir(str(out))) == ["a", "b", "mine"]
    assert bench.restore(TASK, "k2")
    assert sorted(os.listdir(str(out))) == ["a", "mine"]


def test_files_that_stood_there_before_are_no_part_of_a_result(bench: Bench) -> None:
    """What a person put into an output folder is not stored unless the task rewrote it."""
    out = bench.root / "out"
    out.mkdir()
    (out / "mine").write_text("x")
    (out / "both").write_text("old")

    def make() -> None:
        (out / "made").write_text("new")
        (out / "both").write_text("new")

    bench.save(TASK, "k", make)
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    assert [entry.path for entry in found.manifest.entries] == ["out/both", "out/made"]


def make_one(bench: Bench) -> None:
    (bench.root / "out").mkdir(exist_ok=True)
    (bench.root / "out" / "f").write_bytes(b"content " * 1000)


def test_sixteen_flipped_bytes_are_a_miss_and_are_reported(bench: Bench) -> None:
    """A damaged object is set aside and nothing on disk changes."""
    bench.save(TASK, "k", lambda: make_one(bench))
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    path = Path(bench.store.object_path(found.manifest.entries[0].digest))
    data = bytearray(path.read_bytes())
    data[100:116] = bytes(byte ^ 0xFF for byte in data[100:116])
    path.chmod(0o600)
    path.write_bytes(bytes(data))
    (bench.root / "out" / "f").write_text("other")
    assert not bench.restore(TASK, "k")
    assert (bench.root / "out" / "f").read_text() == "other"
    assert "damaged" in bench.warnings[0]
    assert not path.exists()


def test_a_missing_object_is_a_miss(bench: Bench) -> None:
    """Records without their objects restore nothing."""
    bench.save(TASK, "k", lambda: make_one(bench))
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    os.unlink(bench.store.object_path(found.manifest.entries[0].digest))
    os.unlink(str(bench.root / "out" / "f"))
    assert not bench.restore(TASK, "k")
    assert not (bench.root / "out" / "f").exists()


HOSTILE = [
    ["../x", "file"],
    ["/etc/x", "file"],
    ["out/../../x", "file"],
    ["out/a\0b", "file"],
    ["out//a", "file"],
    ["out/./a", "file"],
    ["", "file"],
    ["other/x", "file"],
    [".git/hooks/post-checkout", "file"],
    ["out/l", "link", "/etc/passwd"],
    ["out/l", "link", "../../x"],
    ["out/l", "socket"],
    ["out/" + "d/" * 3000 + "x", "file"],
]


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: repr(row[0])[:30])
def test_hostile_records_write_nothing(row: List[str], bench: Bench) -> None:
    """A record that names anything but the task's own outputs is refused whole, and said so."""
    bench.save(TASK, "k", lambda: make_one(bench))
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    data = found.to_json()
    digest = found.manifest.entries[0].digest
    target = row[2] if len(row) > 2 else ""
    data["manifest"].append([row[0], row[1], digest if row[1] == "file" else "", 8000, 0o644, target])
    forge(bench, "k", data)
    before = snapshot(bench.root.parent)
    assert not bench.restore(TASK, "k")
    assert len(bench.warnings) == 1
    after = snapshot(bench.root.parent)
    assert {path for path in after if not path.startswith("store")} == {
        path for path in before if not path.startswith("store")
    }


def test_records_of_another_task_key_or_version_are_refused(bench: Bench) -> None:
    """A record moved under another name is no result."""
    bench.save(TASK, "k", lambda: make_one(bench))
    data = bench.store.get_record("k")
    assert data is not None
    with pytest.raises(ValueError, match="another task or key"):
        read_record(data, TASK, "k2")
    with pytest.raises(ValueError, match="another task or key"):
        read_record(data, Task(id="other", outputs=["out"]), "k")
    with pytest.raises(ValueError, match="damaged"):
        read_record(data.replace(b"out/f", b"out/g"), TASK, "k")
    assert write_record(read_record(data, TASK, "k")) == data


def test_a_record_counts_attempts_only_where_there_were_several() -> None:
    """So that what knows nothing of them reads the others; what is no number is refused."""
    once, late = (Stored(key="k", task=TASK.id, manifest=Manifest(entries=()), attempts=number) for number in (1, 2))
    assert b"attempts" not in write_record(once)
    assert [read_record(write_record(one), TASK, "k").attempts for one in (once, late)] == [1, 2]
    with pytest.raises(ValueError, match="does not count attempts"):
        read_record(write_record(evolve(late, attempts="2")), TASK, "k")  # type: ignore[arg-type]


def test_huge_sizes_are_refused(bench: Bench) -> None:
    """A result that says it is larger than anything can be is not tried."""
    bench.save(TASK, "k", lambda: make_one(bench))
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    data = found.to_json()
    data["manifest"][0][3] = 1 << 60
    forge(bench, "k", data)
    assert not bench.restore(TASK, "k")


def forge(bench: Bench, key: str, data: Dict[str, object]) -> None:
    """Write a record whose seal is right and whose content is not."""
    import hashlib
    import json

    text = json.dumps({"version": 1, **data}).encode()
    bench.store.put_record(key, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)


def test_a_link_in_the_way_is_never_followed(bench: Bench) -> None:
    """`out` replaced by a link to elsewhere: the link goes, what it points to stays as it is."""
    bench.save(TASK, "k", lambda: make_one(bench))
    elsewhere = bench.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_text("precious")
    os.unlink(str(bench.root / "out" / "f"))
    (bench.root / "out").rmdir()
    (bench.root / "out").symlink_to(elsewhere)
    assert bench.restore(TASK, "k")
    assert (elsewhere / "f").read_text() == "precious"
    assert not (bench.root / "out").is_symlink()
    assert (bench.root / "out" / "f").read_bytes() == b"content " * 1000


def test_outputs_that_are_no_files_are_not_stored(bench: Bench) -> None:
    """A pipe among the outputs: the task is not stored, and the reason names it."""

    def make() -> None:
        (bench.root / "out").mkdir()
        os.mkfifo(str(bench.root / "out" / "pipe"))

    assert bench.save(TASK, "k", make) == "output `out/pipe` is neither a file, a folder nor a link"
    assert bench.store.get_record("k") is None


def test_a_link_out_of_the_workspace_is_not_stored(bench: Bench) -> None:
    """Absolute links and links that climb out are named as the reason."""

    def make() -> None:
        (bench.root / "out").mkdir()
        (bench.root / "out" / "l").symlink_to("/etc/passwd")

    reason = bench.save(TASK, "k", make)
    assert isinstance(reason, str)
    assert "does not point inside the workspace" in reason


def test_setuid_bits_do_not_survive(bench: Bench) -> None:
    """Permission bits are kept, nothing above them."""

    def make() -> None:
        make_one(bench)
        os.chmod(str(bench.root / "out" / "f"), 0o4755)

    bench.save(TASK, "k", make)
    os.unlink(str(bench.root / "out" / "f"))
    assert bench.restore(TASK, "k")
    assert stat.S_IMODE(os.stat(str(bench.root / "out" / "f")).st_mode) == 0o755


def test_identical_files_are_stored_once(bench: Bench) -> None:
    """Content names an object."""

    def make() -> None:
        (bench.root / "out").mkdir()
        for name in "abc":
            (bench.root / "out" / name).write_bytes(b"same" * 100)

    bench.save(TASK, "k", make)
    sizes = [status.size for _, status in bench.store.objects()]
    assert sizes.count(400) == 1


def test_what_a_failed_run_made_is_gone_from_the_next_result(bench: Bench) -> None:
    """Files of an attempt that failed are neither stored nor left lying about; what a person put there stays."""
    out = bench.root / "out"
    recording = bench.cache().begin(TASK)
    out.mkdir()
    (out / "half").write_text("half")
    recording.abandon()
    (out / "mine").write_text("mine")

    def make() -> None:
        assert sorted(os.listdir(str(out))) == ["mine"]
        (out / "whole").write_text("whole")

    assert bench.save(TASK, "k", make) is None
    assert sorted(os.listdir(str(out))) == ["mine", "whole"]
    found = bench.cache().stored(TASK, Fingerprint((), "k"))
    assert found is not None
    assert [entry.path for entry in found.manifest.entries] == ["out/whole"]


def test_what_a_killed_run_made_is_cleared_away_by_a_restore_too(bench: Bench) -> None:
    """Nobody was there to note what it made: everything that was not there before counts."""
    out = bench.root / "out"
    bench.save(TASK, "k", lambda: make_one(bench))
    (out / "mine").write_text("mine")
    bench.cache().begin(TASK)
    (out / "half").write_text("half")
    assert bench.restore(TASK, "k")
    assert sorted(os.listdir(str(out))) == ["f", "mine"]
