"""Who listens on a port of this machine, as far as `/proc` tells; for a message, never for a decision."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Set

PROC = "/proc"
_LISTENS = "0A"


def port_owner(port: int) -> Optional[str]:
    """``redis-server (pid 123)``; None where it cannot be told."""
    sockets = _sockets(port)
    if not sockets:
        return None
    try:
        pids = sorted(int(name) for name in os.listdir(PROC) if name.isdigit())
    except OSError:
        return None
    for pid in pids:
        try:
            for descriptor in os.listdir(f"{PROC}/{pid}/fd"):
                if os.readlink(f"{PROC}/{pid}/fd/{descriptor}") in sockets:
                    with open(f"{PROC}/{pid}/comm", encoding="utf-8", errors="replace") as file:
                        return f"`{file.read().strip()}` (pid {pid})"
        except OSError:  # gone, or somebody else's
            continue
    return None


def _sockets(port: int) -> Set[str]:
    """The sockets that listen on a port, as links of descriptors name them."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(f"{PROC}/net/{table}", encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except (OSError, ValueError):
            continue
        for row in rows:
            if len(row) > 9 and row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{row[9]}]")
    return found
