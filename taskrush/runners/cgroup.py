"""Measures the trees of tasks by control groups (cgroup v2, Linux): what the kernel counts for a group misses nobody.

Each command runs in a group of its own below the one that this program is in; a shell puts itself there before it
becomes the command, so that nothing is started outside. Processor time is always counted. Memory is where the memory
controller reaches these groups (page cache counts as well), elsewhere the sampler looks.
"""

from __future__ import annotations

import itertools
import os

from taskrush.runners.sampler import Sampler
from taskrush.runners.usage import Measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional, Sequence, Tuple

ENTER = 'echo 0 >"$0/cgroup.procs" || exit 126; exec "$@"'


def own_group() -> Optional[str]:
    """The folder of the group that this program is in, if groups can be made below it."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            path = next((line[3:].strip() for line in file if line.startswith("0::")), None)
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            mount = next((line.split()[4] for line in file if " - cgroup2 " in line), None)
    except OSError:
        return None
    if path is None or mount is None:
        return None
    folder = os.path.join(mount, path.lstrip("/"))
    probe = os.path.join(folder, f"taskrush-{os.getpid()}-probe")
    try:
        os.mkdir(probe)
        os.rmdir(probe)
    except OSError:
        return None
    return folder


class GroupMeter:
    """A meter that makes its groups below `above`."""

    def __init__(self, above: str) -> None:
        self._above = above
        self._numbers = itertools.count()
        self._sampler = Sampler()
        self._groups: Dict[int, str] = {}
        self._next: Optional[str] = None
        self._enabled = False

    def wrap(self, words: Sequence[str]) -> Tuple[str, ...]:
        if not self._enabled:
            self._enabled = True
            _write(os.path.join(self._above, "cgroup.subtree_control"), "+memory")
        group = os.path.join(self._above, f"taskrush-{os.getpid()}-{next(self._numbers)}")
        try:
            os.mkdir(group)
        except OSError:
            self._next = None
            return tuple(words)
        self._next = group
        return ("/bin/sh", "-c", ENTER, group, *words)

    def watch(self, pid: int) -> None:
        group, self._next = self._next, None
        if group is not None:
            self._groups[pid] = group
        if group is None or not os.path.exists(os.path.join(group, "memory.peak")):
            self._sampler.watch(pid)

    def forget(self, pid: int) -> Measured:
        group = self._groups.pop(pid, None)
        seen = self._sampler.forget(pid)
        if group is None:
            return seen
        found = Measured(_peak(group) or seen.peak_bytes, *_cpu(group))
        self._remove(group)
        return found

    def close(self) -> None:
        for group in self._groups.values():
            self._remove(group)
        self._sampler.close()

    def _remove(self, group: str) -> None:
        """A group in which something is left (a daemon) stays until that ends; what is in it goes up first."""
        try:
            for pid in _read(os.path.join(group, "cgroup.procs")).split():
                _write(os.path.join(self._above, "cgroup.procs"), pid)
            os.rmdir(group)
        except OSError:
            pass


def _peak(group: str) -> int:
    text = _read(os.path.join(group, "memory.peak")).strip()
    return int(text) if text.isdigit() else 0


def _cpu(group: str) -> Tuple[Optional[float], Optional[float]]:
    fields = dict(line.split()[:2] for line in _read(os.path.join(group, "cpu.stat")).splitlines() if " " in line)
    try:
        return int(fields["user_usec"]) / 1e6, int(fields["system_usec"]) / 1e6
    except (KeyError, ValueError):
        return None, None


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError:
        pass
