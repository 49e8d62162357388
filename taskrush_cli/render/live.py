"""The lines at the bottom of the terminal while tasks run: what runs for how long, and how far the plan is.

A thread draws ten times a second, never while a task is in the middle of a line (that line is held back and shown
here), and nothing at all in runs that are over before anybody could read it. rich lays the lines out; where the cursor
goes is decided here, because bytes of tasks go to the terminal untouched. The cursor stays visible and no mode of the
terminal is changed, so there is nothing to restore after a crash.
"""

from __future__ import annotations

import io
import os
import re
import threading
import time

from taskrush.model.outcome import State
from taskrush_cli.render.attempts import coming
from taskrush_cli.render.style import duration
from taskrush_cli.render.table import width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional

    from taskrush.model.task import TaskId
    from taskrush_cli.render.console import Console
    from taskrush_cli.render.left import Left
    from taskrush_cli.render.output import Output

DELAY = 0.2
PERIOD = 0.1
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Live:
    """Draws below the output of one run, on `stream`, which is a terminal. To be stopped whatever happens.

    `left` says how long the run still takes.
    """

    def __init__(self, console: Console, out: Output, stream: Any, color: bool, left: Optional[Left] = None) -> None:
        self._console = console
        self._out = out
        self._stream = stream
        self._color = color
        self._left = left
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="taskrush live", daemon=True)
        self._drawn: List[int] = []
        self._last: List[str] = []
        self._paused = False
        self._frame = 0

    def start(self) -> None:
        self._console.on_change = self._on_change
        self._thread.start()

    def stop(self) -> None:
        """Take the lines away; more than once if need be."""
        self._over.set()
        if self._left is not None:
            self._left.stop()
        with self._console.lock:
            self._out.detach()

    def pause(self, meanwhile: Callable[[], None]) -> None:
        """Call `meanwhile` with the lines taken away."""
        with self._console.lock:
            self.clear()
            meanwhile()

    def _on_change(self, what: str) -> None:
        if what == "interactive":
            self._paused = True
            self.clear()
        elif what == "interactive over":
            self._paused = False
        elif what == "finished":
            self.stop()

    def _run(self) -> None:
        if self._over.wait(DELAY):
            return
        try:
            import rich.console  # noqa: F401
        except ImportError:
            return
        with self._console.lock:
            if self._over.is_set():
                return
            self._out.attach(self)
            if self._left is not None:
                self._left.start()
        while not self._over.wait(PERIOD):
            with self._console.lock:
                if not self._over.is_set() and not self._paused:
                    self._draw()

    # --- the region ---------------------------------------------------------------

    def clear(self) -> None:
        """Take the lines away, also when the terminal became narrower meanwhile and wrapped them."""
        text = self._erasure()
        if text:
            self._put(text)

    def _erasure(self) -> str:
        if not self._drawn:
            return ""
        columns = self._size()[0]
        rows = sum(max(1, -(-width // columns)) for width in self._drawn)
        self._drawn = []
        return f"\x1b[{rows}A\r\x1b[J"

    def _draw(self) -> None:
        if not self._out.at_line_start:
            return
        columns, rows = self._size()
        self._last = self._lines(columns - 1, rows)
        self._show(self._partial(columns - 1) + self._last)

    def restore(self) -> None:
        """Put the lines back as they were, right after something was written above them: nothing flickers."""
        if self._last and not self._paused and self._out.at_line_start:
            self._show(self._last)

    def _show(self, lines: List[str]) -> None:
        text = self._erasure() + "".join(f"{line}\n" for line in lines)
        self._drawn = [len(_ESCAPES.sub("", line)) for line in lines]
        self._put(text)

    def _partial(self, width: int) -> List[str]:
        """The line that a task has not ended yet, as far as it fits."""
        text = _ESCAPES.sub("", self._out.partial.decode("utf-8", "replace")).rsplit("\r", 1)[-1]
        clean = "".join(c if c.isprintable() else " " for c in text)
        while width_of(clean) > width:
            clean = clean[1 + max(0, (len(clean) - width) // 2) :]
        return [clean] if clean else []

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._over.set()

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return 80, 24
        return max(size.columns, 10), max(size.lines, 4)

    def _lines(self, width: int, height: int) -> List[str]:
        from rich.console import Console as RichConsole
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        console = self._console
        self._frame += 1
        target = io.StringIO()
        rich = RichConsole(
            file=target,
            width=width,
            force_terminal=True,
            color_system="standard" if self._color else None,
            no_color=not self._color,
            highlight=False,
            legacy_windows=False,
        )
        now = time.time()
        running = sorted(console.running.items(), key=lambda item: item[1])
        room = max(1, min(8, height // 3))
        sign = _SPINNER[self._frame % len(_SPINNER)] if (self._stream.encoding or "").lower().startswith("utf") else "*"
        shown = running if len(running) <= room else running[: max(1, room - 1)]
        for task, since in shown:
            row = Table.grid(expand=True)
            row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            row.add_column(no_wrap=True, justify="right", min_width=8)
            up = task in console.up
            name = Text.assemble(
                ("● " if up and sign != "*" else f"{sign} ", "green" if up else "cyan"), (task, "bold")
            )
            if up:
                name.append("  up", "green")
            row.add_row(name, Text(duration(max(0.0, now - since)), "dim"))
            rich.print(row)
        if len(shown) < len(running):
            rich.print(
                Text(f"  and {len(running) - len(shown)} more running", "dim", no_wrap=True, overflow="ellipsis")
            )
        for task, (until, attempt) in list(console.asleep.items())[:room]:
            rich.print(
                Text.assemble(
                    ("↻ " if sign != "*" else "  ", "yellow"),
                    (task, "bold"),
                    (f"  {coming(attempt, until - now)}", "dim"),
                )
            )
        if console.held:
            rich.print(Text(waiting(console.held), "dim", no_wrap=True, overflow="ellipsis"))
        ended = sum(console.ended.values())
        failed = console.ended.get(State.FAILED, 0)
        text = Text(f" {ended}/{console.total}", no_wrap=True)
        if failed:
            text.append(f"  {failed} failed", "red")
        soon = self._left.text() if self._left is not None else ""
        if soon and text.cell_len + len(soon) + 14 <= width:
            text.append(f"  {soon}", "dim")
        bar = Table.grid()
        bar.add_column(width=max(4, min(30, width - text.cell_len - 1)))
        bar.add_column(no_wrap=True)
        progress = ProgressBar(
            total=max(1, console.total),
            completed=ended,
            pulse=False,
            complete_style="red" if failed else "cyan",
            finished_style="red" if failed else "green",
        )
        bar.add_row(progress, text)
        rich.print(bar)
        return target.getvalue().splitlines()


def waiting(held: Mapping[TaskId, str]) -> str:
    """Who waits for what, in a line: the first of those that wait for the same, and how many more."""
    by_limit: Dict[str, List[str]] = {}
    for task, limit in held.items():
        by_limit.setdefault(limit, []).append(task)
    parts = [
        f"{limit}: {tasks[0]}" + (f" and {len(tasks) - 1} more" if len(tasks) > 1 else "")
        for limit, tasks in by_limit.items()
    ]
    return f"  waiting for {', '.join(parts)}"
