"""How many messages a channel may still get, counted over all runs of a workspace in a small file.

The file is state: without it, or with a damaged one, counting starts anew. Two runs at once take turns by a lock.
"""

from __future__ import annotations

import os

from taskrush._typing import NamedTuple
from taskrush.model.message import parse_limit
from taskrush.statefile import FOLDER, load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

KIND = "notifications 1"


class Leave(NamedTuple):
    """Whether a message may go, and how many were held back before it."""

    granted: bool
    held: int


class Limiter:
    """Counts the messages of channels by the time they went."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = os.path.join(root, FOLDER, "notify")

    def ask(self, channel: str, limit: str, now: float) -> Leave:
        """Leave for one message, which counts as gone if it is granted. Without a place to count in it is."""
        most, seconds = parse_limit(limit)
        try:
            state_folder(self._root)
            lock = os.open(self._path + ".lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError:
            return Leave(True, 0)
        try:
            _lock(lock)
            counted = self._counted()
            times, held = counted.get(channel, ([], 0))
            times = [time for time in times if now - seconds < time <= now]
            granted = len(times) < most
            counted[channel] = ([*times, now], 0) if granted else (times, held + 1)
            save_state(self._path, KIND, counted)
            return Leave(granted, held if granted else held + 1)
        finally:
            os.close(lock)

    def _counted(self) -> Dict[str, Tuple[List[float], int]]:
        state: Any = load_state(self._path, KIND)
        return state if isinstance(state, dict) else {}


def _lock(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):  # two runs that end in the same instant may count one message too few
        pass
