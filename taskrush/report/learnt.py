"""What runs have learnt of tasks: how long the last few good runs of each took and how much memory, in a small file.

The history knows this too; this is for the beginning of a run, which opens no database. Losing it loses nothing else.
"""

from __future__ import annotations

import os

from taskrush.model.task import TaskId
from taskrush.statefile import FOLDER, load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Mapping, Optional, Tuple

NAME = "learnt"
KIND = "learnt 1"
RECENT = 5
MOST = 20_000  # tasks; those that did not run for longest are forgotten first

if TYPE_CHECKING:
    Known = Dict[str, Tuple[Tuple[int, ...], Tuple[int, ...]]]  # microseconds and bytes, the newest last


class Learnt:
    """What is known of the tasks of the workspace at `root`, read when it is first asked for."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._rows: Optional[Known] = None

    def durations(self, tasks: Iterable[str]) -> Mapping[TaskId, float]:
        """Seconds: the median of the last few; without tasks of which nothing is known."""
        rows = self._known()
        if not rows:
            return {}
        found = ((task, rows[task][0]) for task in tasks if task in rows)
        return {TaskId(task): sorted(took)[len(took) // 2] / 1e6 for task, took in found if took}

    def peaks(self, tasks: Iterable[str]) -> Mapping[TaskId, int]:
        """Bytes: the largest of the last few."""
        rows = self._known()
        found = ((task, rows[task][1]) for task in tasks if task in rows)
        return {TaskId(task): max(peaks) for task, peaks in found if peaks}

    def learn(self, found: Mapping[str, Tuple[float, int]]) -> None:
        """Take in seconds and peak bytes (0: not known) of tasks that ran and ended well. Trouble is ignored."""
        try:
            folder = state_folder(self._root)
            descriptor = os.open(os.path.join(folder, NAME + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return
        try:
            _lock(descriptor)
            rows = _load(self._root)
            for task, (seconds, peak) in found.items():
                took, peaks = rows.pop(task, ((), ()))
                took = (*took, round(seconds * 1e6))[-RECENT:]
                rows[task] = (took, (*peaks, peak)[-RECENT:] if peak else peaks)
            for task in list(rows)[: max(0, len(rows) - MOST)]:
                del rows[task]
            save_state(os.path.join(folder, NAME), KIND, rows)
        finally:
            os.close(descriptor)

    def _known(self) -> Known:
        if self._rows is None:
            self._rows = _load(self._root)
        return self._rows


def _load(root: str) -> Known:
    value: Any = load_state(os.path.join(root, FOLDER, NAME), KIND)
    return value if isinstance(value, dict) else {}


def _lock(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass
