"""How the output of tasks that run at once is put one after the other: grouped, stream, errors, none.

A mode decides what of a task's output is shown when, and keeps what may have to be shown again. It knows neither
summary nor colours of states; lines of its own it gets from `Lines`. In every mode the task whose block is open is
known, so that whoever writes next closes it properly.
"""

from __future__ import annotations

from taskrush._typing import Protocol
from taskrush.model.outcome import State
from taskrush.values import define, field
from taskrush_cli.render.held import Held
from taskrush_cli.render.style import PALETTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Dict, FrozenSet, List, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import TaskId
    from taskrush_cli.render.ci import Dialect
    from taskrush_cli.render.output import Output
    from taskrush_cli.render.style import Style

LINE_LIMIT = 65536
_FAILED, _CANCELLED = State.FAILED, State.CANCELLED  # an attribute of an Enum is slow


class Lines(Protocol):
    """What a mode says about a task, as text without a line end; empty where nothing is to be said.

    `crowd`: so many tasks are being cancelled that what they wrote and nobody saw is left out.
    """

    def header(self, task: TaskId, again: bool) -> str: ...

    def footer(self, task: TaskId, outcome: Outcome) -> str: ...

    @property
    def crowd(self) -> bool: ...


@define(eq=False)
class Entry:
    """A task under way, or one that failed: all it wrote, and whether that was shown already."""

    task: TaskId
    log: Held = field(factory=Held)
    shown: bool = False
    opened: bool = False
    in_group: bool = False


class Mode:
    """What all modes have in common: entries, open blocks, replays. `always`: tasks without output have a block too.

    `lasting` tasks stay up while others run: nobody's output waits for their end."""

    def __init__(self, out: Output, lines: Lines, dialect: Optional[Dialect]) -> None:
        self._out = out
        self._lines = lines
        self._dialect = dialect
        self._entries: Dict[TaskId, Entry] = {}
        self._open: Optional[TaskId] = None
        self._group: Optional[str] = None
        self._last: Optional[TaskId] = None
        self.failures: List[Entry] = []
        self.always = False
        self.lasting: FrozenSet[TaskId] = frozenset()

    def started(self, task: TaskId) -> None:
        if task not in self._entries:
            self._entries[task] = Entry(task)

    def output(self, task: TaskId, stream: str, data: bytes) -> None:
        entry = self._entries.get(task) or self._entries.setdefault(task, Entry(task))
        entry.log.write(stream, data, entry.shown)

    def finished(self, task: TaskId, outcome: Outcome) -> None:
        raise NotImplementedError

    def retried(self, task: TaskId, line: str) -> None:
        """An attempt failed and another one follows, as `line` says; what it wrote is not told again."""
        entry = self._entries.pop(task, None)
        if entry is not None:
            entry.log.close()
        if line:
            self.leave()
            self._out.say(line)

    def leave(self) -> None:
        """Close the open block: somebody else is going to write."""
        if self._group is not None and self._dialect is not None:
            self._out.say(self._dialect.close(self._group))
        self._group = self._open = self._last = None

    def replay_failures(self) -> List[Entry]:
        """The failures whose output does not stand at the very end already, for the summary."""
        failures = self.failures
        if len(failures) == 1 and failures[0].task == self._last and not failures[0].in_group:
            return []
        return failures

    def replay(self, entry: Entry) -> None:
        """Write all of a task's output."""
        if entry.log.lost:
            self._out.say(f"... {entry.log.lost} bytes before this are not repeated ...")
        for stream, data in entry.log:
            self._out.task(entry.task, stream, data)

    def close(self) -> None:
        for entry in (*self._entries.values(), *self.failures):
            entry.log.close()

    def _enter(self, entry: Entry, group: bool = True) -> None:
        """Open the block of a task, with a header, unless it is open."""
        if self._open == entry.task:
            return
        self.leave()
        header = self._lines.header(entry.task, entry.opened)
        if self._dialect is not None and group:
            self._group = entry.task
            entry.in_group = True
            self._out.say(self._dialect.open(header or entry.task))
        elif header:
            self._out.say(header)
        entry.opened = True
        self._open = entry.task

    def _finish(self, task: TaskId, outcome: Outcome, silent: bool = False) -> Entry:
        """Close the block with a footer, and keep the entry of a failure."""
        entry = self._entries.pop(task, None) or Entry(task)
        footer = "" if silent else self._lines.footer(task, outcome)
        if footer:
            if self._open is not None or self._group is not None:
                self.leave()
            self._out.say(footer)
            self._last = task
        if outcome.state is _FAILED:
            self.failures.append(entry)
        else:
            entry.log.close()
        return entry


