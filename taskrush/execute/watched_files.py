"""What the watched files of a workspace contain, and what is different at another look.

It knows paths and digests, neither tasks nor when to look. Digests are seeded xxh3-128, for comparing in this process
only. A file's times are trusted as proof that nothing changed only if they lie two seconds before its hashing.
"""

from __future__ import annotations

import os
import stat
import time

import xxhash

from taskrush.execute.watch_state import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple

SAFE = 2.0  # seconds; also how far a time stamp may lie back to be believed
WHOLE = 64 << 20  # larger files are told apart by size and time
CHUNK = 1 << 20

if TYPE_CHECKING:
    _Status = Tuple[int, int, int, int]  # size, mtime_ns, ctime_ns, inode
    _Known = Tuple[_Status, float, str]  # status, hashed at, digest


def new_seed() -> int:
    """Digests can only be compared with those of the same seed."""
    return int.from_bytes(os.urandom(8), "big")


class WatchedFiles:
    """The files below `root` for which `keeps` holds, in folders for which `enters` does; paths are relative."""

    def __init__(
        self, root: str, keeps: Callable[[str], bool], enters: Callable[[str], bool], seed: Optional[int] = None
    ) -> None:
        self._root = root
        self._keeps = keeps
        self._enters = enters
        self._known: Dict[str, _Known] = {}
        self._seed = new_seed() if seed is None else seed

    def __len__(self) -> int:
        return len(self._known)

    def digests(self) -> Dict[str, str]:
        return {path: known[2] for path, known in self._known.items()}

    def look(self, paths: Optional[Iterable[str]] = None) -> List[Change]:
        """What has changed since the last look, at or below these paths (None: anywhere)."""
        found: Dict[str, os.stat_result] = {}
        gone: List[str] = []
        if paths is None:
            found.update(self._below(""))
            gone = [path for path in self._known if path not in found]
        else:
            for path in dict.fromkeys(paths):
                here = dict(self._at(path))
                found.update(here)
                gone += [old for old in self._known if old not in here and (old == path or old.startswith(path + "/"))]
        changes = []
        for path, status in found.items():
            change = self._compare(path, status)
            if change is not None:
                changes.append(change)
        for path in dict.fromkeys(gone):
            del self._known[path]
            changes.append(Change(path, None, self._gone_at(path)))
        return changes

    def _compare(self, path: str, status: os.stat_result) -> Optional[Change]:
        identity = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        known = self._known.get(path)
        newest = stamp(status)
        if known is not None and known[0] == identity and newest + SAFE <= known[1]:
            return None
        now = time.time()
        digest = self._digest(path, status)
        if digest is None:
            return None  # it vanished meanwhile: the next look tells
        self._known[path] = (identity, now, digest)
        if known is not None and known[2] == digest:
            return None
        return Change(path, digest, _believed(newest, now))

    def _digest(self, path: str, status: os.stat_result) -> Optional[str]:
        full = os.path.join(self._root, path)
        try:
            if stat.S_ISLNK(status.st_mode):
                return "link:" + os.readlink(full)
            executable = "x:" if status.st_mode & stat.S_IXUSR else ""
            if status.st_size > WHOLE:
                return f"{executable}{status.st_size}:{status.st_mtime_ns}"
            hasher = xxhash.xxh3_128(seed=self._seed)
            with open(full, "rb") as file:
                for chunk in iter(lambda: file.read(CHUNK), b""):
                    hasher.update(chunk)
            return executable + hasher.hexdigest()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"unreadable:{error.errno}"

    def _gone_at(self, path: str) -> float:
        """When a path went: its folder was changed then, or is gone itself."""
        now = time.time()
        try:
            return _believed(os.stat(os.path.join(self._root, os.path.dirname(path))).st_mtime, now)
        except OSError:
            return now

    # --- walking ---------------------------------------------------------------

    def _at(self, path: str) -> Iterator[Tuple[str, os.stat_result]]:
        """The kept files at or below one path, if it is not in a folder that is left out."""
        parts = path.split("/")
        if any(not self._enters("/".join(parts[:end])) for end in range(1, len(parts))):
            return
        try:
            status = os.lstat(os.path.join(self._root, path))
        except (OSError, ValueError):
            return
        if stat.S_ISDIR(status.st_mode):
            if self._enters(path):
                yield from self._below(path)
        elif self._keeps(path):
            followed = _followed(os.path.join(self._root, path), status)
            if followed is not None:
                yield path, followed

    def _below(self, top: str) -> Iterator[Tuple[str, os.stat_result]]:
        todo = [top]
        while todo:
            folder = todo.pop()
            try:
                with os.scandir(os.path.join(self._root, folder)) as scan:
                    entries = list(scan)
            except OSError:
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if self._enters(path):
                            todo.append(path)
                    elif self._keeps(path):
                        followed = _followed(entry.path, os.lstat(entry.path))
                        if followed is not None:
                            yield path, followed
                except OSError:
                    continue


def stamp(status: os.stat_result) -> float:
    """When a file was changed last, by the clock of its file system."""
    return max(status.st_mtime, status.st_ctime)


def _followed(full: str, status: os.stat_result) -> Optional[os.stat_result]:
    """The status of a file, of what a link to a file means, or of a link to nothing; None for anything else."""
    if stat.S_ISLNK(status.st_mode):
        try:
            target = os.stat(full)
        except OSError:
            return status
        status = target if stat.S_ISREG(target.st_mode) else status
    return status if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode) else None


def _believed(at: float, now: float) -> float:
    """A time stamp, unless it is too far from the clock to say when something happened."""
    return at if now - SAFE <= at <= now else now
