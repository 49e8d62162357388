"""What lives on between the runs of a watch, with processes whose end the test decides."""

import threading
import time
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest

from taskrush.execute.kept_services import KeptServices, Lease
from taskrush.model.outcome import Outcome, State, cancelled, failed
from taskrush.model.task import Task, TaskId
from taskrush.protocols import OnOutput
from taskrush.values import evolve
from taskrush.wiring import SystemClock

pytestmark = pytest.mark.core
WEB = Task(id="web", action="serve", service=True)


class Process:
    """A process that ends when it is told to, unless it is deaf."""

    def __init__(self, on_output: OnOutput, deaf: bool) -> None:
        self.say = on_output
        self.told: List[bool] = []
        self._deaf = deaf
        self._over = threading.Event()
        self._outcome: Optional[Outcome] = None

    def end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._over.set()

    def wait(self) -> Outcome:
        self._over.wait()
        assert self._outcome is not None
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        self.told.append(force)
        if force or not self._deaf:
            self.end(cancelled("told to"))


class Place:
    """A runner that starts such processes."""

    def __init__(self) -> None:
        self.started: List[Process] = []
        self.deaf = False
        self.closed = False

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Any:
        self.started.append(Process(on_output, self.deaf))
        return self.started[-1]

    def interrupt(self, signum: int) -> None:
        raise AssertionError("no run interrupts what is kept")

    def close(self) -> None:
        self.closed = True


Heard = List[Tuple[str, bytes]]


Deaths = Dict[TaskId, Tuple[Outcome, str]]


def made(deaths: Optional[Deaths] = None) -> Tuple[KeptServices, Place]:
    place = Place()
    found: Deaths = {} if deaths is None else deaths

    def died(task: TaskId, outcome: Outcome, log: str) -> None:
        found[task] = (outcome, log)

    return KeptServices({"local": place}, SystemClock(), 0.05, died), place


def hear(heard: Heard) -> OnOutput:
    return lambda stream, data: heard.append((stream, data))


def started(kept: KeptServices, heard: Heard, task: Task = WEB) -> Lease:
    assert kept.take(task, hear(heard)) is None
    lease = kept.start(task, hear(heard), {})
    lease.mark_ready(lambda text: text.replace("hush", "***"))
    return lease


def test_what_is_given_back_is_lent_again_and_told_to_whoever_has_it() -> None:
    kept, place = made()
    first: Heard = []
    second: Heard = []
    lease = started(kept, first)
    place.started[0].say("stdout", b"one")
    lease.cancel()
    assert lease.wait().state is State.CANCELLED
    place.started[0].say("stdout", b"nobody listens")
    again = kept.take(WEB, hear(second))
    assert again is not None
    assert again.ready
    place.started[0].say("stdout", b"two")
    assert (first, second) == ([("stdout", b"one")], [("stdout", b"two")])
    assert place.started[0].told == []
    kept.close()
    assert (place.started[0].told, place.closed) == ([False], True)


@pytest.mark.parametrize("why", ["renewed", "declared otherwise", "not planned"])
def test_what_is_not_the_same_any_more_is_ended_and_started_anew(why: str) -> None:
    kept, place = made()
    started(kept, []).cancel()
    task = WEB
    if why == "renewed":
        kept.renew([WEB.id])
    elif why == "not planned":
        kept.only([])
    else:
        task = evolve(WEB, action="serve --other")
    started(kept, [], task)
    assert [process.told for process in place.started] == [[False], []]
    kept.close()


def test_one_that_was_never_ready_is_ended_when_it_is_given_back() -> None:
    kept, place = made()
    lease = kept.start(WEB, hear([]), {})
    lease.cancel()
    assert lease.wait().state is State.CANCELLED
    assert place.started[0].told == [False]
    kept.close()


def test_a_death_is_told_to_the_run_that_uses_it_or_else_to_the_watch() -> None:
    deaths: Deaths = {}
    kept, place = made(deaths)
    lease = started(kept, [])
    place.started[0].end(failed("used"))
    assert lease.wait() == failed("used")
    assert deaths == {}
    started(kept, []).cancel()
    place.started[1].say("stderr", b"x" * 5000 + b"hush, the end")
    place.started[1].end(failed("unused"))
    end = time.monotonic() + 10
    while not deaths and time.monotonic() < end:
        time.sleep(0.001)
    started(kept, [])
    [(outcome, log)] = deaths.values()
    assert (outcome, log[-12:], len(log)) == (failed("unused"), "***, the end", 4096)
    kept.close()


def test_a_deaf_one_is_killed_after_the_grace_period() -> None:
    kept, place = made()
    place.deaf = True
    started(kept, []).cancel()
    kept.close()
    assert place.started[0].told == [False, True]


def test_who_is_in_a_hurry_does_not_wait_for_the_grace_period() -> None:
    kept, place = made()
    kept._grace = 60.0
    place.deaf = True
    started(kept, []).cancel()
    closing = threading.Thread(target=kept.close)
    closing.start()
    end = time.monotonic() + 10
    while not place.started[0].told and time.monotonic() < end:
        time.sleep(0.001)
    kept.hurry()
    closing.join(10)
    assert not closing.is_alive()
    assert place.started[0].told == [False, True]
