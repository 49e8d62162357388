"""Takes the values of secrets out of whatever is told, wherever in an event they stand. Names of tasks stay as they
are.

It knows no event by name: an event that is new is cleaned like all others.
"""

from __future__ import annotations

from taskrush._typing import Mapping
from taskrush.values import evolve, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

KEPT = frozenset(["task", "tasks", "targets", "stream", "value"])
"""Fields of names that others look things up by, and of values that stay at home."""

if TYPE_CHECKING:
    Clean = Callable[[str], str]


def unsaid(value: Any, clean: Clean) -> Any:
    """The value with every text in it cleaned; the very value where nothing was found. Bytes stay: output is cleaned
    as a stream."""
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is tuple or kind is list:
        made = [unsaid(item, clean) for item in value]
        return value if all(map(_same, made, value)) else kind(made)
    if hasattr(kind, "__fields__"):
        changes = {}
        for one in fields(kind):
            if one.name not in KEPT and one.init:
                said = getattr(value, one.name)
                new = unsaid(said, clean)
                if not _same(new, said):
                    changes[one.name] = new
        return evolve(value, **changes) if changes else value
    if isinstance(value, Mapping):
        found = {key: unsaid(item, clean) for key, item in value.items()}
        return value if all(map(_same, found.values(), value.values())) else found
    return value


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is str and one == other)
