"""Paths as a file writes them, relative to its own folder, to ones relative to the workspace. Text only, always `/`."""

from __future__ import annotations

import posixpath
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

OURS = (".git", ".taskrush")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]|~(?:/|\Z)")


def is_absolute(path: str) -> bool:
    """Whether a path does not start at a folder of the workspace: `/x`, `C:/x`, `~/x`."""
    return _ABSOLUTE.match(path) is not None


def rebase(folder: str, path: str) -> Tuple[str, Optional[str]]:
    """A path or pattern written in `folder`, seen from the workspace, and what is wrong with it (or None)."""
    sign, text = ("!", path[1:]) if path.startswith("!") else ("", path)
    if is_absolute(text):
        return path, "it is absolute; paths of inputs and outputs are relative to the file that names them"
    joined = text if folder in ("", ".") else f"{folder}/{text}"
    if ".." in joined.split("/"):
        slash = "/" if joined.endswith("/") else ""
        joined = posixpath.normpath(joined) + slash
    if joined.split("/", 1)[0] == "..":
        return sign + joined, "it leaves the workspace"
    return sign + joined, None


def wrong_output(path: str) -> Optional[str]:
    """Why nothing can be kept at a path or pattern, relative to the workspace; None if it can."""
    text = path[1:] if path.startswith("!") else path
    wrong = rebase(".", text)[1]
    kept = next((name for name in OURS if name in text.replace("\\", "").split("/")), None)
    return wrong or (f"`{kept}` is not for tasks to write to" if kept and not path.startswith("!") else None)


def rebase_folder(folder: str, path: Optional[str]) -> str:
    """A working directory written in `folder`, seen from the workspace. Absolute ones stay."""
    if not path:
        return folder
    if is_absolute(path):
        return path
    return posixpath.normpath(f"{folder}/{path}") if folder not in ("", ".") else posixpath.normpath(path)
