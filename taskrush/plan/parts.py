"""A place inside a JSON, TOML or YAML file, as an ingredient of a key: only a change there counts."""

from __future__ import annotations

import hashlib
import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEP = re.compile(r'"([^"]*)"|([^."]+)')


def part_digest(path: str, pointer: str) -> str:
    """The digest of the value at `pointer`: `dependencies.react`, `exports."./x"`, numbers for lists.

    `missing` if the file or the place is not there, `unreadable ...` with the digest of the whole file if it cannot be
    understood: then any change of it counts.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return "missing"
    try:
        value = _parse(path, data)
    except Exception:  # each parser has errors of its own
        return "unreadable " + hashlib.sha256(data).hexdigest()
    for quoted, plain in _STEP.findall(pointer):
        step = quoted or plain
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return "missing"
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(path: str, data: bytes) -> Any:
    ending = os.path.splitext(path)[1].lower()
    if ending == ".toml":
        from taskrush._compat import tomllib

        return tomllib.loads(data.decode())
    if ending in (".yaml", ".yml", ".rush"):
        import yaml

        return yaml.safe_load(data)
    return json.loads(data)
