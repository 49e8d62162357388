"""Files copied by workers are those that would have been copied here, whatever happens to a worker."""

import os
import random
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from taskrush.cache import copy_workers
from taskrush.cache.confine import Unsafe
from taskrush.cache.copy_workers import Copier, workers_here
from taskrush.cache.copying import NotStorable, identity
from taskrush.cache.objects import Damaged, ObjectStore
from taskrush.cache.outputs import SecretScan
from taskrush.model.identity import identity_of
from taskrush.model.redaction import Redactor
from tests.cache.test_outputs import TASK, Bench, random_tree, snapshot

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="there are no workers here")
SEED = 7
Rows = List[Tuple[str, Tuple[int, ...]]]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are started at once, for the smallest of files."""
    monkeypatch.setattr(copy_workers, "START_BYTES", -1)
    monkeypatch.setattr(copy_workers, "SMALL", 0)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(str(tmp_path / "store"))


@pytest.fixture
def copier(eager: None, store: ObjectStore) -> Iterator[Copier]:
    """One with a worker that is ready."""
    made = Copier(store, SEED, most=1)
    wait_for_worker(made)
    yield made
    made.close()


def wait_for_worker(copier: Copier) -> None:
    copier.keep("/", [])  # too little for a message
    copier._elsewhere(1, ("nothing",))
    until = time.monotonic() + 20
    while not copier._starting[0].answers:
        assert time.monotonic() < until, "no worker became ready"
        time.sleep(0.01)


def pid_of(copier: Copier) -> int:
    return (copier._idle or copier._starting)[0]._pid


def made_files(root: Path, count: int = 40, size: int = 70_000) -> Rows:
    """Files of several sizes, as `keep` takes them."""
    rnd = random.Random(3)
    rows = []
    for number in range(count):
        path = root / "out" / str(number % 3) / f"f{number} ü"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rnd.getrandbits(8 * size).to_bytes(size, "big")[: rnd.choice([0, 10, size])])
        path.chmod(rnd.choice([0o644, 0o755, 0o400]))
        rows.append((os.path.relpath(path, root), identity(os.lstat(path))))
    return rows


def wanted(kept: List[Tuple[str, int, bytes]], rows: Rows, place: Path) -> List[Tuple[str, int, int, str]]:
    place.mkdir()
    return [
        (digest, size, stat.S_IMODE(seen[0]), str(place / str(number)))
        for number, ((digest, size, _), (_, seen)) in enumerate(zip(kept, rows))
    ]


def quick_of(kept: List[Tuple[str, int, bytes]]) -> List[bytes]:
    return [quick for _, _, quick in kept]


def served(copier: Copier) -> bool:
    """Whether its worker is still in use."""
    return bool(copier._idle)


@pytest.mark.core
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("link", [False, True])
def test_workers_copy_what_is_copied_here(compress: bool, link: bool, tmp_path: Path, eager: None) -> None:
    """Both ways: digests, sizes, contents, modes, with every policy."""
    rows = made_files(tmp_path)
    found = []
    for name, most in (("here", 0), ("there", 1)):
        store = ObjectStore(str(tmp_path / name), compress=compress, link=link)
        copier = Copier(store, SEED, most=most)
        if most:
            wait_for_worker(copier)
        kept = copier.keep(str(tmp_path), rows)
        marks = copier.fetch(wanted(kept, rows, tmp_path / f"{name}-back"))
        assert served(copier) is bool(most)
        copier.close()
        found.append((kept, [quick for quick, _ in marks or ()], snapshot(tmp_path / f"{name}-back")))
    assert found[0] == found[1]
    assert quick_of(kept) == found[0][1]


@pytest.mark.core
def test_a_worker_that_is_killed_is_done_without(copier: Copier, tmp_path: Path) -> None:
    """Nothing is lost, and it is not replaced."""
    rows = made_files(tmp_path)
    kept = copier.keep(str(tmp_path), rows)
    assert served(copier)
    os.kill(pid_of(copier), signal.SIGKILL)
    assert copier.keep(str(tmp_path), rows) == kept
    assert not served(copier)
    marks = copier.fetch(wanted(kept, rows, tmp_path / "back"))
    assert [quick for quick, _ in marks or ()] == quick_of(kept)


def test_a_worker_that_dies_half_way_leaves_nothing_in_the_way(copier: Copier, tmp_path: Path) -> None:
    """Places that it had begun with are made again from the start."""
    rows = made_files(tmp_path)
    kept = copier.keep(str(tmp_path), rows)
    places = wanted(kept, rows, tmp_path / "back")
    for _, _, _, place in places[:5]:
        Path(place).write_bytes(b"half")  # as if by the worker
    os.kill(pid_of(copier), signal.SIGKILL)
    marks = copier.fetch(places)
    assert marks == [(quick, identity_of(os.lstat(place))) for quick, (_, _, _, place) in zip(quick_of(kept), places)]
    assert [Path(place).stat().st_size for _, _, _, place in places] == [size for _, size, _ in kept]


@pytest.mark.core
def test_a_damaged_object_is_seen_by_a_worker(copier: Copier, store: ObjectStore, tmp_path: Path) -> None:
    """In place and with its times set back: it is set aside, and the next one who asks misses it."""
    rows = made_files(tmp_path, count=4)
    kept = copier.keep(str(tmp_path), rows)
    digest = next(digest for digest, size, _ in kept if size)
    path = store.object_path(digest)
    before = os.stat(path)
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.write(b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    row = (digest, before.st_size, 0o644, str(tmp_path / "place"))
    with pytest.raises(Damaged, match="is damaged"):
        copier.fetch([row])
    assert served(copier)
    os.unlink(tmp_path / "place")
    assert copier.fetch([row]) is None
    assert os.listdir(tmp_path / "store" / "damaged") == [digest]


@pytest.mark.core
def test_workers_read_nothing_through_links(copier: Copier, tmp_path: Path) -> None:
    """An output, or a folder above one, that became a link since it was looked at is not stored."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "f").write_text("secret")
    seen = identity(os.lstat(tmp_path / "secret" / "f"))
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "out").symlink_to("../secret")
    (tmp_path / "w" / "f").symlink_to("../secret/f")
    with pytest.raises(Unsafe, match="a link is in the way"):
        copier.keep(str(tmp_path / "w"), [("out/f", seen)])
    with pytest.raises(OSError, match="symbolic links"):
        copier.keep(str(tmp_path / "w"), [("f", seen)])
    with pytest.raises(Unsafe):
        copier.keep(str(tmp_path / "w"), [("../secret/f", seen)])
    assert served(copier)


