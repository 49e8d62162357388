"""Columns that fit: pure functions from rows of text to lines."""

import unicodedata
from typing import List, Sequence


def width_of(text: str) -> int:
    """How many columns a terminal gives to `text`."""
    if text.isascii():
        return len(text)
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


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> List[str]:
    """Lines with every column as wide as its widest cell, without spaces at the end."""
    if not rows:
        return []
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [gap.join(pad(cell, width) for cell, width in zip(row, widths)).rstrip() for row in rows]
