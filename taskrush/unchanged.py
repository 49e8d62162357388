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
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.kept import Origin
    from taskrush.model.identity import Identity

    Entries = Tuple[Tuple[str, bool], ...]
    Fresh = Tuple[Any, ...]  # key, seconds, attempts, value
    Group = Tuple[str, Identity, Sequence[str], Sequence[int]]

KIND = "unchanged 4"
NAME = "unchanged"
MARKS = f"{FOLDER}/marks"
AGAIN = ".again"
MOST = 16  # questions that are kept
FEW, SMALL = 200, 1 << 20  # files, and bytes of each, that are read each time for want of a lasting identity
MANY = 4  # folders in one for which that one is looked at first
PIECE = 256  # files that are compared at a time: their statuses go where those of the ones before were
PLAIN = 0  # of the forms of `marshal` that in which equal values are equal bytes
_MODE = attrgetter("st_mode")


class Witness:
    """Notes what the tasks of one run were found fresh by; `task` is the one that is being looked at.

    Paths are relative to the workspace. What it cannot note, it doubts. What is `known` of tasks need not be looked at.
    """

    __slots__ = ("absent", "began", "doubt", "files", "folders", "fresh", "kinds", "known", "marks", "of", "task")

    def __init__(self, known: Optional[Known] = None) -> None:
        self.began = time.time_ns()
        self.known = known
        self.doubt = False
        self.fresh: Dict[str, Fresh] = {}  # what tasks were found to have made
        self.forget()

    def forget(self) -> None:
        """What was seen before does not count."""
        self.task = ""
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

    def mark(self, name: str, task: str, identity: Identity, looked_at: int, digest: str) -> None:
        """The mark of a task, in a file of this name."""
        self.marks[name] = (identity, looked_at, digest)
        self.of[f"{MARKS}/{name}"] = [task]

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


class Known:
    """What a run knows of its tasks that did not change: what was kept, and found so at `checked_at` (ns)."""

    __slots__ = ("changed", "checked_at", "fresh", "kept")

    def __init__(self, kept: Any, changed: Set[str], checked_at: int) -> None:
        self.kept = kept
        self.changed = changed
        self.checked_at = checked_at
        self.fresh: Dict[str, Fresh] = {row[0]: tuple(row[1:]) for row in fresh_of(kept)}

    def leave(self, tasks: Iterable[str]) -> None:
        """Know nothing of these."""
        for task in tasks:
            self.fresh.pop(task, None)


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


def changed(kept: Any, environ: Mapping[str, str]) -> Optional[Set[str]]:
    """The tasks for which something is not as it was seen; None where that cannot be told. With none all is as it was.

    The current folder has to be the workspace.
    """
    origin, seen, _ = kept
    if still(origin, environ) is not origin:
        return None
    paths, pieces, others, modes, groups, absent, read, listed, of = seen
    moved: List[int] = []
    for number, known in enumerate(pieces):
        at = number * PIECE
        piece = paths[at : at + PIECE]
        try:
            same = _identities(piece) == known
        except (OSError, ValueError):
            same = False
        if not same:
            moved += [at + place for place in _moved(piece, known)]
    try:
        if list(map(_MODE, map(os.lstat, others))) != modes or not all(_stands(*group) for group in groups):
            return None
        if any(map(_is_there, absent)):
            return None
    except (OSError, ValueError):
        return None
    if not moved and all(_reads(*entry) for entry in read) and all(_lists(*entry) for entry in listed):
        return set()
    owners, young = marshal.loads(of)
    if any(not owners[place] for place in moved):
        return None
    return {task for tasks in (young, *(owners[place] for place in moved)) for task in tasks}


def fresh_of(kept: Any) -> List[Tuple[Any, ...]]:
    """What was kept of each task: its name, key, seconds, attempts and value."""
    return marshal.loads(kept[2]["fresh"])  # type: ignore[no-any-return]


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
    """How often what was kept held again, and what that is; with `take` they are not counted any more."""
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
            found.append((count, kept))
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


