"""What is said about attempts: that one failed and when the next one starts, and that a task ended well only later.

Words only; it knows neither colours nor where they go.
"""

from __future__ import annotations

from taskrush.model.duration import text_of
from taskrush.model.outcome import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskrush.events import AttemptFinished
    from taskrush.model.outcome import Outcome

FOUND = {State.FRESH: "fresh", State.HIT: "from cache"}


def reason_of(outcome: Outcome) -> str:
    """The reason of an outcome, with the number of attempts where there were several."""
    reason = outcome.reason or FOUND.get(outcome.state, "")
    if outcome.attempts == 1:
        return reason
    if outcome.state is State.SUCCEEDED:
        return f"flaky: passed on attempt {outcome.attempts}"
    if outcome.state in FOUND:
        return f"{reason} (passed on attempt {outcome.attempts})"
    first, line, rest = reason.partition("\n")
    return f"{first} (attempt {outcome.attempts}){line}{rest}"


def again(event: AttemptFinished) -> str:
    """What follows the name of a task that is to be tried again."""
    first = (event.outcome.reason or "failed").partition("\n")[0]
    when = f"in {text_of(event.delay)}" if event.delay >= 0.001 else "now"
    return f"{first}; attempt {event.attempt + 1} {when}"


def coming(attempt: int, seconds: float) -> str:
    """How long until the next attempt, for somebody who watches."""
    return f"attempt {attempt} in {max(0.0, seconds):.0f}s"
