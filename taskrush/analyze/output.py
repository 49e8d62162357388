"""Takes in what a task wrote, however much, and keeps what is worth looking at: clean lines, a bounded number of them.

The first and the last lines are kept whole; of what lies between only lines that begin to tell of trouble. Lines are
cut, control sequences are removed, whatever could disturb a terminal is replaced. It does not know what lines mean.
"""

import re
from collections import deque
from typing import Deque, Dict, List, Tuple

from taskrush.values import frozen

HEAD = 3000  # lines kept from the beginning
MIDDLE = 1000  # telling lines kept from between
TAIL = 3000
WIDTH = 500  # characters of a line
_RAW = 4 * WIDTH  # bytes of a line before it is cleaned
_TROUBLE = re.compile(rb"[Ee]rror|ERROR|panic|Traceback|FAIL|Caused by|[Ff]atal|FATAL|Exception|not ok|\*\*\*")
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]"
)


@frozen
class Line:
    """One line of output: the how-manieth, of which stream, its text."""

    number: int
    stream: str
    text: str


class Output:
    """What is kept of one task's output."""

    def __init__(self) -> None:
        self.count = 0
        self._head: List[Tuple[int, str, bytes]] = []
        self._middle: List[Tuple[int, str, bytes]] = []
        self._tail: Deque[Tuple[int, str, bytes]] = deque()
        self._partial: Dict[str, bytes] = {}

    def feed(self, stream: str, data: bytes) -> None:
        """Take in the next piece."""
        begun = self._partial.get(stream, b"")
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            first, *lines = whole.split(b"\n")
            self._add(stream, begun + first[:_RAW] if begun else first)
            for line in lines:
                self._add(stream, line)
            begun = b""
        if len(begun) < _RAW or b"\r" in rest:
            begun += rest
        if len(begun) > _RAW:
            begun = begun[begun.rfind(b"\r", 0, len(begun) - 1) + 1 :][:_RAW]
        self._partial[stream] = begun

    def lines(self) -> Tuple[Line, ...]:
        """What was kept, in order; what comes after the last line end counts as a line."""
        for stream, rest in self._partial.items():
            if rest:
                self._add(stream, rest)
        self._partial = {}
        kept = (*self._head, *self._middle, *self._tail)
        return tuple(Line(number, stream, clean(raw)) for number, stream, raw in kept)

    def _add(self, stream: str, raw: bytes) -> None:
        if len(raw) > _RAW:
            raw = raw[raw.rstrip(b"\r").rfind(b"\r") + 1 :][:_RAW] if b"\r" in raw else raw[:_RAW]
        self.count += 1
        line = (self.count, stream, raw)
        if len(self._head) < HEAD:
            self._head.append(line)
            return
        self._tail.append(line)
        if len(self._tail) > TAIL:
            oldest = self._tail.popleft()
            if len(self._middle) < MIDDLE and _TROUBLE.search(oldest[2]):
                self._middle.append(oldest)


def clean(raw: bytes) -> str:
    """One line as a person would see it: the last of what overwrote each other, nothing that a terminal obeys."""
    text = raw.decode("utf-8", "replace").rstrip("\r")
    if "\r" in text:
        text = text.rpartition("\r")[2]
    return plain(text)[:WIDTH]


def plain(text: str) -> str:
    """`text` without control sequences; other characters that are not to be seen become `?`."""
    if text.isprintable():
        return text
    text = _SEQUENCE.sub("", text).replace("\t", "    ").replace("\n", " ").rstrip()
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)
