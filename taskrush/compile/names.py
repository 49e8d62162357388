"""Names of tasks: what may be one, what one means inside a namespace, and what was probably meant.

A name is looked up in the task's own namespace first, then outwards; a leading `:` starts at the top.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Optional, TypeVar

    T = TypeVar("T", bound=str)

FORBIDDEN = "$*?[]{}()<>|&;!\"'`\\#^~"


def resolve(name: str, namespace: str, names: Mapping[str, T]) -> Optional[T]:
    """What `name` means when it is used inside `namespace`, or None."""
    if name.startswith(":"):
        return names.get(name[1:])
    while namespace:
        found = names.get(f"{namespace}:{name}")
        if found is not None:
            return found
        namespace = namespace.rpartition(":")[0]
    return names.get(name)


def near(name: str, names: Iterable[str]) -> Optional[str]:
    """A hint that names what was probably meant, or None."""
    import difflib  # only needed once something is wrong

    shorter = name.lstrip(":")
    every = list(names)
    close = difflib.get_close_matches(shorter, every, n=3, cutoff=0.6)
    tails = [other for other in every if other.rpartition(":")[2] == shorter]
    wanted = list(dict.fromkeys([*tails, *close]))[:3]
    return "did you mean " + " or ".join(f"`{match}`" for match in wanted) + "?" if wanted else None


def what_is_wrong(name: str) -> Optional[str]:
    """Why a text cannot be the name of a task, or None if it can.

    Letters, digits and signs of any script are fine, save for white space, control characters, what shells and
    patterns give a meaning (`FORBIDDEN`), and a `-` in front. `:` stands between namespaces.
    """
    if not name:
        return "it is empty"
    if name.startswith("-"):
        return "it starts with `-`"
    if name.replace("-", "").replace("_", "").isalnum():  # nearly all are so
        return None
    if any(not part for part in name.split(":")):
        return "a part of it is empty"
    for sign in name:
        if sign.isspace():
            return "it contains white space"
        if not sign.isprintable() and sign not in "\u200d\ufe0f":
            return "it contains a control character"
        if sign in FORBIDDEN:
            return f"it contains `{sign}`" if sign != "`" else "it contains a backtick"
    return None
