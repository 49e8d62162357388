"""Starting a process by `posix_spawn`: cheaper than `subprocess` (no fork, nothing to import), but not for every case.

It cannot change the folder, so it is for commands that run where this process is; and as the folder belongs to the
whole process, only while no other thread could change it. The child gets what one of `subprocess` would get: a session
of its own, three descriptors, default handlers for the signals that Python ignores.
"""

from __future__ import annotations

import os
import sys

from taskrush._builtin import signal
from taskrush.runners.current import functions_under_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Mapping, Optional, Sequence, Tuple

AVAILABLE = sys.platform == "linux" and hasattr(os, "posix_spawn")
OPEN_FILES = "/proc/self/fd"
FEW = 64  # with more open descriptors than this, looking at each costs more than it saves
OURS = "taskrush "  # how the names of our own threads begin
IGNORED_BY_PYTHON = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ") if hasattr(signal, name)]


def start(
    words: Sequence[str], cwd: str, env: Mapping[str, str], out: int, err: int, keep: Sequence[int] = ()
) -> Optional[int]:
    """Start a command; its process number, or None where `subprocess` has to do it. Raises `OSError`, `ValueError`.

    It inherits the descriptors `keep`, which must be inheritable.
    """
    if not AVAILABLE or out < 3 or err < 3 or not _alone() or not is_here(cwd):
        return None
    closing = _inherited()
    if closing is None:
        return None
    actions: List[Tuple[int, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),  # type: ignore[list-item]
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, err, 2),
        *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in closing if descriptor not in keep),
    ]
    problem: OSError = FileNotFoundError(2, "No such file or directory", words[0])
    for program in _candidates(words[0], env):
        try:
            return os.posix_spawn(
                program, list(words), env, file_actions=actions, setsid=True, setsigdef=IGNORED_BY_PYTHON
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            if problem.errno == 2:
                problem = error
        except NotImplementedError:  # no sessions in this C library
            return None
        except OSError as error:
            problem = error
    raise problem


def _alone() -> bool:
    """Whether nothing else in this process may change its folder: our own threads do not, unless they run functions."""
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        return True
    me = threading.current_thread()
    others = [thread for thread in threading.enumerate() if thread is not me]
    return not functions_under_way and all(thread.name.startswith(OURS) for thread in others)


def is_here(cwd: str) -> bool:
    """Whether this process is in that folder."""
    try:
        if os.getcwd() == cwd:
            return True
        wanted, here = os.stat(cwd), os.stat(".")
    except OSError:
        return False
    return wanted.st_ino == here.st_ino and wanted.st_dev == here.st_dev


def _candidates(program: str, env: Mapping[str, str]) -> Iterable[str]:
    """Where a program may be, by the command's own PATH; only what is there."""
    if "/" in program:
        return (program,)
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    return (path for path in (os.path.join(folder, program) for folder in folders) if os.path.lexists(path))


def _inherited() -> Optional[List[int]]:
    """Descriptors that would be open in the child; None if that is too much to find out."""
    try:
        names = os.listdir(OPEN_FILES)
    except OSError:
        return None
    if len(names) > FEW:
        return None
    found = []
    is_inheritable = os.get_inheritable
    for descriptor in map(int, names):
        try:
            if descriptor > 2 and is_inheritable(descriptor):
                found.append(descriptor)
        except OSError:  # it was the one of the listing
            pass
    return found
