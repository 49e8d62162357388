r"""The spool: what a run appends while it goes on, and what is read back of it. Knows lines, not what they are for.

A spool is a file of UTF-8 lines below `.taskrush/spool/`. The first one is `taskrush spool 2`. Each other one is a
letter and fields, with tabs between; in fields `\` stands before `\`, `t` (a tab), `n` (a line end) and `r`. Nothing is
ever changed in it: whatever kills the writer, what was written stays, and at most the last line is cut off. While its
run goes on the writer holds a lock on it, which the kernel gives back however the writer ends.
"""

from __future__ import annotations

import os
import time

from taskrush.statefile import FOLDER, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Sequence

HEAD = b"taskrush spool 2\n"
EARLIER = b"taskrush spool 1\n"  # has the same lines, but for `T`
NAME = "spool"
SUFFIX = ".run"
KEYS = ".keys"
NEW = ".new"
YOUNG = 60.0  # seconds in which a spool certainly has its name
MOST = 500  # spools that may wait to be read
MOST_BYTES = 64 << 20
FEW = 20  # with fewer nobody looks at their sizes
EVERY = 16  # so many new ones come between looks
ROOM = 1 << 13  # bytes that wait for company
LONGEST = 1 << 16  # characters of one field; more is cut


def new_run_id() -> str:
    """Sorts by time, and is unlike any other."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + os.urandom(4).hex()


class SpoolWriter:
    """Appends lines; the file is made with the first one. All methods raise `OSError`."""

    def __init__(self, root: str, run: str, suffix: str = SUFFIX) -> None:
        self._root = root
        self._name = run + suffix
        self._descriptor = -1
        self._waiting: List[bytes] = []
        self._size = 0

    def write(self, kind: str, fields: Sequence[str], now: bool = True) -> None:
        """One line, on disk at once or, without `now`, with the next ones."""
        self.write_line("\t".join([kind, *(escape(field) for field in fields)]) + "\n", now)

    def write_line(self, line: str, now: bool = True) -> None:
        """The same for a line that is as it should be."""
        data = line.encode("utf-8", "backslashreplace")
        self._waiting.append(data)
        self._size += len(data)
        if now or self._size > ROOM:
            self.flush()

    def write_block(self, lines: bytes) -> None:
        """Many lines at once that are as they should be, with the next ones."""
        self._waiting.append(lines)
        self._size += len(lines)

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        if self._descriptor < 0:
            self._descriptor = _begin(self._root, self._name)
        data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        done = os.write(self._descriptor, data)
        while done < len(data):
            done += os.write(self._descriptor, data[done:])

    def close(self) -> None:
        """The run is over."""
        try:
            self.flush()
        finally:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _begin(root: str, name: str) -> int:
    state_folder(root)
    folder = spool_folder(root)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, name)
    new = path + NEW  # nobody looks at it before it is locked
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _lock(descriptor)
        os.write(descriptor, HEAD)
        os.replace(new, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def spool_folder(root: str) -> str:
    """Where the spools of a workspace are."""
    return os.path.join(root, FOLDER, NAME)


def spools(root: str, suffix: str = SUFFIX) -> List[str]:
    """The names of the runs that have a spool, the oldest first."""
    try:
        names = os.listdir(spool_folder(root))
    except OSError:
        return []
    return sorted(name[: -len(suffix)] for name in names if name.endswith(suffix))


def spool_path(root: str, run: str, suffix: str = SUFFIX) -> str:
    return os.path.join(spool_folder(root), run + suffix)


def make_room_sometimes(root: str) -> int:
    """`make_room` for one more: one run in many looks, and makes room for the others as well."""
    count = len(spools(root))
    return make_room(root, MOST - EVERY + 1) if count >= MOST or count % EVERY == 0 else 0


def make_room(root: str, most: int = MOST, size: int = MOST_BYTES) -> int:
    """Remove the oldest spools that are over where nobody has read them for long; how many runs."""
    runs = spools(root)
    if len(runs) < FEW:
        return 0
    sizes = {run: sum(_size(spool_path(root, run, suffix)) for suffix in (SUFFIX, KEYS)) for run in runs}
    count, total, removed = len(sizes), sum(sizes.values()), 0
    for run, own in sizes.items():
        if count < most and total < size:
            break
        try:
            if is_held(spool_path(root, run)):
                continue
            for suffix in (SUFFIX, KEYS):
                path = spool_path(root, run, suffix)
                if suffix == SUFFIX or os.path.exists(path):
                    os.unlink(path)
        except OSError:
            continue
        removed += 1
        count -= 1
        total -= own
    return removed


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def sweep(root: str, now: float) -> None:
    """Remove what was killed before it was a spool."""
    folder = spool_folder(root)
    try:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if name.endswith(NEW) and os.stat(path).st_mtime < now - YOUNG:
                os.unlink(path)
    except OSError:
        pass


def read_lines(data: bytes) -> Optional[Iterator[List[str]]]:
    """The lines of a spool as lists of fields, the letter first; None if it is not one of this version.

    A last line that was cut off is left out.
    """
    if not data.startswith((HEAD, EARLIER)):
        return None
    whole = data[len(HEAD) : data.rfind(b"\n") + 1]
    return (
        [unescape(field) for field in line.split("\t")] if "\\" in line else line.split("\t")
        for line in whole.decode("utf-8", "replace").split("\n")
        if line
    )


def is_held(path: str) -> bool:
    """Whether its run is still going on. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        return not _lock(descriptor, look=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, look: bool = False) -> bool:
    """Take the lock, or with `look` share it with others who look, if no writer has it; else False.

    Where there are no locks everybody gets it.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB if look else fcntl.LOCK_EX)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_MEANT = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def escape(text: str) -> str:
    if len(text) > LONGEST:
        text = text[:LONGEST] + "..."
    if text.isprintable() and "\\" not in text:  # neither tab nor line end is printable
        return text
    for plain, written in _ESCAPES:
        text = text.replace(plain, written)
    return text


def unescape(text: str) -> str:
    if "\\" not in text:
        return text
    found: List[str] = []
    at = 0
    while True:
        end = text.find("\\", at)
        if end < 0 or end + 1 >= len(text):
            found.append(text[at:])
            return "".join(found)
        found.append(text[at:end])
        found.append(_MEANT.get(text[end + 1], text[end + 1]))
        at = end + 2
