"""Outputs on disk: collecting what a task made, and making the disk hold exactly what a result says.

Whatever goes wrong, nothing outside the workspace is touched and nothing half-written stays in place: everything is
fetched and verified beside its place first, then moved in.
"""

from __future__ import annotations

import os
import shutil
import stat

from taskrush.cache.confine import Confined, Unsafe, parts_of
from taskrush.cache.copying import NotStorable, identity
from taskrush.model.artifact import FILE, FOLDER, LINK, Entry, Manifest
from taskrush.model.identity import identity_of
from taskrush.model.pattern import Patterns, literal_prefix
from taskrush.model.redaction import Lookout, Redactor
from taskrush.statefile import state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Sequence, Set, Tuple

    from taskrush.cache.copy_workers import Copier
    from taskrush.cache.objects import Look, ObjectStore
    from taskrush.model.identity import Identity as FileIdentity
    from taskrush.protocols import Files

if TYPE_CHECKING:
    Identity = Tuple[int, ...]
NUMBER_LIMIT = 1_000_000
SIZE_LIMIT = 1 << 40
LEFT_SECONDS = 3600.0


def found_outputs(files: Files, patterns: Tuple[str, ...], room: Confined) -> Dict[str, os.stat_result]:
    """Every path on disk that these patterns mean, with its status; of folders only empty ones."""
    if not patterns:
        return {}
    wanted = Patterns(patterns)
    roots: List[str] = []
    for pattern in patterns:
        if not pattern.startswith("!"):
            root = literal_prefix(pattern)
            if not any(root == known or root.startswith(known + "/") or not known for known in roots):
                roots.append(root)
    found: Dict[str, os.stat_result] = {}
    for root in roots:
        if root:
            status = room.status(root)
            if status is None:
                continue
            if not stat.S_ISDIR(status.st_mode):
                if wanted.matches(root):
                    found[root] = status
                continue
            if wanted.matches(root) and _is_empty(files, root):
                found[root] = status
        for path, is_folder in files.walk(root):
            if not wanted.matches(path) or (is_folder and not _is_empty(files, path)):
                continue
            status = room.status(path)
            if status is not None:
                found[path] = status
    return found


def _is_empty(files: Files, folder: str) -> bool:
    return next(iter(files.walk(folder)), None) is None


class SecretScan:
    """Raises `NotStorable` as soon as the pieces of a file it is shown hold a secret, cut in two or not; what does not
    is shown to `look`."""

    def __init__(self, path: str, secrets: Redactor, look: Look) -> None:
        self._look = look
        self._path = path
        self._lookout = Lookout(secrets)

    def __call__(self, data: bytes) -> None:
        self._look(data)
        self._lookout.feed(data)
        if self._lookout.seen:
            raise NotStorable(f"output `{self._path}` holds a secret")


def collect(
    found: Dict[str, os.stat_result],
    before: Dict[str, Identity],
    copier: Copier,
    root: str,
    files: Files,
    secrets: Redactor = Redactor(),  # noqa: B008  (knows none)
) -> Manifest:
    """Store what was found and describe it. What stood there `before`, untouched since, is not the task's.

    Each file is read once: what is learnt of it goes to `files`. Raises `NotStorable`, `Unsafe`, `OSError`.
    """
    entries: List[Entry] = []
    made: List[Tuple[str, Identity]] = []
    looked_at = files.now()
    with Confined(root) as room:
        for path in sorted(found, key=os.fsencode):
            status = found[path]
            seen = identity(status)
            if before.get(path) == seen:
                continue
            if secrets and secrets.holds(os.fsencode(path)):
                raise NotStorable(f"the name of an output, `{secrets.clean_text(path)}`, holds a secret")
            mode = stat.S_IMODE(status.st_mode) & 0o777
            if stat.S_ISREG(status.st_mode):
                made.append((path, seen))
                entries.append(Entry(path, FILE, mode=mode))
            elif stat.S_ISLNK(status.st_mode):
                target = _link_target(room, path)
                if secrets and secrets.holds(os.fsencode(target)):
                    raise NotStorable(f"output `{path}` is a link to a name that holds a secret")
                entries.append(Entry(path, LINK, target=target))
            elif stat.S_ISDIR(status.st_mode):
                entries.append(Entry(path, FOLDER, mode=mode))
            else:
                raise NotStorable(f"output `{path}` is neither a file, a folder nor a link")
    watch = (lambda path, look: SecretScan(path, secrets, look)) if secrets else None
    kept = iter(copier.keep(root, made, watch))
    for number, entry in enumerate(entries):
        if entry.kind == FILE:
            digest, size, quick = next(kept)
            files.learn(entry.path, identity_of(found[entry.path]), looked_at, quick, digest)
            entries[number] = Entry(entry.path, FILE, digest, size, entry.mode)
    return Manifest(entries=tuple(entries))


