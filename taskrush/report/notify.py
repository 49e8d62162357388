"""Tells people how tasks and runs ended: listens to a run, and lets threads of its own find out, word and send it.

Only ends are told, so what was tried again and then went well is no failure. News of tasks wait a few seconds for
company, so that a hundred failures are one message; at the end of the run all that is left goes at once, and is waited
for no longer than was allowed. Nothing in here fails a run or changes its exit code: what did not arrive is said once,
by a warning, in words without secrets.
"""

import functools
import os
import queue
import socket
import threading
import time
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from taskrush.errors import TaskRushError
from taskrush.events import Record, RunFinished, RunStarted, StopRequested, TaskFinished, TaskOutput
from taskrush.model.notification import FIRST_FAILURE, RECOVERY, Channel, Notice, Notifications
from taskrush.model.outcome import Outcome, State
from taskrush.model.redaction import Redactor
from taskrush.model.task import Task, TaskId
from taskrush.protocols import History
from taskrush.report import notify_send
from taskrush.report.notify_limit import Limiter
from taskrush.report.notify_news import (
    FOR_MACHINES,
    Message,
    News,
    about,
    compose,
    harmless,
    possible,
    possible_of_run,
    quoted,
    told,
)
from taskrush.report.notify_past import Past, Remembered
from taskrush.report.notify_send import NotSent
from taskrush.values import evolve

GATHER = 10.0  # seconds that news of a task wait for others
TAIL_BYTES = 4096
PAUSES = (0.5, 1.0)  # seconds before a message is tried again
NAMED = 5  # failed tasks that the news of a run names
INTERRUPTED = (130, 143)
Send = Callable[[Channel, Message, Mapping[str, str], float], None]


class NotTold(TaskRushError):
    """Not everybody could be told; raised at the end of a run for the bus to say so."""


class _Ended(NamedTuple):
    """The end of a task, or of the run, with the notices that may want it."""

    task: Optional[TaskId]
    outcome: Outcome
    events: "frozenset[str]"
    notices: Tuple[Notice, ...]
    tail: bytes


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
        send: Send = notify_send.send,
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
        self._queue: queue.Queue[Optional[_Ended]] = queue.Queue()
        self._thread: Optional[threading.Thread] = None
        self._over = False
        self._hurry = False
        self._post = _Post(root, environ, send, redactor or Redactor(), clock)

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
            elif self._failures > FOR_MACHINES:
                tail = b""  # nobody is going to see it
        if self._watch is not None and not self._watch.task_changed(task, failed):
            return
        self._hand_over(_Ended(task, outcome, events, self._notices_of(task), tail))

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
            self._hand_over(_Ended(None, outcome, events, self._of_run, tail))
        if self._thread is not None:
            self._queue.put(None)
        if self._watch is None:
            self._wait_for_all()
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

    def _hand_over(self, ended: _Ended) -> None:
        if not any(ended.events.intersection(notice.on) for notice in ended.notices):
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="taskrush-notify", daemon=True)
            self._thread.start()
        self._queue.put(ended)

    def _wait_for_all(self) -> None:
        until = time.monotonic() + self._wait
        self._post.until = until
        while not self._all_done() and not self._hurry and time.monotonic() < until:
            time.sleep(0.01)
        if not self._all_done():
            names = self._post.under_way() or ["notifications"]
            waited = "they were not waited for" if self._hurry else f"there was no answer within {self._wait:g}s"
            self._post.problems.append((f"{', '.join(names)}: {waited}", None))

    def _all_done(self) -> bool:
        return (self._thread is None or not self._thread.is_alive()) and not self._post.under_way()

    def _complain(self) -> None:
        problems = [*(self._watch.problems if self._watch else ()), *self._post.problems]
        if self._watch is not None:  # what is under way may still fail: the next round says so
            self._watch.problems = self._post.problems = []
        if problems:
            texts = dict.fromkeys(text for text, _ in problems)
            hint = next((hint for _, hint in problems if hint), None)
            raise NotTold(f"not everybody was told: {'; '.join(texts)}", hint)

    # --- in a thread of its own -------------------------------------------------------

    def _work(self) -> None:
        past = Past(self._run, self._open_history)
        try:
            going_on = True
            while going_on:
                ended = self._queue.get()
                waiting: List[_Ended] = []
                due = time.monotonic() + self._gather
                while ended is not None:
                    waiting.append(ended)
                    try:
                        ended = self._queue.get(timeout=max(0.0, due - time.monotonic()))
                    except queue.Empty:
                        break
                else:
                    going_on = False
                self._tell(waiting, past)
        except Exception as error:  # a thread of ours must not end unheard
            self._post.problems.append((f"notifications failed: {type(error).__name__}", None))
        finally:
            past.close()

    def _tell(self, waiting: Sequence[_Ended], past: Past) -> None:
        for_channel: Dict[str, List[News]] = {}
        for ended in waiting:
            failed_before = self._failed_before(ended, past)
            for notice in ended.notices:
                event = told(notice, ended.events, failed_before)
                if event is not None:
                    for name in notice.to:
                        news = for_channel.setdefault(name, [])
                        if not any(one.task == ended.task for one in news):  # once is enough
                            news.append(_news(event, notice, ended))
        around = {
            "host": socket.gethostname(),
            "run": self._run,
            "targets": ", ".join(self._targets[:NAMED]) + (" ..." if len(self._targets) > NAMED else ""),
            "workspace": os.path.basename(self._root),
        }
        for name, news in for_channel.items():
            self._post.send(name, self._channels[name], functools.partial(compose, news, around, self._environ))

    def _failed_before(self, ended: _Ended, past: Past) -> bool:
        asked = {RECOVERY, FIRST_FAILURE}.intersection(ended.events)
        if not asked.intersection(event for notice in ended.notices for event in notice.on):
            return FIRST_FAILURE in ended.events  # nobody wants to know: neither a recovery nor a first failure
        if self._watch is not None:  # it is only here because it ended otherwise than before
            return RECOVERY in ended.events
        return past.run_failed(self._targets) if ended.task is None else past.task_failed(ended.task)


