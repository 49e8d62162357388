"""What the workspace knows of each task's last good end: under which key, what it made, from which parts.

A mark and the parts of a task are a file each, so that runs at the same time disturb nobody and a killed one leaves
whole files. `save` puts a copy of all marks that were read into one file: the next run then only looks whether the
single ones are still the same. It knows nothing of what keys mean.
"""

from __future__ import annotations

import hashlib
import os

from taskrush.model.identity import identity_of, trusted
from taskrush.statefile import load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Tuple

    from taskrush.model.identity import Identity
    from taskrush.model.task import TaskId

MARK = "task-mark-2"
PARTS = "task-parts"
MARKS = "task-marks"

if TYPE_CHECKING:
    Seen = Tuple[Identity, int, Any]  # identity of the file, looked at (ns), what it held


class Marks:
    """The marks of one workspace; `now` is the time as its file system has it. For several threads."""

    def __init__(self, root: str, now: Callable[[], int]) -> None:
        self._root = root
        self._folder = os.path.join(root, ".taskrush")
        self._now = now
        self._seen: Optional[Dict[str, Seen]] = None
        self._changed = False
        self._made = False

    def get(self, task: TaskId) -> Any:
        """What `put` was given for the task, or None."""
        path = self._path("marks", task)
        try:
            status = os.lstat(path)
        except OSError:
            return None
        if self._seen is None:
            loaded = load_state(self._all, MARKS)
            self._seen = loaded if isinstance(loaded, dict) else {}
        seen = self._seen.get(task)
        identity = identity_of(status)
        if seen is not None and trusted(seen[0], seen[1], identity):
            return seen[2]
        looked_at = self._now()
        value = load_state(path, MARK)
        if not isinstance(value, tuple) or value[:1] != (str(task),):
            return None
        self._seen[task] = (identity, looked_at, value[1:])
        self._changed = True
        return value[1:]

    def put(self, task: TaskId, mark: Tuple[Any, ...], parts: Mapping[str, str]) -> bool:
        """Keep plain values; the mark last. False for trouble: then the task is not known to have ended well."""
        try:
            self._make()
        except OSError:
            return False
        return save_state(self._path("parts", task), PARTS, dict(parts)) and save_state(
            self._path("marks", task), MARK, (str(task), *mark)
        )

    def forget(self, task: TaskId) -> None:
        """Remove the mark; the parts stay, for explaining."""
        try:
            os.unlink(self._path("marks", task))
        except OSError:
            pass

    def parts(self, task: TaskId) -> Optional[Dict[str, str]]:
        """The parts of the fingerprint of the task's last good end, by name."""
        value = load_state(self._path("parts", task), PARTS)
        return value if isinstance(value, dict) else None

    def save(self) -> None:
        """Keep what was read, for the next run."""
        if self._changed and self._seen:
            self._changed = False
            save_state(self._all, MARKS, dict(self._seen))

    @property
    def _all(self) -> str:
        return os.path.join(self._folder, "all-marks")

    def _make(self) -> None:
        if not self._made:
            for kind in ("marks", "parts"):
                os.makedirs(os.path.join(state_folder(self._root), kind), mode=0o700, exist_ok=True)
            self._made = True

    def _path(self, kind: str, task: TaskId) -> str:
        return f"{self._folder}/{kind}/{hashlib.sha256(os.fsencode(task)).hexdigest()[:32]}"
