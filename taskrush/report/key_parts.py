"""The parts of keys as they are kept: names whole, of the values enough to tell whether they are the same."""

import zlib
from typing import Dict, Iterable, Tuple

LENGTH = 16  # characters of a value


def pack(parts: Iterable[Tuple[str, str]]) -> bytes:
    """Parts as bytes."""
    lines = (f"{_flat(name)}\t{_flat(value[:LENGTH])}" for name, value in parts)
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
