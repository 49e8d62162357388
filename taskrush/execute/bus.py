"""The bus stamps events into records and hands them to subscribers, in order, without the values of secrets; it knows
no event by name.

A subscriber that raises is dropped, and everyone else is told.
"""

from __future__ import annotations

from taskrush.errors import TaskRushError
from taskrush.events import Record, Warned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence, Tuple

    from taskrush.events import Event
    from taskrush.model.redaction import Redactor
    from taskrush.protocols import Clock, Subscriber


class Bus:
    """One run's line of records. Not for use by several threads at once."""

    def __init__(
        self, run: str, clock: Clock, subscribers: Sequence[Subscriber], redactor: Optional[Redactor] = None
    ) -> None:
        self._run = run
        self._redactor = redactor if redactor else None
        self._clock = clock
        for subscriber in subscribers:
            if not callable(getattr(subscriber, "on_record", None)):
                raise TypeError(f"a subscriber has a method `on_record(record)`, {subscriber!r} has none")
        self._subscribers: List[Subscriber] = list(subscribers)
        self._may_hold = any(hasattr(subscriber, "settle") for subscriber in subscribers)
        self._seq = 0
        self.unsettled = False
        """Whether something was told that a subscriber may hold until `settle`."""
        self.settling = False
        """Whether somebody is going to call that."""

    @property
    def listening(self) -> bool:
        """Whether anybody hears what is told."""
        return bool(self._subscribers)

    def interrupt(self) -> None:
        """Somebody is in a hurry: subscribers that have `interrupt` hear of it, in any thread or a signal handler."""
        for subscriber in self._subscribers:
            interrupt = getattr(subscriber, "interrupt", None)
            if interrupt is not None:
                interrupt()

    def tell(self, event: Event) -> None:
        """Stamp an event and pass it on."""
        if not self._subscribers:
            self._seq += 1
            return
        if self._redactor is not None:
            from taskrush.execute.unsaid import unsaid

            event = unsaid(event, self._redactor.clean_text)
        record = Record(self._run, self._seq, self._clock.now(), event)
        self._seq += 1
        self.unsettled = self._may_hold
        dropped: Optional[List[Tuple[Subscriber, Exception]]] = None
        for subscriber in self._subscribers:
            try:
                subscriber.on_record(record)
            except Exception as error:
                dropped = [*(dropped or ()), (subscriber, error)]
        if dropped is not None:
            self._drop(dropped)

    def settle(self) -> None:
        """A moment has passed: subscribers that have `settle` write what they hold."""
        self.unsettled = self.settling = False
        dropped: List[Tuple[Subscriber, Exception]] = []
        for subscriber in self._subscribers:
            settle = getattr(subscriber, "settle", None)
            if settle is not None:
                try:
                    settle()
                except Exception as error:
                    dropped.append((subscriber, error))
        self._drop(dropped)

    def _drop(self, dropped: List[Tuple[Subscriber, Exception]]) -> None:
        for subscriber, reason in dropped:
            self._subscribers.remove(subscriber)
            if isinstance(reason, TaskRushError):  # it says itself what a person should know
                self.tell(Warned(reason.message, reason.hint))
            else:
                name = type(subscriber).__name__
                self.tell(Warned(f"subscriber {name} failed and was dropped: {type(reason).__name__}: {reason}"))