def _link_target(room: Confined, path: str) -> str:
    """Where a link points; one that leads out of the workspace is not kept."""
    folder, name = room.parent(path)
    target = os.readlink(name, dir_fd=folder)
    check_link(path, target)
    return target


def check_link(path: str, target: str) -> None:
    """Raises `Unsafe` for a link that is absolute or leads out of the workspace."""
    if not target or "\0" in target or target.startswith("/"):
        raise Unsafe(f"link `{path}` does not point inside the workspace: {target!r}")
    depth = len(parts_of(path)) - 1
    for step in target.split("/"):
        if step == "..":
            depth -= 1
        elif step not in ("", "."):
            depth += 1
        if depth < 0:
            raise Unsafe(f"link `{path}` points out of the workspace: {target!r}")


def checked(manifest: Manifest, patterns: Tuple[str, ...]) -> Manifest:
    """The manifest, if all of it may be written for a task with these outputs. Raises `Unsafe`."""
    wanted = Patterns(patterns)
    if len(manifest.entries) > NUMBER_LIMIT or sum(entry.size for entry in manifest.entries) > SIZE_LIMIT:
        raise Unsafe("a result is too large")
    kinds: Dict[str, str] = {}
    for entry in manifest.entries:
        parts_of(entry.path)
        if entry.path in kinds:
            raise Unsafe(f"a result has `{entry.path}` twice")
        kinds[entry.path] = entry.kind
        if not patterns or not wanted.matches(entry.path):
            raise Unsafe(f"a result has `{entry.path}`, which is no declared output")
        if entry.path.split("/", 1)[0] in (".taskrush", ".git"):
            raise Unsafe(f"a result has `{entry.path}`")
        if entry.kind == LINK:
            check_link(entry.path, entry.target)
    known: Set[str] = set()
    for path in kinds:
        above = path.rpartition("/")[0]
        while above and above not in known:
            if above in kinds:
                raise Unsafe(f"a result has `{path}` below `{above}`, which is no folder with content")
            known.add(above)
            above = above.rpartition("/")[0]
    return manifest


def restore(
    root: str, manifest: Manifest, copier: Copier, stale: Iterable[str], unchanged: Iterable[str], files: Files
) -> bool:
    """Make the disk hold the manifest's entries and remove `stale` paths; False if an object is missing.

    Everything is fetched and verified first; until then nothing changes. Entries in `unchanged` are left as they are.
    Raises `Damaged`, `Unsafe`, `OSError`.
    """
    skip = set(unchanged)
    todo = [entry for entry in manifest.entries if entry.path not in skip]
    looked_at = files.now()
    staged = Staged(root, [entry for entry in todo if entry.kind != FOLDER])
    try:
        staged.make()
        wanted = [(e.digest, e.size, e.mode, staged.place(e)) for e in staged.entries if e.kind == FILE]
        fetched = copier.fetch(wanted)
        if fetched is None:
            return False
        with Confined(root) as room:
            for path in stale:
                room.remove(path)
                _prune(room, path)
            moved = staged.move(room)
            for entry in todo:
                if entry.kind == FOLDER:
                    _put_folder(room, entry)
        made = (entry for entry in staged.entries if entry.kind == FILE)
        for entry, (quick, seen) in zip(made, fetched):
            files.learn(entry.path, moved.get(entry.path, seen), looked_at, quick, entry.digest)
        return True
    finally:
        staged.clear()


