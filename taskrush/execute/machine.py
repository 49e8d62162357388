"""What this process may use of the machine: processors, memory that is free, and whether the kernel killed for memory.

Control groups (version 2 or 1) count as well as the machine. It reads a few small files and keeps nothing; what cannot
be found out is None or nought. It knows no task.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Tuple

UNLIMITED = 1 << 60  # version 1 writes a number near 2**63


class Machine:
    """The machine as its files tell; `proc` and `groups` are where these are."""

    def __init__(self, proc: str = "/proc", groups: str = "/sys/fs/cgroup") -> None:
        self._proc = proc
        self._groups = groups

    def processors(self) -> int:
        """How many processors this process may use at a time."""
        if hasattr(os, "sched_getaffinity"):
            count = len(os.sched_getaffinity(0))
        else:
            count = os.cpu_count() or 1
        for folder in self._folders("cpu"):
            quota = _read(folder, "cpu.max").split()  # version 2: how much of a period, and the period
            if len(quota) == 2 and quota[0].isdigit():
                count = min(count, -(-int(quota[0]) // int(quota[1])))
            share, period = _number(folder, "cpu.cfs_quota_us"), _number(folder, "cpu.cfs_period_us")
            if share is not None and period and share > 0:
                count = min(count, -(-share // period))
        return max(1, count)

    def free_memory(self) -> Optional[int]:
        """Bytes that can still be used without anybody being killed for it."""
        found: List[int] = []
        for line in _read(self._proc, "meminfo").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
        if not found and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        for folder in self._folders("memory"):
            for limit_name, usage_name, idle_name in (
                ("memory.max", "memory.current", "inactive_file "),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
            ):
                limit, usage = _number(folder, limit_name), _number(folder, usage_name)
                if limit is not None and usage is not None and limit < UNLIMITED:
                    found.append(max(0, limit - usage + (_field(folder, "memory.stat", idle_name) or 0)))
        return min(found) if found else None

    def memory_kills(self) -> int:
        """How often the kernel killed something in this control group, or if that cannot be told on this machine."""
        for folder in self._folders("memory"):
            for file in ("memory.events", "memory.oom_control"):
                count = _field(folder, file, "oom_kill ")
                if count is not None:
                    return count
            break
        return _field(self._proc, "vmstat", "oom_kill ") or 0

    def _folders(self, controller: str) -> Iterator[str]:
        """The folders of this process's control groups, from its own upwards."""
        for line in _read(self._proc, "self/cgroup").splitlines():
            number, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            if controllers and controller not in controllers.split(","):
                continue
            for mounted in _mounts(number, controllers):
                root = os.path.join(self._groups, mounted)
                inside = path.strip("/").split("/") if path.strip("/") else []
                while True:
                    folder = os.path.join(root, *inside)
                    if os.path.isdir(folder):  # in a container the path may be that of the host
                        yield folder
                    if not inside:
                        break
                    inside.pop()


def _mounts(number: str, controllers: str) -> Tuple[str, ...]:
    """Where a hierarchy is mounted by custom."""
    return (controllers,) if number != "0" else ("", "unified")


def _read(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _number(folder: str, name: str) -> Optional[int]:
    text = _read(folder, name).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _field(folder: str, name: str, field: str) -> Optional[int]:
    for line in _read(folder, name).splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return None
