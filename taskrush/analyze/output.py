"""Takes in what a task wrote, however much, and keeps what is worth looking at: clean lines, a bounded number of them.

The first and the last lines are kept whole; of what lies between only lines that begin to tell of trouble. Lines are
cut, control sequences are removed, whatever could disturb a terminal is replaced. It does not know what lines mean.
"""

from __future__ import annotations

import re
from collections import deque

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, Dict, List, Tuple

HEAD = 2000  # lines kept from the beginning
MIDDLE = 1000  # telling lines kept from between
TAIL = 2000
TAIL_BYTES = 1 << 18  # in which the last lines are looked for
SLICE = 1 << 16
WIDTH = 500  # characters of a line
_RAW = 4 * WIDTH  # bytes of a line before it is cleaned
_WORDS = (b"rror", b"ERROR", b"anic", b"raceback", b"FA", b"aused by", b"atal", b"xception", b"not ok", b"***")
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


class _Chunk:
    """Whole lines of one stream in a row, not yet split."""

    __slots__ = ("first", "pieces", "size", "stream")

    def __init__(self, first: int, stream: str) -> None:
        self.first = first
        self.stream = stream
        self.pieces: List[bytes] = []
        self.size = 0


class Output:
    """What is kept of one task's output."""

    def __init__(self) -> None:
        self.count = 0
        self._head: List[Tuple[int, str, bytes]] = []
        self._middle: List[Tuple[int, str, bytes]] = []
        self._tail: Deque[_Chunk] = deque()
        self._tail_size = 0
        self._partial: Dict[str, bytes] = {}

    def feed(self, stream: str, data: bytes) -> None:
        """Take in the next piece."""
        for at in range(0, len(data), SLICE):
            self._feed(stream, data[at : at + SLICE])

    def lines(self) -> Tuple[Line, ...]:
        """What was kept, in order; what comes after the last line end counts as a line."""
        for stream, rest in self._partial.items():
            if rest:
                self._add(stream, rest + b"\n")
        self._partial = {}
        last = [line for chunk in self._tail for line in _split(chunk)]
        begun = last[0][0] if last else 0
        kept = (*self._head, *(line for line in self._middle if line[0] < begun), *last[-TAIL:])
        return tuple(Line(number, stream, clean(raw)) for number, stream, raw in kept)

    def _feed(self, stream: str, data: bytes) -> None:
        begun = self._partial.get(stream, b"")
        end = data.rfind(b"\n") + 1
        if end:
            self._add(stream, begun + data[:end] if begun else data[:end])
            begun = b""
        rest = data[end:]
        if len(begun) < _RAW or b"\r" in rest:
            begun += rest
        if len(begun) > _RAW:
            begun = begun[begun.rfind(b"\r", 0, len(begun) - 1) + 1 :][:_RAW]
        self._partial[stream] = begun

    def _add(self, stream: str, data: bytes) -> None:
        """Take in whole lines."""
        if len(self._head) < HEAD:
            lines = data.split(b"\n", HEAD - len(self._head))
            data = lines.pop()
            for line in lines:
                self.count += 1
                self._head.append((self.count, stream, _cut(line)))
            if not data:
                return
        chunk = self._tail[-1] if self._tail else None
        if chunk is None or chunk.stream != stream or chunk.size > SLICE:
            chunk = _Chunk(self.count + 1, stream)
            self._tail.append(chunk)
        chunk.pieces.append(data)
        chunk.size += len(data)
        self._tail_size += len(data)
        self.count += data.count(b"\n")
        while len(self._tail) > 1 and self._tail_size - self._tail[0].size > TAIL_BYTES:
            self._forget(self._tail.popleft())

    def _forget(self, chunk: _Chunk) -> None:
        """Keep of a chunk what tells of trouble."""
        self._tail_size -= chunk.size
        if len(self._middle) >= MIDDLE:
            return
        data = b"".join(chunk.pieces)
        if any(word in data for word in _WORDS):
            chunk.pieces = [data]
            found = [line for line in _split(chunk) if _TROUBLE.search(line[2])]
            self._middle += found[: MIDDLE - len(self._middle)]


def _split(chunk: _Chunk) -> List[Tuple[int, str, bytes]]:
    lines = b"".join(chunk.pieces).split(b"\n")
    lines.pop()
    return [(number, chunk.stream, _cut(line)) for number, line in enumerate(lines, chunk.first)]


def _cut(raw: bytes) -> bytes:
    if len(raw) <= _RAW:
        return raw
    return raw[raw.rstrip(b"\r").rfind(b"\r") + 1 :][:_RAW] if b"\r" in raw else raw[:_RAW]


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
