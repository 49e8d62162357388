"""One key runs once: a lock per key that the kernel releases when its holder ends, however it ends."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows: several processes may run one key; the results are the same)
    fcntl = None  # type: ignore[assignment]


class KeyLock:
    """The lock of one key in a store. Where it cannot be had for other reasons than a holder, work goes on without."""

    def __init__(self, folder: str, key: str) -> None:
        self._path = os.path.join(folder, "locks", key[:2], key[2:])
        self._descriptor: Optional[int] = None

    def acquire(self) -> bool:
        """Take it; False if somebody else holds it now."""
        if fcntl is None or self._descriptor is not None:
            return True
        while True:
            try:
                os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:
                return True
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except OSError:
                os.close(descriptor)
                return True
            if self._is_current(descriptor):
                self._descriptor = descriptor
                return True
            os.close(descriptor)  # its last holder removed the file: take the new one

    def release(self) -> None:
        """Give it back and remove its file."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.unlink(self._path)
        except OSError:
            pass
        finally:
            os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = os.stat(self._path)
        except OSError:
            return False
        here = os.fstat(descriptor)
        return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)
