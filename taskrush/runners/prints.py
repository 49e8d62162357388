"""What a task's function prints, as that task's output: stand-ins for `sys.stdout` and `sys.stderr`.

Each write goes to the task of the context it is made in, and to the real stream where there is none. They are installed
only when a run asks for it, shared by all such runs of the process, and taken away by the last one. Not seen are writes
to the descriptors 1 and 2 (by C code, or by processes not started by `run()`), handlers that took hold of the real
stream earlier, and threads that a function starts without its context.
"""

from __future__ import annotations

import io
import sys
import threading

from taskrush.runners.current import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, List, Optional

    from taskrush.runners.current import Current


class TaskStream(io.TextIOBase):
    """A text stream that knows whose output it takes."""

    def __init__(self, real: Any, name: str) -> None:
        super().__init__()
        self._real = real
        self._name = name
        self._buffer = TaskBuffer(self)

    def task(self) -> Optional[Current]:
        now = current()
        return now if now is not None and now.captures else None

    def write(self, text: str) -> int:
        now = self.task()
        if now is None:
            return int(self._real.write(text) or 0)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        now.write(self._name, _encoded(text))
        return len(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        now = self.task()
        if now is not None:
            now.flush(self._name)
        elif self._real is not None:
            self._real.flush()

    def close(self) -> None:
        """The real stream is not ours to close."""

    def isatty(self) -> bool:
        return self.task() is None and bool(self._real.isatty())

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._real.fileno())

    @property
    def buffer(self) -> Any:
        return self._real.buffer if self.task() is None else self._buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8" if self.task() is not None else str(self._real.encoding)

    @property
    def errors(self) -> Optional[str]:  # type: ignore[override]
        return "surrogateescape" if self.task() is not None else self._real.errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class TaskBuffer(io.RawIOBase):
    """The bytes below a `TaskStream`, inside a task."""

    def __init__(self, stream: TaskStream) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: Any) -> int:
        data = bytes(data)
        now = self._stream.task()
        if now is None:
            return int(self._stream._real.buffer.write(data))
        now.write(self._stream._name, data)
        return len(data)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing of ours to close."""


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


_lock = threading.Lock()
_users = 0
_installed: List[Any] = []


def install() -> Callable[[], None]:
    """Put the stand-ins in place, if they are not, and return what takes them away again."""
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            for name in ("stdout", "stderr"):
                real = getattr(sys, name)
                stand_in = TaskStream(real, name)
                _installed.append((name, real, stand_in))
                setattr(sys, name, stand_in)
    return _uninstall


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users:
            return
        for name, real, stand_in in _installed:
            if getattr(sys, name) is stand_in:  # else somebody has put their own in place meanwhile
                setattr(sys, name, real)
        _installed.clear()
