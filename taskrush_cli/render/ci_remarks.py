"""What a CI service is told when a run is over: remarks beside the code, and a table for the page of the run.

It does not know where remarks go, nor how the service wants them marked.
"""

from __future__ import annotations

from taskrush.model.outcome import State
from taskrush_cli.render.attempts import reason_of
from taskrush_cli.render.failure import annotation, items
from taskrush_cli.render.style import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator, List, Mapping, Optional, Tuple

    from taskrush.errors import Where
    from taskrush.model.failure import Failure
    from taskrush.model.outcome import Outcome
    from taskrush.model.task import TaskId
    from taskrush_cli.render.ci import Dialect


def remarks(
    dialect: Dialect,
    outcomes: Iterable[Tuple[TaskId, Outcome]],
    explained: Mapping[TaskId, Failure],
    where: Callable[[TaskId], Optional[Where]],
) -> Iterator[str]:
    """One for each task that failed, that failed as it may, or that passed late."""
    for task, outcome in outcomes:
        mark = dialect.error if outcome.state is State.FAILED else dialect.warning
        if outcome.flaky:
            what = f"task {task} is {reason_of(outcome)}"
        else:
            allowed = "" if outcome.state is State.FAILED else ", as it may"
            what = f"task {task} failed{allowed}: {reason_of(outcome)}{annotation(explained.get(task))}"
        text = mark(what, where(task))
        if text:
            yield text


def add_page(
    path: str,
    head: str,
    outcomes: Iterable[Tuple[TaskId, Outcome]],
    signs: Mapping[State, str],
    explained: Mapping[TaskId, Failure],
) -> Optional[str]:
    """Add a table and what is known of failures to a file; what went wrong, in words."""
    text = table(head, outcomes, signs)
    text += "".join(f"{line}\n" for task, failure in explained.items() for line in items(task, failure))
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def table(head: str, outcomes: Iterable[Tuple[TaskId, Outcome]], signs: Mapping[State, str]) -> str:
    """Markdown: a heading and a row for each task."""
    rows: List[str] = []
    for task, outcome in outcomes:
        reason = reason_of(outcome).replace("|", "\\|").replace("\n", " ")
        cells = (signs[outcome.state], task, outcome.state.value, duration(outcome.seconds), reason)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(
        [f"### taskrush: {head}", "", "| | task | state | time | reason |", "|---|---|---|---|---|", *rows, "", ""]
    )
