"""Which hints hold for a task: its own, then those of its file that mean it. Names with wildcards are of the file."""

from __future__ import annotations

import fnmatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

    from taskrush.model.declaration import FileDecl, TaskDecl
    from taskrush.model.policy import FailureHint


def hints_of(file: FileDecl, decl: TaskDecl, name: str) -> Tuple[FailureHint, ...]:
    """The hints of one task; `name` is that of a member of a matrix, `decl.name` that of the whole."""
    shared = [
        hint
        for hint in file.hints
        if not hint.tasks or any(fnmatch.fnmatchcase(one, task) for task in hint.tasks for one in (name, decl.name))
    ]
    return (*(decl.hints or ()), *shared)
