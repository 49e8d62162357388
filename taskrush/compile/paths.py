"""Paths as a file writes them, relative to its own folder, to ones relative to the workspace. Text only, always `/`."""

import posixpath
import re
from typing import Optional, Tuple

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


def rebase_folder(folder: str, path: Optional[str]) -> str:
    """A working directory written in `folder`, seen from the workspace. Absolute ones stay."""
    if not path:
        return folder
    if is_absolute(path):
        return path
    return posixpath.normpath(f"{folder}/{path}") if folder not in ("", ".") else posixpath.normpath(path)
