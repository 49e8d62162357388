"""The processes of a run: how they are recognised and signalled.

A command runs in a session of its own; what leaves that session still carries a cookie, an environment variable that
children inherit: the run, and which command of it (`RUN.3`; below another run `OUTER.7/RUN.3`). On systems without
`/proc` only sessions (process groups) are known.
"""

import itertools
import os
import signal
from typing import Dict, Iterable, List, Mapping, Set

COOKIE = "TASKRUSH_RUN"
PROC = "/proc"
SWEEPS = 100


class Tree:
    """All processes of one run. `stop_signal` is what commands get when they are told to end."""

    def __init__(self, run_id: str, environ: Mapping[str, str]) -> None:
        outer = environ.get(COOKIE)
        self.mark = run_id
        self.stop_signal: int = signal.SIGTERM
        self._prefix = f"{outer}/" if outer else ""
        self._number = itertools.count(1)

    def new_mark(self) -> str:
        """The mark of one more command."""
        return f"{self.mark}.{next(self._number)}"

    def cookie(self, mark: str) -> Dict[str, str]:
        """What the environment of a command holds, so that it and its children are recognised."""
        return {COOKIE: self._prefix + mark}

    def sweep(self) -> None:
        """Kill every process that carries the run's cookie, until none is left."""
        sweep(self.mark)


def signal_group(leader: int, signum: int) -> bool:
    """Signal a process group; whether there is one."""
    try:
        os.killpg(leader, signum)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return signum != 0
    return True


def kill_tree(leader: int, mark: str) -> None:
    """Kill a command, its session, its descendants, and what carries its mark. The leader was not waited for yet."""
    _kill_all({leader, *members(leader)})
    signal_group(leader, signal.SIGKILL)
    sweep(mark)


def sweep(mark: str) -> None:
    """Kill every process that carries the mark, until none is left."""
    for _ in range(SWEEPS):
        found = marked(mark)
        if not found:
            return
        _kill_all(found)


def leftovers(leader: int, mark: str) -> List[int]:
    """What a command that was already waited for left in its session. Its number may be somebody else's by now, hence
    the mark; without `/proc` a living group of that number has to do.
    """
    if not signal_group(leader, 0):
        return []
    if not os.path.isdir(f"{PROC}/self"):
        return [-leader]
    return sorted(set(_group(leader)) & set(marked(mark)))


def send(pids: Iterable[int], signum: int) -> None:
    """Signal processes (a negative number: a group), whether they are still there or not."""
    for pid in pids:
        try:
            os.kill(pid, signum)
        except (ProcessLookupError, PermissionError):
            pass


def _kill_all(pids: Iterable[int]) -> None:
    send(pids, signal.SIGKILL)


def _stats() -> Dict[int, List[str]]:
    """Fields of `/proc/PID/stat` after the name, by process; zombies left out."""
    found = {}
    try:
        names = os.listdir(PROC)
    except OSError:
        return {}
    for name in names:
        if name.isdigit():
            try:
                with open(f"{PROC}/{name}/stat", "rb") as file:
                    text = file.read().decode("ascii", "replace")
            except OSError:
                continue
            fields = text[text.rfind(")") + 2 :].split()
            if fields and fields[0] not in ("Z", "X"):
                found[int(name)] = fields
    return found


def _group(leader: int) -> List[int]:
    """Live members of the process group or session of `leader`."""
    text = str(leader)
    return [pid for pid, fields in _stats().items() if text in (fields[2], fields[3])]


def members(leader: int) -> Set[int]:
    """The session of `leader` and its descendants, by parent links, where that can be told."""
    stats = _stats()
    text = str(leader)
    children: Dict[int, List[int]] = {}
    found: Set[int] = set()
    for pid, fields in stats.items():
        children.setdefault(int(fields[1]), []).append(pid)
        if text in (fields[2], fields[3]):
            found.add(pid)
    todo = [leader, *found]
    while todo:
        for pid in children.get(todo.pop(), ()):
            if pid not in found:
                found.add(pid)
                todo.append(pid)
    return found


def marked(mark: str) -> List[int]:
    """Live processes other than this one whose cookie holds the mark: a run, or one command of a run."""
    wanted = mark.encode()
    found = []
    own = os.getpid()
    for pid in _stats():
        if pid == own:
            continue
        try:
            with open(f"{PROC}/{pid}/environ", "rb") as file:
                environ = file.read()
        except OSError:
            continue
        if wanted in environ and any(_carries(entry, wanted) for entry in environ.split(b"\0")):
            found.append(pid)
    return found


def _carries(entry: bytes, mark: bytes) -> bool:
    name, _, value = entry.partition(b"=")
    if name != COOKIE.encode():
        return False
    return any(part == mark or part.rpartition(b".")[0] == mark for part in value.split(b"/"))
