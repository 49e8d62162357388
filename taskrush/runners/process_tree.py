"""The processes of a run: how they are recognised and signalled.

A command runs in a session of its own; what leaves that session still carries a cookie, an environment variable that
children inherit: the run, and which command of it (`RUN.3`; below another run `OUTER.7/RUN.3`). On systems without
`/proc` only sessions (process groups) are known.
"""

from __future__ import annotations

import itertools
import os

from taskrush._builtin import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Set

COOKIE = "TASKRUSH_RUN"
PROC = "/proc"
SWEEPS = 100


class Tree:
    """All processes of one run. `stop_signal` is what commands get when they are told to end.

    `ending`: the run is being interrupted and ends with a sweep for all that is left; nobody need look for the
    remains of single commands, which takes long where there are many.
    """

    def __init__(self, run_id: str, environ: Mapping[str, str]) -> None:
        outer = environ.get(COOKIE)
        self.mark = run_id
        self.stop_signal: int = signal.SIGTERM
        self.ending = False
        self._prefix = f"{outer}/" if outer else ""
        self._number = itertools.count(1)
        self._leaders: Dict[int, int] = {}

    def new_mark(self) -> str:
        """The mark of one more command."""
        return f"{self.mark}.{next(self._number)}"

    def cookie(self, mark: str) -> Dict[str, str]:
        """What the environment of a command holds, so that it and its children are recognised."""
        return {COOKIE: self._prefix + mark}

    def started(self, leader: int) -> None:
        """A command was started, in a session of its own."""
        self._leaders[leader] = 0

    def ended(self, leader: int) -> None:
        """It was waited for: its number may be somebody else's from now on."""
        self._leaders.pop(leader, None)

    def tell(self, leader: int) -> None:
        """Tell a command to end."""
        if leader in self._leaders:
            self._leaders[leader] = newest()
        signal_group(leader, self.stop_signal)

    def remind(self) -> None:
        """Tell those again that cannot have heard it: dash forgets a SIGINT that comes while it starts a program."""
        for leader, since in list(self._leaders.items()):
            if since and deaf(leader, self.stop_signal, since):
                signal_group(leader, self.stop_signal)

    def pause(self, on: bool) -> None:
        """Let everything stand still, or go on."""
        for leader in list(self._leaders):
            signal_group(leader, signal.SIGSTOP if on else signal.SIGCONT)

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


def kill_group(leader: int) -> None:
    """Kill a command with its session, as far as that is one process group."""
    signal_group(leader, signal.SIGKILL)


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


def newest() -> int:
    """The number of the process that was started last; 0 where that cannot be told."""
    try:
        with open(f"{PROC}/loadavg", "rb") as file:
            return int(file.read().split()[-1])
    except (OSError, ValueError, IndexError):
        return 0


def deaf(leader: int, signum: int, since: int) -> bool:
    """Whether a command holds a process, not newer than number `since`, that lives although the signal would end it.

    Newer ones do not count: they may be what a trap does to clean up.
    """
    bit = 1 << (signum - 1)
    todo = [leader]
    while todo:
        pid = todo.pop()
        masks = _masks(pid)
        if pid <= since and masks is not None and not masks & bit:
            return True
        todo += _children(pid)
    return False


def _masks(pid: int) -> Optional[int]:
    """The signals that a process blocks, ignores or catches; None if it is gone."""
    found = 0
    try:
        with open(f"{PROC}/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith((b"SigBlk:", b"SigIgn:", b"SigCgt:")):
                    found |= int(line.split()[1], 16)
                elif line.startswith(b"State:") and line.split()[1] in (b"Z", b"X"):
                    return None
    except (OSError, ValueError, IndexError):
        return None
    return found


def _children(pid: int) -> List[int]:
    found: List[int] = []
    try:
        for thread in os.listdir(f"{PROC}/{pid}/task"):
            with open(f"{PROC}/{pid}/task/{thread}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except (OSError, ValueError):
        pass
    return found


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
