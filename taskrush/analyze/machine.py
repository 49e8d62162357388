"""Looks at this machine for what an explanation needs: programs, files, ports, room. Reads only, starts nothing.

Every question has a bound on what is looked at, and no answer is an error: what cannot be known is None or nothing.
`path` is always as the task's commands saw it, relative to their folder.
"""

from __future__ import annotations

import difflib
import itertools
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

LOCAL_BINS = ("node_modules/.bin", ".venv/bin", "venv/bin", "env/bin", "bin", "scripts", ".venv/Scripts", "vendor/bin")
SCANNED = 4000  # entries looked at when something is searched for
DEPTH = 5
IGNORED = (".git", ".taskrush", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".hg")
READ = 200_000


class Machine:
    """This machine, seen from a task: its workspace, its folder there, its environment."""

    def __init__(self, root: str, cwd: str, env: Mapping[str, str]) -> None:
        self.root = root
        self.cwd = os.path.normpath(os.path.join(root, cwd))
        self._env = env
        self._walked: Dict[str, Sequence[str]] = {}

    # --- programs -----------------------------------------------------------------

    def program_elsewhere(self, name: str) -> Optional[str]:
        """Where a program lies that is not on PATH, relative to the workspace."""
        for place in dict.fromkeys((self.cwd, self.root)):
            for folder in LOCAL_BINS:
                path = os.path.join(place, folder, name)
                if os.path.isfile(path) and os.access(path, os.X_OK):
                    return self.shown(path)
        return None

    def on_path(self, name: str) -> bool:
        import shutil

        return shutil.which(name, path=self._env.get("PATH", os.defpath)) is not None

    def near_programs(self, name: str) -> List[str]:
        """Programs of nearly that name, on PATH or in the folders of a project; the nearest first, at most two."""
        known: Dict[str, None] = {}
        for place in dict.fromkeys((self.cwd, self.root)):
            for folder in LOCAL_BINS[:4]:
                known.update(dict.fromkeys(_names(os.path.join(place, folder))))
        for folder in self._env.get("PATH", os.defpath).split(os.pathsep):
            known.update(dict.fromkeys(_names(folder)))
        fitting = [one for one in known if abs(len(one) - len(name)) <= 2 and one != name]
        return near(name, fitting, 2, 0.8) if len(name) > 2 else []

    # --- files --------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        try:
            return os.path.lexists(os.path.join(self.cwd, path))
        except ValueError:
            return False

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(os.path.join(self.cwd, path))

    def executable(self, path: str) -> bool:
        return os.access(os.path.join(self.cwd, path), os.X_OK)

    def at_root(self, path: str) -> bool:
        """Whether it is there from the top of the workspace, but not from the task's folder."""
        return self.cwd != self.root and not os.path.isabs(path) and os.path.lexists(os.path.join(self.root, path))

    def nearest(self, path: str) -> Optional[str]:
        """A path that exists and was perhaps meant, written as `path` is."""
        folder, name = os.path.split(path)
        names = _names(os.path.join(self.cwd, folder))
        lower = {one.lower(): one for one in names}
        if name.lower() in lower:
            return os.path.join(folder, lower[name.lower()])
        stem = name.rpartition(".")[0] or name
        found = near(name, names, 1, 0.7)
        found = found or [one for one in names if stem and one.rpartition(".")[0] == stem]
        if found:
            return os.path.join(folder, found[0])
        for below in self._walk(self.cwd):
            if os.path.basename(below).lower() == name.lower():
                return below
        return None

    def folder_with(self, name: str) -> Optional[str]:
        """A folder of the workspace in which there is a file of this name, relative to the workspace."""
        for path in self._walk(self.root):
            if os.path.basename(path) == name and os.path.dirname(path):
                return os.path.dirname(path)
        return None

    def read(self, path: str) -> str:
        """The beginning of a small file; empty if it cannot be read."""
        try:
            with open(os.path.join(self.cwd, path), "rb") as file:
                return file.read(READ).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""

    def owner(self, path: str) -> Optional[str]:
        """Whom something belongs to, if that is not who runs this."""
        try:
            status = os.stat(os.path.join(self.cwd, path))
            if not hasattr(os, "getuid") or status.st_uid == os.getuid():
                return None
            import pwd

            return pwd.getpwuid(status.st_uid).pw_name
        except (OSError, KeyError, ImportError, ValueError):
            return None

    def shown(self, path: str) -> str:
        """A path relative to the workspace where it lies in it."""
        below = os.path.relpath(path, self.root)
        return path if below.startswith("..") else below.replace(os.sep, "/")

    def _walk(self, top: str) -> Sequence[str]:
        """Files below a folder, relative to it; looked for once."""
        if top not in self._walked:
            self._walked[top] = list(itertools.islice(_files_below(top), SCANNED))
        return self._walked[top]

    # --- the rest -------------------------------------------------------------------

    def variable(self, name: str) -> Optional[str]:
        """A variable as the task's commands saw it."""
        return self._env.get(name)

    def holder_of(self, port: int) -> Optional[Tuple[int, str]]:
        """The process that listens on a TCP port now, with its command; None where nobody does or it cannot be seen."""
        inodes = self._listening(port)
        return _owner_of(inodes) if inodes else None

    def listens(self, port: int) -> Optional[bool]:
        """Whether anybody on this machine listens on a port now; None where that cannot be told."""
        return bool(self._listening(port)) if os.path.exists("/proc/net/tcp") else None

    def _listening(self, port: int) -> List[str]:
        found = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            try:
                with open(table, encoding="ascii") as file:
                    rows = [line.split() for line in file]
            except OSError:
                continue
            ending = f":{port:04X}"
            found += [row[9] for row in rows[1:] if len(row) > 9 and row[3] == "0A" and row[1].endswith(ending)]
        return found

    def free(self, path: str = ".") -> Optional[Tuple[int, bool]]:
        """Bytes that are free where a path lies, and whether there is room for further files."""
        try:
            status = os.statvfs(os.path.join(self.cwd, path))
        except (OSError, AttributeError, ValueError):
            return None
        return status.f_bavail * status.f_frsize, status.f_favail > 0 or status.f_files == 0

    def memory(self) -> Optional[int]:
        """Bytes of memory that processes of this machine or this container may have in all."""
        limits = []
        for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
            text = self.read(path).strip()
            if text.isdigit():
                limits.append(int(text))
        try:
            limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        except (OSError, ValueError, AttributeError):
            pass
        return min(limits) if limits else None