class Staged:
    """Files and links on their way into the workspace, beside it: those of one folder lie in one folder."""

    def __init__(self, root: str, entries: List[Entry]) -> None:
        self.entries = entries
        self._incoming = os.path.join(state_folder(root), "incoming")
        self._beside = f"{self._incoming}/{os.getpid()}-{os.urandom(6).hex()}"
        self._folders: Dict[str, str] = {}  # of the workspace: where what belongs there is staged
        for entry in entries:
            above = entry.path.rpartition("/")[0]
            if above not in self._folders:
                self._folders[above] = f"{self._beside}-{len(self._folders)}"
        self._left: List[str] = []

    def place(self, entry: Entry) -> str:
        """Where an entry is staged."""
        above, _, name = entry.path.rpartition("/")
        return f"{self._folders[above]}/{name}"

    def make(self) -> None:
        """Make the folders, and the links in them. Raises `OSError`."""
        for folder in self._folders.values():
            try:
                os.mkdir(folder)
            except FileNotFoundError:
                os.makedirs(self._incoming, mode=0o700, exist_ok=True)
                os.mkdir(folder)
            self._left.append(folder)
        for entry in self.entries:
            if entry.kind == LINK:
                os.symlink(entry.target, self.place(entry))

    def move(self, room: Confined) -> Dict[str, FileIdentity]:
        """Move all of it to where it belongs: a folder at once where there is none yet, else one after the other.

        What moves by itself does not look as before: that is returned. Raises `Unsafe`, `OSError`.
        """
        moved: Dict[str, FileIdentity] = {}
        whole = set()
        for above in sorted(self._folders):
            if above and room.take_in(self._folders[above], above):
                self._left.remove(self._folders[above])
                whole.add(above)
        for entry in self.entries:
            if entry.path.rpartition("/")[0] not in whole:
                moved[entry.path] = identity_of(_put(room, entry, self.place(entry)))
        return moved

    def clear(self) -> None:
        """Remove what was not moved away."""
        for folder in self._left:
            try:
                os.rmdir(folder)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)


def part_from_store(
    root: str, files: Files, patterns: Tuple[str, ...], rows: Iterable[Sequence[Any]], store: ObjectStore
) -> None:
    """Make outputs that are names of stored objects files of their own again, before anything writes to them.

    `rows` are what is known of them. Where the store links, whatever has a second name is taken for one of an object.
    Raises `OSError`.
    """
    known = {row[0]: row for row in rows if row[1] == FILE}
    with Confined(root) as room:
        paths = {*known, *found_outputs(files, patterns, room)} if store.links else set(known)
        for path in sorted(paths):
            status = room.status(path)
            if status is None or not stat.S_ISREG(status.st_mode) or status.st_nlink < 2:
                continue
            row = known.get(path)
            if store.links or (row is not None and store.is_object(row[2], status)):
                _own_copy(room, path, stat.S_IMODE(status.st_mode) | stat.S_IWUSR if row is None else row[4])


def _own_copy(room: Confined, path: str, mode: int) -> None:
    folder, name = room.parent(path)
    beside = f".taskrush-{os.urandom(8).hex()}"
    flags = os.O_NOFOLLOW | getattr(os, "O_CLOEXEC", 0)
    try:
        with open(os.open(name, os.O_RDONLY | flags, dir_fd=folder), "rb") as source:
            made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, mode, dir_fd=folder)
            with open(made, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                os.fchmod(target.fileno(), mode)
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        try:
            os.unlink(beside, dir_fd=folder)
        except OSError:
            pass
        raise


def sweep(root: str, now: float) -> None:
    """Remove what killed runs left half-restored an hour ago and more."""
    folder = os.path.join(root, ".taskrush", "incoming")
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            status = os.lstat(os.path.join(folder, name))
            if now - status.st_mtime > LEFT_SECONDS:
                (shutil.rmtree if stat.S_ISDIR(status.st_mode) else os.unlink)(os.path.join(folder, name))
        except OSError:
            pass


def _put(room: Confined, entry: Entry, place: str) -> os.stat_result:
    """Move a file or a link to where it belongs; its status there."""
    room.clear_way(entry.path)
    folder, name = room.parent(entry.path, make=True)
    try:
        os.replace(place, name, dst_dir_fd=folder)
    except IsADirectoryError:
        os.rmdir(name, dir_fd=folder)  # only if nothing that we do not own is in it
        os.replace(place, name, dst_dir_fd=folder)
    return os.stat(name, dir_fd=folder, follow_symlinks=False)


def _put_folder(room: Confined, entry: Entry) -> None:
    room.clear_way(entry.path)
    folder, name = room.parent(entry.path, make=True)
    status = room.status(entry.path)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=folder)
        status = None
    if status is None:
        os.mkdir(name, dir_fd=folder)
    os.chmod(name, entry.mode, dir_fd=folder)


def _prune(room: Confined, path: str) -> None:
    """Remove the folders that became empty above a removed path."""
    above = path.rpartition("/")[0]
    while above and room.remove(above):
        above = above.rpartition("/")[0]
