"""The parts of keys as they are kept: names whole, of the values enough to tell whether they are the same.

While a run goes on they are appended to a spool of their own: the key, then name and value in turn.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zlib

from taskrush.report.spool import KEYS, SpoolWriter, read_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Iterator, Optional, Tuple

    from taskrush.model.fingerprint import Fingerprint

LENGTH = 16  # characters of a value
BIGGEST = 1 << 28


class KeySpool:
    """Notes what the keys of one run were made of; from any thread. Trouble ends it and nothing else."""

    def __init__(self, root: str, run: str) -> None:
        self._spool: Optional[SpoolWriter] = SpoolWriter(root, run, KEYS)
        self._lock = threading.Lock()

    def note(self, fingerprint: Fingerprint) -> None:
        """A task was looked up under this."""
        fields = [fingerprint.key]
        for part in fingerprint.parts:
            fields += (part.name, short(part.value))
        with self._lock:
            try:
                if self._spool is not None:
                    self._spool.write("K", fields)
            except OSError:
                self._spool = None

    def close(self) -> None:
        """The run is over."""
        with self._lock:
            try:
                if self._spool is not None:
                    self._spool.close()
            except OSError:
                pass
            self._spool = None


def noted(path: str) -> Iterator[Tuple[str, bytes]]:
    """The keys of such a spool, with their parts packed. Raises `OSError`."""
    if os.path.getsize(path) > BIGGEST:
        return
    with open(path, "rb") as file:
        data = file.read()
    for line in read_lines(data) or ():
        if line[0] == "K" and len(line) % 2 == 0:
            yield line[1], pack(zip(line[2::2], line[3::2]))


def short(value: str) -> str:
    """What tells a value apart from others."""
    if len(value) <= LENGTH:
        return value
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:LENGTH]


def pack(parts: Iterable[Tuple[str, str]]) -> bytes:
    """Parts as bytes."""
    lines = (f"{_flat(name)}\t{_flat(short(value))}" for name, value in parts)
    return zlib.compress("\n".join(lines).encode("utf-8", "backslashreplace"), 1)


def unpack(data: bytes) -> Dict[str, str]:
    """Parts by name; nothing of what is damaged."""
    try:
        text = zlib.decompress(data).decode("utf-8", "replace")
    except (zlib.error, TypeError):
        return {}
    rows = (line.partition("\t") for line in text.split("\n") if line)
    return {name: value for name, _, value in rows}


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
