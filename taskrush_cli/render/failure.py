"""What is said about a failure below its line: quotations from its output, facts, causes. Text in, lines out.

What TaskRush only takes to be so is worded as that already; here it is only put in order.
"""

from __future__ import annotations

from taskrush_cli.render.table import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional

    from taskrush.model.failure import Cause, Failure, Flakiness
    from taskrush_cli.render.style import Style

FEW = 12  # lines of output that a person takes in at a glance: nothing of them is repeated
INDENT = "  "


def section(failure: Failure, style: Style, width: int = 0, quote: bool = True, causes: bool = True) -> List[str]:
    """The lines below a failed task's own. `width` is that of the terminal, 0 where there is none.

    With `quote` the decisive lines of its output are repeated; without `causes` only what is its own is told.
    """
    lines: List[str] = []
    dots = style.sign("…", "...")
    if quote:
        bar = style.paint(style.sign("│", "|"), "red")
        for line in failure.lines:
            lines.append(f"{INDENT}{bar} {cut(line, width - len(INDENT) - 2, dots) if width > 20 else line}")
    if failure.changed:
        lines.append(f"{INDENT}since it last ended well: {failure.changed}")
    if failure.history is not None:
        lines.append(f"{INDENT}{before(failure.history)}")
    for cause in failure.causes if causes else ():
        lines.extend(INDENT + line for line in told(cause, style))
    return lines


def told(cause: Cause, style: Style) -> Iterable[str]:
    yield cause.message
    if cause.remedy:
        yield f"{style.paint('hint:', 'cyan')} {cause.remedy}"


def before(history: Flakiness) -> str:
    """How it ended before, with the numbers: a share alone would say more than so few runs can."""
    share = history.failed / history.runs
    numbers = f"{history.failed} of {history.runs} times ({share:.0%}; {history.low:.0%} to {history.high:.0%} at 95%)"
    recovered = f", and ended well after a failed attempt {_times(history.recovered)}" if history.recovered else ""
    if history.same_key:
        return f"it looks flaky: with the same ingredients it failed {numbers}{recovered}"
    return f"of late it failed {numbers}{recovered}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def annotation(failure: Optional[Failure]) -> str:
    """What is added to a remark beside the code: the most telling lines and the first cause."""
    if failure is None:
        return ""
    first = failure.causes[0] if failure.causes else None
    said = [
        *failure.lines[:3],
        *([first.message] if first else []),
        *([first.remedy] if first and first.remedy else []),
    ]
    return "".join(f"\n{line}" for line in said)


def items(task: str, failure: Failure) -> Iterable[str]:
    """Lines of a Markdown list: what is known of a failure."""
    known = [f"since it last ended well: {failure.changed}"] if failure.changed else []
    known += [before(failure.history)] if failure.history is not None else []
    known += [cause.message + (f" ({cause.remedy})" if cause.remedy else "") for cause in failure.causes]
    for text in known:
        yield f"- {task}: {text}".replace("<", "&lt;")
