"""The log of a result: both streams in the order in which they came, capped; head and tail are kept.

The form is frames of one byte for the stream, four for the length (big endian), and the bytes.
"""

from __future__ import annotations

import struct
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Deque, List, Tuple

    from taskrush.protocols import OnOutput

HEAD = 8 << 20
TAIL = 8 << 20
_STREAMS = ("stdout", "stderr")
_FRAME = struct.Struct(">BI")


class LogWriter:
    """Keeps the first and the last few MiB of what a task writes."""

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._head_limit, self._tail_limit = head, tail
        self._head: List[Tuple[int, bytes]] = []
        self._tail: Deque[Tuple[int, bytes]] = deque()
        self._head_size = self._tail_size = self._cut = 0

    def write(self, stream: str, data: bytes) -> None:
        """Take in some output."""
        number = _STREAMS.index(stream)
        room = self._head_limit - self._head_size
        if room > 0 and not self._tail:
            self._head.append((number, data[:room]))
            self._head_size += len(data[:room])
            data = data[room:]
        if data:
            self._tail.append((number, data))
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0][1]) >= self._tail_limit:
                _, dropped = self._tail.popleft()
                self._tail_size -= len(dropped)
                self._cut += len(dropped)

    def close(self) -> Tuple[bytes, bool]:
        """The log as bytes, and whether something was cut out of its middle."""
        frames = [*self._head]
        if self._cut:
            frames.append((1, f"\n[taskrush: {self._cut} bytes of output left out here]\n".encode()))
        frames.extend(self._tail)
        return b"".join(_FRAME.pack(stream, len(data)) + data for stream, data in frames), bool(self._cut)


def replay(log: bytes, on_output: OnOutput) -> None:
    """Hand over a log as it came; stops silently where it makes no sense."""
    at = 0
    while at + _FRAME.size <= len(log):
        stream, length = _FRAME.unpack_from(log, at)
        at += _FRAME.size
        if stream >= len(_STREAMS) or at + length > len(log):
            return
        on_output(_STREAMS[stream], log[at : at + length])
        at += length
