"""A fingerprint: the ordered, named parts that identify a task's work. Its digest is the key."""

from typing import Tuple

import attrs


@attrs.frozen
class Part:
    """One ingredient: what it is (`input src/a.c`) and the digest or text that stands for it."""

    name: str
    value: str


@attrs.frozen
class Fingerprint:
    """The parts in order, and their digest in hexadecimal."""

    parts: Tuple[Part, ...]
    key: str
