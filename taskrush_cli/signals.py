"""The signals of the process while something runs: who hears them, and what the terminal's Ctrl-Z does.

It knows no task. Whatever was set before is set again afterwards.
"""

from __future__ import annotations

import os

from taskrush._builtin import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Tuple


class heard:
    """Within it, SIGINT, SIGTERM and SIGHUP (unless ignored: `nohup`) call `on_stop`, SIGTSTP `on_pause`."""

    def __init__(self, on_stop: Callable[[int, object], None], on_pause: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._on_pause = on_pause
        self._before: List[Tuple[int, Any]] = []

    def __enter__(self) -> None:
        try:
            self._hear("SIGINT", self._on_stop)
            self._hear("SIGTERM", self._on_stop)
            self._hear("SIGHUP", self._on_stop, (signal.SIG_IGN,))
            self._hear("SIGTSTP", lambda number, frame: self._on_pause(), (signal.SIG_IGN,))
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def _hear(self, name: str, handler: Any, unless: Tuple[Any, ...] = ()) -> None:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in unless:
            self._before.append((number, signal.signal(number, handler)))


def sleep() -> None:
    """Stop this process until it is told to go on, unless nobody could tell it: as the system does for Ctrl-Z."""
    if _has_shell():
        os.kill(os.getpid(), signal.SIGSTOP)


def _has_shell() -> bool:
    """Whether our process group has a parent in this session that could put it into the foreground again."""
    group = os.getpgrp()
    try:
        parent = os.getppid() if group == os.getpid() else _parent(group)
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != group
    except (OSError, ValueError):
        return False


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return os.getppid()
