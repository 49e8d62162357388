"""Whether what a task writes matches a regular expression, on either of its streams, in bounded memory.

Pieces are collected and searched together; the end of what was searched is kept, so that a match across the borders of
pieces is found if it is no longer than 7,000 characters. `^` and `$` are the ends of lines. It does not
know why it is asked.
"""

from __future__ import annotations

import codecs
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List

GATHERED = 1 << 16  # characters that are searched at once
KEPT = 1 << 14  # characters that are kept from one search to the next
AHEAD = 1 << 9  # characters behind a match that it may depend on


class OutputPattern:
    """Searches for one regular expression."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.MULTILINE)
        self._windows: Dict[str, _Window] = {}
        self._found = False

    def feed(self, stream: str, data: bytes) -> None:
        """Take in a piece of output."""
        if self._found:
            return
        window = self._windows.get(stream)
        if window is None:
            window = self._windows[stream] = _Window(self._pattern)
        self._found = window.feed(data)

    def found(self) -> bool:
        """Whether all that was written matches anywhere; to be asked when nothing more will come."""
        if not self._found:
            windows = list(self._windows.values()) or [_Window(self._pattern)]  # nothing at all may match too
            self._found = any(window.search(last=True) for window in windows)
        return self._found


class _Window:
    """The last part of one stream."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._from = 0  # where to search; what stands before has been searched, but a match may look back at it
        self._pieces: List[str] = []
        self._size = 0

    def feed(self, data: bytes) -> bool:
        found = False
        for start in range(0, len(data), GATHERED):
            piece = self._decode.decode(data[start : start + GATHERED])
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size >= GATHERED:
                found = found or self.search()
        return found

    def search(self, last: bool = False) -> bool:
        """Search what was gathered. Before the end, a match counts only if what follows cannot undo it."""
        text = self._text + "".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        match = self._pattern.search(text, self._from)
        if match is not None and (last or match.end() <= len(text) - AHEAD):
            return True
        if len(text) > KEPT:
            text = text[-KEPT:]
            self._from = KEPT // 2
        self._text = text
        return False
