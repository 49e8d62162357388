"""Objects named by the SHA-256 of their content, and small records by key, over any store.

Every object is hashed again when it is read, after it was decompressed. What does not match is set aside, so that it
counts as missing. It knows nothing of tasks.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys

from taskrush.cache.compression import SAMPLE, compressor, reader
from taskrush.cache.local_store import LocalStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple, Union

    from taskrush.cache.compression import Compressor
    from taskrush.protocols import CacheStore, Kept

CHUNK = 1 << 20
RECORD_LIMIT = 1 << 28
KINDS = ("records", "objects", "incoming", "damaged")
ZST = ".zst"
_FICLONE = 0x40049409

if TYPE_CHECKING:
    Look = Callable[[bytes], object]
    """Is shown all pieces of an object's content, in order."""


class Damaged(Exception):
    """A stored object is not what its name says; it has been set aside."""


class ObjectStore:
    """Objects and records in a store, or below a folder. With `compress` new objects are compressed where it pays;
    with `link` files restored from a folder may share their inode with an object."""

    def __init__(self, places: Union[str, CacheStore], compress: bool = False, link: bool = False) -> None:
        self._places: CacheStore = LocalStore(places) if isinstance(places, str) else places
        self._local = self._places if isinstance(self._places, LocalStore) else None
        self._compress = compress
        self._link = link and self._local is not None
        self._clones = sys.platform.startswith("linux")

    @property
    def root(self) -> str:
        """The folder or URL."""
        return self._places.root

    @property
    def places(self) -> CacheStore:
        return self._places

    @property
    def settings(self) -> Tuple[str, bool, bool]:
        """What makes another one like it, in another process."""
        return self.root, self._compress, self._link

    @property
    def links(self) -> bool:
        """Whether restored files may be names of objects."""
        return self._link

    @property
    def is_local(self) -> bool:
        return self._local is not None

    # --- objects ----------------------------------------------------------------

    def object_path(self, digest: str) -> str:
        """Where an object is, in a store below a folder."""
        return os.path.join(self.root, self._key_of(digest) or _key(digest))

    def has(self, digest: str) -> bool:
        return self._key_of(digest) is not None

    def put_bytes(self, data: bytes) -> str:
        """Store some bytes; their digest."""
        digest = hashlib.sha256(data).hexdigest()
        if not self._mark_used(digest):
            worker = compressor(data) if self._compress else None
            if worker is not None:
                self._places.put(_key(digest) + ZST, worker.feed(data) + worker.end())
            else:
                self._places.put(_key(digest), data)
        return digest

    def put_file(self, source: BinaryIO, look: Optional[Look] = None) -> Tuple[str, int]:
        """Store what can be read from an open, unbuffered file; its digest and size. It is read once.

        Whoever wants to be sure that it did not change meanwhile compares its status before and after.
        """
        size = os.fstat(source.fileno()).st_size
        if size <= CHUNK:
            data = source.read(size + 1)
            if len(data) != size:  # it is being written to, or of a kind that does not know its size
                data += b"".join(_pieces(source, CHUNK))
            if look is not None:
                look(data)
            return self.put_bytes(data), len(data)
        beside = os.path.join(self._places.staging(), f"{os.getpid()}-{os.urandom(8).hex()}")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        try:
            with open(os.open(beside, flags, 0o444), "r+b", buffering=0) as target:
                digest, size, ending = self._take_in(source, target, look)
            if self._mark_used(digest):
                os.unlink(beside)
            else:
                self._places.adopt(_key(digest) + ending, beside)
        except BaseException:
            try:
                os.unlink(beside)
            except OSError:
                pass
            raise
        return digest, size

    def _take_in(self, source: BinaryIO, target: BinaryIO, look: Optional[Look]) -> Tuple[str, int, str]:
        """Copy, compressed or by sharing blocks; digest, size, and how the name ends."""
        worker: Optional[Compressor] = None
        if self._compress:
            worker = compressor(source.read(SAMPLE))
            source.seek(0)
        cloned = worker is None and self._clone(source, target)
        sha, size = hashlib.sha256(), 0
        for data in _pieces(target if cloned else source, CHUNK):
            sha.update(data)
            size += len(data)
            if look is not None:
                look(data)
            if not cloned:
                _write(target, data if worker is None else worker.feed(data))
        if worker is not None:
            _write(target, worker.end())
        return sha.hexdigest(), size, "" if worker is None else ZST

    def get_bytes(self, digest: str, limit: int = 1 << 26) -> Optional[bytes]:
        """The object's bytes, or None if it is missing. Raises `Damaged`."""
        pieces: List[bytes] = []
        return b"".join(pieces) if self._read(digest, limit, pieces.append) is not None else None

    def write_to(self, digest: str, place: str, size: int, mode: int, look: Look) -> Optional[os.stat_result]:
        """Make a new file of an object of this size; its status, or None if the object is missing.

        Raises `Damaged`, `OSError`. Nothing is written of small objects that do not match; never more than `size` of
        any. Whatever goes wrong, the file may be there.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        with io.FileIO(os.open(place, flags, 0o600), "r+") as target:
            if not self._copy_to(digest, target, size, look):
                return None
            os.fchmod(target.fileno(), mode)
            return os.fstat(target.fileno())

    def _copy_to(self, digest: str, target: BinaryIO, size: int, look: Look) -> bool:
        pieces: List[bytes] = []

        def take(data: bytes) -> None:
            _write(target, data)
            look(data)

        cloned = self._read(digest, size, pieces.append if size <= CHUNK else take, size, target)
        if cloned:
            target.seek(0)
            for data in _pieces(target, CHUNK):
                look(data)
        for data in pieces:
            take(data)
        return cloned is not None

    def link_to(self, digest: str, place: str, size: int, look: Look) -> Optional[os.stat_result]:
        """Make `place` another name of the object, whose content was just verified; None if that cannot be."""
        if not self._link or self._local is None or self._read(digest, size, look, size) is None:
            return None
        try:
            os.link(self._local.path(_key(digest)), place, follow_symlinks=False)
        except (OSError, NotImplementedError):
            return None  # another file system, or too many names, or a compressed object
        return os.lstat(place)

    def is_object(self, digest: str, status: os.stat_result) -> bool:
        """Whether a file is a name of this object, so that writing to the one writes to the other."""
        if self._local is None or status.st_nlink < 2:
            return False
        try:
            kept = os.lstat(self._local.path(_key(digest)))
        except OSError:
            return False
        return (kept.st_ino, kept.st_dev) == (status.st_ino, status.st_dev)

    def is_sound(self, digest: str) -> bool:
        """Whether an object is what its name says; one that is not has been set aside."""
        try:
            return self._read(digest, sys.maxsize, lambda data: None) is not None
        except Damaged:
            return False

    def _read(
        self, digest: str, limit: int, take: Look, size: Optional[int] = None, target: Optional[BinaryIO] = None
    ) -> Optional[bool]:
        """Show `take` all of an object's content; None if it is missing, True if it was cloned to `target` instead.

        Raises `Damaged`.
        """
        try:
            key, source = self._open(digest)
            if source is None:
                return None
            with source:
                inner = reader(source) if key.endswith(ZST) else source
                if inner is None:
                    return None  # nothing here can decompress it
                cloned = target is not None and inner is source and self._clone(source, target, size)
                if cloned and target is not None:
                    inner = target
                sha, count = hashlib.sha256(), 0
                while True:
                    data = inner.read(CHUNK if size is None else min(size - count, CHUNK) + 1)
                    if not data:
                        break
                    count += len(data)
                    if count > limit:
                        break
                    sha.update(data)
                    if not cloned:
                        take(data)
                    if count == size and inner is not target:
                        break  # one byte more was asked for
        except (OSError, EOFError) as error:
            raise self._damaged(digest, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise self._damaged(digest, "is damaged") from error
        if count > limit or (size is not None and count != size) or sha.hexdigest() != digest:
            raise self._damaged(digest, "is damaged")
        return cloned

    def _damaged(self, digest: str, what: str) -> Damaged:
        self.set_aside(digest)
        return Damaged(f"object {digest[:12]} {what}")

    def set_aside(self, digest: str) -> None:
        """Move an object out of the way, where `cache verify` finds it."""
        for ending in ("", ZST):
            try:
                self._places.move(_key(digest) + ending, f"damaged/{digest}{ending}")
            except OSError:
                pass

    def _key_of(self, digest: str) -> Optional[str]:
        """Where an object is now."""
        for key in self._keys(digest):
            if self._local is None:
                if self._places.get(key, 0) is not None:
                    return key
            elif os.path.exists(self._local.path(key)):
                return key
        return None

    def _open(self, digest: str) -> Tuple[str, Optional[BinaryIO]]:
        """An object's key and its file; stores may hold plain and compressed ones side by side."""
        key = ""
        for key in self._keys(digest):
            source = self._places.open(key)
            if source is not None:
                return key, source
        return key, None

    def _keys(self, digest: str) -> Tuple[str, str]:
        plain = _key(digest)
        return (plain + ZST, plain) if self._compress else (plain, plain + ZST)

    def _mark_used(self, digest: str) -> bool:
        """Make an object young, so that eviction leaves it to the record about to name it; False if it is absent."""
        plain = _key(digest)
        return self._places.touch(plain) or self._places.touch(plain + ZST)

    def _clone(self, source: BinaryIO, target: BinaryIO, size: Optional[int] = None) -> bool:
        """Share the blocks of one open file, if it has this size, with another (reflink), where that is possible."""
        if not self._clones or self._local is None:
            return False
        import fcntl

        if size is not None and os.fstat(source.fileno()).st_size != size:
            return False
        try:
            fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError:
            self._clones = False  # another file system, or one that cannot
            return False
        return True

    # --- records ------------------------------------------------------------------

    def record_path(self, key: str) -> str:
        return os.path.join(self.root, _record(key))

    def get_record(self, key: str) -> Optional[bytes]:
        """The record under a key, or None."""
        try:
            return self._places.get(_record(key), RECORD_LIMIT)
        except OSError:
            return None

    def put_record(self, key: str, data: bytes) -> None:
        """Keep a record; raises `OSError`."""
        self._places.put(_record(key), data)

    def delete_record(self, key: str) -> bool:
        return self._quietly(self._places.delete, _record(key))

    def touch(self, key: str) -> None:
        """Note that a record was used now; what was not used for long goes first."""
        self._quietly(self._places.touch, _record(key))

    def records(self) -> Iterator[Tuple[str, Kept]]:
        """Keys with what is known of their records."""
        for key, kept in self._places.keys("records"):
            if key.endswith(".json"):
                yield key[len("records/") : -len(".json")].replace("/", ""), kept

    def objects(self) -> Iterator[Tuple[str, Kept]]:
        """Digests with what is known of their objects, once each."""
        found: Dict[str, Kept] = {}
        for key, kept in self._places.keys("objects"):
            digest = key[len("objects/") :].replace("/", "")
            found[digest[: -len(ZST)] if digest.endswith(ZST) else digest] = kept
        yield from found.items()

    def delete_object(self, digest: str) -> bool:
        gone = [self._quietly(self._places.delete, _key(digest) + ending) for ending in ("", ZST)]
        return any(gone)

    def clear(self) -> None:
        """Remove everything."""
        for kind in KINDS:
            self._places.clear(kind)

    def _quietly(self, act: Callable[[str], bool], key: str) -> bool:
        try:
            return act(key)
        except OSError:
            return False


def _key(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest[2:]}"


def _record(key: str) -> str:
    return f"records/{key[:2]}/{key[2:]}.json"


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    while True:
        data = source.read(size)
        if not data:
            return
        yield data


def _write(target: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[target.write(view) :]
