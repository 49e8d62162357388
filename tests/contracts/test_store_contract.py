"""Every store keeps the same promises: what is put comes out, whole or not at all, wherever it is."""

import os
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from taskrush.cache.fs_store import FsStore
from taskrush.cache.local_store import LocalStore
from taskrush.protocols import CacheStore


def folder_of_fsspec(folder: Path) -> FsStore:
    """A folder seen through a file system that knows nothing above it."""
    from fsspec.implementations.dirfs import DirFileSystem
    from fsspec.implementations.local import LocalFileSystem

    return FsStore("", DirFileSystem(str(folder), LocalFileSystem()))


MAKERS: Dict[str, Callable[[Path], CacheStore]] = {
    "local": lambda folder: LocalStore(str(folder)),
    "memory": lambda folder: FsStore(f"memory://{folder.name}-{os.urandom(4).hex()}"),
    "file": lambda folder: FsStore(f"file://{folder}"),
    "dirfs": folder_of_fsspec,
}


@pytest.fixture(params=sorted(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CacheStore:
    place = tmp_path / "store"
    place.mkdir()
    return MAKERS[request.param](place)


def staged(store: CacheStore, data: bytes) -> str:
    path = os.path.join(store.staging(), os.urandom(8).hex())
    Path(path).write_bytes(data)
    return path


def read(store: CacheStore, key: str) -> object:
    file = store.open(key)
    if file is None:
        return None
    with file:
        return file.read()


def test_what_is_put_comes_out(store: CacheStore) -> None:
    """Bytes and files, empty ones too, by `get` and by `open`."""
    store.put("objects/ab/cd", b"some bytes")
    store.put("objects/ab/empty", b"")
    path = staged(store, b"x" * 3_000_000)
    store.adopt("objects/ef/01", path)
    assert not os.path.exists(path)
    assert store.get("objects/ab/cd", 100) == b"some bytes"
    assert store.get("objects/ab/empty", 100) == b""
    assert read(store, "objects/ef/01") == b"x" * 3_000_000
    assert read(store, "objects/ab/empty") == b""


def test_no_more_is_got_than_one_byte_over_the_limit(store: CacheStore) -> None:
    store.put("records/a", b"0123456789")
    assert store.get("records/a", 4) == b"01234"
    assert store.get("records/a", 0) == b"0"


def test_a_later_put_takes_the_place_of_an_earlier(store: CacheStore) -> None:
    store.put("records/a/b", b"one")
    store.put("records/a/b", b"two")
    assert store.get("records/a/b", 10) == b"two"
    assert [key for key, _ in store.keys("records")] == ["records/a/b"]


def test_what_is_not_there_is_said_and_fails_nothing(store: CacheStore) -> None:
    assert store.get("objects/no/ne", 10) is None
    assert store.open("objects/no/ne") is None
    assert not store.touch("objects/no/ne")
    assert not store.delete("objects/no/ne")
    assert not store.move("objects/no/ne", "damaged/ne")
    assert list(store.keys("objects")) == []
    store.clear("objects")


def test_keys_are_sorted_and_of_one_kind_with_their_sizes(store: CacheStore) -> None:
    """Folders of two letters and flat kinds alike; nothing of what is being written."""
    staged(store, b"half")
    store.put("objects/b1/x", b"12")
    store.put("objects/a1/x", b"1")
    store.put("damaged/flat", b"123")
    assert [(key, kept.size) for key, kept in store.keys("objects")] == [("objects/a1/x", 1), ("objects/b1/x", 2)]
    assert [(key, kept.size) for key, kept in store.keys("damaged")] == [("damaged/flat", 3)]


def test_delete_move_and_clear(store: CacheStore) -> None:
    for name in ("a", "b", "c"):
        store.put(f"objects/00/{name}", b"x")
    assert store.delete("objects/00/a")
    assert store.move("objects/00/b", "damaged/b")
    assert [key for key, _ in store.keys("objects")] == ["objects/00/c"]
    assert store.get("damaged/b", 10) == b"x"
    store.clear("objects")
    assert list(store.keys("objects")) == []
    store.put("objects/00/again", b"y")
    assert store.get("objects/00/again", 10) == b"y"


def test_touching_makes_young(store: CacheStore) -> None:
    store.put("objects/00/a", b"x")
    before = dict(store.keys("objects"))["objects/00/a"].used_at
    assert store.touch("objects/00/a")
    assert dict(store.keys("objects"))["objects/00/a"].used_at >= before
    assert store.get("objects/00/a", 10) == b"x"


def test_a_put_that_breaks_off_leaves_nothing_under_the_key(store: CacheStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an object is never seen, whatever fails: writing, or the last step."""

    def fails(*arguments: Any, **more: Any) -> Any:
        raise OSError("disk full")

    if isinstance(store, LocalStore):
        monkeypatch.setattr(os, "replace", fails)
    else:
        store.put("objects/00/other", b"x")
        monkeypatch.setattr(store._fs, "mv", fails)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="disk full"):
        store.put("objects/00/a", b"x" * 100)
    with pytest.raises(OSError, match="disk full"):
        store.adopt("objects/00/a", staged(store, b"y" * 100))
    monkeypatch.undo()
    assert store.get("objects/00/a", 10) is None


def test_errors_of_any_kind_are_os_errors() -> None:
    """Back ends raise errors of their own; who uses a store has to know one kind."""

    class Odd:
        def _strip_protocol(self, url: str) -> str:
            return url

        def __getattr__(self, name: str) -> Any:
            raise KeyError("AccessDenied")

    store = FsStore("bucket", Odd())
    for act in (lambda: store.get("a/b", 1), lambda: store.open("a/b"), lambda: store.put("a/b", b"")):
        with pytest.raises(OSError, match="AccessDenied"):
            act()


def test_nothing_is_imported_for_a_store_that_is_not_used() -> None:
    """A URL in a configuration costs nothing until something is kept there."""
    import subprocess
    import sys

    code = (
        "import sys; from taskrush.cache.fs_store import FsStore; FsStore('memory://x'); print('fsspec' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
