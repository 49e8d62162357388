"""The local store: immutable objects named by the SHA-256 of their content, small records by key.

Everything is written beside its place and renamed; every object is hashed again when it is read. What does not match is
set aside, so that it counts as missing. It knows nothing of tasks.
"""

import hashlib
import os
import shutil
import stat
import sys
from typing import BinaryIO, Callable, Iterator, Optional, Tuple

from taskrush.statefile import write_whole

CHUNK = 1 << 20
_FICLONE = 0x40049409


class Damaged(Exception):
    """A stored object is not what its name says; it has been set aside."""


class ObjectStore:
    """Objects and records below one folder of this machine, shared by all workspaces of a user."""

    def __init__(self, root: str) -> None:
        self._root = root

    @property
    def root(self) -> str:
        return self._root

    # --- objects ----------------------------------------------------------------

    def object_path(self, digest: str) -> str:
        return os.path.join(self._root, "objects", digest[:2], digest[2:])

    def has(self, digest: str) -> bool:
        return os.path.exists(self.object_path(digest))

    def put_bytes(self, data: bytes) -> str:
        """Store some bytes; their digest."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.object_path(digest)
        if not _mark_used(path):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            write_whole(path, data, mode=0o400)
        return digest

    def put_file(self, source: BinaryIO, look: Optional[Callable[[bytes], None]] = None) -> Tuple[str, int]:
        """Store what can be read from an open file; its digest and size. Hashed while it is copied, read once.

        `look` is shown every piece; what it raises ends the storing.
        """
        folder = os.path.join(self._root, "incoming")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        beside = os.path.join(folder, f"{os.getpid()}-{os.urandom(8).hex()}")
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o400)
        try:
            with open(descriptor, "r+b", buffering=0) as target:
                cloned = _clone(source.fileno(), descriptor)
                reader = target if cloned else source
                sha, size = hashlib.sha256(), 0
                while True:
                    data = reader.read(CHUNK)
                    if not data:
                        break
                    if look is not None:
                        look(data)
                    sha.update(data)
                    size += len(data)
                    if not cloned:
                        target.write(data)
            digest = sha.hexdigest()
            path = self.object_path(digest)
            if _mark_used(path):
                os.unlink(beside)
            else:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                os.replace(beside, path)
        except BaseException:
            try:
                os.unlink(beside)
            except OSError:
                pass
            raise
        return digest, size

    def get_bytes(self, digest: str, limit: int = 1 << 26) -> Optional[bytes]:
        """The object's bytes, or None if it is missing. Raises `Damaged`."""
        path = self.object_path(digest)
        try:
            with open(path, "rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Damaged(f"object {digest[:12]} cannot be read: {error.strerror}") from error
        if len(data) > limit or hashlib.sha256(data).hexdigest() != digest:
            self.set_aside(digest)
            raise Damaged(f"object {digest[:12]} is damaged")
        return data

    def copy_to(self, digest: str, target: BinaryIO) -> bool:
        """Write the object into an open, empty file; False if it is missing. Raises `Damaged` if it does not match."""
        path = self.object_path(digest)
        try:
            source = open(path, "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Damaged(f"object {digest[:12]} cannot be read: {error.strerror}") from error
        with source:
            cloned = _clone(source.fileno(), target.fileno())
            sha = hashlib.sha256()
            while True:
                data = (target if cloned else source).read(CHUNK)
                if not data:
                    break
                sha.update(data)
                if not cloned:
                    target.write(data)
        if sha.hexdigest() != digest:
            self.set_aside(digest)
            raise Damaged(f"object {digest[:12]} is damaged")
        return True

    def set_aside(self, digest: str) -> None:
        """Move an object out of the way, where `cache verify` finds it."""
        folder = os.path.join(self._root, "damaged")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            os.replace(self.object_path(digest), os.path.join(folder, digest))
        except OSError:
            pass

    # --- records ------------------------------------------------------------------

    def record_path(self, key: str) -> str:
        return os.path.join(self._root, "records", key[:2], key[2:] + ".json")

    def get_record(self, key: str) -> Optional[bytes]:
        """The record under a key, or None."""
        try:
            with open(self.record_path(key), "rb") as file:
                return file.read(1 << 28)
        except OSError:
            return None

    def put_record(self, key: str, data: bytes) -> None:
        """Keep a record; raises `OSError`."""
        path = self.record_path(key)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_whole(path, data, sync=True)

    def delete_record(self, key: str) -> bool:
        try:
            os.unlink(self.record_path(key))
        except OSError:
            return False
        return True

    def touch(self, key: str) -> None:
        """Note that a record was used now; what was not used for long goes first."""
        try:
            os.utime(self.record_path(key))
        except OSError:
            pass

    def records(self) -> Iterator[Tuple[str, os.stat_result]]:
        """Keys with the status of their records."""
        for key, status in self._walk("records"):
            if key.endswith(".json"):
                yield key[: -len(".json")], status

    def objects(self) -> Iterator[Tuple[str, os.stat_result]]:
        """Digests with the status of their objects."""
        yield from self._walk("objects")

    def delete_object(self, digest: str) -> bool:
        try:
            os.unlink(self.object_path(digest))
        except OSError:
            return False
        return True

    def _walk(self, kind: str) -> Iterator[Tuple[str, os.stat_result]]:
        top = os.path.join(self._root, kind)
        try:
            folders = sorted(os.listdir(top))
        except OSError:
            return
        for folder in folders:
            try:
                with os.scandir(os.path.join(top, folder)) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode) and not entry.name.endswith(".tmp"):
                    yield folder + entry.name, status

    def clear(self) -> None:
        """Remove everything."""
        for kind in ("records", "objects", "incoming", "damaged"):
            shutil.rmtree(os.path.join(self._root, kind), ignore_errors=True)


def _mark_used(path: str) -> bool:
    """Make an object young, so that eviction leaves it to the record about to name it; False if it is absent."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _clone(source: int, target: int) -> bool:
    """Share the blocks of one open file with another (reflink), where the file system can."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True
