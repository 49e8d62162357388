"""The store stays within its bounds; what was used last stays longest; nothing that is in use goes."""

import os
import time
from pathlib import Path

import pytest

from taskrush.cache.evict import Limits, evict, parse_age, parse_size
from taskrush.cache.objects import ObjectStore
from taskrush.cache.result_cache import write_record
from taskrush.model.artifact import FILE, Entry, Manifest, Stored

pytestmark = pytest.mark.core


def keep(store: ObjectStore, key: str, data: bytes, age: float) -> str:
    """A record naming one object, both last used `age` seconds ago."""
    digest = store.put_bytes(data)
    manifest = Manifest(entries=(Entry("out/f", FILE, digest, len(data)),))
    store.put_record(key, write_record(Stored(key=key, task="t", manifest=manifest)))
    moment = time.time() - age
    for path in (store.record_path(key), store.object_path(digest)):
        os.utime(path, (moment, moment))
    return digest


def keys(store: ObjectStore) -> "list[str]":
    return sorted(key for key, _ in store.records())


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    """Until the rest fits; objects go with the last record that names them."""
    store = ObjectStore(str(tmp_path))
    for number, age in enumerate((40000, 30000, 20000, 10000)):
        keep(store, f"{number:064}", bytes([number]) * 10000, age)
    done = evict(store, Limits(max_size=25000))
    assert keys(store) == [f"{2:064}", f"{3:064}"]
    assert (done.records, done.objects) == (2, 2)
    assert len(list(store.objects())) == 2


def test_objects_shared_with_a_kept_record_stay(tmp_path: Path) -> None:
    """An object goes only when nothing names it any more."""
    store = ObjectStore(str(tmp_path))
    keep(store, "a" * 64, b"same", 90000)
    digest = keep(store, "b" * 64, b"same", 10)
    os.utime(store.object_path(digest), (1, 1))
    evict(store, Limits(max_size=None, ttl=86400.0))
    assert keys(store) == ["b" * 64]
    assert store.has(digest)


def test_young_objects_without_a_record_are_left_to_the_run_that_wrote_them(tmp_path: Path) -> None:
    """A run stores its objects first and its record last."""
    store = ObjectStore(str(tmp_path))
    young = store.put_bytes(b"young")
    old = store.put_bytes(b"old")
    os.utime(store.object_path(old), (1, 1))
    evict(store, Limits())
    assert store.has(young)
    assert not store.has(old)


def test_storing_again_makes_an_object_young(tmp_path: Path) -> None:
    """An object about to be named by a new record is not evicted under its feet."""
    store = ObjectStore(str(tmp_path))
    digest = store.put_bytes(b"x")
    os.utime(store.object_path(digest), (1, 1))
    assert store.put_bytes(b"x") == digest
    evict(store, Limits())
    assert store.has(digest)


def test_half_written_files_of_killed_runs_go(tmp_path: Path) -> None:
    """After an hour."""
    store = ObjectStore(str(tmp_path))
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "x").touch()
    os.utime(str(tmp_path / "incoming" / "x"), (1, 1))
    (tmp_path / "incoming" / "y").touch()
    evict(store, Limits())
    assert os.listdir(str(tmp_path / "incoming")) == ["y"]


@pytest.mark.parametrize(
    ("text", "size"), [("10GB", 10**10), ("512 MiB", 512 << 20), ("7", 7), ("1.5k", 1500), ("2TiB", 2 << 40)]
)
def test_sizes(text: str, size: int) -> None:
    """Decimal and binary units."""
    assert parse_size(text) == size


def test_ages_and_what_is_none() -> None:
    """Days, hours, minutes, seconds, weeks; anything else is refused."""
    assert [parse_age(text) for text in ("30d", "12h", "90m", "45s", "2w")] == [2592000, 43200, 5400, 45, 1209600]
    for text in ("", "d", "10", "x3"):
        with pytest.raises(ValueError, match=r"not a duration|could not convert"):
            parse_age(text)
    with pytest.raises(ValueError, match="not a size"):
        parse_size("10 pounds")
