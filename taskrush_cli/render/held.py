"""Output put aside: in memory up to 1 MiB, in a temporary file beyond it.

What was already shown may be forgotten from the front, so that a task that writes for hours costs a bounded amount of
disk; what was not shown yet is kept whole. When the disk is full the rest is lost, and `lost` says how much.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Iterator, List, Optional, Tuple

MEMORY = 1 << 20
KEEP_SHOWN = 8 << 20
_HEAD = 5  # bytes in front of a piece in a file: its stream, its length
_STREAMS = ("stdout", "stderr")


class Held:
    """Bytes of one task, in order, with the stream that each piece came from."""

    def __init__(self) -> None:
        self._pieces: List[Tuple[str, bytes]] = []
        self._file: Optional[IO[bytes]] = None
        self._older: Optional[IO[bytes]] = None
        self._size = 0
        self.lost = 0

    def __bool__(self) -> bool:
        return bool(self._pieces) or self._file is not None

    def write(self, stream: str, data: bytes, shown: bool) -> None:
        """Put a piece aside; `shown`: a person has seen everything up to here."""
        self._size += len(data)
        try:
            if self._file is None and self._size <= MEMORY:
                self._pieces.append((stream, data))
                return
            if self._file is None:
                self._roll()
            elif shown and self._size > KEEP_SHOWN:
                self._forget_older()
                self._older, self._file, self._size = self._file, _new_file(), len(data)
            assert self._file is not None
            self._file.write(_head(stream, data) + data)
        except OSError:
            self.lost += len(data)

    def _roll(self) -> None:
        self._file = _new_file()
        for stream, data in self._pieces:
            self._file.write(_head(stream, data) + data)
        self._pieces = []

    def _forget_older(self) -> None:
        if self._older is not None:
            self.lost += self._older.seek(0, 2)
            self._older.close()

    def __iter__(self) -> Iterator[Tuple[str, bytes]]:
        """The pieces in order."""
        yield from self._pieces
        for file in (self._older, self._file):
            if file is None:
                continue
            file.seek(0)
            while True:
                head = file.read(_HEAD)
                if len(head) < _HEAD:
                    break
                yield _STREAMS[head[0]], file.read(int.from_bytes(head[1:], "big"))
            file.seek(0, 2)

    def close(self) -> None:
        for file in (self._older, self._file):
            if file is not None:
                file.close()
        self._older = self._file = None
        self._pieces = []


def _head(stream: str, data: bytes) -> bytes:
    return bytes((_STREAMS.index(stream),)) + len(data).to_bytes(_HEAD - 1, "big")


def _new_file() -> IO[bytes]:
    import tempfile  # dear, and only needed for much output

    return tempfile.TemporaryFile()
