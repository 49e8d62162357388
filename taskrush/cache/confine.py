"""Paths that cannot leave a folder: every step of the way is opened without following links.

Whatever names a stored record holds, nothing outside the workspace is read, written or removed through it.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

MAX_PATH = 4096
_ODD = frozenset(("", ".", ".."))
_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Unsafe(ValueError):
    """A path that must not be used; the message says why."""


def parts_of(path: str) -> List[str]:
    """The steps of a relative path with `/`. Raises `Unsafe` for anything that could lead elsewhere."""
    if not path or (4 * len(path) > MAX_PATH and len(os.fsencode(path)) > MAX_PATH):
        raise Unsafe("path is empty or too long")
    if "\0" in path or path.startswith("/") or (os.name == "nt" and ("\\" in path or ":" in path)):
        raise Unsafe(f"path is not relative: {path!r}")
    parts = path.split("/")
    if not _ODD.isdisjoint(parts):
        raise Unsafe(f"path leaves its folder or is not normal: {path!r}")
    return parts


class Confined:
    """A folder within which paths are used, by one thread; closed with `close`, or as a context manager.

    The folder used last is kept open: paths that follow one another mostly lie in one. For the same reason the folder
    that was missed last counts as missing until something is made here.
    """

    def __init__(self, root: str) -> None:
        self._last: Optional[str] = None
        self._last_folder = -1
        self._missing: Optional[str] = None
        self._root = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))

    def __enter__(self) -> Confined:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._let_go()
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def parent(self, path: str, make: bool = False) -> Tuple[int, str]:
        """A descriptor of the folder that holds `path` (not to be closed, and only good until the next call) and the
        last step's name.

        With `make`, missing folders are made. Raises `Unsafe` where a link is in the way, else `OSError`.
        """
        above, _, name = path.rpartition("/")
        if above == self._last and path[:1] != "/":
            parts_of(name)
            return self._last_folder, name
        if make:
            self._missing = None
        elif above == self._missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        try:
            folder, name = self._open(path, make)
        except FileNotFoundError:
            self._missing = above
            raise
        self._let_go()
        self._last, self._last_folder = above, folder
        return folder, name

    def _let_go(self) -> None:
        if self._last is not None:
            os.close(self._last_folder)
            self._last = None

    def _open(self, path: str, make: bool) -> Tuple[int, str]:
        *folders, name = parts_of(path)
        if not folders:
            return os.dup(self._root), name
        here = self._root
        try:
            for folder in folders:
                try:
                    step = os.open(folder, _FLAGS, dir_fd=here)
                except FileNotFoundError:
                    if not make:
                        raise
                    try:
                        os.mkdir(folder, 0o777, dir_fd=here)
                    except FileExistsError:
                        pass
                    step = os.open(folder, _FLAGS, dir_fd=here)
                except OSError as error:
                    if _is_link(folder, here):
                        raise Unsafe(f"a link is in the way: {folder!r} of {path!r}") from error
                    raise
                if here != self._root:
                    os.close(here)
                here = step
        except BaseException:
            if here != self._root:
                os.close(here)
            raise
        return here, name

    def status(self, path: str) -> Optional[os.stat_result]:
        """`lstat` of a path, or None if there is nothing, or only by way of a link."""
        try:
            folder, name = self.parent(path)
        except (OSError, Unsafe):
            return None
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None

    def remove(self, path: str) -> bool:
        """Remove a file, a link or an empty folder; False if it is not there, not empty, or behind a link."""
        try:
            folder, name = self.parent(path)
        except (OSError, Unsafe):
            return False
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                os.rmdir(name, dir_fd=folder)
                self._let_go()  # it may have been the folder used last
            else:
                os.unlink(name, dir_fd=folder)
            return True
        except OSError:
            return False

    def take_in(self, folder: str, path: str) -> bool:
        """Move a folder from elsewhere to a place where nothing is; False if something is there."""
        self.clear_way(path)
        above, name = self.parent(path, make=True)
        try:
            os.stat(name, dir_fd=above, follow_symlinks=False)
        except FileNotFoundError:
            try:
                os.rename(folder, name, dst_dir_fd=above)
            except OSError:  # by now something is there, or it is another file system
                return False
            return True
        return False

    def clear_way(self, path: str) -> None:
        """Remove what stands where a folder has to be made: files and links on the way to `path`."""
        if self._last is not None and path.rpartition("/")[0] == self._last:
            return  # that folder is open
        steps = parts_of(path)[:-1]
        for count in range(1, len(steps) + 1):
            part = "/".join(steps[:count])
            status = self.status(part)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                self.remove(part)


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
