"""Whether a task made what it declares: a declared output that is not there is a failure (DESIGN, promise 6).

It looks at names only, and stops at the first match of each pattern.
"""

from __future__ import annotations

import os

from taskrush.model.outcome import failed
from taskrush.model.pattern import PatternError, Patterns, is_literal, literal_prefix
from taskrush.model.substitution import as_text, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Mapping, Optional

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task


def not_made(task: Task, root: str, values: Mapping[str, object]) -> Optional[Outcome]:
    """The failure of a task that ended well but lacks outputs, naming them; None if all are there."""
    lacking = missing_outputs(task, root, values)
    if not lacking:
        return None
    names = ", ".join(f"`{pattern}`" for pattern in lacking[:5])
    more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
    return failed(f"did not make its declared output {names}{more}", code=0)


def missing_outputs(task: Task, root: str, values: Mapping[str, object]) -> List[str]:
    """Declared patterns, `!` ones aside, that no path in the workspace matches."""
    texts = {name: as_text(value) or "" for name, value in {**values, **task.arguments, **task.env}.items()}
    lacking = []
    for pattern in task.outputs:
        filled = substitute(pattern, texts)
        if not filled.startswith("!") and "${" not in filled and not _is_made(filled, root):
            lacking.append(filled)
    return lacking


def _is_made(pattern: str, root: str) -> bool:
    if is_literal(pattern):
        return os.path.lexists(os.path.join(root, pattern))
    start = literal_prefix(pattern)
    try:
        wanted = Patterns((pattern,))
        for folder, folders, files in os.walk(os.path.join(root, start)):
            below = os.path.relpath(folder, root).replace(os.sep, "/")
            for name in (*files, *folders):
                if wanted.matches(name if below == "." else f"{below}/{name}"):
                    return True
    except PatternError:  # said when the file was loaded
        return True
    return False
