"""Pools, mutexes, memory and priorities: never more than there is, nobody waits for ever, the same order each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Set, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.execute.admission import Admission, Demand, Limit, memory_needed, urgencies
from taskrush.execute.scheduler import (
    Again,
    Check,
    Checked,
    Ended,
    Exited,
    Finished,
    Held,
    Launch,
    Scheduler,
    Start,
    Stop,
)
from taskrush.model.limits import Limits, Resources
from taskrush.model.outcome import failed, succeeded
from taskrush.model.policy import KEEP_GOING
from taskrush.model.task import Task, TaskId
from tests.execute.scheduler_model import Case, Choose, Game, make_case

if TYPE_CHECKING:
    from taskrush.execute.stimuli import Instruction, Stimulus

pytestmark = pytest.mark.core


def make_limited(choose: Choose, size: int = 12) -> Case:
    """A random graph whose tasks take from up to three limits, parts of slots, and differ in urgency."""
    case = make_case(choose, size)
    limits = tuple(Limit(f"limit {number}", choose(1, 5)) for number in range(choose(1, 3)))
    demands: Dict[int, Tuple[Demand, ...]] = {}
    slots: Dict[int, float] = {}
    urgency: Dict[int, int] = {}
    for node in range(len(case.needs)):
        own = tuple(Demand(number, choose(1, 6)) for number in range(len(limits)) if choose(0, 1))
        if own:
            demands[node] = own
        if choose(0, 4) == 0:
            slots[node] = choose(1, 50) / 10
        if choose(0, 4) == 0:
            urgency[node] = choose(-2, 2)
    return case._replace(limits=limits, demands=demands, slots=slots, urgency=urgency)


class LimitedGame(Game):
    """As `Game`; some tasks end for lack of memory, and room is judged by the limits as well."""

    def _next(self, choose: Choose) -> Stimulus:
        stimulus = super()._next(choose)
        if isinstance(stimulus, Exited) and stimulus.delay is None and choose(0, 5) == 0:
            return Exited(stimulus.node, failed("starved"), starved=True)
        return stimulus

    def send(self, stimulus: Stimulus) -> None:
        admission = self.scheduler._admission
        waited = dict(admission._waits) if admission is not None else {}
        holding = set(admission._held) if admission is not None else set()
        super().send(stimulus)
        self._judge_queues(waited, holding)
        if self.finished is None and not self.stopped and not self.out and not self.asleep:
            raise AssertionError("an empty house and nobody enters")

    def _judge_queues(self, waited: Dict[int, int], holding: Set[int]) -> None:
        """Who comes new takes nothing of a limit for which somebody waits who is as urgent, and goes on waiting."""
        admission, urgency = self.scheduler._admission, self.case.urgency
        came = [item.node for item in self.instructions[-1] if isinstance(item, Check) and item.node not in holding]
        for node in came if admission is not None else ():
            taken = {one.limit for one in self.case.demands.get(node, ())}
            for other, limit in waited.items():
                if limit in taken and admission._waits.get(other) == limit:  # type: ignore[union-attr]
                    assert urgency.get(node, 0) > urgency.get(other, 0), "passed by in the queue"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_limits_are_kept_and_every_run_ends(data: st.DataObject) -> None:
    """All promises of the scheduler hold with limits too, whatever they are and whoever answers when."""

    def choose(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    case = make_limited(choose)
    LimitedGame(case, case.scheduler()).play(choose)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_answers_give_the_same_instructions_with_limits(seed: int) -> None:
    """Nothing depends on hashes or on time."""
    dice = random.Random(seed)
    case = make_limited(dice.randint, size=25)
    game = LimitedGame(case, case.scheduler()).play(dice.randint)
    again = case.scheduler()
    assert [again.handle(stimulus) for stimulus in game.stimuli] == game.instructions


class ForgetsToGiveBack(Scheduler):
    """What is taken of a limit is never given back."""

    def _give_back(self, node: int) -> None:
        pass


class TakesNothing(Scheduler):
    """Starts tasks past all limits."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more["admission"] = None
        super().__init__(*args, **more)


