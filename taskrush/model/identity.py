"""When a file is surely the one that was looked at before. Pure: statuses and times come in as values.

Identity (size, times, inode, device) is only a shortcut, and trusted only if both times lie at least two seconds before
the look (git's rule against "racily clean" files). Content decides.
"""

from __future__ import annotations

from _operator import attrgetter  # what `operator` has it from, which costs more to import

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Tuple

    Identity = Tuple[int, int, int, int, int]  # size, mtime_ns, ctime_ns, inode, device
else:
    Identity = tuple  # `typing` would be half of the cost of a list of tasks

SAFE_NS = 2_000_000_000

if TYPE_CHECKING:

    def identity_of(status: os.stat_result) -> Identity:
        """What tells one state of a file from another without reading it."""

else:
    identity_of = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")  # in C: there are many


def lasting(identity: Identity, looked_at: int) -> bool:
    """Whether what was seen at `looked_at` (ns) is surely what a file holds for as long as it has this identity."""
    return identity[1] + SAFE_NS <= looked_at and identity[2] + SAFE_NS <= looked_at


def trusted(known: Identity, looked_at: int, now: Identity) -> bool:
    """Whether what was seen at `looked_at` (ns) is surely what a file with the identity `now` holds."""
    return known == now and lasting(known, looked_at)
