"""Keeps a store within bounds: what was not used for longest goes first.

Safe beside runs that read and write: young objects are left alone, and whatever is missing later is only a miss.
"""

from __future__ import annotations

import os
import time

from taskrush.cache.verify import named_objects
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Set, Tuple

    from taskrush.cache.objects import ObjectStore

DEFAULT_MAX_SIZE = 10 * 10**9
GRACE_SECONDS = 3600.0
EVERY_SECONDS = 3600.0


@frozen(kw_only=True)
class Limits:
    """`max_size` in bytes, `ttl` in seconds since the last use; None is no limit."""

    max_size: Optional[int] = DEFAULT_MAX_SIZE
    ttl: Optional[float] = None


@frozen(kw_only=True)
class Evicted:
    """What an eviction did: numbers of records and objects removed, bytes freed, bytes left."""

    records: int
    objects: int
    freed: int
    left: int


def evict(store: ObjectStore, limits: Limits, now: Optional[float] = None, grace: float = GRACE_SECONDS) -> Evicted:
    """Remove records that are too old or too many, then objects that no record names."""
    now = time.time() if now is None else now
    objects = dict(store.objects())
    sizes = {digest: status.size for digest, status in objects.items()}
    records: List[Tuple[float, str, int, Set[str]]] = []
    for key, status in store.records():
        named = named_objects(store.get_record(key)) or set()
        records.append((status.used_at, key, status.size, named))
    records.sort()
    uses: Dict[str, int] = {}
    for _, _, _, named in records:
        for digest in named:
            uses[digest] = uses.get(digest, 0) + 1
    total = sum(size for _, _, size, _ in records) + sum(sizes.get(digest, 0) for digest in uses)
    removed = freed = 0
    for used_at, key, size, named in records:
        too_old = limits.ttl is not None and now - used_at > limits.ttl
        too_much = limits.max_size is not None and total > limits.max_size
        if not too_old and not too_much:
            break
        if store.delete_record(key):
            removed += 1
            freed += size
        total -= size
        for digest in named:
            uses[digest] -= 1
            if not uses[digest]:
                total -= sizes.get(digest, 0)
    gone = 0
    if any(not uses.get(digest) and now - status.used_at > grace for digest, status in objects.items()):
        objects = dict(store.objects())  # somebody may need one again by now
    for digest, status in objects.items():
        if not uses.get(digest) and now - status.used_at > grace and store.delete_object(digest):
            gone += 1
            freed += status.size
    _sweep(store, now)
    return Evicted(records=removed, objects=gone, freed=freed, left=max(0, total))


def evict_sometimes(store: ObjectStore, limits: Limits) -> Optional[Evicted]:
    """`evict`, at most once an hour for all runs of this user together. Shared stores are left to whoever owns them."""
    if not store.is_local:
        return None
    stamp = os.path.join(store.root, "evicted")
    try:
        if time.time() - os.stat(stamp).st_mtime < EVERY_SECONDS:
            return None
    except OSError:
        pass
    try:
        with open(stamp, "w"):
            os.utime(stamp)
    except OSError:
        return None
    return evict(store, limits)


def _sweep(store: ObjectStore, now: float) -> None:
    """Remove what killed runs left half-written, and what was set aside long ago."""
    for kind, age in (("incoming", GRACE_SECONDS), ("damaged", 7 * 86400.0)):
        for key, kept in store.places.keys(kind):
            if now - kept.used_at > age:
                try:
                    store.places.delete(key)
                except OSError:
                    pass


def parse_size(text: str) -> int:
    """`10GB`, `512 MiB`, `1000` to bytes. Raises `ValueError`."""
    units = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12}
    units.update({"tb": 10**12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40})
    text = text.strip().lower()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(number) :].strip()
    if unit not in units:
        raise ValueError(f"not a size: {text!r}")
    return int(float(number) * units[unit])


def parse_age(text: str) -> float:
    """`30d`, `12h`, `90m`, `45s`, `2w` to seconds. Raises `ValueError`."""
    text = text.strip().lower()
    units = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
    if not text or text[-1] not in units:
        raise ValueError(f"not a duration: {text!r}")
    return float(text[:-1]) * units[text[-1]]
