"""Puts the files of a bundle where they belong: modes, links and odd names survive, files with secrets stay out.

Nothing is followed: a link is copied as a link.
"""

from __future__ import annotations

import os
import stat

from taskrush.values import define, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, List, Tuple


@define
class Copied:
    """How many files and bytes there are in a bundle, and what is not, with why."""

    files: int = 0
    size: int = 0
    left_out: List[Tuple[str, str]] = field(factory=list)


def copy_files(paths: Iterable[str], root: str, into: str, holds_secret: Callable[[bytes], bool], most: int) -> Copied:
    """Copy files of the workspace at `root`, by name, at most `most` bytes in all."""
    found = Copied()
    for path in sorted(set(paths)):
        source, target = os.path.join(root, path), os.path.join(into, path)
        try:
            reason = _copy(path, source, target, holds_secret, most, found)
        except (OSError, ValueError) as error:
            reason = "cannot be read: " + str(getattr(error, "strerror", None) or error).lower()
        if reason:
            found.left_out.append((path, reason))
    return found


def _copy(path: str, source: str, target: str, holds_secret: Callable[[bytes], bool], most: int, found: Copied) -> str:
    """Copy one; why it is not or, of a link, not whole. Raises `OSError`."""
    if holds_secret(os.fsencode(path)):
        return "its name holds a secret"
    if _leads_out(path):
        return "it lies outside of the workspace"
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        link = os.readlink(source)
        if holds_secret(os.fsencode(link)):
            return "it is a link whose target holds a secret"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(link, target)
        found.files += 1
        out = os.path.isabs(link) or _leads_out(os.path.join(os.path.dirname(path), link))
        return "it is a link to something outside of the workspace, of which there is the link only" if out else ""
    if not stat.S_ISREG(status.st_mode):
        return "it is no file"
    if found.size + status.st_size > most:
        return f"it would be too much ({status.st_size} bytes)"
    with open(source, "rb") as file:
        data = file.read()
    if holds_secret(data):
        return "it holds a secret"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(data)
    os.chmod(target, stat.S_IMODE(status.st_mode) & 0o777)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    found.files += 1
    found.size += len(data)
    return ""


def _leads_out(path: str) -> bool:
    normal = os.path.normpath(path)
    return os.path.isabs(normal) or normal.split(os.sep)[0] == os.pardir


def write(folder: str, name: str, text: str, executable: bool = False) -> None:
    """A text file of ours in the bundle; bytes that are no text survive."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write(text)
    os.chmod(path, 0o755 if executable else 0o644)


def pack(folder: str, archive: str) -> None:
    """The folder as a compressed archive in which it is called like the archive. Raises `OSError`."""
    import tarfile

    name = os.path.basename(archive)
    for end in (".gz", ".tgz", ".tar"):
        name = name[: -len(end)] if name.endswith(end) else name

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT, errors="surrogateescape") as made:
        made.add(folder, arcname=name or "bundle", filter=anonymous)
