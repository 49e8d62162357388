"""Lets a console that nobody sits before (its lines go to a pipe or a file) tell of several short tasks at once.

Starts and good ends are held until something else happens or nothing does for a moment, and told together, which costs
a fifth of telling each between two tasks. What they say is the console's business.
"""

from __future__ import annotations

from taskrush.events import TaskFinished, TaskStarted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from taskrush.events import Event, Record
    from taskrush.model.plan import Plan
    from taskrush_cli.render.console import Console
    from taskrush_cli.render.output import Output

MOST = 500  # records that are held


class Patient:
    """A subscriber in place of `console`, which writes to `out`."""

    def __init__(self, plan: Plan, console: Console, out: Output) -> None:
        self.console = console
        self._out = out
        self._interactive = {task.id for task in plan.tasks if task.interactive}  # they write for themselves
        self._held: List[Record] = []

    def on_record(self, record: Record) -> None:
        if len(self._held) < MOST and self._may_wait(record.event):
            self._held.append(record)
            return
        if self._held:
            self.settle()
        self.console.on_record(record)

    def settle(self) -> None:
        """Tell all that is held."""
        held, self._held = self._held, []
        self._out.hold()
        try:
            for record in held:
                self.console.on_record(record)
        finally:
            self._out.release()

    def _may_wait(self, event: Event) -> bool:
        if isinstance(event, TaskFinished):
            return event.outcome.ok
        return isinstance(event, TaskStarted) and event.task not in self._interactive
