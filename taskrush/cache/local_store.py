"""A store in a folder of this machine, in plain system calls: it is on the way of every cached run.

Everything is written beside its place and renamed. Keys are relative paths; it knows nothing of what they hold.
"""

from __future__ import annotations

import io
import itertools
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator, Optional, Tuple

    from taskrush.protocols import Kept

READ_ONLY = 0o444  # for everybody: the folder itself is private, and a linked output has the mode of its object


class LocalStore:
    """A `CacheStore` below one folder."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._made = False
        self._names = itertools.count()
        self._mine = os.urandom(8).hex()

    def path(self, key: str) -> str:
        """Where a key is, for sharing blocks or linking instead of copying."""
        return f"{self.root}/{key}"

    def staging(self) -> str:
        folder = self.path("incoming")
        if not self._made:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._made = True
        return folder

    def get(self, key: str, limit: int) -> Optional[bytes]:
        try:
            with io.FileIO(self.path(key)) as file:
                size = os.fstat(file.fileno()).st_size
                return file.read(min(size, limit) + 1)  # no more room than needed: that costs most
        except FileNotFoundError:
            return None

    def open(self, key: str) -> Optional[BinaryIO]:
        try:
            return io.FileIO(self.path(key))
        except FileNotFoundError:
            return None

    def put(self, key: str, data: bytes) -> None:
        beside = f"{self.staging()}/{os.getpid()}-{self._mine}-{next(self._names)}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), READ_ONLY)
        try:
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
            finally:
                os.close(descriptor)
            self.adopt(key, beside)
        except BaseException:
            try:
                os.unlink(beside)
            except OSError:
                pass
            raise

    def adopt(self, key: str, file: str) -> None:
        path = self.path(key)
        try:
            os.replace(file, path)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.replace(file, path)

    def touch(self, key: str) -> bool:
        try:
            os.utime(self.path(key))
        except OSError:
            return False
        return True

    def keys(self, kind: str) -> Iterator[Tuple[str, Kept]]:
        from taskrush.protocols import Kept

        top = self.path(kind)
        try:
            folders = sorted(os.listdir(top))
        except OSError:
            return
        for folder in folders:
            try:
                with os.scandir(f"{top}/{folder}") as found:
                    entries = sorted((entry.name, entry) for entry in found)
            except NotADirectoryError:
                with os.scandir(top) as found:
                    entries = [("", entry) for entry in found if entry.name == folder]
            except OSError:
                continue
            for name, entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    key = f"{kind}/{folder}/{name}" if name else f"{kind}/{folder}"
                    yield key, Kept(status.st_size, status.st_mtime)

    def delete(self, key: str) -> bool:
        try:
            os.unlink(self.path(key))
        except OSError:
            return False
        return True

    def move(self, key: str, to: str) -> bool:
        try:
            self.adopt(to, self.path(key))
        except OSError:
            return False
        return True

    def clear(self, kind: str) -> None:
        import shutil

        shutil.rmtree(self.path(kind), ignore_errors=True)
        self._made = False
