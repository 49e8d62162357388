"""Texts that fit into columns of a terminal, in any script. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Sequence


def width_of(text: str) -> int:
    """How many columns a terminal gives to `text`."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def cut(text: str, width: int, ellipsis: str = "...") -> str:
    """`text` in at most `width` columns, with an ellipsis where something was left out."""
    if width_of(text) <= width:
        return text
    kept = ""
    room = max(0, width - len(ellipsis))
    for character in text:
        room -= width_of(character)
        if room < 0:
            break
        kept += character
    return (kept.rstrip() + ellipsis)[: max(width, 0)]


def aligned(rows: Sequence[Sequence[str]], indent: str = "  ") -> List[str]:
    """Lines with columns, two blanks between them; the last one is as wide as it is."""
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        indent + "  ".join([*(pad(text, width) for text, width in zip(row[:-1], widths)), row[-1]]).rstrip()
        for row in rows
    ]
