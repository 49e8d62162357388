"""Errors as a person reads them."""

from taskrush.errors import TaskRushError


def render_error(error: TaskRushError) -> str:
    """The message with its hint, ending in a newline."""
    return f"error: {error}\n" if not getattr(error, "problems", None) else f"{error}\n"
