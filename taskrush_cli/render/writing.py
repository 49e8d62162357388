"""Bytes onto a stream of ours, without its buffer. Nothing dear is imported here."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def descriptor_of(stream: Any) -> int:
    """The descriptor below a stream, or -1 where there is none."""
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return -1


def put(stream: Any, descriptor: int, data: bytes) -> None:
    """Write all of it, after what waits in the stream. Raises `OSError`."""
    stream.flush()
    if descriptor < 0:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(data.decode("utf-8", "replace"))
        else:
            buffer.write(data)
        return
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            import select  # only where somebody else made it so

            select.select([], [descriptor], [])
