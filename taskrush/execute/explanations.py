"""Tells what can be said about the failures of a run, by whatever can say it; trouble with that changes nothing."""

from __future__ import annotations

from taskrush.events import Warned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping, Optional

    from taskrush.events import Event
    from taskrush.model.outcome import Outcome
    from taskrush.model.task import TaskId
    from taskrush.protocols import Memory

    Explain = Callable[[str, Mapping[TaskId, Outcome], Optional[Memory]], Iterable[Event]]
    """Given a run that did not end well, its outcomes and memory: what can be said about its failures."""


def tell_why(
    tell: Callable[[Event], None],
    explain: Optional[Explain],
    run: str,
    outcomes: Mapping[TaskId, Outcome],
    memory: Optional[Memory],
) -> None:
    """Tell one event after the other; it must not hide how the run ended."""
    if explain is None:
        return
    try:
        for event in explain(run, outcomes, memory):
            tell(event)
    except Exception as error:
        tell(Warned(f"failures could not be explained: {type(error).__name__}: {error}"))
