"""A run that found nothing to do, kept as what it saw: while all of that is as it was, the next one finds the same.

A `Witness` notes what tasks were found fresh by. What it saw is kept in columns, under the name of a question (a
command line in a folder), and `holds` looks whether it is all there still: by identity, which is the one rule of
`model/identity.py`, or by content where identity does not suffice. It knows nothing of what is told of a run, which is
kept with it. Any doubt counts as a change. Nothing dear is imported here: a run with nothing to do loads little else.
"""

from __future__ import annotations

import marshal
import os
import stat
import time
from _operator import attrgetter

from taskrush.kept import modules, still, surroundings
from taskrush.model.identity import identity_of, lasting
from taskrush.statefile import FOLDER, digest_of, load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.kept import Origin
    from taskrush.model.identity import Identity

    Entries = Tuple[Tuple[str, bool], ...]
    Group = Tuple[str, Identity, Sequence[str], Sequence[int]]

KIND = "unchanged 3"
NAME = "unchanged"
AGAIN = ".again"
MOST = 16  # questions that are kept
FEW, SMALL = 200, 1 << 20  # files, and bytes of each, that are read each time for want of a lasting identity
MANY = 4  # folders in one for which that one is looked at first
PIECE = 256  # files that are compared at a time: their statuses go where those of the ones before were
PLAIN = 0  # of the forms of `marshal` that in which equal values are equal bytes
_MODE = attrgetter("st_mode")


class Witness:
    """Notes what the tasks of one run were found fresh by; `task` is the one that is being looked at.

    Paths are relative to the workspace. What it cannot note, it doubts.
    """

    __slots__ = ("absent", "began", "doubt", "files", "folders", "kinds", "marks", "of", "task")

    def __init__(self) -> None:
        self.began = time.time_ns()
        self.task = ""
        self.doubt = False
        self.files: Dict[str, Tuple[Identity, int, str]] = {}  # identity, looked at (ns), SHA-256
        self.folders: Dict[str, Tuple[Identity, int, Entries]] = {}
        self.kinds: Dict[str, int] = {}  # file modes, where nothing else matters
        self.absent: Dict[str, None] = {}
        self.marks: Dict[str, Tuple[Identity, int, str]] = {}  # as `files`; their folder is called `.`
        self.of: Dict[str, List[str]] = {}  # the tasks that looked at a path

    def file(self, path: str, identity: Identity, looked_at: int, digest: str) -> None:
        """A regular file with this content."""
        before = self.files.setdefault(path, (identity, looked_at, digest))
        if before[0] != identity:
            self.doubt = True
        self._looked(path)

    def folder(self, path: str, identity: Identity, looked_at: int, entries: Entries) -> None:
        """A folder with these entries."""
        before = self.folders.setdefault(path or ".", (identity, looked_at, entries))
        if before[0] != identity:
            self.doubt = True
        self._looked(path or ".")

    def kind(self, path: str, mode: int) -> None:
        """Something whose kind and permissions alone were of interest."""
        self.kinds[path] = mode
        self._looked(path)

    def nothing(self, path: str) -> None:
        """There is nothing."""
        self.absent[path] = None
        self._looked(path)

    def _looked(self, path: str) -> None:
        of = self.of.get(path)
        if of is None:
            self.of[path] = [self.task]
        elif of[-1] != self.task:
            of.append(self.task)


def question(words: Sequence[str], cwd: str) -> str:
    """The name of a command line in a folder."""
    return digest_of(repr((cwd, list(words))).encode("utf-8", "surrogateescape")).hex()[:32]


def load(root: str, name: str) -> Optional[Any]:
    """What was kept under a name, or None: origin, what was seen, and what was kept with it."""
    return load_state(_place(root, name), KIND)


def keep(root: str, name: str, witness: Witness, origin: Origin, environ: Mapping[str, str], told: Any) -> bool:
    """Keep what a witness saw, and some plain values; False if that may not be.

    `origin` is where the tasks came from; all of `environ` counts but for what it says does not.
    """
    if witness.doubt:
        return False
    begun, skew, seen, passing, _ = origin
    ours = (begun, skew, seen, passing, surroundings(environ, passing))
    try:
        began = witness.began + skew
        code = _modules(origin, began)
        columns = None if code is None else _columns(witness, root, began, code)
        if columns is None:
            return False
        folder = os.path.join(state_folder(root), NAME)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _make_room(folder, name)
        return save_state(_place(root, name), KIND, (ours, columns, told))
    except (OSError, ValueError):
        return False


def forget(root: str, name: str) -> None:
    """Drop what was kept under a name."""
    try:
        os.unlink(_place(root, name))
    except OSError:
        pass


def holds(kept: Any, environ: Mapping[str, str]) -> bool:
    """Whether all is as it was seen. The current folder has to be the workspace."""
    origin, seen, _ = kept
    if still(origin, environ) is not origin:
        return False
    paths, identities, others, modes, groups, absent, read, listed = seen
    try:
        for number, known in enumerate(identities):
            if _identities(paths[number * PIECE : (number + 1) * PIECE]) != known:
                return False
        if list(map(_MODE, map(os.lstat, others))) != modes:
            return False
        return (
            all(_stands(*group) for group in groups)
            and not any(map(_is_there, absent))
            and all(_reads(*entry) for entry in read)
            and all(entries == _entries(path) for path, entries in listed)
        )
    except (OSError, ValueError):
        return False


# --- how often ------------------------------------------------------------------------


