"""Where bytes go: our two streams, kept apart, with no line broken into by somebody else's.

What a task writes to its standard output goes to ours, its standard error to ours, byte for byte; what we say ourselves
goes to standard error, so that `taskrush version > file` holds what the task wrote and nothing else. Under a CI service
everything goes to standard output, because groups only work in one stream. It knows no task, record or colour.
"""

import os
import select
from typing import Any, Callable, Optional, Protocol, Tuple

OURS = None  # the owner of what we say ourselves
PARTIAL_LIMIT = 65536


class Region(Protocol):
    """Lines at the bottom of the terminal that have to go before anything is written above them."""

    def clear(self) -> None: ...

    def restore(self) -> None: ...


class _Cursor:
    """Where a device stands: at the start of a line, and who wrote last."""

    def __init__(self) -> None:
        self.at_start = True
        self.owner: Optional[str] = OURS


class _Device:
    """One of our streams, written without buffering; once broken it swallows everything."""

    def __init__(self, stream: Any, cursor: _Cursor) -> None:
        self._stream = stream
        self.cursor = cursor
        self.broken = False
        self.error: Optional[OSError] = None
        try:
            self._fd = int(stream.fileno())
        except (AttributeError, OSError, ValueError):
            self._fd = -1

    def write(self, owner: Optional[str], data: bytes) -> None:
        if not data:
            return
        cursor = self.cursor
        if not cursor.at_start and cursor.owner != owner:
            data = b"\n" + data
        cursor.at_start = data.endswith(b"\n")
        cursor.owner = owner
        if self.broken:
            return
        try:
            self._put(data)
        except OSError as error:  # nobody reads it any more, the disk is full, the terminal is gone
            self.broken = True
            self.error = error

    def _put(self, data: bytes) -> None:
        self._stream.flush()
        if self._fd < 0:
            buffer = getattr(self._stream, "buffer", None)
            if buffer is None:
                self._stream.write(data.decode("utf-8", "replace"))
            else:
                buffer.write(data)
            return
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                select.select([], [self._fd], [])


class Output:
    """Our two streams. `on_broken` is called once, when standard output cannot be written any more."""

    def __init__(
        self,
        stdout: Any,
        stderr: Any,
        *,
        together: bool = False,
        on_broken: Optional[Callable[[OSError], None]] = None,
    ) -> None:
        cursor = _Cursor()
        out = _Device(stdout, cursor)
        if together:
            err = out
        else:
            err = _Device(stderr, cursor if _same_file(stdout, stderr) else _Cursor())
        self._devices = {"stdout": out, "stderr": err}
        self._terminals = {"stdout": stdout.isatty(), "stderr": (stdout if together else stderr).isatty()}
        self._on_broken = on_broken
        self._partial: Optional[Tuple[Optional[str], str, bytes]] = None
        self._region: Optional[Region] = None

    def task(self, owner: str, stream: str, data: bytes) -> None:
        """What a task wrote."""
        self._write(owner, stream, data)

    def say(self, text: str) -> None:
        """A line of our own; the line end is added."""
        self._write(OURS, "stderr", text.encode("utf-8", "surrogateescape") + b"\n")

    def attach(self, region: Region) -> None:
        """From now on clear `region` before writing to a terminal, and hold back lines that are not complete."""
        self._region = region

    def detach(self) -> None:
        if self._region is not None:
            self._region.clear()
            self._region = None
        if self._partial is not None:
            owner, stream, data = self._partial
            self._partial = None
            self._emit(stream, owner, data)

    @property
    def partial(self) -> bytes:
        """The line that is held back, to be shown in the region."""
        return self._partial[2] if self._partial else b""

    @property
    def at_line_start(self) -> bool:
        return all(
            device.cursor.at_start
            for name, device in self._devices.items()
            if self._terminals[name] and not device.broken
        )

    def _write(self, owner: Optional[str], stream: str, data: bytes) -> None:
        if self._region is None or not self._terminals[stream]:
            self._emit(stream, owner, data)
            return
        if self._partial is not None:
            held_by, held_stream, held = self._partial
            if (held_by, held_stream) == (owner, stream):
                data = held + data
            else:
                self._region.clear()
                self._emit(held_stream, held_by, held)
        end = len(data) if len(data) > PARTIAL_LIMIT else data.rfind(b"\n") + 1
        self._partial = (owner, stream, data[end:]) if data[end:] else None
        if end:
            self._region.clear()
            self._emit(stream, owner, data[:end])
            self._region.restore()

    def _emit(self, stream: str, owner: Optional[str], data: bytes) -> None:
        device = self._devices[stream]
        was_broken = device.broken
        device.write(owner, data)
        if device.error is not None and not was_broken and stream == "stdout" and self._on_broken is not None:
            self._on_broken(device.error)


def _same_file(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
    except (AttributeError, OSError, ValueError):
        return False