def near(name: str, known: Sequence[str], most: int, cutoff: float) -> List[str]:
    """The nearest of known names, those first whose letters are only in another order."""
    letters = sorted(name)
    turned = [one for one in known if len(one) == len(name) > 2 and one != name and sorted(one) == letters]
    close = difflib.get_close_matches(name, known, n=most, cutoff=cutoff)
    return list(dict.fromkeys((*turned, *close)))[:most]


def _files_below(top: str) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        below = folder[len(top) :].strip(os.sep).replace(os.sep, "/")
        deep = below.count("/") >= DEPTH
        folders[:] = [] if deep else sorted(one for one in folders if one not in IGNORED)
        for name in sorted(files):
            yield f"{below}/{name}" if below else name


def _names(folder: str) -> Sequence[str]:
    try:
        with os.scandir(folder or ".") as entries:
            return [entry.name for _, entry in zip(range(SCANNED), entries)]
    except (OSError, ValueError):
        return ()


def _owner_of(inodes: Sequence[str]) -> Optional[Tuple[int, str]]:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in (name for name in _names("/proc") if name.isdigit()):
        for descriptor in _names(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{descriptor}") not in wanted:
                    continue
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read(400).replace(b"\0", b" ").decode("utf-8", "replace").strip()
                return int(pid), words
            except OSError:
                continue
    return None
