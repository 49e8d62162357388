"""The file index: which files there are and what they contain. The only reader of inputs.

Content is hashed once per change: `model/identity.py` says when a file is unchanged by its looks. Where that is not
enough, a seeded xxh3-128 tells whether the bytes are those of the last look, so that their SHA-256 is still known.

Several threads may use it at once: what is known of a path is one tuple, replaced as a whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import time

import xxhash

from taskrush.asked import NotAtOnce
from taskrush.model.identity import identity_of, trusted
from taskrush.statefile import load_state, save_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

    from taskrush.model.identity import Identity
    from taskrush.unchanged import Witness

CHUNK = 1 << 20
KIND = "file-index-2"
ALWAYS_LEFT_OUT = frozenset((".git", ".taskrush", ".hg", ".svn", ".jj"))
AT_ONCE = 2000  # looks at files that still count as being quick

if TYPE_CHECKING:
    Known = Tuple[Identity, int, bytes, str]  # identity, hashed at (ns), xxh3-128, sha-256
    Listing = Tuple[Identity, int, Tuple[Tuple[str, bool], ...]]  # identity, listed at (ns), entries


class FileIndex:
    """The files of one workspace. `path` is where it is kept between runs; None keeps nothing. What is looked at, the
    `witness` is told."""

    def __init__(self, root: str, path: Optional[str] = None, witness: Optional[Witness] = None) -> None:
        self._root = root
        self._path = path
        self._witness = witness
        self._known: Dict[str, Known] = {}
        self._seed = int.from_bytes(os.urandom(8), "big")
        self._changed = False
        self._skew: Optional[int] = None
        self._folders: Dict[str, Listing] = {}
        self._top = root + os.sep
        self._hurried: Optional[int] = None  # the thread that may not read now
        self._looks = 0
        loaded = None if path is None else load_state(path, KIND)
        if isinstance(loaded, dict) and isinstance(loaded.get("files"), dict):
            self._seed = loaded["seed"]
            self._known = loaded["files"]
            self._folders = loaded["folders"]

    # --- content ------------------------------------------------------------

    def digest(self, path: str, status: Optional[os.stat_result] = None) -> Optional[str]:
        """SHA-256 of a regular file's content in hexadecimal, or None if there is no such file (links followed).

        `status`, if given, is that of the file now. Raises `NotAtOnce` within `at_once`.
        """
        full = self._top + path
        if status is None:
            try:
                status = os.stat(full)
            except (OSError, ValueError):
                return None
        if not stat.S_ISREG(status.st_mode):
            return None
        known = self._known.get(path)
        if known is not None and trusted(known[0], known[1], identity_of(status)):
            if self._witness is not None:
                self._witness.file(path, known[0], known[1], known[3])
            return known[3]
        found = self._hash(path, full, known)
        if self._witness is not None:
            known = self._known.get(path)
            if known is None or known[3] != found:
                self._witness.doubt = True
            else:
                self._witness.file(path, known[0], known[1], known[3])
        return found

    def state(self, path: str) -> str:
        """What stands for an input in a key: kind, content and the executable bit; `missing` if nothing is there."""
        full = self._top + path
        if self._hurried is not None:
            self._count()
        try:
            status = os.lstat(full)
        except (OSError, ValueError):
            if self._witness is not None:
                self._witness.nothing(path)
            return "missing"
        mode = status.st_mode
        if stat.S_ISREG(mode):
            digest = self.digest(path, status)
            if digest is None:
                return "missing"
            return f"file+x {digest}" if mode & 0o111 else f"file {digest}"
        self.doubt()
        if stat.S_ISLNK(mode):
            return self._link_state(path, full)
        return "folder" if stat.S_ISDIR(mode) else "special"

    def learn(self, path: str, identity: Identity, looked_at: int, quick: bytes, digest: str) -> None:
        """Content that somebody else has read: `quick` is by `seed`, `looked_at` the time by `now` before."""
        self._known[path] = (identity, looked_at, quick, digest)
        self._changed = True

    @property
    def seed(self) -> int:
        """Of the hash for the second question (xxh3-128): same bytes as at the last look? Kept in this workspace."""
        return self._seed

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Until this ends the calling thread reads no content and looks at few files, else it gets `NotAtOnce`."""
        self._hurried, self._looks = threading.get_ident(), 0
        try:
            yield
        finally:
            self._hurried = None

    def _count(self) -> None:
        if self._hurried == threading.get_ident():
            self._looks += 1
            if self._looks > AT_ONCE:
                raise NotAtOnce

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
        if self._hurried == threading.get_ident():
            raise NotAtOnce
        for _ in range(5):
            begun = self.now()
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
                    data = os.read(descriptor, before.st_size + 1)  # no more room than needed: that costs most
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

    def walk(self, below: str = "", levels: Optional[int] = None) -> Iterator[Tuple[str, bool]]:
        """Every path below a folder with whether it is a real folder, sorted; version control and our state left out.

        Links to folders are not followed. A folder is only read again if it may have changed. `levels` is how deep to
        go: 1 for the folder's own entries.
        """
        todo = [(below, 1)]
        while todo:
            folder, level = todo.pop()
            deeper = []
            for name, is_folder in self._entries(folder):
                if is_folder and name in ALWAYS_LEFT_OUT:
                    continue
                path = f"{folder}/{name}" if folder else name
                yield path, is_folder
                if is_folder and (levels is None or level < levels):
                    deeper.append((path, level + 1))
            todo.extend(reversed(deeper))

    def _entries(self, folder: str) -> Tuple[Tuple[str, bool], ...]:
        full = self._top + folder if folder else self._root
        if self._hurried is not None:
            self._count()
        try:
            status = os.stat(full)
        except (OSError, ValueError):
            self.doubt()
            return ()
        identity = identity_of(status)
        known = self._folders.get(folder)
        if known is None or not trusted(known[0], known[1], identity):
            begun = self.now()
            try:
                with os.scandir(full) as found:
                    entries = tuple(sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found))
            except OSError:
                self.doubt()
                return ()
            known = self._folders[folder] = (identity, begun, entries)
            self._changed = True
        if self._witness is not None:
            self._witness.folder(folder, *known)
        return known[2]

    def doubt(self) -> None:
        """Something counts that no file of the workspace tells: the witness cannot vouch for this run."""
        if self._witness is not None:
            self._witness.doubt = True

    def is_folder(self, path: str) -> bool:
        """Whether there is a real folder, as opposed to a link to one."""
        try:
            mode = os.lstat(self._top + path).st_mode
        except (OSError, ValueError):
            if self._witness is not None:
                self._witness.nothing(path)
            return False
        if stat.S_ISDIR(mode):
            return True
        if self._witness is not None:
            self._witness.kind(path, mode)
        return False

    def now(self) -> int:
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
            self._changed = False
            value: Dict[str, Any] = {"seed": self._seed, "files": dict(self._known), "folders": dict(self._folders)}
            save_state(self._path, KIND, value)


def sorted_unique(paths: Iterable[str]) -> List[str]:
    """Each path once, in the order that keys use: by bytes."""
    return sorted(set(paths), key=os.fsencode)
