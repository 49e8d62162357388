"""Looks through a whole store: is every object what its name says, and is every record complete."""

from __future__ import annotations

import hashlib
import json

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional, Set

    from taskrush.cache.objects import ObjectStore


@frozen(kw_only=True)
class Verified:
    """What was found. Damaged objects were set aside, records that lack something removed: misses from now on."""

    objects: int
    records: int
    damaged: int
    incomplete: int


def verify(store: ObjectStore, steps: Optional[Iterator[object]] = None) -> Verified:
    """Read everything once. `steps`, if given, is advanced for each object, for showing progress."""
    objects = records = damaged = incomplete = 0
    sound: Set[str] = set()
    for digest, _ in list(store.objects()):
        objects += 1
        if store.is_sound(digest):
            sound.add(digest)
        else:
            damaged += 1
        if steps is not None:
            next(steps, None)
    for key, _ in list(store.records()):
        records += 1
        named = named_objects(store.get_record(key))
        if named is None or not named <= sound:
            incomplete += 1
            store.delete_record(key)
    return Verified(objects=objects, records=records, damaged=damaged, incomplete=incomplete)


def named_objects(record: Optional[bytes]) -> Optional[Set[str]]:
    """The digests of all objects that a record names; None for one that is damaged."""
    seal, _, text = (record or b"").partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != seal:
        return None
    try:
        body = json.loads(text)
        named = {row[2] for row in body["manifest"] if row[2]}
        return {*named, body["log"]} if body.get("log") else named
    except (ValueError, KeyError, TypeError, IndexError):
        return None
