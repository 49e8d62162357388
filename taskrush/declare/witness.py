"""Sees whether code that is loaded looks at anything that could be otherwise the next time: files, clocks, chance, ...

What modules are found and what they hold is not counted, nor is what TaskRush does itself while it loads; both are
known otherwise. It errs to one side only: a look that it takes for one costs time, never a wrong answer. What it cannot
see is a C function that is called by another one.
"""

import os
import sys
from types import FrameType, ModuleType, TracebackType
from typing import Any, Optional, Type

_WORLD = frozenset(
    [
        "posix",
        "nt",
        "time",
        "_io",
        "io",
        "_socket",
        "select",
        "_random",
        "random",
        "_posixsubprocess",
        "_winapi",
        "winreg",
        "_ctypes",
        "_thread",
        "pwd",
        "grp",
        "fcntl",
        "mmap",
        "_uuid",
        "_locale",
        "_multiprocessing",
        "_sqlite3",
        "sqlite3",
        "termios",
        "_ssl",
        "signal",
        "_signal",
        "resource",
    ]
)
_PURE = frozenset(("fspath", "_path_normpath", "_path_splitroot", "_path_splitroot_ex", "allocate_lock", "get_ident"))
_NOW = ("now", "today", "utcnow")
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_RUNNERS = _OURS + "runners" + os.sep


class Witness:
    """`with witness: load()`; then `witness.doubt` names the first look that was seen, or is None."""

    def __init__(self) -> None:
        self.doubt: Optional[str] = None

    def __enter__(self) -> "Witness":
        if sys.getprofile() is not None:
            self.doubt = "somebody else is watching"
        else:
            sys.setprofile(self._see)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if sys.getprofile() == self._see:
            sys.setprofile(None)
        elif self.doubt is None:
            self.doubt = "somebody else is watching"

    def _see(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and _looks(function) and _is_users(frame):
            self.doubt = getattr(function, "__qualname__", repr(function))
            sys.setprofile(None)


def _looks(function: Any) -> bool:
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if owner is None or isinstance(owner, ModuleType):
        return (function.__module__ in _WORLD and name not in _PURE) or name in ("print", "input")
    kind = owner if isinstance(owner, type) else type(owner)
    return kind.__module__ in _WORLD or (kind.__module__ == "datetime" and name in _NOW)


def _is_users(frame: Optional[FrameType]) -> bool:
    """Whether a call was made for the user's code: not for an import, nor for our own reading of declarations."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return False
        if name.startswith(_OURS) and not name.startswith(_RUNNERS):
            return False
        if not name.startswith("<") and (not name.startswith(_LIBRARY) or "-packages" in name):
            return True
        frame = frame.f_back
    return False
