"""The last line of a run: how it ended, what became of its tasks, how long it took. Nothing dear is imported here."""

from __future__ import annotations

from taskrush_cli.render.style import count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from taskrush_cli.render.style import Style

SAVED_SECONDS = 0.5  # less is not worth a word
_ORDER = ("succeeded", "fresh", "hit", "warned", "skipped", "cancelled", "failed")


def totals(
    style: Style,
    total: int,
    ended: Mapping[str, int],
    seconds: float,
    saved: float,
    ok: bool = True,
    exit_code: int = 0,
    flaky: int = 0,
) -> str:
    """`ended` has the number of tasks by the value of their state."""
    word, color = ("done", "green") if ok else ("failed", "red")
    if ok and ended.get("warned"):
        word, color = "done with warnings", "yellow"
    if not ok and exit_code > 128:
        word, color = "interrupted", "yellow"
    told = {"succeeded": f", {flaky} of them flaky"} if flaky else {}
    counts = ", ".join(f"{ended[state]} {state}{told.get(state, '')}" for state in _ORDER if ended.get(state))
    return f"{style.paint(word, color, 'bold')}: {count(total, 'task')} in {duration(seconds)}" + (
        (f" ({counts})" if counts else "") + (f", {duration(saved)} saved" if saved >= SAVED_SECONDS else "")
    )
