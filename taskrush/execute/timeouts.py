"""The clocks of a task that may only take so long: for one attempt, for all of them, and for silence.

It says when the time is up, once an attempt; what is done about it is up to who asked.
"""

from __future__ import annotations

from taskrush.model.duration import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from taskrush.execute.carrier import Carrier
    from taskrush.model.retry import Timeout
    from taskrush.protocols import Clock


class Timekeeper:
    """Watches the attempts of one task, one after the other."""

    def __init__(self, timeout: Timeout, carrier: Carrier, clock: Clock) -> None:
        self._timeout = timeout
        self._carrier = carrier
        self._clock = clock
        self._ends: Optional[float] = None
        self._heard = 0.0
        self._expire: Optional[Callable[[str], None]] = None
        self._round = 0

    @property
    def left(self) -> Optional[float]:
        """Seconds that the task has for all of its attempts; None: as many as it likes."""
        return None if self._ends is None else self._ends - self._clock.monotonic()

    def start(self, expire: Callable[[str], None]) -> None:
        """An attempt starts; `expire` is called with words when its time is up, unless it was stopped before."""
        now = self._clock.monotonic()
        timeout = self._timeout
        self._round += 1
        self._expire = expire
        self._heard = now
        if timeout.task is not None:
            if self._ends is None:
                self._ends = now + timeout.task
            over = f"over {self._round} attempts" if self._round > 1 else ""
            self._at(self._ends, f"timed out after {text_of(timeout.task)} {over}".rstrip())
        if timeout.attempt is not None:
            self._at(now + timeout.attempt, f"timed out after {text_of(timeout.attempt)}")
        if timeout.idle is not None:
            self._listen(timeout.idle)

    def heard(self) -> None:
        """It wrote something."""
        self._heard = self._clock.monotonic()

    def stop(self) -> None:
        """The attempt is over."""
        self._expire = None

    def _at(self, moment: float, words: str) -> None:
        number = self._round
        self._carrier.at(moment, lambda: self._over(number, words))

    def _listen(self, seconds: float) -> None:
        number = self._round

        def look() -> None:
            if self._expire is None or number != self._round:
                return
            if self._clock.monotonic() - self._heard >= seconds:
                self._over(number, f"timed out: no output for {text_of(seconds)}")
            else:
                self._listen(seconds)

        self._carrier.at(self._heard + seconds, look)

    def _over(self, number: int, words: str) -> None:
        expire = self._expire
        if expire is not None and number == self._round:
            self._expire = None
            expire(words)
