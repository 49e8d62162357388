"""Writes what each attempt of a task printed to a log of its own, below `.taskrush/logs/RUN/`.

A log is a file of raw bytes, as they came, beside an index that says which piece belongs to which stream, so that both
can be told apart again in order. Of a very long output the head and the tail are kept, and what was left out is said
in its place. Logs never fail a task: what goes wrong here raises `LogError` once, and the bus says so and goes on.
"""

from __future__ import annotations

import os

from taskrush.errors import TaskRushError
from taskrush.events import AttemptFinished, RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted
from taskrush.statefile import FOLDER, state_folder, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Optional, Tuple

    from taskrush.events import Record
    from taskrush.model.task import TaskId

CAP = 16 << 20  # bytes of one task's output that are kept
KEEP = 500  # runs whose logs are kept
SIZE = 10**9  # bytes of logs of all runs
SIZES = "logs.sizes"  # the file that says how large the logs of each run are
CHUNK = 65536
_SIGN = {"stdout": "o", "stderr": "e"}
_STREAM = {"o": "stdout", "e": "stderr", "c": "stderr"}


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")


class LogError(TaskRushError):
    """Logs cannot be written."""


class LogReporter:
    """Writes the logs of a run. `root` is the workspace.

    Of older runs at most `keep - 1` stay, and no more than have `size` bytes together.
    """

    def __init__(self, root: str, cap: int = CAP, keep: int = KEEP, size: int = SIZE) -> None:
        self._root = root
        self._cap = cap
        self._keep = keep
        self._size = size
        self._written = 0
        self._logs: Dict[TaskId, _Log] = {}
        self._attempt: Dict[TaskId, int] = {}  # of those that are not at their first
        self._folder: Optional[str] = None

    def on_record(self, record: Record) -> None:
        event = record.event
        try:
            if isinstance(event, TaskOutput):
                log = self._logs.get(event.task)
                if log is None:
                    log = self._logs[event.task] = self._open(record.run, event.task, self._attempt.get(event.task, 1))
                log.write(event.stream, event.data)
                self._written += len(event.data)
            elif isinstance(event, TaskStarted):
                if event.attempt > 1:  # there even if it writes nothing: it is the last one
                    self._logs[event.task] = self._open(record.run, event.task, event.attempt)
            elif isinstance(event, (TaskFinished, AttemptFinished)):
                if isinstance(event, AttemptFinished):
                    self._attempt[event.task] = event.attempt + 1
                finished = self._logs.pop(event.task, None)
                if finished is not None:
                    finished.close()
            elif isinstance(event, RunStarted):
                self._remove_old(record.run)
            elif isinstance(event, RunFinished):
                for log in self._logs.values():
                    log.close()
                if self._written:
                    self._note_size(record.run)
        except OSError as error:
            raise LogError(f"no logs of this run: {error.filename or self._root}: {error.strerror or error}") from error

    def _open(self, run: str, task: TaskId, attempt: int = 1) -> _Log:
        if self._folder is None:
            state_folder(self._root)
            folder = logs_folder(self._root, run)
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._folder = folder
        return _Log(os.path.join(self._folder, file_name(task, attempt)), self._cap)

    def _remove_old(self, run: str) -> None:
        above = logs_folder(self._root)
        try:
            names = sorted(name for name in os.listdir(above) if _is_run(name) and name != run)
        except FileNotFoundError:
            return
        sizes = self._sizes()
        count, total = len(names), sum(sizes.get(name, 0) for name in names)
        gone = []
        for name in names:
            if count < self._keep and total < self._size:
                break
            _remove(os.path.join(above, name))
            count -= 1
            total -= sizes.get(name, 0)
            gone.append(name)
        if gone or len(sizes) > 2 * self._keep:
            kept = {name: size for name, size in sizes.items() if name in names and name not in gone}
            text = "".join(f"{name} {size}\n" for name, size in kept.items())
            write_whole(os.path.join(self._root, FOLDER, SIZES), text.encode())

    def _note_size(self, run: str) -> None:
        line = f"{run} {self._written}\n".encode()
        path = os.path.join(self._root, FOLDER, SIZES)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _sizes(self) -> Dict[str, int]:
        """How much each run wrote; damage means that it is not known."""
        try:
            with open(os.path.join(self._root, FOLDER, SIZES), encoding="ascii", errors="replace") as file:
                rows = [line.split() for line in file]
        except OSError:
            return {}
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def logs_folder(root: str, run: str = "") -> str:
    """Where the logs of a run, or of all runs, are."""
    return os.path.join(root, FOLDER, "logs", run)


def _is_run(name: str) -> bool:
    """Whether a folder is named as runs are: `20260102T030405-0a1b2c3d`."""
    if len(name) != 24 or name[8] != "T" or name[15] != "-":
        return False
    return (name[:8] + name[9:15]).isdigit() and not name[16:].strip("0123456789abcdef")


