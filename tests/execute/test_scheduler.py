"""The promises of a run, on random graphs with answers in random order; and that each planted fault is caught."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Iterable, List, Tuple, Type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.execute.scheduler import (
    Check,
    Checked,
    Ended,
    Exited,
    Finished,
    Kill,
    Launch,
    Overdue,
    Scheduler,
    Sleep,
    Start,
    Stop,
    Woke,
)
from taskrush.model.outcome import Outcome, State, cancelled, failed, skipped, succeeded
from taskrush.model.policy import DRAIN, FAIL_FAST, KEEP_GOING
from tests.execute.scheduler_model import Case, Game, make_case

if TYPE_CHECKING:
    from taskrush.execute.stimuli import Instruction

pytestmark = pytest.mark.core


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_promise_holds_for_any_graph_and_any_order_of_answers(data: st.DataObject) -> None:
    """Limits, order, one end each, nothing after stop, no dependant of a failure, last wishes, and the run ends."""

    def choose(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    case = make_case(choose)
    Game(case, case.scheduler()).play(choose)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_answers_give_the_same_instructions(seed: int) -> None:
    """A run can be replayed from its stimuli."""
    dice = random.Random(seed)
    case = make_case(dice.randint, size=25)
    game = Game(case, case.scheduler()).play(dice.randint)
    again = case.scheduler()
    assert [again.handle(stimulus) for stimulus in game.stimuli] == game.instructions


class OffByOne(Scheduler):
    """One task too many at a time."""

    def __init__(self, needs: Any, after: Any, jobs: int, *rest: Any) -> None:
        super().__init__(needs, after, jobs + 1, *rest)


class ForgetsADependant(Scheduler):
    """The last dependant of every task never hears of its end."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._dependants = [dependants[:-1] for dependants in self._dependants]


class EndsTwice(Scheduler):
    """Tells twice that a task failed."""

    def handle(self, stimulus: Any) -> List[Instruction]:
        out = super().handle(stimulus)
        return [same for item in out for same in ([item, item] if isinstance(item, Ended) else [item])]


class StartsAfterStop(Scheduler):
    """Ends what runs but goes on with the rest."""

    def _stop(self, stimulus: Stop) -> None:
        super()._stop(stimulus)
        self._stopped = None
        for node, state in enumerate(self._state):
            if state is State.CANCELLED and node not in self._exclusive:
                self._make_ready(node)
                self._open += 1


class RunsDependantsOfFailures(Scheduler):
    """Treats every end as a good one."""

    def _end(self, ends: List[Tuple[int, Outcome]]) -> None:
        super()._end([(node, attrs_ok(outcome)) for node, outcome in ends])


class NeverAlone(Scheduler):
    """Lets others run beside an exclusive task."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._exclusive = frozenset()


class ForgetsLastWishes(Scheduler):
    """Skips `finally` tasks after a failure."""

    def _closure(self, nodes: Iterable[int]) -> frozenset[int]:
        return frozenset()


class NeverFinishes(Scheduler):
    """Waits for a task that does not exist."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open += 1


class FinishesEarly(Scheduler):
    """Says that the run is over while the last task is still to end."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open -= 1


class Impatient(Scheduler):
    """Starts a task when all but one of those it waits for have ended."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._blockers = [max(0, count - 1) for count in self._blockers]


class NeverDrains(Scheduler):
    """Goes on after a failure although told not to."""

    def _drain(self, reason: str) -> List[Tuple[int, Outcome]]:
        return []


class LosesRoom(Scheduler):
    """A task that ended keeps its place."""

    def _release(self, node: int) -> None:
        if node % 3:
            super()._release(node)


class DoesNotKill(Scheduler):
    """Waits politely for what runs although it was told to end it."""

    def handle(self, stimulus: Any) -> List[Instruction]:
        return [item for item in super().handle(stimulus) if not isinstance(item, Kill)]


