"""How useful the cache was: counts by task, kept in the workspace. Losing them loses nothing else."""

from __future__ import annotations

import os

from taskrush.statefile import load_state, save_state, state_folder
from taskrush.unchanged import fresh_of, noted
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, List, Tuple

    from taskrush.model.task import TaskId

KIND = "cache-stats"
FRESH, HIT, MISS = "fresh", "hit", "miss"


@frozen(kw_only=True)
class TaskStats:
    """How often a cached task was fresh, restored, or had to run, and the seconds that the first two saved."""

    task: str
    fresh: int = 0
    hit: int = 0
    miss: int = 0
    saved_seconds: float = 0.0

    @property
    def ratio(self) -> float:
        """The share of cases in which nothing had to run, from 0 to 1."""
        total = self.fresh + self.hit + self.miss
        return (self.fresh + self.hit) / total if total else 0.0


def _path(root: str) -> str:
    return os.path.join(root, ".taskrush", "stats")


def read_stats(root: str) -> List[TaskStats]:
    """What is known, by name of task."""
    value = load_state(_path(root), KIND)
    value = value if isinstance(value, dict) else {}
    for task, what, saved, times in _again(root):
        _add(value, task, what, saved, times)
    return [
        TaskStats(task=task, fresh=row[0], hit=row[1], miss=row[2], saved_seconds=row[3])
        for task, row in sorted(value.items())
    ]


def add_stats(root: str, seen: Iterable[Tuple[TaskId, str, float]]) -> None:
    """Count what a run saw: task, what it was, seconds saved. One writer at a time; trouble is ignored."""
    rows = list(seen)
    if not rows:
        return
    try:
        folder = state_folder(root)
        descriptor = os.open(os.path.join(folder, "stats.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return
    try:
        _lock(descriptor)
        known: Dict[str, Any] = load_state(_path(root), KIND) or {}
        for task, what, saved, times in (*_again(root, take=True), *((*row, 1) for row in rows)):
            _add(known, task, what, saved, times)
        save_state(_path(root), KIND, known)
    finally:
        os.close(descriptor)


def _again(root: str, take: bool = False) -> Iterator[Tuple[str, str, float, int]]:
    """What runs saw that found nothing to do and only counted that; with `take` it is not counted any more."""
    for times, kept in noted(root, take):
        for task, _, saved, *_ in fresh_of(kept):
            yield task, FRESH, saved or 0.0, times


def _add(known: Dict[str, Any], task: str, what: str, saved: float, times: int) -> None:
    row = list(known.get(str(task), (0, 0, 0, 0.0)))
    row[(FRESH, HIT, MISS).index(what)] += times
    row[3] += saved * times
    known[str(task)] = tuple(row)


def _lock(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass
