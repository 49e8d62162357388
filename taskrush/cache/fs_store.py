"""A store behind any fsspec URL. fsspec itself is imported with the first use.

Nothing is ever streamed to its final key: on every back end an error halfway would publish half an object. It is put
beside and then moved. Listings are never taken from fsspec's memory of them.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import tempfile

from taskrush.protocols import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Iterator, Optional, Tuple


class FsStore:
    """A `CacheStore` below a URL (`memory://x`, `file:///x`), or below a path of a file system that is given."""

    def __init__(self, url: str, file_system: Any = None) -> None:
        self.root = url
        self._given = file_system
        self._fs: Any = None
        self._top = ""
        self._staging: Optional[str] = None

    def staging(self) -> str:
        if self._staging is None:
            self._staging = tempfile.mkdtemp(prefix="taskrush-")
            import atexit
            import shutil

            atexit.register(shutil.rmtree, self._staging, ignore_errors=True)
        return self._staging

    def get(self, key: str, limit: int) -> Optional[bytes]:
        with _as_os_errors():
            try:
                return bytes(self._connect().cat_file(self._path(key), start=0, end=limit + 1))
            except FileNotFoundError:
                return None

    def open(self, key: str) -> Optional[BinaryIO]:
        with _as_os_errors():
            try:
                opened: BinaryIO = self._connect().open(self._path(key), "rb")
            except FileNotFoundError:
                return None
            return opened

    def put(self, key: str, data: bytes) -> None:
        with _as_os_errors():
            beside = self._beside()
            self._connect().pipe_file(beside, data)
            self._move(beside, key)

    def adopt(self, key: str, file: str) -> None:
        with _as_os_errors():
            beside = self._beside()
            self._connect()
            self._fs.put_file(file, beside)
            self._move(beside, key)
        os.unlink(file)

    def touch(self, key: str) -> bool:
        with _as_os_errors():
            fs = self._connect()
            if not fs.exists(self._path(key)):
                return False
            try:
                fs.touch(self._path(key), truncate=False)
            except (NotImplementedError, ValueError, OSError):
                pass  # then its age is that of its making
            return True

    def keys(self, kind: str) -> Iterator[Tuple[str, Kept]]:
        fs = self._connect()
        with _as_os_errors():
            try:
                found = fs.find(self._path(kind), detail=True)
            except FileNotFoundError:
                found = {}
        for path, facts in sorted(found.items()):
            yield path[len(self._top) :].lstrip("/"), Kept(int(facts["size"] or 0), _age(facts))

    def delete(self, key: str) -> bool:
        with _as_os_errors():
            try:
                self._connect().rm_file(self._path(key))
            except FileNotFoundError:
                return False
            return True

    def move(self, key: str, to: str) -> bool:
        with _as_os_errors():
            try:
                self._connect()
                self._move(self._path(key), to)
            except FileNotFoundError:
                return False
            return True

    def clear(self, kind: str) -> None:
        with _as_os_errors(), contextlib.suppress(FileNotFoundError):
            self._connect().rm(self._path(kind), recursive=True)

    # --- inside -----------------------------------------------------------------

    def _connect(self) -> Any:
        if self._fs is None:
            if self._given is not None:
                self._fs, top = self._given, self._given._strip_protocol(self.root)
            else:
                with _as_os_errors():
                    import fsspec  # type: ignore[import-untyped]

                    self._fs, top = fsspec.core.url_to_fs(self.root, use_listings_cache=False)
            self._top = str(top).rstrip("/")
        return self._fs

    def _path(self, key: str) -> str:
        self._connect()
        return f"{self._top}/{key}" if self._top else key

    def _beside(self) -> str:
        place = self._path(f"incoming/{os.getpid()}-{os.urandom(8).hex()}")
        self._fs.makedirs(posixpath.dirname(place), exist_ok=True)
        return place

    def _move(self, beside: str, key: str) -> None:
        place = self._path(key)
        self._fs.makedirs(posixpath.dirname(place), exist_ok=True)
        self._fs.mv(beside, place)


def _age(facts: Any) -> float:
    """When it was last changed, in seconds since 1970: file systems name and write it in ways of their own."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = facts.get(name)
        if hasattr(value, "timestamp"):
            return float(value.timestamp())
        if isinstance(value, (int, float)):
            return float(value)
    return 0.0


@contextlib.contextmanager
def _as_os_errors() -> Iterator[None]:
    """Back ends raise errors of their own; here all of them are `OSError`."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
