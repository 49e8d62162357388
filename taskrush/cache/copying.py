"""What storing and restoring do once for each file: from a workspace into a store and back.

Rows of plain values go in and out, since this is done here or in a process beside this one (`copy_workers.py`). It
knows nothing of tasks, and what is restored it only puts beside its place.
"""

from __future__ import annotations

import os

import xxhash

from taskrush.cache.confine import Confined
from taskrush.model.identity import identity_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, List, Optional, Sequence, Tuple

    from taskrush.cache.objects import Look, ObjectStore
    from taskrush.model.identity import Identity as FileIdentity

    Identity = Tuple[int, ...]
    Fetched = Tuple[bytes, FileIdentity]  # quick digest, how the file is known again
    Wanted = Tuple[str, int, int, str]  # digest, size, mode, and a place that is free
    Made = Tuple[str, Identity]  # path in the workspace, how it looked
    Kept = Tuple[str, int, bytes]  # digest, size, quick digest

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class NotStorable(Exception):
    """An output that cannot be kept; the message names it."""


def identity(status: os.stat_result) -> Identity:
    """What changes when a path is written, replaced or given another mode."""
    return (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def fetch(store: ObjectStore, rows: Iterable[Wanted], seed: int) -> Optional[List[Fetched]]:
    """Make a file of each object, verified; None if an object is missing.

    Files that must not be executed may become names of objects where the store links. Raises `Damaged`, `OSError`.
    """
    found: List[Fetched] = []
    for digest, size, mode, place in rows:
        quick = xxhash.xxh3_128(seed=seed)
        status = None if mode & 0o111 else store.link_to(digest, place, size, quick.update)
        if status is None:
            quick.reset()
            status = store.write_to(digest, place, size, mode, quick.update)
            if status is None:
                return None
        found.append((quick.digest(), identity_of(status)))
    return found


def keep(
    store: ObjectStore,
    root: str,
    rows: Sequence[Made],
    seed: int,
    watch: Callable[[str, Look], Look] = lambda path, look: look,
) -> List[Kept]:
    """Store files of the workspace `root`, if each still looks as it did, and read each once.

    `watch` may put somebody in between who sees what is read of a path. Raises `NotStorable`, `Unsafe`, `OSError`.
    """
    found: List[Kept] = []
    with Confined(root) as room:
        for path, seen in rows:
            folder, name = room.parent(path)
            quick = xxhash.xxh3_128(seed=seed)
            with open(os.open(name, _FLAGS, dir_fd=folder), "rb", buffering=0) as source:
                digest, size = store.put_file(source, watch(path, quick.update))
                if identity(os.fstat(source.fileno())) != seen:
                    raise NotStorable(f"output `{path}` changed while it was being stored")
            found.append((digest, size, quick.digest()))
    return found
