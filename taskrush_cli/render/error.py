"""Errors as a person reads them: place and message, the line with a caret, a hint; several with a count at the end."""

from __future__ import annotations

import traceback

from taskrush.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from taskrush.errors import Problem, TaskRushError
    from taskrush_cli.render.style import Style


def render_error(error: TaskRushError, style: Style) -> str:
    """The text for standard error, ending in a newline."""
    if not isinstance(error, ConfigError):
        lines = [f"{style.paint('error:', 'red', 'bold')} {error.message}"]
        if error.hint:
            lines.append(_hint(error.hint, style))
        return "\n".join(lines) + "\n"
    blocks = [_problem(problem, style) for problem in error.problems]
    text = "\n\n".join(blocks) + "\n"
    if len(blocks) > 1:
        text += "\n" + style.paint(f"{len(blocks)} problems", "red", "bold") + "\n"
    return text


def render_bug(error: Exception, style: Style, details: bool) -> str:
    """What to say about an error that nobody meant to raise."""
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    text = f"{style.paint('internal error:', 'red', 'bold')} {what}; this is a bug in taskrush\n"
    if details:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__)) + text
    return text + _hint("set TASKRUSH_DEBUG=1 to see where it happened, and please report it", style) + "\n"


def _problem(problem: Problem, style: Style) -> str:
    lines: List[str] = str(problem).split("\n")
    place = f"{problem.where}: " if problem.where else ""
    head = len(problem.message.split("\n"))
    first = problem.message if not place else lines[0][len(place) :]
    lines[0] = (
        f"{style.paint(place, 'bold')}{style.paint('error:', 'red', 'bold')} {first}" if style.color else lines[0]
    )
    if not place and not style.color:
        lines[0] = f"error: {lines[0]}"
    for number in range(head, len(lines)):
        if lines[number].startswith("hint: "):
            lines[number] = _hint(lines[number][len("hint: ") :], style)
        elif lines[number].strip() == "^":
            lines[number] = style.paint(lines[number], "red", "bold")
    return "\n".join(lines)


def _hint(text: str, style: Style) -> str:
    return f"{style.paint('hint:', 'cyan')} {text}"
