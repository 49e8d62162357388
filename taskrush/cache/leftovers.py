"""What runs that did not end well left among a task's outputs, so that the next one can clear it away.

Before a task's action (or a restore) touches anything, what stands among its outputs and is not its own is written
down; once it ended well, the note goes. A run that fails replaces the note by what it made. Where a run was killed,
everything among the outputs that was not there before counts as left over.
"""

from __future__ import annotations

import hashlib
import os

from taskrush.statefile import load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from taskrush.model.task import Task

KIND = "task-leftovers"
if TYPE_CHECKING:
    Identity = Tuple[int, ...]


class Leftovers:
    """The notes of one workspace."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._made = False

    def note(self, task: Task, foreign: Dict[str, Identity]) -> None:
        """The task is about to change its outputs; `foreign` is what is there and not its own."""
        self._save(task, "foreign", foreign)

    def note_made(self, task: Task, made: Dict[str, Identity]) -> None:
        """The task did not end well, and this is what it made: from now on only that counts as left over."""
        self._save(task, "made", made)

    def clear(self, task: Task) -> None:
        """The task ended well: what it made is in its mark."""
        try:
            os.unlink(self._path(task))
        except OSError:
            pass

    def among(self, task: Task, found: Dict[str, Identity]) -> List[str]:
        """Which of the paths found among the task's outputs an unfinished run left there."""
        try:
            kind, paths = load_state(self._path(task), KIND)  # type: ignore[misc]
        except TypeError:
            return []
        if kind == "made":
            return [path for path, identity in found.items() if paths.get(path) == identity]
        return [path for path, identity in found.items() if paths.get(path) != identity]

    def _save(self, task: Task, kind: str, paths: Dict[str, Identity]) -> None:
        folder = os.path.join(self._root, ".taskrush", "unfinished")
        nothing = os.path.join(folder, "nothing")
        try:
            if not self._made:
                os.makedirs(os.path.join(state_folder(self._root), "unfinished"), mode=0o700, exist_ok=True)
                self._made = save_state(nothing, KIND, ("foreign", {}))
            if kind == "foreign" and not paths:  # so it is nearly always: one more name is cheaper than a file
                os.link(nothing, self._path(task))
                return
        except (OSError, NotImplementedError):
            pass
        save_state(self._path(task), KIND, (kind, paths))

    def _path(self, task: Task) -> str:
        name = hashlib.sha256(os.fsencode(task.id)).hexdigest()[:32]
        return os.path.join(self._root, ".taskrush", "unfinished", name)