class CountsHeads(Scheduler):
    """Takes every task for one slot."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more["slots"] = None
        super().__init__(*args, **more)


class RetriesInCompany(Scheduler):
    """What lacked memory is tried again beside others."""

    def _try_alone(self, end: Exited) -> bool:
        tried = super()._try_alone(end)
        self._exclusive.discard(end.node)
        return tried


class RetriesForEver(Scheduler):
    """What lacked memory is tried again each time."""

    def _try_alone(self, end: Exited) -> bool:
        self._tried_alone.discard(end.node)
        return super()._try_alone(end)

    def handle(self, stimulus: Stimulus) -> List[Instruction]:
        self._crowded = self._starts
        return super().handle(stimulus)


FAULTS = [ForgetsToGiveBack, TakesNothing, CountsHeads, RetriesInCompany, RetriesForEver]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_with_limits_is_caught(fault: type[Scheduler]) -> None:
    """The games are sharp enough for each of these."""
    for seed in range(600):
        dice = random.Random(seed)
        case = make_limited(dice.randint)
        try:
            LimitedGame(case, case.scheduler(fault)).play(dice.randint)
        except (AssertionError, KeyError):
            return
    pytest.fail(f"{fault.__name__} was not caught")


class PassesBy(Admission):
    """Takes what fits, whoever waits for it."""

    def _head(self, limit: int) -> Optional[int]:
        return None if self._asking else super()._head(limit)

    def take(self, node: int) -> bool:
        self._asking = True
        try:
            return super().take(node)
        finally:
            self._asking = False

    _asking = False


def test_passing_by_a_queue_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The games see it when the queue of a limit is not kept."""
    monkeypatch.setattr("tests.execute.scheduler_model.Admission", PassesBy)

    def play() -> None:
        for seed in range(600):
            dice = random.Random(seed)
            case = make_limited(dice.randint)
            LimitedGame(case, case.scheduler()).play(dice.randint)

    with pytest.raises(AssertionError, match="passed by in the queue"):
        play()


def test_a_heavy_task_is_not_starved_by_light_ones() -> None:
    """One task wants the whole pool; a thousand light ones come and go: it starts once those that ran have ended."""
    count = 1000
    heavy = 2
    demands = {node: (Demand(0, 4 if node == heavy else 1),) for node in range(count)}
    admission = Admission([Limit("pool", 4)], demands)
    scheduler = Scheduler([()] * count, [()] * count, 8, KEEP_GOING, priority=[0.0] * count, admission=admission)
    order: List[int] = []
    todo = list(scheduler.handle(Start()))
    out: List[int] = []
    while todo or out:
        for item in todo:
            if isinstance(item, Check):
                order.append(item.node)
                out.append(item.node)
        todo = scheduler.handle(Checked(out.pop(0), succeeded())) if out else []
    assert order.index(heavy) == 2
    assert len(order) == count


def test_who_waits_for_one_limit_leaves_the_others_alone() -> None:
    """A task that waits for a mutex holds no slot and no memory: what needs only those goes on beside it."""
    limits = [Limit("mutex `x`", 1), Limit("memory", 10)]
    demands = {0: (Demand(0, 1),), 1: (Demand(0, 1), Demand(1, 10)), 2: (Demand(1, 10),)}
    scheduler = Scheduler([()] * 3, [()] * 3, 2, admission=Admission(limits, demands))
    assert scheduler.handle(Start()) == [Check(0), Held(1, "mutex `x`"), Check(2)]
    assert scheduler.handle(Checked(0, succeeded())) == [Ended(0, succeeded())]
    assert scheduler.handle(Checked(2, succeeded())) == [Ended(2, succeeded()), Check(1)]


def test_what_takes_two_slots_waits_for_two_and_is_passed_by_nobody() -> None:
    """With `-j 2`, a task of two slots runs alone; one of five takes all there are."""
    scheduler = Scheduler([()] * 3, [()] * 3, 2, priority=[3, 2, 1], slots={1: 5})
    assert scheduler.handle(Start()) == [Check(0)]
    assert scheduler.handle(Checked(0, succeeded())) == [Ended(0, succeeded()), Check(1)]
    assert scheduler.handle(Checked(1, succeeded())) == [Ended(1, succeeded()), Check(2)]


def test_halves_of_slots_add_up() -> None:
    """Four tasks of half a slot run at a time with `-j 2`."""
    scheduler = Scheduler([()] * 5, [()] * 5, 2, slots=dict.fromkeys(range(5), 0.5))
    assert scheduler.handle(Start()) == [Check(node) for node in range(4)]


