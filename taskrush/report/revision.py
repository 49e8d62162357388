"""Which revision and branch a folder is at, read from git's files; git is not run.

It knows worktrees, packed refs and a HEAD that is detached. What cannot be read that way (the reftable format) is None.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

HASHES = (40, 64)
DEEPEST = 5  # how many symbolic refs are followed


def revision_of(folder: str) -> Tuple[Optional[str], Optional[str]]:
    """Revision (hexadecimal) and branch of the checkout that `folder` lies in; without a branch where HEAD is detached,
    without a revision before the first commit."""
    own = _git_folder(folder)
    if own is None:
        return None, None
    common = _common(own)
    head = _line(os.path.join(own, "HEAD"))
    branch: Optional[str] = None
    for _ in range(DEEPEST):
        if head is None or not head.startswith("ref:"):
            break
        name = head[4:].strip()
        if branch is None:
            branch = name[len("refs/heads/") :] if name.startswith("refs/heads/") else name
        head = _line(os.path.join(own, name)) or _line(os.path.join(common, name)) or _packed(common, name)
    revision = head if head is not None and len(head) in HASHES and not set(head) - set("0123456789abcdef") else None
    return revision, None if branch == ".invalid" else branch


def _git_folder(folder: str) -> Optional[str]:
    """The folder with the HEAD of the checkout."""
    at = os.path.abspath(folder)
    while True:
        path = os.path.join(at, ".git")
        if os.path.isdir(path):
            return path
        text = _line(path)
        if text is not None and text.startswith("gitdir:"):  # a worktree or a submodule
            found = os.path.normpath(os.path.join(at, text[len("gitdir:") :].strip()))
            return found if os.path.isdir(found) else None
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def _common(own: str) -> str:
    """Where the branches are, which all worktrees share."""
    text = _line(os.path.join(own, "commondir"))
    return own if text is None else os.path.normpath(os.path.join(own, text))


def _line(path: str) -> Optional[str]:
    """The first line of a small file."""
    try:
        with open(path, "rb") as file:
            return file.readline(4096).decode("utf-8", "backslashreplace").strip()
    except (OSError, ValueError):
        return None


def _packed(common: str, name: str) -> Optional[str]:
    try:
        with open(os.path.join(common, "packed-refs"), "rb") as file:
            wanted = b" " + os.fsencode(name)
            for line in file:
                if line.rstrip(b"\r\n").endswith(wanted) and line[:1] not in b"#^":
                    return line.partition(b" ")[0].decode("ascii", "replace")
    except OSError:
        pass
    return None
