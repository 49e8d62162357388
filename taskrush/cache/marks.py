"""What the workspace knows of each task's last good end: under which key, what it made, from which parts.

A mark and the parts of a task are a file each, so that runs at the same time disturb nobody and a killed one leaves
whole files. `save` puts a copy of all marks that were read into one file: the next run then only looks whether the
single ones are still the same. It knows nothing of what keys mean.
"""

from __future__ import annotations

import os

from taskrush.model.identity import identity_of, lasting, trusted
from taskrush.statefile import digest_of, load_state, opened, save_state, state_folder
from taskrush.unchanged import mark_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Tuple

    from taskrush.model.identity import Identity
    from taskrush.model.task import TaskId
    from taskrush.unchanged import Witness

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
        self._wrote = False
        self._began: Optional[Tuple[Identity, int]] = None  # the folder, before the first mark was read

    def get(self, task: TaskId) -> Any:
        """What `put` was given for the task, or None."""
        path = self._path("marks", task)
        try:
            status = os.lstat(path)
        except OSError:
            return None
        if self._seen is None:
            looked_at = self._now()
            self._began = (identity_of(os.lstat(f"{self._folder}/marks")), looked_at)
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

    def tell(self, witness: Witness, tasks: Iterable[TaskId]) -> None:
        """What these marks were known by: as nothing in a folder is replaced, added or removed without its times
        changing, the folder as it was before the first one was read stands for all, once it is old enough."""
        if self._began is None or self._seen is None:
            witness.doubt = True
            return
        if lasting(*self._began) and not self._wrote:
            witness.marks["."] = (*self._began, "")
            return
        for task in tasks:
            path = self._path("marks", task)
            seen = self._seen.get(task)
            digest = self._digest_of(path, task, seen) if seen is not None and not lasting(seen[0], seen[1]) else ""
            if seen is None or digest is None:
                witness.doubt = True
                return
            witness.mark(os.path.basename(path), task, seen[0], seen[1], digest)

    def _digest_of(self, path: str, task: TaskId, seen: Seen) -> Optional[str]:
        """The digest of a mark's file, if it still holds what was seen."""
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        return digest_of(data).hex() if opened(data, MARK) == (str(task), *seen[2]) else None

    def put(self, task: TaskId, mark: Tuple[Any, ...], parts: Mapping[str, str]) -> bool:
        """Keep plain values; the mark last. False for trouble: then the task is not known to have ended well."""
        self._wrote = True
        try:
            self._make()
        except OSError:
            return False
        if self.parts(task) != parts and not save_state(self._path("parts", task), PARTS, dict(parts)):
            return False
        return save_state(self._path("marks", task), MARK, (str(task), *mark))

    def forget(self, task: TaskId) -> None:
        """Remove the mark; the parts stay, for explaining."""
        self._wrote = True
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
        return f"{self._folder}/{kind}/{mark_name(task)}"
