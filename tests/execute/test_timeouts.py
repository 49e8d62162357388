"""The clocks of a task: what is over, when, and in which words; by a clock that is set by hand."""

import heapq
from typing import Any, Callable, List, Tuple

import pytest

from taskrush.execute.timeouts import Timekeeper
from taskrush.model.duration import seconds_of, text_of
from taskrush.model.retry import Timeout
from taskrush.testing.fakes import FakeClock

pytestmark = pytest.mark.core


class Alarms:
    """A carrier that has only timers; `to` lets them ring up to a moment."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._timers: List[Tuple[float, int, Callable[[], None]]] = []

    def at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (moment, len(self._timers), action))

    def to(self, moment: float) -> None:
        while self._timers and self._timers[0][0] <= moment:
            due, _, action = heapq.heappop(self._timers)
            self.clock.pass_(max(0.0, due - self.clock.monotonic()))
            action()
        self.clock.pass_(moment - self.clock.monotonic())


def keeper(**said: Any) -> Tuple[Timekeeper, Alarms, List[str]]:
    alarms = Alarms()
    return Timekeeper(Timeout(**said), alarms, alarms.clock), alarms, []  # type: ignore[arg-type]


def test_an_attempt_has_its_time_and_the_next_one_again() -> None:
    """It is told once; an attempt that ended in time is told nothing."""
    watch, alarms, said = keeper(attempt=10)
    watch.start(said.append)
    alarms.to(9.9)
    assert said == []
    alarms.to(10)
    alarms.to(100)
    assert said == ["timed out after 10s"]
    watch.start(said.append)
    alarms.to(109)
    watch.stop()
    alarms.to(200)
    watch.start(said.append)
    alarms.to(210)
    assert said == ["timed out after 10s", "timed out after 10s"]


def test_all_attempts_share_the_time_of_the_task() -> None:
    """It begins with the first one and goes on while nothing runs."""
    watch, alarms, said = keeper(task="1m30s")
    assert watch.left is None
    watch.start(said.append)
    alarms.to(30)
    watch.stop()
    assert watch.left == 60
    alarms.to(60)
    watch.start(said.append)
    alarms.to(90)
    assert said == ["timed out after 1m30s over 2 attempts"]
    assert watch.left == 0


def test_silence_is_counted_from_the_last_output() -> None:
    """Who says something now and then may go on for ever."""
    watch, alarms, said = keeper(idle=5)
    watch.start(said.append)
    for moment in (4, 8, 12, 16):
        alarms.to(moment)
        watch.heard()
    alarms.to(20.9)
    assert said == []
    alarms.to(21)
    assert said == ["timed out: no output for 5s"]
    alarms.to(60)
    assert len(said) == 1


def test_the_first_clock_to_ring_is_the_one_that_is_told() -> None:
    """One end has one reason."""
    watch, alarms, said = keeper(attempt=10, task=15, idle=3)
    watch.start(said.append)
    for moment in (2, 4, 6, 8):
        alarms.to(moment)
        watch.heard()
    alarms.to(50)
    assert said == ["timed out after 10s"]
    assert keeper(attempt=20, task=5)[0].left is None


def test_a_task_whose_time_is_up_before_it_starts_again_is_told_at_once() -> None:
    """It had to wait for room for too long."""
    watch, alarms, said = keeper(task=10)
    watch.start(said.append)
    watch.stop()
    alarms.to(20)
    watch.start(said.append)
    alarms.to(20)
    assert said == ["timed out after 10s over 2 attempts"]


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("10", 10, "10s"),
        ("10s", 10, "10s"),
        ("500ms", 0.5, "500ms"),
        ("1.5s", 1.5, "1.5s"),
        ("1m30s", 90, "1m30s"),
        ("1h", 3600, "1h"),
        ("2h5m1.25s", 7501.25, "2h5m1.25s"),
        ("1d", 86400, "24h"),
        ("0", 0, "0s"),
        (2.5, 2.5, "2.5s"),
        ("0.0001s", 0.0001, "0s"),
    ],
)
def test_durations(text: Any, seconds: float, shown: str) -> None:
    """What people write, and what they read."""
    assert seconds_of(text) == pytest.approx(seconds)
    assert text_of(seconds) == shown


@pytest.mark.parametrize("text", ["", "s", "-1", "1x", "1s 2s", "10 s", True, None, -1, float("nan"), float("inf"), []])
def test_what_is_no_duration(text: Any) -> None:
    """It says what one looks like."""
    with pytest.raises(ValueError, match="is not a time such as `10s`"):
        seconds_of(text)
