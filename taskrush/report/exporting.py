"""Writes what is known of a run to a file when it has ended, in one of the forms of other tools.

It decides when and where; the forms are modules of their own. It works without a history: the same lines that would be
remembered are understood at once. Exports never fail a run: what goes wrong raises `ExportError` once, and the bus says
so and goes on.
"""

from __future__ import annotations

import contextlib
import os

from taskrush.errors import TaskRushError
from taskrush.events import RunFinished
from taskrush.report.history import HistoryReporter
from taskrush.report.log import read_log
from taskrush.report.spool import unescape
from taskrush.report.spooled import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional, Sequence

    from taskrush.events import Record
    from taskrush.model.plan import Plan
    from taskrush.report.spooled import Spooled

if TYPE_CHECKING:
    Render = Callable[[Sequence[Spooled]], Optional[str]]
TAIL = 65536  # bytes of a log that go into a report


class ExportError(TaskRushError):
    """A report cannot be written."""


class ExportReporter:
    """Writes one file. `render` makes its text, or None where it has sent it; a relative path starts in the current
    folder.
    """

    def __init__(self, plan: Plan, render: Render, path: str, secrets: Sequence[str] = ()) -> None:
        self._path = os.path.abspath(path)
        self._render = render
        self._lines = _Lines()
        self._reporter = HistoryReporter(plan, secrets, self._lines)

    def on_record(self, record: Record) -> None:
        self._reporter.on_record(record)
        if isinstance(record.event, RunFinished):
            found = self._lines.reading.result(live=False)
            if found is not None:
                self._write(found)

    def _write(self, found: Spooled) -> None:
        beside = f"{self._path}.{os.getpid()}.part"
        try:
            text = self._render([found])
            if text is None:
                return
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(beside, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            os.replace(beside, self._path)
        except OSError as error:
            raise ExportError(f"no report of this run: {error.filename or ''}: {error.strerror or error}") from error


class _Lines:
    """A spool that is read while it is written."""

    def __init__(self) -> None:
        self.reading = Reading()

    def write(self, kind: str, fields: Sequence[str], now: bool = True) -> None:
        with contextlib.suppress(ValueError, IndexError, OverflowError):  # a line that is no good is left out
            self.reading.take([kind, *fields])

    def write_line(self, line: str, now: bool = True) -> None:
        kind, *fields = map(unescape, line.rstrip("\n").split("\t"))
        self.write(kind, fields)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def log_tails(root: str, most: int = TAIL) -> Callable[[str, str], bytes]:
    """The end of what a task wrote in a run, both streams in order."""

    def read(run: str, task: str) -> bytes:
        kept: List[bytes] = []
        size = 0
        for _, data in read_log(root, run, task):
            kept.append(data)
            size += len(data)
            while size - len(kept[0]) >= most:
                size -= len(kept.pop(0))
        return b"".join(kept)[-most:]

    return read
