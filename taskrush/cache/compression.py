"""Compressing objects with zstd, where it is there and where it pays. It knows neither stores nor names."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Optional

SAMPLE = 1 << 16
PAYS = 0.85  # of the size: what saves less stays as it is
LEVEL = 1


def zstd() -> Any:
    """The module, or None: part of Python from 3.14 on, else `backports.zstd` (the extra `zstd`)."""
    try:
        from compression import zstd as found  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd as found  # type: ignore[import-not-found,unused-ignore,no-redef]
        except ImportError:
            return None
    return found


class Compressor:
    """Takes in one object in pieces. `feed` gives what is to be written so far."""

    def __init__(self, module: Any) -> None:
        self._worker = module.ZstdCompressor(level=LEVEL)

    def feed(self, data: bytes) -> bytes:
        return bytes(self._worker.compress(data))

    def end(self) -> bytes:
        return bytes(self._worker.flush())


def compressor(start: bytes) -> Optional[Compressor]:
    """A compressor for an object that starts like this, if that pays."""
    module = zstd()
    sample = start[:SAMPLE]
    if module is None or len(sample) < 512 or len(module.compress(sample, LEVEL)) > PAYS * len(sample):
        return None
    return Compressor(module)


def reader(source: BinaryIO) -> Optional[BinaryIO]:
    """The content of a compressed object in pieces, never more at a time than is asked for; None without zstd.

    Reading raises `ZstdError` or `EOFError`, which are no `OSError`, for what is damaged.
    """
    module = zstd()
    return None if module is None else module.ZstdFile(source, "rb")
