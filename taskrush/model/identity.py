"""When a file is surely the one that was looked at before. Pure: statuses and times come in as values.

Identity (size, times, inode, device) is only a shortcut, and trusted only if both times lie at least two seconds before
the look (git's rule against "racily clean" files). Content decides.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Tuple

    Identity = Tuple[int, int, int, int, int]  # size, mtime_ns, ctime_ns, inode, device
else:
    Identity = tuple  # `typing` would be half of the cost of a list of tasks

SAFE_NS = 2_000_000_000


def identity_of(status: os.stat_result) -> Identity:
    """What tells one state of a file from another without reading it."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def trusted(known: Identity, looked_at: int, now: Identity) -> bool:
    """Whether what was seen at `looked_at` (ns) is surely what a file with the identity `now` holds."""
    return known == now and known[1] + SAFE_NS <= looked_at and known[2] + SAFE_NS <= looked_at
