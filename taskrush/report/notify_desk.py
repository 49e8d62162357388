"""Finds out what news there is, words it and sends it, in threads of its own; nothing of it waits for a run.

One thread takes the ends of tasks, lets them wait a little for company and asks history what was before. Each message
goes in a thread of its own, so that no channel waits for another one. What did not arrive is kept in `problems`, in
words without secrets. It does not know who waits for it.
"""

from __future__ import annotations

import functools
import os
import queue
import socket
import threading
import time

from taskrush.model.notification import FIRST_FAILURE, RECOVERY
from taskrush.model.outcome import State
from taskrush.report import notify_send
from taskrush.report.notify_ends import told
from taskrush.report.notify_limit import Limiter
from taskrush.report.notify_news import News, compose, harmless, quoted
from taskrush.report.notify_past import Past
from taskrush.report.notify_send import NotSent
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.notification import Channel, Notice
    from taskrush.model.redaction import Redactor
    from taskrush.model.task import TaskId
    from taskrush.protocols import History
    from taskrush.report.notify_ends import Ended
    from taskrush.report.notify_news import Message

PAUSES = (0.5, 1.0)  # seconds before a message is tried again
NAMED = 5  # targets that a message names
if TYPE_CHECKING:
    Send = Callable[[Channel, Message, Mapping[str, str], float], None]
    Problem = Tuple[str, Optional[str]]


class Desk:
    """The threads of one run. `around` says what the run is; with `watched` only what changed is handed in."""

    def __init__(
        self,
        root: str,
        run: str,
        targets: Sequence[TaskId],
        channels: Mapping[str, Channel],
        environ: Mapping[str, str],
        *,
        open_history: Optional[Callable[[], History]],
        redactor: Redactor,
        send: Optional[Send],
        gather: float,
        clock: Callable[[], float],
        watched: bool,
    ) -> None:
        self._root = root
        self._run = run
        self._targets = tuple(targets)
        self._channels = channels
        self._environ = environ
        self._open_history = open_history
        self._gather = gather
        self._watched = watched
        self._post = _Post(root, environ, send or notify_send.send, redactor, clock)
        self._queue: queue.Queue[Optional[Ended]] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="taskrush-notify", daemon=True)
        self._thread.start()

    def take(self, ended: Optional[Ended]) -> None:
        """An end to tell of; None after the last one."""
        self._queue.put(ended)

    def finish(self, until: float) -> None:
        """Nobody waits after this monotonic time."""
        self._post.until = until

    @property
    def problems(self) -> List[Problem]:
        """What went wrong so far, with hints; may be emptied."""
        return self._post.problems

    def under_way(self) -> List[str]:
        """What is not done yet, in words."""
        return self._post.under_way() or (["notifications"] if self._thread.is_alive() else [])

    # --- in the thread ----------------------------------------------------------------

    def _work(self) -> None:
        past = Past(self._run, self._open_history)
        try:
            going_on = True
            while going_on:
                ended = self._queue.get()
                waiting: List[Ended] = []
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

    def _tell(self, waiting: Sequence[Ended], past: Past) -> None:
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

    def _failed_before(self, ended: Ended, past: Past) -> bool:
        asked = {RECOVERY, FIRST_FAILURE}.intersection(ended.events)
        if not asked.intersection(event for notice in ended.notices for event in notice.on):
            return FIRST_FAILURE in ended.events  # nobody wants to know: neither a recovery nor a first failure
        if self._watched:  # it is only here because it ended otherwise than before
            return RECOVERY in ended.events
        return past.run_failed(self._targets) if ended.task is None else past.task_failed(ended.task)


def _news(event: str, notice: Notice, ended: Ended) -> News:
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