def test_urgency_comes_before_the_longest_path() -> None:
    """What is urgent, and what it needs, starts before the head of a longer chain."""
    needs: List[Tuple[int, ...]] = [(), (), (1,), (0,), (3,)]
    limits: List[Optional[Limits]] = [None, None, Limits(priority=5), None, None]
    urgency = urgencies(limits, needs)
    assert urgency == {1: 5, 2: 5}
    assert Scheduler(needs, [()] * 5, 1, urgency=urgency).handle(Start()) == [Check(1)]
    assert Scheduler(needs, [()] * 5, 1).handle(Start()) == [Check(0)]


def test_an_own_priority_stands_against_that_of_who_needs_it() -> None:
    """A task that says how urgent it is, is that urgent; below nought it goes last."""
    limits: List[Optional[Limits]] = [Limits(priority=-1), Limits(priority=5)]
    assert urgencies(limits, [(), (0,)]) == {0: -1, 1: 5}


def test_what_lacked_memory_beside_others_is_tried_once_more_alone() -> None:
    """It waits for an empty house, goes before everybody else, and is not tried a third time."""
    scheduler = Scheduler([()] * 3, [()] * 3, 2, KEEP_GOING)
    killed = failed("killed by SIGKILL", code=-9)
    assert scheduler.handle(Start()) == [Check(0), Check(1)]
    assert scheduler.handle(Checked(0)) + scheduler.handle(Checked(1)) == [Launch(0), Launch(1)]
    assert scheduler.handle(Exited(0, killed, starved=True)) == [Again(0, killed)]
    assert scheduler.handle(Exited(1, succeeded())) == [Ended(1, succeeded()), Check(0)]
    assert scheduler.handle(Checked(0)) == [Launch(0)]
    assert scheduler.handle(Exited(0, killed, starved=True)) == [Ended(0, killed), Check(2)]


def test_what_lacked_memory_alone_is_not_tried_again() -> None:
    """Nothing would be different."""
    scheduler = Scheduler([()], [()], 2)
    killed = failed("killed by SIGKILL", code=-9)
    scheduler.handle(Start())
    scheduler.handle(Checked(0))
    assert scheduler.handle(Exited(0, killed, starved=True)) == [Ended(0, killed), Finished(False)]


def test_one_that_waits_holds_nothing_after_a_stop() -> None:
    """A stop ends those that wait as well."""
    limits = [Limit("a", 1)]
    scheduler = Scheduler([()] * 2, [()] * 2, 2, admission=Admission(limits, dict.fromkeys(range(2), (Demand(0, 1),))))
    scheduler.handle(Start())
    out = scheduler.handle(Stop("SIGINT"))
    assert [item.node for item in out if isinstance(item, Ended)] == [1]
    assert scheduler.handle(Exited(0, succeeded()))[-1] == Finished(False)


def test_memory_that_was_learnt_counts_only_where_it_is_much() -> None:
    """Tasks that fit beside each other whatever happens are not limited at all."""
    tasks = [Task(id=TaskId(name), action="true") for name in "abc"]
    peaks = {TaskId("a"): 6_000, TaskId("b"): 5_000, TaskId("c"): 10}
    assert memory_needed(tasks, peaks, 10_000, jobs=2) == {0: 6_000, 1: 5_000}
    assert memory_needed(tasks, peaks, 11_000, jobs=2) == {}
    assert memory_needed(tasks, peaks, None, jobs=2) == {}


def test_memory_that_is_said_wins_over_what_was_learnt() -> None:
    """A declaration is the user's word."""
    said = Task(id=TaskId("a"), action="true", limits=Limits(resources=Resources(memory=9_000)))
    other = Task(id=TaskId("b"), action="true")
    assert memory_needed([said, other], {TaskId("a"): 1, TaskId("b"): 5_000}, 10_000, jobs=2) == {0: 9_000, 1: 5_000}


def test_a_hundred_thousand_tasks_of_one_pool_take_seconds() -> None:
    """No event looks at all those who wait."""
    import time

    count = 100_000
    admission = Admission([Limit("pool", 3)], dict.fromkeys(range(count), (Demand(0, 1),)))
    scheduler = Scheduler([()] * count, [()] * count, 8, KEEP_GOING, admission=admission)
    begun = time.perf_counter()
    todo: List[Instruction] = list(scheduler.handle(Start()))
    ended: Set[int] = set()
    while todo:
        more: List[Instruction] = []
        for item in todo:
            if isinstance(item, Check):
                more += scheduler.handle(Checked(item.node))
            elif isinstance(item, Launch):
                ended.add(item.node)
                more += scheduler.handle(Exited(item.node, succeeded()))
        todo = more
    assert len(ended) == count
    assert count / (time.perf_counter() - begun) > 8_000
