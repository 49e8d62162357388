"""A fingerprint: the ordered, named parts that identify a task's work. Its digest is the key."""

from __future__ import annotations

import hashlib
import os

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Tuple


@frozen
class Part:
    """One ingredient: what it is (`input src/a.c`) and the digest or text that stands for it."""

    name: str
    value: str


@frozen
class Fingerprint:
    """The parts in order, and their digest in hexadecimal."""

    parts: Tuple[Part, ...]
    key: str


@frozen
class Change:
    """One part that is not what it was: `what` is `changed`, `new` or `gone`."""

    part: str
    what: str

    def __str__(self) -> str:
        return f"{self.part} changed" if self.what == "changed" else f"{self.part} is {self.what}"


def digest_of(parts: Iterable[Part]) -> str:
    """SHA-256 over the parts, each text with its length in front, so that no two lists are written alike."""
    written: List[bytes] = []
    for part in parts:
        for text in (part.name, part.value):
            try:
                data = text.encode()
            except UnicodeEncodeError:  # a file name that is not UTF-8
                data = os.fsencode(text)
            written.append(b"%d:" % len(data))
            written.append(data)
    return hashlib.sha256(b"".join(written)).hexdigest()


def difference(before: Mapping[str, str], now: Iterable[Part]) -> List[Change]:
    """What is not the same, in the order of the parts; what is gone comes last."""
    current: Dict[str, str] = {part.name: part.value for part in now}
    found = []
    for name, value in current.items():
        if name not in before:
            found.append(Change(name, "new"))
        elif before[name] != value:
            found.append(Change(name, "changed"))
    found.extend(Change(name, "gone") for name in before if name not in current)
    return found
