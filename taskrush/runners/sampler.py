"""Looks at the processes of tasks again and again while they run: how much memory whole trees have. Linux only.

What the kernel tells at the end of a process is the size of the largest single one; a tree is more than that. Resident
sizes count memory twice that processes share, so where their sum may be a new peak the proportional sizes decide. One
thread looks for all tasks of a run; it takes at most a twentieth of a processor, so with many processes it looks less
often. A tree is what has the task's process as an ancestor or is in its session, also after its parents have ended.
"""

from __future__ import annotations

import os
import threading
import time

from taskrush._typing import NamedTuple
from taskrush.runners.usage import UNSEEN, Measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Sequence, Set

PERIOD = 0.01  # seconds
SHARE = 20  # times as long as a look took nobody looks again
EVERY = 10  # looks until sessions are looked for as well
GROWTH = 1.01  # a sum of resident sizes that is larger by so much than the last one is looked into
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Seen(NamedTuple):
    """A process as `/proc/PID/stat` has it."""

    parent: int
    session: int
    started: int
    resident: int


class _Tree:
    """The processes of one command."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.members: Dict[int, int] = {}  # when each of them was started, lest its number means another one
        self.looked_into = 0
        self.peak = 0


class Sampler:
    """Watches trees of processes, in a thread that lives while there are any."""

    def __init__(self) -> None:
        self._trees: Dict[int, _Tree] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._closed = False
        self._thread: Optional[threading.Thread] = None
        self._looks = 0

    def wrap(self, words: Sequence[str]) -> Sequence[str]:
        return words

    def watch(self, pid: int) -> None:
        """From now on look at this process, which leads its session, and at all that it starts."""
        with self._lock:
            self._trees[pid] = _Tree(pid)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._live, name="taskrush worker sampler", daemon=True)
                self._thread.start()
        self._some.set()

    def forget(self, pid: int) -> Measured:
        """The process has ended: the most memory that its tree was seen to have at a time."""
        with self._lock:
            tree = self._trees.pop(pid, None)
        return UNSEEN if tree is None else Measured(tree.peak)

    def close(self) -> None:
        """The run is over."""
        self._closed = True
        self._some.set()

    def look(self) -> None:
        """One look at all trees."""
        with self._lock:
            trees = list(self._trees.values())
        if not trees:
            return
        self._looks += 1
        everything = processes() if self._looks % EVERY == 1 else None
        for tree in trees:
            _look_at(tree, everything)

    def _live(self) -> None:
        while not self._closed:
            if not self._trees:
                self._some.clear()
                if not self._trees and not self._closed:
                    self._some.wait()
                continue
            begun = time.thread_time()
            self.look()
            time.sleep(max(PERIOD, SHARE * (time.thread_time() - begun)))


def _look_at(tree: _Tree, everything: Optional[Dict[int, Seen]]) -> None:
    found: Dict[int, Seen] = {}
    todo: List[int] = [tree.root, *tree.members]
    if everything is not None:
        todo += [pid for pid, seen in everything.items() if seen.session == tree.root]
    tried: Set[int] = set()
    while todo:
        pid = todo.pop()
        if pid in tried:
            continue
        tried.add(pid)
        seen = look_at(pid)
        if seen is None or tree.members.get(pid, seen.started) != seen.started:
            continue
        found[pid] = seen
        todo += children(pid)
    tree.members = {pid: seen.started for pid, seen in found.items()}
    resident = sum(seen.resident for seen in found.values())
    if resident <= tree.peak or resident <= tree.looked_into * GROWTH:
        return
    tree.looked_into = resident
    size = resident if len(found) == 1 else sum(proportional(pid, seen.resident) for pid, seen in found.items())
    tree.peak = max(tree.peak, size)


def look_at(pid: int) -> Optional[Seen]:
    """A process, or None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
        return Seen(int(fields[1]), int(fields[3]), int(fields[19]), int(fields[21]) * PAGE)
    except (OSError, IndexError, ValueError):
        return None


def children(pid: int) -> List[int]:
    """The children of a process, of all its threads."""
    found: List[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
                found += map(int, file.read().split())
    except (OSError, ValueError):
        pass
    return found


def processes() -> Dict[int, Seen]:
    """All processes."""
    found = {}
    try:
        for name in os.listdir("/proc"):
            if name.isdigit():
                seen = look_at(int(name))
                if seen is not None:
                    found[int(name)] = seen
    except OSError:
        pass
    return found


def proportional(pid: int, otherwise: int) -> int:
    """Its memory in bytes; of what it shares with others its part."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb", buffering=0) as file:
            for line in file.read().split(b"\n"):
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return otherwise
