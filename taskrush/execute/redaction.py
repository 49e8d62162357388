"""Takes the values of secrets out of what tasks write, before anybody sees it. Pure: bytes in, bytes out.

A value that is cut in two by the border of two pieces is found as well: the end of a piece that may be the beginning
of a secret is held back until the next piece, or the end, decides.
"""

import re
from typing import Dict, Iterable, Optional, Tuple

MARK = b"[secret]"
SHORTEST = 4  # shorter values stand in every second line by chance


class Redactor:
    """Knows the values of one run's secrets; those shorter than 4 bytes are left alone."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        found = {value for secret in secrets for value in _forms(secret) if len(value) >= SHORTEST}
        self.secrets: Tuple[bytes, ...] = tuple(sorted(found, key=lambda value: (-len(value), value)))
        self._pattern = re.compile(b"|".join(map(re.escape, self.secrets))) if self.secrets else None

    def __bool__(self) -> bool:
        return bool(self.secrets)

    def clean(self, data: bytes) -> bytes:
        """`data` without the values."""
        return data if self._pattern is None else self._pattern.sub(MARK, data)

    def clean_text(self, text: Optional[str]) -> Optional[str]:
        """As `clean`, for a text."""
        if text is None or self._pattern is None:
            return text
        return self.clean(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def cut(self, data: bytes) -> int:
        """Up to where `data` can be cleaned whatever comes next: what follows may be the beginning of a secret."""
        if self._pattern is None:
            return len(data)
        longest = len(self.secrets[0]) - 1
        at = len(data)
        for count in range(min(longest, len(data)), 0, -1):
            end = data[-count:]
            if any(secret.startswith(end) and secret != end for secret in self.secrets):
                at = len(data) - count
                break
        for match in self._pattern.finditer(data):
            if match.start() < at < match.end():
                return match.start()
        return at


class RedactedStreams:
    """The streams of one task."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held: Dict[str, bytes] = {}

    def feed(self, stream: str, data: bytes) -> bytes:
        """What of a stream can be shown now that `data` came."""
        data = self._held.pop(stream, b"") + data
        cut = self._redactor.cut(data)
        if cut < len(data):
            self._held[stream] = data[cut:]
        return self._redactor.clean(data[:cut])

    def flush(self) -> Tuple[Tuple[str, bytes], ...]:
        """What was held back; the task has ended."""
        rest = tuple((stream, self._redactor.clean(data)) for stream, data in self._held.items())
        self._held = {}
        return rest


def _forms(secret: bytes) -> Tuple[bytes, ...]:
    """The value itself, and each of its lines: a key in a file is often printed line by line."""
    return (secret, secret.strip(), *(line.strip() for line in secret.split(b"\n")))