def note_again(root: str, name: str) -> None:
    """Count that what was kept held again, for the statistics. Trouble is ignored."""
    try:
        descriptor = os.open(_place(root, name) + AGAIN, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return
    try:
        os.write(descriptor, b".")
    except OSError:
        pass
    finally:
        os.close(descriptor)


def noted(root: str, take: bool = False) -> List[Tuple[int, Any]]:
    """How often what was kept held again, with what was kept with it; with `take` they are not counted any more."""
    folder = os.path.join(root, FOLDER, NAME)
    try:
        names = [name for name in os.listdir(folder) if name.endswith(AGAIN)]
    except OSError:
        return []
    found = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            count = os.stat(path).st_size
            if take:
                os.unlink(path)
        except OSError:
            continue
        kept = load(root, name[: -len(AGAIN)])
        if kept is not None:
            found.append((count, kept[2]))
    return found


# --- inside ---------------------------------------------------------------------------


def _place(root: str, name: str) -> str:
    return os.path.join(root, FOLDER, NAME, name)


def _make_room(folder: str, name: str) -> None:
    names = [other for other in os.listdir(folder) if other != name and not other.endswith(AGAIN)]
    if len(names) >= MOST:
        oldest = min(names, key=lambda other: os.lstat(os.path.join(folder, other)).st_mtime_ns)
        os.unlink(os.path.join(folder, oldest))


def _modules(origin: Origin, began: int) -> Optional[Dict[str, Identity]]:
    """Our modules that took part in the run but not in making the tasks; None if one may have changed since `began`."""
    known = {entry[0] for entry in origin[2]}
    found: Dict[str, Identity] = {}
    for path in modules():
        if path not in known:
            real = os.path.realpath(path)
            found[real] = identity_of(os.lstat(real))
    return found if all(lasting(identity, began) for identity in found.values()) else None


def _columns(witness: Witness, root: str, began: int, identities: Dict[str, Identity]) -> Optional[Tuple[Any, ...]]:
    """What was seen, as `holds` wants it, and these files; None where too much would have to be read each time."""
    read: List[Tuple[str, int, str]] = []
    listed: List[Tuple[str, Entries]] = []
    folder = f"{FOLDER}/marks"
    marks = {f"{folder}/{name}": known for name, known in witness.marks.items() if name != "."}
    whole = witness.marks.get(".")
    if whole is not None and lasting(whole[0], whole[1]):
        identities[folder] = whole[0]
        marks = {}
    for path, (identity, looked_at, digest) in (*witness.files.items(), *marks.items()):
        if lasting(identity, looked_at):
            identities[path] = identity
            continue
        status = os.lstat(os.path.join(root, path))
        if identity_of(status) != identity or len(read) == FEW or status.st_size > SMALL:
            return None
        read.append((path, status.st_mode, digest))
    for path, (identity, looked_at, entries) in witness.folders.items():
        if lasting(identity, looked_at):
            identities[path] = identity
        elif len(listed) == FEW or len(entries) > FEW:
            return None
        else:
            listed.append((path, entries))
    kinds = {path: mode for path, mode in witness.kinds.items() if path not in identities}
    groups = _groups(kinds, root, began)
    rows = sorted((os.fsencode(path), identity) for path, identity in identities.items())
    known = [identity for _, identity in rows]
    return (
        [path for path, _ in rows],
        [marshal.dumps(known[at : at + PIECE], PLAIN) for at in range(0, len(known), PIECE)],
        list(kinds),
        list(kinds.values()),
        groups,
        list(witness.absent),
        read,
        listed,
    )


def _identities(paths: Sequence[bytes]) -> bytes:
    return marshal.dumps(list(map(identity_of, map(os.lstat, paths))), PLAIN)


def _groups(kinds: Dict[str, int], root: str, began: int) -> List[Group]:
    """Take folders that many lie in out of `kinds`: none of these was replaced unless the times of theirs changed."""
    inside: Dict[str, List[str]] = {}
    for path, mode in kinds.items():
        above = path.rpartition("/")[0]
        if above in kinds and stat.S_ISDIR(mode):
            inside.setdefault(above, []).append(path)
    groups: List[Group] = []
    for above, paths in inside.items():
        status = os.lstat(os.path.join(root, above))
        if len(paths) >= MANY and stat.S_ISDIR(status.st_mode) and lasting(identity_of(status), began):
            groups.append((above, identity_of(status), paths, [kinds.pop(path) for path in paths]))
    return groups


def _stands(above: str, identity: Identity, paths: Sequence[str], modes: Sequence[int]) -> bool:
    """Whether these folders are what they were: the one they are all in is, or each of them."""
    return identity_of(os.lstat(above)) == identity or list(map(_MODE, map(os.lstat, paths))) == modes


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _reads(path: str, mode: int, digest: str) -> bool:
    """Whether a file has this mode and content."""
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
    descriptor = os.open(path, os.O_RDONLY | sum(flags))
    try:
        status = os.fstat(descriptor)
        if status.st_mode != mode or not stat.S_ISREG(mode) or status.st_size > SMALL:
            return False
        return digest_of(os.read(descriptor, SMALL + 1)).hex() == digest
    finally:
        os.close(descriptor)


def _entries(folder: str) -> Entries:
    if not stat.S_ISDIR(os.lstat(folder).st_mode):
        return ()
    with os.scandir(folder) as found:
        return tuple(sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found))


def parents(paths: Iterable[str]) -> List[str]:
    """The folders on the way to these paths, each once."""
    found: Dict[str, None] = {}
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found[above] = None
            above = above.rpartition("/")[0]
    return list(found)
