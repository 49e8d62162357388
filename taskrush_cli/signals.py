"""The signals of the process while something runs: who hears them, and what the terminal's Ctrl-Z does.

It knows no task. Whatever was set before is set again afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Tuple


@contextlib.contextmanager
def heard(on_stop: Callable[[int, object], None], on_pause: Callable[[], None]) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP (unless ignored: `nohup`) call `on_stop`, SIGTSTP `on_pause`."""
    before: List[Tuple[signal.Signals, Any]] = []

    def hear(name: str, handler: Any, unless: Tuple[Any, ...] = ()) -> None:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in unless:
            before.append((number, signal.signal(number, handler)))

    try:
        hear("SIGINT", on_stop)
        hear("SIGTERM", on_stop)
        hear("SIGHUP", on_stop, (signal.SIG_IGN,))
        hear("SIGTSTP", lambda number, frame: on_pause(), (signal.SIG_IGN,))
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


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
