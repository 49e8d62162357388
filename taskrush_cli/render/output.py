"""Where bytes go: our two streams, kept apart, with no line broken into by somebody else's.

What a task writes to its standard output goes to ours, its standard error to ours, byte for byte; what we say ourselves
goes to standard error, so that `taskrush version > file` holds what the task wrote and nothing else. Under a CI service
everything goes to standard output, because groups only work in one stream. It knows no task, record or colour.
"""

from __future__ import annotations

import os

from taskrush._typing import Protocol
from taskrush.regex import expression
from taskrush_cli.render.writing import descriptor_of, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple


OURS = None  # the owner of what we say ourselves
PARTIAL_LIMIT = 65536
RESET = b"\x1b[0m"
KEPT = 8 * 24  # a program that switches colours on without end
FAR = 4096  # how far back from its end output is searched for colours
_COLORS = expression(rb"\x1b\[([0-9;:]*)m")
_OFF = (b"", b"0", b"00", b"0;0")


class Region(Protocol):
    """Lines at the bottom of the terminal that have to go before anything is written above them."""

    def clear(self) -> None: ...

    def restore(self) -> None: ...


class _Cursor:
    """Where a device stands: at the start of a line, who wrote last, and what colours everyone left switched on."""

    def __init__(self) -> None:
        self.at_start = True
        self.owner: Optional[str] = OURS
        self.colors: Dict[Optional[str], bytes] = {}
        self.plain = True

    def switch(self, owner: Optional[str]) -> bytes:
        """What has to be written before `owner` goes on: on a line of its own, in its own colours."""
        lead = b""
        if owner != self.owner:
            lead = (b"" if self.plain else RESET) + (b"" if self.at_start else b"\n")
            self.plain = True
        if self.plain and owner in self.colors:
            self.plain = False
            lead += self.colors[owner]
        self.owner = owner
        return lead

    def note(self, owner: Optional[str], data: bytes) -> None:
        """See what colours `owner` leaves switched on."""
        if b"\x1b[" not in data:
            return
        own = b""
        for codes in reversed(_COLORS.findall(data, max(0, len(data) - FAR))):
            if codes in _OFF:
                break
            own = b"\x1b[" + codes + b"m" + own
        else:
            own = self.colors.get(owner, b"") + own
        self.plain = not own
        if own:
            self.colors[owner] = own[-KEPT:]
        else:
            self.colors.pop(owner, None)


class _Device:
    """One of our streams, written without buffering; once broken it swallows everything."""

    def __init__(self, stream: Any, cursor: _Cursor) -> None:
        self._stream = stream
        self.cursor = cursor
        self.broken = False
        self.error: Optional[OSError] = None
        self._terminal = stream.isatty()
        self._fd = descriptor_of(stream)
        self._together: Optional[List[bytes]] = None

    def write(self, owner: Optional[str], data: bytes) -> None:
        if not data:
            return
        cursor = self.cursor
        lead = cursor.switch(owner)
        if self._terminal:
            cursor.note(owner, data)
        cursor.at_start = data.endswith(b"\n")
        self._try(lead + data)

    def calm(self) -> None:
        """Switch off the colours that a task left on; whoever wrote last gets them back when going on."""
        if not self.cursor.plain:
            self.cursor.plain = True
            self._try(RESET)

    def hold(self) -> None:
        """Write nothing until `release`, and then all at once."""
        self._together = []

    def release(self) -> None:
        held, self._together = self._together, None
        if held:
            self._try(b"".join(held))

    def _try(self, data: bytes) -> None:
        if self.broken:
            return
        if self._together is not None:
            self._together.append(data)
            return
        try:
            put(self._stream, self._fd, data)
        except OSError as error:  # nobody reads it any more, the disk is full, the terminal is gone
            self.broken = True
            self.error = error


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
        self._devices["stderr"].release()
        self._write(owner, stream, data)

    def say(self, text: str) -> None:
        """A line of our own; the line end is added."""
        self._write(OURS, "stderr", text.encode("utf-8", "surrogateescape") + b"\n")

    def hold(self) -> None:
        """What we say goes out all at once: with the next piece that a task wrote, or `release`."""
        self._devices["stderr"].hold()

    def release(self) -> None:
        """Write what is held."""
        self._devices["stderr"].release()

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

    def calm(self) -> None:
        """Leave the terminal in its plain colours."""
        for device in self._devices.values():
            device.calm()

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
            self.calm()
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
