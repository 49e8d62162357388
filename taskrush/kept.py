"""Values worked out from files, kept with what tells whether they would come out the same now.

A value is recalled only if all that it came from is as it was: every path that was looked at (a file by its content, a
folder by the names in it, or nothing there), the environment, the interpreter and its modules. Any doubt counts as
absent. It knows nothing of what is kept. Nothing dear is imported here.

A file that changed less than two seconds before the work began, or since, keeps the value from being kept: which of its
contents the work saw is not known.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import time

from taskrush.model.identity import identity_of, trusted
from taskrush.statefile import digest_of, load_state, save_state, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Mapping, Optional, Tuple

    from taskrush.model.identity import Identity

    Seen = Tuple[str, Optional[Identity], bytes]  # path, identity (None: nothing there), digest of the content
    Origin = Tuple[int, int, Tuple[Seen, ...], Tuple[str, ...], bytes]
    """What a value came from: looked at since (ns), how far (ns) the file system's clock is ahead of ours, what was
    seen, the variables that do not count, and a digest of what else decides."""

FORMAT = 4
PASSING = frozenset(
    [
        "_",
        "COLUMNS",
        "COMP_CWORD",
        "COMP_KEY",
        "COMP_LINE",
        "COMP_POINT",
        "COMP_TYPE",
        "COMP_WORDBREAKS",
        "GNOME_TERMINAL_SCREEN",
        "INVOCATION_ID",
        "ITERM_SESSION_ID",
        "KITTY_WINDOW_ID",
        "LINES",
        "OLDPWD",
        "PWD",
        "SHLVL",
        "SSH_AUTH_SOCK",
        "SSH_CLIENT",
        "SSH_CONNECTION",
        "SSH_TTY",
        "STY",
        "TERM_SESSION_ID",
        "TMUX",
        "TMUX_PANE",
        "WINDOWID",
        "WT_SESSION",
        "XDG_SESSION_ID",
    ]
)
"""Variables that differ from one terminal or command to the next; they only count where a source mentions them."""


def keep(
    root: str,
    name: str,
    value: Any,
    begun: int,
    looked: Iterable[str],
    sources: Iterable[str],
    environ: Mapping[str, str],
) -> bool:
    """Keep a value of plain types that was worked out of `looked` since `begun` (ns); False if that may not be.

    `sources` are the files among them that may mention variables of the environment.
    """
    passing = _unmentioned(sources)
    if passing is None:
        return False
    try:
        folder = state_folder(root)
        skew = _skew(os.path.join(folder, name + ".clock"))
    except OSError:
        return False
    begun += skew
    seen = []
    for path in dict.fromkeys((*looked, *modules())):
        found = _look(path)
        if found is None or (found[0] is not None and not trusted(found[0], begun, found[0])):
            return False
        seen.append((path, *found))
    try:
        body = marshal.dumps(value)
    except ValueError:  # a value of a type that cannot be written
        return False
    return _save(root, name, (begun, skew, tuple(seen), passing, surroundings(environ, passing)), body)


def recall(root: str, name: str, environ: Mapping[str, str]) -> Optional[Any]:
    """The value that was kept, if it would be the same now, or None."""
    found = recall_with_origin(root, name, environ)
    return None if found is None else found[0]


def recall_with_origin(root: str, name: str, environ: Mapping[str, str]) -> Optional[Tuple[Any, Origin]]:
    """The value that was kept, if it would be the same now, with what it came from; else None."""
    state = load_state(_place(root, name), f"{name} {FORMAT}")
    if state is None:
        return None
    known, body = state
    now = time.time_ns() + known[1]
    origin = still(known, environ)
    if origin is None:
        return None
    if origin is not known and all(seen[1] is None or trusted(seen[1], now, seen[1]) for seen in origin[2]):
        origin = (now, *origin[1:])
        _save(root, name, origin, body)
    return marshal.loads(body), origin


def still(origin: Origin, environ: Mapping[str, str]) -> Optional[Origin]:
    """What a value came from as it is now, or None if the value may be another one now.

    It is `origin` itself unless something was written again or touched, so that its content had to be read.
    """
    begun, skew, seen, passing, known_surroundings = origin
    if surroundings(environ, passing) != known_surroundings:
        return None
    moved = False
    renewed: List[Seen] = []
    for entry in seen:
        path, known, digest = entry
        try:
            identity: Optional[Identity] = identity_of(os.stat(path))
        except (OSError, ValueError):
            identity = None
        if identity is None or known is None:
            if identity is not known:
                return None
        elif not trusted(known, begun, identity):
            found = _look(path)
            if found is None or found[0] is None or found[1] != digest:
                return None
            moved = True
            entry = (path, *found)
        renewed.append(entry)
    return (begun, skew, tuple(renewed), passing, known_surroundings) if moved else origin


def _save(root: str, name: str, origin: Origin, body: bytes) -> bool:
    return save_state(_place(root, name), f"{name} {FORMAT}", (origin, body))


def _place(root: str, name: str) -> str:
    return os.path.join(root, ".taskrush", name)


def _look(path: str) -> Optional[Tuple[Optional[Identity], bytes]]:
    """What is at a path: identity and digest; None if that cannot be said."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            names = sorted(os.fsencode(name) for name in os.listdir(path) if name != ".taskrush")
            content = b"folder\0" + b"\0".join(names)
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                content = b"file\0" + file.read()
        else:
            return None
        after = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, b""
    except (OSError, ValueError):
        return None
    identity = identity_of(after)
    return (identity, digest_of(content)) if identity == identity_of(status) else None


def _unmentioned(sources: Iterable[str]) -> Optional[Tuple[str, ...]]:
    """The passing variables that no source mentions; None where a source cannot be read."""
    left = sorted(PASSING)
    for path in sources:
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            return None
        left = [name for name in left if name == "_" or name.encode() not in text]
    return tuple(left)


def surroundings(environ: Mapping[str, str], passing: Iterable[str]) -> bytes:
    """What else decides: the environment save for passing variables, and the interpreter."""
    left_out = set(passing)
    variables = sorted(item for item in environ.items() if item[0] not in left_out)
    whole = (variables, sys.version, sys.prefix, tuple(sys.flags))
    return digest_of(repr(whole).encode("utf-8", "surrogateescape"))


def modules() -> List[str]:
    """The files of all modules that were imported, save for the standard library's: they took part in the work."""
    library = os.path.dirname(os.__file__) + os.sep
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and (not path.startswith(library) or "-packages" in path):
            found.append(path)
    return found


def _skew(path: str) -> int:
    """How far (ns) the clock of the file system is ahead of ours. Raises `OSError`."""
    with open(path, "wb", buffering=0) as file:
        before = time.time_ns()
        file.write(b"\0")
        return os.fstat(file.fileno()).st_mtime_ns - before