def _news(event: str, notice: Notice, ended: _Ended) -> News:
    outcome = ended.outcome
    names = {State.CANCELLED: "interrupted"} if ended.task is None else {}
    return News(
        event=event,
        notice=notice,
        task=ended.task,
        outcome=names.get(outcome.state, outcome.state.value),
        seconds=outcome.seconds,
        attempts=outcome.attempts,
        code=outcome.code,
        reason=harmless(outcome.reason or ""),
        log_tail=quoted(ended.tail),
    )


class _Post:
    """Sends messages, each in a thread of its own, and knows which are under way and what went wrong."""

    def __init__(
        self, root: str, environ: Mapping[str, str], send: Send, redactor: Redactor, clock: Callable[[], float]
    ) -> None:
        self._limiter = Limiter(root)
        self._environ = environ
        self._send = send
        self._redactor = redactor
        self._clock = clock
        self._threads: List[Tuple[str, threading.Thread]] = []
        self.problems: List[Tuple[str, Optional[str]]] = []
        self.until: Optional[float] = None  # monotonic time after which nobody waits any more

    def under_way(self) -> List[str]:
        """The channels that messages are on their way to."""
        return list(dict.fromkeys(f"channel `{name}`" for name, thread in list(self._threads) if thread.is_alive()))

    def send(self, name: str, channel: Channel, word: Callable[[int], Message]) -> None:
        leave = self._limiter.ask(name, channel.limit, self._clock())
        if not leave.granted:
            self.problems.append((f"channel `{name}`: a message was held back by its limit of {channel.limit}", None))
            return
        message = word(leave.held)
        clean = self._redactor.clean_text
        message = evolve(message, title=clean(message.title), text=clean(message.text))
        thread = threading.Thread(target=self._deliver, args=(name, channel, message), daemon=True)
        self._threads.append((name, thread))
        thread.start()

    def _deliver(self, name: str, channel: Channel, message: Message) -> None:
        pauses = list(PAUSES)
        while True:
            begun = time.monotonic()
            try:
                self._send(channel, message, self._environ, self._left())
                return
            except NotSent as error:
                slow = time.monotonic() - begun > 2.0
                if not error.again or slow or not pauses or self._left() < pauses[0] + 0.5:
                    self.problems.append(self._said(name, error.reason, error.hint))
                    return
                time.sleep(pauses.pop(0))
            except Exception as error:  # a bug of ours or of a library: the run must not hear of it but by a warning
                self.problems.append(self._said(name, f"failed: {type(error).__name__}", None))
                return

    def _left(self) -> float:
        return notify_send.LONGEST if self.until is None else self.until - time.monotonic()

    def _said(self, name: str, reason: str, hint: Optional[str]) -> Tuple[str, Optional[str]]:
        return self._redactor.clean_text(f"channel `{name}`: {reason}"), hint