def _columns(witness: Witness, root: str, began: int, code: Dict[str, Identity]) -> Optional[Tuple[Any, ...]]:
    """What was seen, as `changed` wants it, and these files; None where too much would have to be read each time."""
    identities: Dict[str, Identity] = {}
    of: Dict[str, List[str]] = {path: list(tasks) for path, tasks in witness.of.items()}
    read: List[Tuple[str, int, str]] = []
    listed: List[Tuple[str, Entries]] = []
    young: Dict[str, None] = {}
    kinds, absent = dict(witness.kinds), dict(witness.absent)
    marks = {f"{MARKS}/{name}": known for name, known in witness.marks.items() if name != "."}
    whole = witness.marks.get(".")
    for path, (identity, looked_at, digest) in (*witness.files.items(), *marks.items()):
        if lasting(identity, looked_at):
            identities[path] = identity
            continue
        status = os.lstat(os.path.join(root, path))
        if identity_of(status) != identity or len(read) == FEW or status.st_size > SMALL:
            return None
        read.append((path, status.st_mode, digest))
        young.update(dict.fromkeys(of[path]))
    for path, (identity, looked_at, entries) in witness.folders.items():
        if lasting(identity, looked_at):
            identities[path] = identity
        elif len(listed) == FEW or len(entries) > FEW:
            return None
        else:
            listed.append((path, entries))
            young.update(dict.fromkeys(of[path]))
    if witness.known is not None and not _carry(witness.known, witness, root, identities, of, kinds, absent):
        return None
    since = began if witness.known is None else witness.known.checked_at
    if whole is not None and lasting(whole[0], min(whole[1], since)):
        identities = {path: identity for path, identity in identities.items() if not path.startswith(MARKS)}
        identities[MARKS] = whole[0]
    elif whole is not None:
        return None
    kinds = {path: mode for path, mode in kinds.items() if path not in identities}
    groups = _groups(kinds, root, began)
    identities.update(code)
    rows = sorted((os.fsencode(path), identity, of.get(path, [])) for path, identity in identities.items())
    known = [row[1] for row in rows]
    return (
        [row[0] for row in rows],
        [marshal.dumps(known[at : at + PIECE], PLAIN) for at in range(0, len(known), PIECE)],
        list(kinds),
        list(kinds.values()),
        groups,
        list(absent),
        read,
        listed,
        marshal.dumps(([row[2] for row in rows], list(young))),
    )


def _carry(
    known: Known,
    witness: Witness,
    root: str,
    identities: Dict[str, Identity],
    of: Dict[str, List[str]],
    kinds: Dict[str, int],
    absent: Dict[str, None],
) -> bool:
    """Add what was kept of the tasks that need not be looked at; False where it does not go with what was seen."""
    paths, pieces, others, modes, groups, missing, _, _, owners = known.kept[1]
    before = [identity for piece in pieces for identity in marshal.loads(piece)]
    whole = False
    for path, identity, tasks in zip(map(os.fsdecode, paths), before, marshal.loads(owners)[0]):
        left = [task for task in tasks if task in known.fresh]
        whole = whole or path == MARKS
        if left:
            seen = witness.files.get(path) or witness.folders.get(path)
            if identities.setdefault(path, identity) != identity or (seen is not None and seen[0] != identity):
                return False
            of[path] = list(dict.fromkeys((*of.get(path, ()), *left)))
    for path, mode in (*zip(others, modes), *(pair for group in groups for pair in zip(group[2], group[3]))):
        kinds.setdefault(path, mode)
    absent.update(dict.fromkeys(missing))
    if whole:  # the folder of marks stood for those of all tasks, each of which has to stand for itself now
        for task in known.fresh:
            path = f"{MARKS}/{mark_name(task)}"
            identities[path] = identity_of(os.lstat(os.path.join(root, path)))
            of[path] = [task]
            if not lasting(identities[path], known.checked_at):
                return False
    return True


def mark_name(task: str) -> str:
    """The name of the file that a task's mark is in."""
    return digest_of(os.fsencode(task)).hex()[:32]


def _identities(paths: Sequence[bytes]) -> bytes:
    return marshal.dumps(list(map(identity_of, map(os.lstat, paths))), PLAIN)


def _moved(paths: Sequence[bytes], identities: bytes) -> List[int]:
    found = []
    for place, (path, identity) in enumerate(zip(paths, marshal.loads(identities))):
        try:
            same = identity_of(os.lstat(path)) == identity
        except (OSError, ValueError):
            same = False
        if not same:
            found.append(place)
    return found


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
    try:
        descriptor = os.open(path, os.O_RDONLY | sum(flags))
    except (OSError, ValueError):
        return False
    try:
        status = os.fstat(descriptor)
        if status.st_mode != mode or not stat.S_ISREG(mode) or status.st_size > SMALL:
            return False
        return digest_of(os.read(descriptor, SMALL + 1)).hex() == digest
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _lists(folder: str, entries: Entries) -> bool:
    """Whether a real folder has these entries."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return False
        with os.scandir(folder) as found:
            return entries == tuple(sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found))
    except (OSError, ValueError):
        return False


def parents(paths: Iterable[str]) -> List[str]:
    """The folders on the way to these paths, each once."""
    found: Dict[str, None] = {}
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found[above] = None
            above = above.rpartition("/")[0]
    return list(found)
