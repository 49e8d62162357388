"""Tells people how tasks and runs ended: listens to a run, and lets threads of its own find out, word and send it.

Only ends are told, so what was tried again and then went well is no failure. News of tasks wait a few seconds for
company, so that a hundred failures are one message; at the end of the run all that is left goes at once, and is waited
for no longer than was allowed. Nothing in here fails a run or changes its exit code: what did not arrive is said once,
by a warning, in words without secrets.
"""

from __future__ import annotations

import time

from taskrush.errors import TaskRushError
from taskrush.events import RunFinished, RunStarted, StopRequested, TaskFinished, TaskOutput
from taskrush.model.outcome import Outcome, State
from taskrush.model.redaction import Redactor
from taskrush.report.notify_ends import Ended, about, possible, possible_of_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.events import Record
    from taskrush.model.notification import Notice, Notifications
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import History
    from taskrush.report.notify_desk import Desk, Send
    from taskrush.report.notify_past import Remembered

GATHER = 10.0  # seconds that news of a task wait for others
TAIL_BYTES = 4096
NAMED = 5  # failed tasks that the news of a run names
QUOTED = 100  # failed tasks whose output is kept until it is told
INTERRUPTED = (130, 143)


class NotTold(TaskRushError):
    """Not everybody could be told; raised at the end of a run for the bus to say so."""


class Notifier:
    """Listens to one run of `tasks`. `wait` is how many seconds the end of the run may be put off by.

    `environ` is what channels are filled in from, `redactor` knows what of it is never shown. With `watch` the run is
    a round: only what ended otherwise than before is news, and nobody waits.
    """

    def __init__(
        self,
        root: str,
        tasks: Sequence[Task],
        notifications: Notifications,
        environ: Mapping[str, str],
        *,
        open_history: Optional[Callable[[], History]] = None,
        wait: float = 5.0,
        redactor: Optional[Redactor] = None,
        watch: Optional[Remembered] = None,
        send: Optional[Send] = None,
        gather: float = GATHER,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._tasks = {task.id: task for task in tasks}
        self._channels = notifications.channels
        self._rules = tuple(rule for rule in notifications.rules if rule.of)
        self._of_run = tuple(rule for rule in notifications.rules if not rule.of)
        self._environ = environ
        self._open_history = open_history
        self._wait = wait
        self._watch = watch
        self._gather = gather
        self._notices: Dict[TaskId, Tuple[Notice, ...]] = {}
        self._tails: Dict[TaskId, bytes] = {}
        self._failed: List[Tuple[TaskId, Outcome, bytes]] = []  # the first few
        self._failures = 0
        self._warned = False
        self._run = ""
        self._targets: Tuple[TaskId, ...] = ()
        self._stopped = ""
        self._desk: Optional[Desk] = None
        self._over = False
        self._hurry = False
        self._redactor = redactor or Redactor()
        self._send = send
        self._clock = clock

    def on_record(self, record: Record) -> None:
        event = record.event
        if isinstance(event, TaskOutput):
            if self._of_run or self._notices_of(event.task):
                tail = self._tails.get(event.task, b"") + event.data[-TAIL_BYTES:]
                self._tails[event.task] = tail[-TAIL_BYTES:]
        elif isinstance(event, TaskFinished):
            self._task_ended(event.task, event.outcome, self._tails.pop(event.task, b""))
        elif isinstance(event, RunStarted):
            self._run = record.run
            self._targets = event.targets
        elif isinstance(event, StopRequested):
            self._stopped = event.reason
        elif isinstance(event, RunFinished):
            self._run_ended(event)

    def interrupt(self) -> None:
        """Wait no longer, if the run is over; from any thread or signal handler."""
        self._hurry = self._over

    # --- in the thread of the run ---------------------------------------------------

    def _task_ended(self, task: TaskId, outcome: Outcome, tail: bytes) -> None:
        events = possible(outcome)
        if not events:
            return
        failed = outcome.state is State.FAILED
        self._warned = self._warned or outcome.state is State.WARNED
        if failed:
            self._failures += 1
            if len(self._failed) < NAMED:
                self._failed.append((task, outcome, tail))
            elif self._failures > QUOTED:
                tail = b""  # nobody is going to see it
        if self._watch is not None and not self._watch.task_changed(task, failed):
            return
        self._hand_over(Ended(task, outcome, events, self._notices_of(task), tail))

    def _run_ended(self, event: RunFinished) -> None:
        self._over = True
        interrupted = bool(self._stopped) or event.exit_code in INTERRUPTED
        failed = not event.ok and not interrupted
        if self._watch is None or (not interrupted and self._watch.run_changed(failed)):
            state = State.SUCCEEDED if event.ok else State.CANCELLED if interrupted else State.FAILED
            outcome = Outcome(
                state=state,
                ok=event.ok,
                code=event.exit_code,
                seconds=event.seconds,
                reason=self._stopped if interrupted else self._what_failed(),
            )
            tail = self._failed[0][2] if self._failed else b""
            events = possible_of_run(event.ok, interrupted, self._warned)
            self._hand_over(Ended(None, outcome, events, self._of_run, tail))
        if self._desk is not None:
            self._desk.take(None)
            if self._watch is None:
                self._wait_for(self._desk)
        self._complain()

    def _notices_of(self, task_id: TaskId) -> Tuple[Notice, ...]:
        known = self._notices.get(task_id)
        if known is None:
            task = self._tasks[task_id]
            known = (*task.notify, *(rule for rule in self._rules if about(rule, task)))
            self._notices[task_id] = known
        return known

    def _what_failed(self) -> str:
        if not self._failed:
            return ""
        named = ", ".join(f"{task} ({outcome.reason})" if outcome.reason else task for task, outcome, _ in self._failed)
        more = f" and {self._failures - NAMED} more" if self._failures > NAMED else ""
        return f"{named}{more}"

    def _hand_over(self, ended: Ended) -> None:
        if not any(ended.events.intersection(notice.on) for notice in ended.notices):
            return
        if self._desk is None:
            from taskrush.report.notify_desk import Desk  # not needed by a run without news

            self._desk = Desk(
                self._root,
                self._run,
                self._targets,
                self._channels,
                self._environ,
                open_history=self._open_history,
                redactor=self._redactor,
                send=self._send,
                gather=self._gather,
                clock=self._clock,
                watched=self._watch is not None,
            )
        self._desk.take(ended)

    def _wait_for(self, desk: Desk) -> None:
        until = time.monotonic() + self._wait
        desk.finish(until)
        while desk.under_way() and not self._hurry and time.monotonic() < until:
            time.sleep(0.01)
        late = desk.under_way()
        if late:
            waited = "they were not waited for" if self._hurry else f"there was no answer within {self._wait:g}s"
            desk.problems.append((f"{', '.join(late)}: {waited}", None))

    def _complain(self) -> None:
        problems = [] if self._desk is None else list(self._desk.problems)
        if self._watch is not None:  # what is under way may still fail: the next round says so
            problems = [problem for earlier in self._watch.problems for problem in earlier] + problems
            for earlier in self._watch.problems:
                earlier.clear()
            if self._desk is not None:
                self._desk.problems.clear()
                self._watch.problems = [*self._watch.problems[-2:], self._desk.problems]
        if problems:
            texts = dict.fromkeys(text for text, _ in problems)
            hint = next((hint for _, hint in problems if hint), None)
            raise NotTold(f"not everybody was told: {'; '.join(texts)}", hint)
