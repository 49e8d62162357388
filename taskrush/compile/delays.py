"""Where the file of a custom delay is: as its task file writes it, and as the workspace sees it."""

from __future__ import annotations

from taskrush.compile.paths import rebase
from taskrush.errors import Problem
from taskrush.model.retry import CUSTOM
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Tuple

    from taskrush.model.declaration import FileDecl, TaskDecl
    from taskrush.model.retry import Retry


def placed(
    decl: TaskDecl, file: FileDecl, read_text: Callable[[str], Optional[str]]
) -> Tuple[Optional[Retry], Tuple[Problem, ...]]:
    """The task's retries, with a path from the workspace, and what is wrong: the file must be there."""
    retry = decl.retry
    if retry is None or not isinstance(retry.delay, str) or not retry.delay.startswith(CUSTOM):
        return retry, ()
    path, _, function = retry.delay[len(CUSTOM) :].rpartition(":")
    place, wrong = rebase(file.folder, path)
    if wrong is None and read_text(place) is None:
        wrong = "there is no such file"
    if wrong is None:
        return evolve(retry, delay=f"{CUSTOM}{place}:{function}"), ()
    where = next((decl.places[key] for key in ("retry.delay", "retry") if key in decl.places), decl.where)
    return retry, (Problem(f"task `{decl.name}` has its delay from `{path}`: {wrong}", where),)
