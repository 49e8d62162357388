"""How long a run still takes: when the past is asked, and how it is said."""

from typing import Dict, List, Mapping, Optional

import pytest

from taskrush.analyze.estimate import Estimate
from taskrush.model.outcome import Outcome, succeeded
from taskrush.model.task import TaskId
from taskrush_cli.render.left import EVERY, STALE, Left, words

pytestmark = pytest.mark.core
A, B = TaskId("a"), TaskId("b")


class World:
    """A run under a clock that is set by hand, and an oracle that says a second for each task that has not ended."""

    def __init__(self, known: bool = True) -> None:
        self.now = 1000.0
        self.work = 0.0
        self.outcomes: Dict[TaskId, Outcome] = {}
        self.running: Dict[TaskId, float] = {A: 998.0}
        self.asked: List[Dict[TaskId, float]] = []
        self.found = 0
        self._known = known
        self.over = False
        self.left_of_run = Left(
            self.find,
            lambda: (self.outcomes, self.running),
            2,
            lambda: self.over,
            now=lambda: self.now,
            worked=lambda: self.work,
        )

    def find(self) -> "Optional[World]":
        self.found += 1
        self.work += 0.05
        return self if self._known else None

    def left(self, outcomes: Mapping[TaskId, Outcome], running: Mapping[TaskId, float]) -> Estimate:
        self.asked.append(dict(running))
        self.work += 0.01
        seconds = 10.0 * (2 - len(outcomes))
        return Estimate(seconds, seconds - 2, seconds + 3)


def test_it_counts_down_between_the_times_it_asks() -> None:
    """And the interval with it; never below nothing."""
    world = World()
    assert world.left_of_run.text() == ""
    world.left_of_run.ask()
    assert world.asked == [{A: 2.0}]
    assert world.left_of_run.text() == "about 20s left (18 to 23)"
    world.now += 5
    assert world.left_of_run.text() == "about 15s left (13 to 18)"
    world.now += 16
    assert world.left_of_run.text() == "about 0s left (0 to 2)"


def test_it_asks_when_something_has_ended_or_much_time_has_gone() -> None:
    """The past is read once."""
    world = World()
    world.left_of_run.ask()
    world.now += 1
    assert world.left_of_run.ask() == EVERY
    assert len(world.asked) == 1
    world.outcomes[A] = succeeded(seconds=3.0)
    world.running = {B: 1000.5}
    world.left_of_run.ask()
    assert world.asked[1:] == [{B: 0.5}]
    assert world.left_of_run.text() == "about 10s left (8 to 13)"
    world.now += STALE
    world.left_of_run.ask()
    assert len(world.asked) == 3
    assert world.found == 1


def test_it_takes_little_of_the_processor() -> None:
    """What an answer costs is a sixtieth of the time until the next one: below two hundredths."""
    world = World()
    assert world.left_of_run.ask() == pytest.approx(60 * 0.06)
    world.outcomes[A] = succeeded()
    assert world.left_of_run.ask() == pytest.approx(60 * 0.01)


def test_where_nothing_is_known_nothing_is_said() -> None:
    """And it is not asked again."""
    world = World(known=False)
    assert world.left_of_run.ask() is None
    assert world.left_of_run.text() == ""


def test_of_a_run_that_will_not_go_to_its_end_nothing_is_said() -> None:
    """It was told to stop, or something failed."""
    world = World()
    world.left_of_run.ask()
    assert world.left_of_run.text()
    world.over = True
    assert world.left_of_run.text() == ""


@pytest.mark.parametrize(
    ("three", "said"),
    [
        ((12.2, 9.8, 15.4), "about 12s left (10 to 15)"),
        ((80.0, 60.0, 130.0), "about 80s left (60s to 2m10s)"),
        ((185.0, 150.0, 240.0), "about 3m05s left (2m30s to 4m00s)"),
        ((3600.0, 3000.0, 7300.0), "about 60m left (50m to 2h02m)"),
    ],
)
def test_as_a_person_says_it(three: "tuple[float, float, float]", said: str) -> None:
    """Seconds while there are few, then minutes, then hours."""
    assert words(*three) == said
