"""What is promised of services, on random graphs with answers in random order, and told step by step."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, List, Tuple

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
    Park,
    Ready,
    Scheduler,
    Start,
    Stop,
    StopService,
    Unready,
)
from taskrush.execute.service_ledger import ServiceLedger
from taskrush.model.outcome import cancelled, failed, skipped, succeeded
from taskrush.model.policy import DRAIN, KEEP_GOING
from tests.execute.service_model import ServiceGame, make_service_case

if TYPE_CHECKING:
    from taskrush.execute.stimuli import Instruction

pytestmark = pytest.mark.core

UNNEEDED = "nothing that ran needed it"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_every_promise_holds_for_any_graph_with_services(data: st.DataObject) -> None:
    """Ready before what needs it starts, stopped after its end, no room taken, and nothing is left up."""

    def choose(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    case = make_service_case(choose)
    ServiceGame(case, case.scheduler()).play(choose)


def test_thousands_of_graphs_keep_every_promise() -> None:
    for seed in range(2000):
        dice = random.Random(seed)
        case = make_service_case(dice.randint, size=12)
        ServiceGame(case, case.scheduler()).play(dice.randint)


class NeverRetires(ServiceLedger):
    def let_go(self, service: int) -> bool:
        super().let_go(service)
        return False


class MissesNothing(ServiceLedger):
    def missing(self, node: int) -> int:
        return 0


class RetiresEarly(ServiceLedger):
    def let_go(self, service: int) -> bool:
        super().let_go(service)
        return True


class StartsAtOnce(Scheduler):
    """Services start when all that they need is there, whether anything waits for them or not."""

    def _start_services(self) -> None:
        self._parked.update(range(len(self._needs)))
        super()._start_services()


def test_a_start_before_the_need_is_caught() -> None:
    caught = 0
    for seed in range(1000):
        dice = random.Random(seed)
        case = make_service_case(dice.randint)
        subject = StartsAtOnce(
            case.needs, case.after, case.jobs, case.on_failure, services=case.services, asked=case.asked, stay=case.stay
        )
        try:
            ServiceGame(case, subject).play(dice.randint)
        except (AssertionError, KeyError):
            caught += 1
    assert caught > 5


@pytest.mark.parametrize("fault", [NeverRetires, MissesNothing, RetiresEarly])
def test_a_planted_fault_is_caught(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskrush.execute.scheduler.ServiceLedger", fault)
    caught = 0
    for seed in range(1000):
        dice = random.Random(seed)
        case = make_service_case(dice.randint)
        try:
            ServiceGame(case, case.scheduler()).play(dice.randint)
        except (AssertionError, KeyError):
            caught += 1
    assert caught > 5


def scheduler(needs: Tuple[Tuple[int, ...], ...], jobs: int = 1, on_failure: str = DRAIN, **more: Any) -> Scheduler:
    more.setdefault("services", (0,))
    return Scheduler(needs, ((),) * len(needs), jobs, on_failure, names=["db", "a", "b", "c"][: len(needs)], **more)


def story(subject: Scheduler, *stimuli: Any) -> List[List[Instruction]]:
    return [subject.handle(stimulus) for stimulus in stimuli]


def test_two_tasks_share_a_service_one_after_the_other() -> None:
    """It starts when the first one is found to have to run, stays for the second and is stopped after it."""
    over = cancelled("told to", code=-15)
    assert story(
        scheduler(((), (0,), (0,))),
        Start(),
        Checked(1),
        Checked(2),
        Checked(0),
        Ready(0),
        Exited(1, succeeded()),
        Exited(2, succeeded()),
        Exited(0, over),
    ) == [
        [Check(1)],
        [Park(1), Check(2), Check(0)],
        [Park(2)],
        [Launch(0)],
        [Launch(1)],
        [Ended(1, succeeded()), Launch(2)],
        [Ended(2, succeeded()), StopService(0)],
        [Ended(0, succeeded(code=-15)), Finished(True)],
    ]


def test_a_service_is_not_started_for_what_need_not_run() -> None:
    """The cache and conditions are asked first."""
    assert story(scheduler(((), (0,))), Start(), Checked(1, skipped("no", ok=True))) == [
        [Check(1)],
        [Ended(1, skipped("no", ok=True)), Ended(0, skipped(UNNEEDED, ok=True)), Finished(True)],
    ]


def test_its_death_ends_those_that_run_and_those_that_wait_do_not_start() -> None:
    dead = failed("exit code 3")
    lost = failed("`db` failed while it was needed")
    assert story(
        scheduler(((), (0,), (0, 1)), on_failure=KEEP_GOING),
        Start(),
        Checked(1),
        Checked(0),
        Ready(0),
        Exited(0, dead),
        Overdue(1),
        Exited(1, cancelled("told to")),
    )[4:] == [
        [Ended(0, dead), Kill(1, False), Ended(2, skipped("needs `db` failed", ok=False))],
        [Kill(1, True)],
        [Ended(1, lost), Finished(False)],
    ]


def test_one_that_is_never_ready_is_ended_and_has_failed() -> None:
    late = failed("was not ready after 30s")
    assert story(scheduler(((), (0,))), Start(), Checked(1), Checked(0), Unready(0), Ready(0), Exited(0, late))[3:] == [
        [StopService(0)],
        [],
        [Ended(0, late), Ended(1, skipped("needs `db` failed", ok=False)), Finished(False)],
    ]


def test_what_was_asked_for_stays_up_until_the_run_is_stopped() -> None:
    subject = scheduler(((), (0,)), asked=(0,))
    assert story(subject, Start(), Checked(0), Checked(1), Ready(0), Exited(1, succeeded())) == [
        [Check(1), Check(0)],
        [Launch(0)],
        [Park(1)],
        [Launch(1)],
        [Ended(1, succeeded())],
    ]
    assert story(subject, Stop("SIGINT"), Exited(0, cancelled("SIGINT"))) == [
        [StopService(0)],
        [Ended(0, cancelled("SIGINT")), Finished(False)],
    ]


def test_without_staying_it_is_stopped_once_it_was_ready() -> None:
    assert story(
        scheduler(((),), asked=(0,), stay=False), Start(), Checked(0), Ready(0), Exited(0, cancelled("x"))
    ) == [
        [Check(0)],
        [Launch(0)],
        [StopService(0)],
        [Ended(0, succeeded()), Finished(True)],
    ]


def test_a_stop_ends_those_that_need_it_first_and_force_all_at_once() -> None:
    subject = scheduler(((), (0,)))
    story(subject, Start(), Checked(1), Checked(0), Ready(0))
    assert story(subject, Stop("SIGINT")) == [[Kill(1, False)]]
    assert story(subject, Stop("again", force=True)) == [[Kill(0, True), Kill(1, True)]]
    assert story(subject, Exited(1, cancelled("x")), Exited(0, cancelled("y"))) == [
        [Ended(1, cancelled("x")), StopService(0)],
        [Ended(0, cancelled("y")), Finished(False)],
    ]


def test_a_service_that_needs_a_service_is_stopped_before_it() -> None:
    subject = scheduler(((), (0,), (1,)), services=(0, 1))
    assert story(
        subject,
        Start(),
        Checked(2),
        Checked(1),
        Checked(0),
        Ready(0),
        Ready(1),
        Exited(2, succeeded()),
        Exited(1, cancelled("x")),
        Exited(0, cancelled("x")),
    ) == [
        [Check(2)],
        [Park(2), Check(1)],
        [Check(0)],
        [Launch(0)],
        [Launch(1)],
        [Launch(2)],
        [Ended(2, succeeded()), StopService(1)],
        [Ended(1, succeeded()), StopService(0)],
        [Ended(0, succeeded()), Finished(True)],
    ]


def test_a_service_that_ends_by_itself_has_failed_whatever_its_exit_code() -> None:
    subject = scheduler(((), (0,)))
    story(subject, Start(), Checked(1), Checked(0), Ready(0))
    ended = subject.handle(Exited(0, succeeded(code=0)))[0]
    assert isinstance(ended, Ended)
    assert not ended.outcome.ok
    assert "ended by itself" in (ended.outcome.reason or "")
