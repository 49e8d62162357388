"""The file index: which files there are and what they contain. The only reader of inputs.

Content is hashed once per change. A file's identity (size, times, inode, device) is a shortcut that is trusted only if
both times lie at least two seconds before the hashing (git's rule against "racily clean" files). Where identity is not
enough, a seeded xxh3-128 tells whether the bytes are those of the last look, so that their SHA-256 is still known.
"""

import hashlib
import os
import stat
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import xxhash

from taskrush.statefile import load_state, save_state

SAFE_NS = 2_000_000_000
CHUNK = 1 << 20
KIND = "file-index"
ALWAYS_LEFT_OUT = frozenset((".git", ".taskrush", ".hg", ".svn", ".jj"))

Identity = Tuple[int, int, int, int, int]  # size, mtime_ns, ctime_ns, inode, device
Known = Tuple[Identity, int, bytes, str]  # identity, hashed at (ns), xxh3-128, sha-256


def identity_of(status: os.stat_result) -> Identity:
    """What tells one state of a file from another without reading it."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def trusted(known: Identity, hashed_at: int, now: Identity) -> bool:
    """Whether content hashed at `hashed_at` is surely that of a file whose identity is `now`. The one rule for it."""
    return known == now and max(now[1], now[2]) + SAFE_NS <= hashed_at


class FileIndex:
    """The files of one workspace. `path` is where it is kept between runs; None keeps nothing."""

    def __init__(self, root: str, path: Optional[str] = None) -> None:
        self._root = root
        self._path = path
        self._known: Dict[str, Known] = {}
        self._seed = int.from_bytes(os.urandom(8), "big")
        self._changed = False
        self._skew: Optional[int] = None
        self._folders: Dict[str, Tuple[Tuple[int, int], int, Tuple[Tuple[str, bool], ...]]] = {}
        loaded = None if path is None else load_state(path, KIND)
        if isinstance(loaded, dict) and isinstance(loaded.get("files"), dict):
            self._seed = loaded["seed"]
            self._known = loaded["files"]

    # --- content ------------------------------------------------------------

    def digest(self, path: str) -> Optional[str]:
        """SHA-256 of a regular file's content in hexadecimal, or None if there is no such file (links followed)."""
        full = os.path.join(self._root, path)
        try:
            status = os.stat(full)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        identity = identity_of(status)
        known = self._known.get(path)
        if known is not None and trusted(known[0], known[1], identity):
            return known[3]
        return self._hash(path, full, known)

    def state(self, path: str) -> str:
        """What stands for an input in a key: kind, content and the executable bit; `missing` if nothing is there."""
        full = os.path.join(self._root, path)
        try:
            status = os.lstat(full)
        except (OSError, ValueError):
            return "missing"
        if stat.S_ISLNK(status.st_mode):
            return self._link_state(path, full)
        if stat.S_ISDIR(status.st_mode):
            return "folder"
        if not stat.S_ISREG(status.st_mode):
            return "special"
        digest = self.digest(path)
        if digest is None:
            return "missing"
        return f"file{'+x' if status.st_mode & 0o111 else ''} {digest}"

    def _link_state(self, path: str, full: str) -> str:
        try:
            target = os.fsencode(os.readlink(full)).hex()
        except OSError:
            return "missing"
        if os.path.isdir(full):
            return f"link {target} folder"
        return f"link {target} {self.digest(path) or 'dangling'}"

    def _hash(self, path: str, full: str, known: Optional[Known]) -> Optional[str]:
        """Read a file; again if it changed under our eyes."""
        for _ in range(5):
            begun = self._now()
            try:
                descriptor = os.open(full, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            except OSError:
                return None
            try:
                before = os.fstat(descriptor)
                if not stat.S_ISREG(before.st_mode):
                    return None
                quick, sha = xxhash.xxh3_128(seed=self._seed), None
                if before.st_size <= CHUNK:
                    data = os.read(descriptor, CHUNK + 1)
                    quick.update(data)
                    mark = quick.digest()
                    sha = known[3] if known and known[2] == mark else hashlib.sha256(data).hexdigest()
                else:
                    full_sha = hashlib.sha256()
                    while True:
                        data = os.read(descriptor, CHUNK)
                        if not data:
                            break
                        quick.update(data)
                        full_sha.update(data)
                    mark, sha = quick.digest(), full_sha.hexdigest()
                after = os.fstat(descriptor)
            except OSError:
                return None
            finally:
                os.close(descriptor)
            if identity_of(before) == identity_of(after):
                self._known[path] = (identity_of(after), begun, mark, sha)
                self._changed = True
                return sha
        return f"unstable-{os.urandom(16).hex()}"  # written to all the time: never equal to anything

    # --- listing ----------------------------------------------------------------

    def walk(self, below: str = "") -> Iterator[Tuple[str, bool]]:
        """Every path below a folder with whether it is a real folder, sorted; version control and our state left out.

        Links to folders are not followed. A folder is only read again if it may have changed.
        """
        todo = [below]
        while todo:
            folder = todo.pop()
            deeper = []
            for name, is_folder in self._entries(folder):
                if name in ALWAYS_LEFT_OUT and is_folder:
                    continue
                path = f"{folder}/{name}" if folder else name
                yield path, is_folder
                if is_folder:
                    deeper.append(path)
            todo.extend(reversed(deeper))

    def _entries(self, folder: str) -> Tuple[Tuple[str, bool], ...]:
        full = os.path.join(self._root, folder) if folder else self._root
        try:
            status = os.stat(full)
        except (OSError, ValueError):
            return ()
        identity = (status.st_mtime_ns, status.st_ino)
        known = self._folders.get(folder)
        if known is not None and known[0] == identity and status.st_mtime_ns + SAFE_NS <= known[1]:
            return known[2]
        begun = self._now()
        try:
            with os.scandir(full) as found:
                entries = tuple(sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found))
        except OSError:
            return ()
        self._folders[folder] = (identity, begun, entries)
        return entries

    def _now(self) -> int:
        """The time as the file system has it, in ns: its clock need not be that of this machine."""
        if self._skew is None:
            self._skew = 0
            if self._path is not None:
                try:
                    with open(self._path + ".clock", "wb", buffering=0) as file:
                        before = time.time_ns()
                        file.write(b"\0")
                        self._skew = os.fstat(file.fileno()).st_mtime_ns - before
                except OSError:
                    pass
        return time.time_ns() + self._skew

    # --- keeping ------------------------------------------------------------------

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is known of these paths."""
        for path in paths:
            if self._known.pop(path, None) is not None:
                self._changed = True

    def save(self) -> None:
        """Keep what is known for the next run; if that is not possible, nothing is lost but time."""
        if self._path is not None and self._changed:
            value: Dict[str, Any] = {"seed": self._seed, "files": self._known}
            save_state(self._path, KIND, value)
            self._changed = False


def sorted_unique(paths: Iterable[str]) -> List[str]:
    """Each path once, in the order that keys use: by bytes."""
    return sorted(set(paths), key=os.fsencode)
