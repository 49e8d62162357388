"""The processes of a run: how they are recognised and signalled.

A command runs in a session of its own; what leaves that session still carries the run's cookie, an environment
variable that children inherit. On systems without `/proc` only sessions (process groups) are known.
"""

import os
import signal
import time
from typing import Dict, List, Mapping, Set

COOKIE = "TASKRUSH_RUN"


class Tree:
    """All processes of one run."""

    def __init__(self, run_id: str, environ: Mapping[str, str]) -> None:
        outer = environ.get(COOKIE)
        self.mark = run_id
        self.cookie: Dict[str, str] = {COOKIE: f"{outer}/{run_id}" if outer else run_id}

    def signal_session(self, leader: int, signum: int) -> None:
        """Signal a command and all it started that is still in its session; with SIGKILL also what left it."""
        try:
            os.killpg(leader, signum)
        except (ProcessLookupError, PermissionError):
            pass
        if signum == signal.SIGKILL:
            for pid in members(leader):
                _kill(pid, signum)

    def signal_descendants(self, leader: int, signum: int) -> None:
        """Signal a command that shares our session, and its descendants."""
        for pid in [*descendants(leader), leader]:
            _kill(pid, signum)

    def end_leftovers(self, leader: int) -> None:
        """End what a command that was just waited for left in its session."""
        try:
            os.killpg(leader, 0)
        except (ProcessLookupError, PermissionError):
            return
        marked_now = set(marked(self.mark))
        for pid in _group(leader):
            if pid in marked_now:
                _kill(pid, signal.SIGKILL)

    def sweep(self) -> None:
        """Kill every process that carries the run's cookie, until none is left."""
        for _ in range(100):
            found = marked(self.mark)
            if not found:
                return
            for pid in found:
                _kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def _kill(pid: int, signum: int) -> None:
    try:
        os.kill(pid, signum)
    except (ProcessLookupError, PermissionError):
        pass


def _stats() -> Dict[int, List[str]]:
    """Fields of `/proc/PID/stat` after the name, by process; zombies left out."""
    found = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
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
    """`leader`, its session and its descendants, where that can be told."""
    return {*_group(leader), *descendants(leader)}


def descendants(leader: int) -> Set[int]:
    """Live descendants of a process, by parent links."""
    children: Dict[int, List[int]] = {}
    for pid, fields in _stats().items():
        children.setdefault(int(fields[1]), []).append(pid)
    found: Set[int] = set()
    todo = [leader]
    while todo:
        for pid in children.get(todo.pop(), ()):
            if pid not in found:
                found.add(pid)
                todo.append(pid)
    return found


def marked(mark: str) -> List[int]:
    """Live processes other than this one whose environment carries the mark in its cookie."""
    wanted = mark.encode()
    found = []
    own = os.getpid()
    for pid in _stats():
        if pid == own:
            continue
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environ = file.read()
        except OSError:
            continue
        for entry in environ.split(b"\0"):
            if entry.startswith(COOKIE.encode() + b"=") and wanted in entry:
                found.append(pid)
                break
    return found