def test_what_changes_meanwhile_is_not_stored(copier: Copier, tmp_path: Path) -> None:
    """Its status is compared by the worker as it is here."""
    rows = made_files(tmp_path, count=3)
    (tmp_path / rows[1][0]).chmod(0o600)
    with pytest.raises(NotStorable, match="changed while it was being stored"):
        copier.keep(str(tmp_path), rows)
    with pytest.raises(FileNotFoundError):
        copier.keep(str(tmp_path), [("out/gone", rows[0][1])])
    assert served(copier)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of another process")
def test_a_full_disk_is_an_error_and_leaves_no_object(copier: Copier, store: ObjectStore, tmp_path: Path) -> None:
    """What cannot be written whole is not there, and the worker goes on."""
    import resource

    data = tmp_path / "large"
    data.write_bytes(os.urandom(3 << 20))
    resource.prlimit(pid_of(copier), resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    with pytest.raises(OSError, match="too large"):
        copier.keep(str(tmp_path), [("large", identity(os.lstat(data)))])
    assert served(copier)
    assert list(store.objects()) == []
    assert os.listdir(tmp_path / "store" / "incoming") == []


def test_what_is_watched_is_read_here(copier: Copier, tmp_path: Path) -> None:
    """A worker is not told secrets."""
    rows = made_files(tmp_path, count=3)
    (tmp_path / "f").write_bytes(b"so it is hunter22 of course")
    rows.append(("f", identity(os.lstat(tmp_path / "f"))))
    secrets = Redactor([b"hunter22"])
    with pytest.raises(NotStorable, match="output `f` holds a secret"):
        copier.keep(str(tmp_path), rows, lambda path, look: SecretScan(path, secrets, look))


@pytest.mark.core
def test_closing_leaves_no_process_and_no_descriptor(eager: None, store: ObjectStore, tmp_path: Path) -> None:
    """A thousand files, four threads' worth of workers, and nothing is left."""
    before = os.listdir("/dev/fd")
    rows = made_files(tmp_path, count=300, size=3000)
    copier = Copier(store, SEED, most=4)
    pids = set()
    for _ in range(8):
        copier.keep(str(tmp_path), rows)
        pids.update(worker._pid for worker in (*copier._starting, *copier._idle))
    copier.close()
    assert 1 <= len(pids) <= 4
    assert os.listdir("/dev/fd") == before
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    copier.keep(str(tmp_path), rows)
    assert copier._idle + copier._starting == []


def test_one_that_cannot_start_is_done_without(
    eager: None, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interpreter that is gone, or one that cannot import this package."""
    rows = made_files(tmp_path)
    for program in ("/nowhere/python", "/bin/true"):
        monkeypatch.setattr(sys, "executable", program)
        copier = Copier(store, SEED, most=2)
        for _ in range(3):
            assert len(copier.keep(str(tmp_path), rows)) == len(rows)
            time.sleep(0.1)
        copier.close()


def test_there_are_none_where_they_are_of_no_use(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a single processor, and for a store that is no folder."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    assert workers_here(store) == 0
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    assert workers_here(store) == copy_workers.MOST
    with monkeypatch.context() as inside:  # programs that carry an interpreter inside would start themselves again
        inside.setattr(sys, "frozen", True, raising=False)
        assert workers_here(store) == 0
    for program in (None, "", "/usr/sbin/server"):
        monkeypatch.setattr(sys, "executable", program)
        assert workers_here(store) == 0


@pytest.mark.parametrize("seed", range(20))
def test_random_trees_come_back_the_same_by_workers(seed: int, eager: None, tmp_path: Path) -> None:
    """As in `test_outputs.py`, in one cache whose files all go through a worker."""
    bench = Bench(tmp_path)
    cache = bench.cache()
    bench.cache = lambda: cache  # type: ignore[method-assign]
    rnd = random.Random(seed)
    assert bench.save(TASK, "k1", lambda: random_tree(bench.root / "out", rnd, 100_000)) is None
    before = snapshot(bench.root / "out")
    assert bench.save(TASK, "k2", lambda: random_tree(bench.root / "out", rnd, 100_000)) is None
    assert bench.restore(TASK, "k1"), bench.warnings
    assert snapshot(bench.root / "out") == before
    cache.save()