class AlwaysPleased(Scheduler):
    """Calls every run a success."""

    def handle(self, stimulus: Any) -> List[Instruction]:
        return [Finished(True) if isinstance(item, Finished) else item for item in super().handle(stimulus)]


class LaunchesWhatIsFresh(Scheduler):
    """Runs a task although its check has ended it."""

    def _checked(self, node: int, outcome: Any) -> None:
        super()._checked(node, None if outcome is not None and outcome.ok else outcome)


class KeepsRoomAsleep(Scheduler):
    """A sleeping task keeps its place."""

    def _exited(self, end: Exited, *rest: Any) -> None:
        self._busy += end.delay is not None
        super()._exited(end, *rest)


class NeverWakes(Scheduler):
    """Does not hear that a sleep is over."""

    def handle(self, stimulus: Any) -> List[Instruction]:
        return [] if isinstance(stimulus, Woke) else super().handle(stimulus)


class SleepsThroughStop(Scheduler):
    """Lets sleeping tasks lie when the run is stopped."""

    def _end(self, ends: List[Tuple[int, Outcome]]) -> None:
        super()._end([end for end in ends if self._stopped is None or self._state[end[0]] is not State.RETRYING])


class TriesAgainWhileDraining(Scheduler):
    """Starts another attempt although something else has failed."""

    def _may_start(self, node: int) -> bool:
        return self._stopped is None


class NeverTriesAgain(Scheduler):
    """Takes the first attempt for the last."""

    def _exited(self, end: Exited, *rest: Any) -> None:
        super()._exited(Exited(end.node, end.outcome), *rest)


class ForgetsTheAttempt(Scheduler):
    """Says of a task that sleeps when the run drains that it was never started."""

    def _drain(self, reason: str) -> List[Tuple[int, Outcome]]:
        return [(node, skipped("not started", ok=False)) for node, _ in super()._drain(reason)]


class AllowsNothing(Scheduler):
    """Every failure is one, whatever a task may."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._allowed = {}


class AllowsEverything(Scheduler):
    """A task that may fail with one exit code may fail with any."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._allowed = dict.fromkeys(self._allowed, True)


class AllowsTheFirstAttempt(Scheduler):
    """Takes a failure for a warning before it was tried again."""

    def _exited(self, end: Exited, *rest: Any) -> None:
        super()._exited(Exited(end.node, end.outcome) if end.node in self._allowed else end, *rest)


class KeepsNothingGoing(Scheduler):
    """Drains although it was told to go on."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._on_failure = DRAIN if self._on_failure == KEEP_GOING else self._on_failure


class FailsSlowly(Scheduler):
    """Lets what runs end although it was told to end it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._on_failure = DRAIN if self._on_failure == FAIL_FAST else self._on_failure