class Grouped(Mode):
    """The oldest running task writes as it goes; what others write is shown in one block when they end or become the
    oldest."""

    def output(self, task: TaskId, stream: str, data: bytes) -> None:
        super().output(task, stream, data)
        entry = self._entries[task]
        if task == self._oldest():
            if not entry.shown:
                self._show(entry)
                return
            self._enter(entry)
            self._out.task(task, stream, data)

    def finished(self, task: TaskId, outcome: Outcome) -> None:
        entry = self._entries.get(task)
        unseen = outcome.state is _CANCELLED and self._lines.crowd
        if entry is not None and (self.always or entry.log) and not entry.shown and not unseen:
            self._show(entry, group=outcome.ok)
        was_oldest = entry is not None and task == self._oldest()
        self._finish(task, outcome)
        if was_oldest:
            self._promote()

    def retried(self, task: TaskId, line: str) -> None:
        entry = self._entries.get(task)
        was_oldest = entry is not None and task == self._oldest()
        if entry is not None and (entry.log or self.always) and not entry.shown:
            self._show(entry, group=False)
        super().retried(task, line)
        if was_oldest:
            self._promote()

    def _promote(self) -> None:
        """Let the one that is the oldest now write as it goes."""
        name = self._oldest()
        oldest = None if name is None else self._entries[name]
        if oldest is not None and oldest.log and not oldest.shown and not self._lines.crowd:
            self._show(oldest)

    def _oldest(self) -> Optional[TaskId]:
        """The one that writes as it goes."""
        for task in self._entries:
            if task not in self.lasting:
                return task
        return None

    def _show(self, entry: Entry, group: bool = True) -> None:
        self._enter(entry, group)
        self.replay(entry)
        entry.shown = True


class Errors(Mode):
    """Only what failed tasks wrote, in one block when they end; `shows` are the states that count as failed."""

    shows: Tuple[str, ...] = ("failed", "warned")

    def finished(self, task: TaskId, outcome: Outcome) -> None:
        entry = self._entries.get(task)
        if entry is not None and entry.log and outcome.state.value in self.shows:
            self._enter(entry, group=False)
            self.replay(entry)
            entry.shown = True
        self._finish(task, outcome)


class Silent(Mode):
    """Nothing of what tasks write."""

    def output(self, task: TaskId, stream: str, data: bytes) -> None:
        pass

    def finished(self, task: TaskId, outcome: Outcome) -> None:
        self._finish(task, outcome)


class Stream(Mode):
    """Every line as it is complete, with the task's name before it, in a colour that stays the same."""

    def __init__(
        self, out: Output, lines: Lines, dialect: Optional[Dialect], style: Style, names: List[TaskId]
    ) -> None:
        super().__init__(out, lines, None)
        self._markers: Optional[re.Pattern[bytes]] = dialect.marker if dialect else None
        width = min(max(map(len, names), default=0), 24)
        bar = style.sign("│", "|")
        reset = "\x1b[0m" if style.color else ""  # the line before may have left its colours on
        self._prefix = {
            name: (reset + style.paint(f"{name:<{width}}", PALETTE[number % len(PALETTE)]) + f" {bar} ").encode()
            for number, name in enumerate(names)
        }
        self._partial: Dict[TaskId, Dict[str, bytes]] = {}

    def output(self, task: TaskId, stream: str, data: bytes) -> None:
        super().output(task, stream, data)
        self._entries[task].shown = True
        partial = self._partial.setdefault(task, {})
        data = partial.pop(stream, b"") + data
        end = len(data) if len(data) > LINE_LIMIT else data.rfind(b"\n") + 1
        if data[end:]:
            partial[stream] = data[end:]
        if end:
            self._put(task, stream, data[:end])

    def finished(self, task: TaskId, outcome: Outcome) -> None:
        self._put_rest(task)
        self._finish(task, outcome)

    def retried(self, task: TaskId, line: str) -> None:
        self._put_rest(task)
        super().retried(task, line)

    def _put_rest(self, task: TaskId) -> None:
        for stream, data in self._partial.pop(task, {}).items():
            self._put(task, stream, data + b"\n")

    def _put(self, task: TaskId, stream: str, data: bytes) -> None:
        prefix = self._prefix.get(task, task.encode() + b" | ")
        self._last = None
        if self._markers is None:
            end = len(data) - data.endswith(b"\n")
            data = prefix + data[:end].replace(b"\n", b"\n" + prefix) + data[end:]
        else:
            markers = self._markers
            lines = data.splitlines(True)
            data = b"".join(line if markers.match(line) else prefix + line for line in lines)
        self._out.task(task, stream, data)
