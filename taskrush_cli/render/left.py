"""Says how long a run still takes, while it goes on: a thread beside the live view that asks the past now and then.

It decides when to ask: not in runs that are over at once, not more often than anything has changed, and never for more
than a sixtieth of the processor's time. What is said in between counts down. Nothing is loaded before it is asked.
"""

from __future__ import annotations

import threading
import time

from taskrush._typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import TaskId

AFTER = 1.0  # seconds that a run has to last before anything is asked
PER_TASK = 0.002  # and so much more for each of its tasks
EVERY = 0.5
SHARE = 1 / 60
STALE = 3.0  # seconds after which it is asked again although nothing has ended

if TYPE_CHECKING:
    Look = Callable[[], Tuple[Mapping[TaskId, Outcome], Mapping[TaskId, float]]]
    """How tasks have ended, and since when (by the clock on the wall) others run."""


class Oracle(Protocol):
    """What knows of the past."""

    def left(self, outcomes: Mapping[TaskId, Outcome], running: Mapping[TaskId, float]) -> Any:
        """An `Estimate` of the seconds that are left."""


class Left:
    """What is known of the end of a run. `find` makes the oracle when it is first asked, or None: nothing is known.

    Nothing is said of a run that is `moot`: it does not go to its end.
    """

    def __init__(
        self,
        find: Callable[[], Optional[Oracle]],
        look: Look,
        tasks: int = 1,
        moot: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.time,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._find = find
        self._look = look
        self._moot = moot
        self._after = AFTER + tasks * PER_TASK
        self._now = now
        self._worked = worked
        self._over = threading.Event()
        self._oracle: Optional[Oracle] = None
        self._ends: Optional[Tuple[float, float, float]] = None
        self._asked = (-1, 0.0)  # how many had ended then, and when that was

    def start(self) -> None:
        """Begin to ask, in a thread of its own."""
        threading.Thread(target=self._run, name="taskrush left", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()

    def text(self) -> str:
        """`about 12s left (10 to 15)`, or nothing where nothing is known."""
        ends = self._ends
        if ends is None or self._moot():
            return ""
        now = self._now()
        return words(*(max(0.0, end - now) for end in ends))

    def _run(self) -> None:
        wait = self._after
        while not self._over.wait(wait):
            try:
                again = self.ask()
            except Exception:  # what it says is a guess: a run does not depend on it
                again = None
            if again is None:
                self._ends = None
                return
            wait = again

    def ask(self) -> Optional[float]:
        """Ask once; for how many seconds to wait before the next time, None where there is no use in it."""
        begun = self._worked()
        if self._oracle is None:
            self._oracle = self._find()
            if self._oracle is None:
                return None
        outcomes, since = self._look()
        now = self._now()
        ended, at = self._asked
        if len(outcomes) == ended and now - at < STALE:
            return EVERY
        self._asked = (len(outcomes), now)
        found = self._oracle.left(outcomes, {task: max(0.0, now - begun_at) for task, begun_at in since.items()})
        self._ends = (now + found.seconds, now + found.low, now + found.high)
        return max(EVERY, (self._worked() - begun) / SHARE)


def words(seconds: float, low: float, high: float) -> str:
    """How a person says it."""
    if high < 100:
        return f"about {round(seconds)}s left ({round(low)} to {round(high)})"
    return f"about {_rough(seconds)} left ({_rough(low)} to {_rough(high)})"


def _rough(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole}s"
    if whole < 600:
        return f"{whole // 60}m{whole % 60:02}s"
    minutes = round(seconds / 60)
    return f"{minutes}m" if minutes < 100 else f"{minutes // 60}h{minutes % 60:02}m"