def file_name(task: str, attempt: int = 1) -> str:
    """The name of an attempt's log, safe on every file system; no two share one. Names of tasks never have a `+`."""
    number = f"+{attempt}" if attempt > 1 else ""
    safe = "".join([sign if sign in _SAFE else "_" for sign in task[:80]])
    if safe == task and not safe.startswith("."):
        return f"{safe}{number}.log"
    import hashlib

    return f"{safe.lstrip('.')}-{hashlib.sha256(os.fsencode(task)).hexdigest()[:12]}{number}.log"


def attempts_of(root: str, run: str, task: str) -> int:
    """How many attempts of a task a run has logs of: 1 also where there is none, as who writes nothing has no log."""
    folder = logs_folder(root, run)
    number = 1
    while os.path.exists(os.path.join(folder, file_name(task, number + 1))):
        number += 1
    return number


def read_log(root: str, run: str, task: str, attempt: Optional[int] = None) -> Iterator[Tuple[str, bytes]]:
    """The pieces of a log in order, with their streams; nothing if the task wrote nothing or its log is gone.

    `attempt` counts from 1; without it the log is that of the last one.

    A remark about what was left out comes as a piece of `stderr`. Bytes that the index does not tell of (the runner was
    killed) come as `stdout`.
    """
    number = attempts_of(root, run, task) if attempt is None else attempt
    path = os.path.join(logs_folder(root, run), file_name(task, number))
    try:
        with open(path, "rb") as raw:
            try:
                with open(path + ".index", encoding="ascii") as index:
                    for line in index:
                        sign, _, size = line.strip().partition(" ")
                        yield from _pieces(raw, _STREAM.get(sign, "stdout"), int(size))
            except (FileNotFoundError, ValueError):
                pass
            yield from _pieces(raw, "stdout", None)
    except FileNotFoundError:
        return


def _pieces(raw: object, stream: str, size: Optional[int]) -> Iterator[Tuple[str, bytes]]:
    while size is None or size > 0:
        data = raw.read(CHUNK if size is None else min(CHUNK, size))  # type: ignore[attr-defined]
        if not data:
            return
        if size is not None:
            size -= len(data)
        yield stream, data


class _Segment:
    """Raw bytes in one file and runs of one stream in another."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self._raw = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._index = os.open(path + ".index", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._sign = ""
        self._length = 0

    def write(self, sign: str, data: bytes) -> None:
        _write(self._raw, data)
        self.size += len(data)
        if sign != self._sign:
            self._end_piece()
            self._sign = sign
            self.size += 8  # its line in the index
        self._length += len(data)

    def _end_piece(self) -> None:
        if self._length:
            _write(self._index, f"{self._sign} {self._length}\n".encode())
        self._length = 0

    def append(self, other: _Segment) -> None:
        """Put what a closed segment holds behind what this one holds."""
        self._end_piece()
        self._sign = ""
        for target, path in ((self._raw, other.path), (self._index, other.path + ".index")):
            with open(path, "rb") as source:
                for data in iter(lambda: source.read(CHUNK), b""):
                    _write(target, data)

    def close(self) -> None:
        self._end_piece()
        os.close(self._raw)
        os.close(self._index)

    def remove(self) -> None:
        os.unlink(self.path)
        os.unlink(self.path + ".index")


class _Log:
    """The log of one task: a head, and segments of which the last two are the tail."""

    def __init__(self, path: str, cap: int) -> None:
        self._path = path
        self._head_room = cap // 2
        self._segment_room = max(1, cap // 4)
        self._head = _Segment(path)
        self._tail: List[_Segment] = []
        self._dropped = 0
        self._number = 0

    def write(self, stream: str, data: bytes) -> None:
        sign = _SIGN.get(stream, "o")
        if not self._tail:
            room = self._head_room - self._head.size
            if room > 0:
                self._head.write(sign, data[:room])
                data = data[room:]
        while data:
            if not self._tail or self._tail[-1].size >= self._segment_room:
                self._next_segment()
            piece = data[: max(1, self._segment_room - self._tail[-1].size)]
            self._tail[-1].write(sign, piece)
            data = data[len(piece) :]

    def _next_segment(self) -> None:
        if self._tail:
            self._tail[-1].close()
        if len(self._tail) == 2:
            oldest = self._tail.pop(0)
            self._dropped += os.path.getsize(oldest.path)
            oldest.remove()
        self._number += 1
        self._tail.append(_Segment(f"{self._path}.{self._number % 3}"))

    def close(self) -> None:
        if self._tail:
            self._tail[-1].close()
        if self._dropped:
            self._head.write("c", f"\n[... {self._dropped} bytes were not kept ...]\n".encode())
        for segment in self._tail:
            self._head.append(segment)
            segment.remove()
        self._head.close()


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove(folder: str) -> None:
    import shutil  # most runs have nothing to remove

    shutil.rmtree(folder, ignore_errors=True)