class KillsWhenDraining(Scheduler):
    """Ends what runs although it may end by itself."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._on_failure = FAIL_FAST if self._on_failure == DRAIN else self._on_failure


def attrs_ok(outcome: Outcome) -> Outcome:
    return Outcome(state=outcome.state, ok=True)


FAULTS: List[Type[Scheduler]] = [
    OffByOne,
    ForgetsADependant,
    EndsTwice,
    StartsAfterStop,
    RunsDependantsOfFailures,
    NeverAlone,
    ForgetsLastWishes,
    NeverFinishes,
    FinishesEarly,
    Impatient,
    NeverDrains,
    LosesRoom,
    DoesNotKill,
    AlwaysPleased,
    LaunchesWhatIsFresh,
    KeepsRoomAsleep,
    NeverWakes,
    SleepsThroughStop,
    TriesAgainWhileDraining,
    NeverTriesAgain,
    ForgetsTheAttempt,
    AllowsNothing,
    AllowsEverything,
    AllowsTheFirstAttempt,
    KeepsNothingGoing,
    FailsSlowly,
    KillsWhenDraining,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_caught(fault: Type[Scheduler]) -> None:
    """The properties are sharp enough to see each of these faults within a few hundred games."""
    for seed in range(400):
        dice = random.Random(seed)
        case = make_case(dice.randint)
        try:
            Game(case, case.scheduler(fault)).play(dice.randint)
        except (AssertionError, KeyError):
            return
    pytest.fail(f"{fault.__name__} was not caught")


def test_the_sound_scheduler_passes_the_games_that_catch_the_faults() -> None:
    """The games above accuse nobody who is innocent."""
    for seed in range(400):
        dice = random.Random(seed)
        case = make_case(dice.randint)
        Game(case, case.scheduler()).play(dice.randint)


def test_story_of_a_diamond_with_a_failure() -> None:
    """0 <- 1, 2 <- 3, finally 4 after 1: what needs the failed task is skipped with the reason, 4 still runs."""
    scheduler = Scheduler([(), (0,), (0,), (1, 2), ()], [(), (), (), (), (1,)], 2, DRAIN, names=list("abcde"))
    story = [scheduler.handle(Start())]
    story += [scheduler.handle(item) for item in (Checked(0), Exited(0, succeeded()), Checked(1), Checked(2))]
    story += [scheduler.handle(item) for item in (Exited(1, failed("no")), Exited(2, succeeded()))]
    story += [scheduler.handle(item) for item in (Checked(4), Exited(4, succeeded()))]
    assert story == [
        [Check(0)],
        [Launch(0)],
        [Ended(0, succeeded()), Check(1), Check(2)],
        [Launch(1)],
        [Launch(2)],
        [Ended(1, failed("no")), Ended(3, skipped("needs `b` failed", ok=False)), Check(4)],
        [Ended(2, succeeded())],
        [Launch(4)],
        [Ended(4, succeeded()), Finished(False)],
    ]


def test_kill_ends_what_runs_but_not_what_a_last_wish_needs() -> None:
    """With `kill`, the first failure ends the others; after their grace they are ended by force."""
    scheduler = Scheduler([(), ()], [(), ()], 2, FAIL_FAST, names=["a", "b"])
    scheduler.handle(Start())
    scheduler.handle(Checked(0))
    scheduler.handle(Checked(1))
    assert scheduler.handle(Exited(0, failed())) == [Ended(0, failed()), Kill(1, force=False)]
    assert scheduler.handle(Overdue(1)) == [Kill(1, force=True)]
    assert scheduler.handle(Exited(1, cancelled("x"))) == [Ended(1, cancelled("x")), Finished(False)]
    assert scheduler.handle(Overdue(1)) == []


def test_story_of_a_task_that_is_tried_again() -> None:
    """While it sleeps another one has its room; when it wakes it waits for room like any other."""
    scheduler = Scheduler([(), ()], [(), ()], 1, names=["a", "b"])
    story = [scheduler.handle(item) for item in (Start(), Checked(0), Exited(0, failed("no"), 2.0))]
    assert story == [[Check(0)], [Launch(0)], [Sleep(0, failed("no"), 2.0), Check(1)]]
    assert scheduler.states == (State.RETRYING, State.CHECKING)
    story = [scheduler.handle(item) for item in (Woke(0), Checked(1), Exited(1, succeeded()))]
    assert story == [[], [Launch(1)], [Ended(1, succeeded()), Check(0)]]
    assert scheduler.handle(Woke(0)) == []
    story = [scheduler.handle(item) for item in (Checked(0), Exited(0, succeeded(attempts=2)))]
    assert story == [[Launch(0)], [Ended(0, succeeded(attempts=2)), Finished(True)]]


def test_a_stop_wakes_nobody() -> None:
    """A sleeping task ends at once as cancelled, with its attempts; its alarm clock rings in vain."""
    scheduler = Scheduler([(), (0,)], [(), ()], 1)
    for item in (Start(), Checked(0), Exited(0, failed("no", attempts=2), 60.0)):
        scheduler.handle(item)
    over, never = cancelled("not tried again: SIGINT", attempts=2), cancelled("not started: SIGINT")
    assert scheduler.handle(Stop("SIGINT")) == [Ended(0, over), Ended(1, never), Finished(False)]
    assert scheduler.handle(Woke(0)) == []


@pytest.mark.parametrize("asleep", [True, False], ids=["asleep", "awake and waiting for room"])
def test_what_is_to_be_tried_again_when_the_run_drains_has_failed(asleep: bool) -> None:
    """It is not said to have been skipped: its last attempt is what it came to."""
    scheduler = Scheduler([(), ()], [(), ()], 1, DRAIN, names=["a", "b"])
    for item in (Start(), Checked(0), Exited(0, failed("no"), 60.0), Checked(1), *([] if asleep else [Woke(0)])):
        scheduler.handle(item)
    ends = [Ended(1, failed("b")), Ended(0, failed("no")), Finished(False)]
    assert scheduler.handle(Exited(1, failed("b"))) == ends


def test_stop_before_start_starts_nothing() -> None:
    """A run that was stopped before it began ends at once."""
    scheduler = Scheduler([(), (0,)], [(), ()], 2)
    over = cancelled("not started: SIGINT")
    assert scheduler.handle(Stop("SIGINT")) == [Ended(0, over), Ended(1, over), Finished(False)]
    assert scheduler.handle(Start()) == []


def test_stray_answers_change_nothing() -> None:
    """An answer about a task that is not out is ignored, so that a late or double report can do no harm."""
    scheduler = Scheduler([(), ()], [(), ()], 1)
    scheduler.handle(Start())
    assert scheduler.handle(Exited(1, succeeded())) == []
    assert scheduler.handle(Checked(1)) == []
    scheduler.handle(Checked(0))
    assert scheduler.handle(Checked(0)) == []
    assert scheduler.handle(Exited(0, succeeded())) == [Ended(0, succeeded()), Check(1)]
    assert scheduler.handle(Exited(0, failed())) == []


def test_the_longest_remaining_path_goes_first() -> None:
    """Among what is ready, the head of the longer chain starts first."""
    scheduler = Scheduler([(), (), (1,), (2,)], [()] * 4, 1)
    assert scheduler.handle(Start()) == [Check(1)]


def drive(case: Case) -> float:
    """Tasks per second with answers given at once."""
    begun = time.perf_counter()
    scheduler = case.scheduler()
    todo = scheduler.handle(Start())
    while todo:
        more: List[Instruction] = []
        for item in todo:
            if isinstance(item, Check):
                more += scheduler.handle(Checked(item.node))
            elif isinstance(item, Launch):
                more += scheduler.handle(Exited(item.node, SUCCESS))
            elif isinstance(item, Finished):
                assert item.ok
        todo = more
    return len(case.needs) / (time.perf_counter() - begun)


SUCCESS = succeeded()


@pytest.mark.parametrize("shape", ["chain", "wide", "layers"])
def test_a_hundred_thousand_tasks_take_seconds_not_minutes(shape: str) -> None:
    """The work per task does not grow with the number of tasks."""
    count = 100_000
    if shape == "chain":
        needs: Any = [()] + [(node - 1,) for node in range(1, count)]
    elif shape == "wide":
        needs = [()] * count
    else:
        needs = [
            () if node < 100 else (node - 100, node - 100 + (node + 1) % 100 - node % 100) for node in range(count)
        ]
    assert drive(Case(tuple(needs), ((),) * count, 8, KEEP_GOING, ())) > 10_000


def test_a_failure_at_the_head_of_a_long_chain_ends_it_all() -> None:
    """100,000 dependants of a failure are skipped without recursion."""
    count = 100_000
    needs = [()] + [(node - 1,) for node in range(1, count)]
    scheduler = Scheduler(needs, [()] * count, 1)  # type: ignore[arg-type]
    scheduler.handle(Start())
    scheduler.handle(Checked(0))
    out = scheduler.handle(Exited(0, failed()))
    assert len(out) == count + 1
    assert out[-1] == Finished(False)
