"""What a Python task returned, as a text for a record: JSON where that gives the same value back, else pickle."""

from __future__ import annotations

import base64
import json
import pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT = 1 << 22


class NotKeepable(Exception):
    """A value that cannot be kept; the message says why."""


def dump_value(value: Any) -> str:
    """A text for `load_value`. Raises `NotKeepable`."""
    if value is None:
        return ""
    try:
        text = json.dumps(value)
        if _same(json.loads(text), value):
            return _bounded("json " + text)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        data = pickle.dumps(value, protocol=4)
    except Exception as error:
        kind = type(value)
        raise NotKeepable(
            f"its return value ({kind.__module__}.{kind.__qualname__}) cannot be pickled: {error}"
        ) from None
    return _bounded("pickle " + base64.b64encode(data).decode())


def load_value(text: str) -> Any:
    """The value. Raises whatever unpickling raises."""
    kind, _, body = text.partition(" ")
    if kind == "json":
        return json.loads(body)
    return pickle.loads(base64.b64decode(body)) if kind == "pickle" else None


def _same(read: Any, value: Any) -> bool:
    """Equal in value and in kind, all the way down: a tuple is no list."""
    if type(read) is not type(value):
        return False
    if isinstance(value, dict):
        return read.keys() == value.keys() and all(_same(read[key], value[key]) for key in value)
    if isinstance(value, list):
        return len(read) == len(value) and all(map(_same, read, value))
    return bool(read == value)


def _bounded(text: str) -> str:
    if len(text) > LIMIT:
        raise NotKeepable(f"its return value takes more than {LIMIT >> 20} MiB")
    return text
