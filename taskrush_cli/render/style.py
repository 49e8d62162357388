"""Whether and how to colour: decided once per stream, by what was asked for, the environment and the stream itself."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
PALETTE = ("cyan", "magenta", "yellow", "blue", "green")


class Style:
    """`color`: control sequences may be used. `unicode`: signs beyond ASCII may be used."""

    __slots__ = ("color", "unicode")

    def __init__(self, color: bool = False, unicode: bool = False) -> None:
        self.color = color
        self.unicode = unicode

    @classmethod
    def of(cls, stream: Any, when: str, environ: Mapping[str, str]) -> Style:
        """`when` is auto, always or never; auto heeds NO_COLOR, FORCE_COLOR, TERM=dumb and whether it is a terminal."""
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        return cls(_wants_color(stream, when, environ), encoding.startswith("utf"))

    def paint(self, text: str, *names: str) -> str:
        """`text` in these colours, or as it is."""
        if not self.color or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"

    def sign(self, pretty: str, plain: str) -> str:
        return pretty if self.unicode else plain


def _wants_color(stream: Any, when: str, environ: Mapping[str, str]) -> bool:
    if when in ("always", "never"):
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return True
    return is_terminal(stream) and environ.get("TERM") != "dumb"


def is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def columns(descriptor: int, environ: Mapping[str, str], default: int) -> int:
    """How wide the terminal at a descriptor is; `COLUMNS` wins."""
    try:
        return int(environ.get("COLUMNS") or 0) or os.get_terminal_size(descriptor).columns or default
    except (OSError, ValueError):
        return default


def duration(seconds: float) -> str:
    """`0.05s`, `12.3s`, `3m04s`, `2h05m`."""
    if seconds < 10:
        return f"{seconds:.2f}s"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def count(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
