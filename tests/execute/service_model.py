"""Plays the counterpart of a scheduler that has services, and judges every instruction by what is promised of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Set, Tuple

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
from taskrush.model.outcome import Outcome, State, cancelled, failed, skipped, succeeded
from taskrush.model.policy import FAILURE_POLICIES, KEEP_GOING
from tests.execute.scheduler_model import Choose, Edges

if TYPE_CHECKING:
    from taskrush.execute.stimuli import Instruction, Stimulus


class ServiceCase(NamedTuple):
    """What a scheduler with services is asked to do."""

    needs: Edges
    after: Edges
    jobs: int
    on_failure: str
    services: Tuple[int, ...]
    asked: Tuple[int, ...]
    stay: bool

    def scheduler(self) -> Scheduler:
        return Scheduler(
            self.needs,
            self.after,
            self.jobs,
            self.on_failure,
            services=self.services,
            asked=self.asked,
            stay=self.stay,
        )


def make_service_case(choose: Choose, size: int = 9) -> ServiceCase:
    """A random graph in which about every third task is a service; some of these were asked for."""
    count = choose(1, size)
    needs: List[Tuple[int, ...]] = []
    after: List[Tuple[int, ...]] = []
    services, asked = [], []
    for node in range(count):
        own = {choose(0, node - 1) for _ in range(choose(0, 3) if node else 0)}
        ends = {choose(0, node - 1)} if node and choose(0, 5) == 0 else set()
        if ends and choose(0, 1):
            own -= ends  # else: it needs what it follows, which a service makes hard
        needs.append(tuple(sorted(own)))
        after.append(tuple(sorted(ends)))
        if choose(0, 2) == 0:
            services.append(node)
            if choose(0, 3) == 0:
                asked.append(node)
    policy = FAILURE_POLICIES[choose(0, 2)]
    return ServiceCase(
        tuple(needs), tuple(after), choose(1, 3), policy, tuple(services), tuple(asked), bool(choose(0, 1))
    )


class ServiceGame:
    """One run; `play` raises AssertionError where a promise is broken."""

    def __init__(self, case: ServiceCase, scheduler: Scheduler) -> None:
        self.case = case
        self.scheduler = scheduler
        self.services = set(case.services)
        self.out: Dict[int, str] = {}  # checking, running; of services also up and ending
        self.have_to_run: Set[int] = set()
        self.outcomes: Dict[int, Outcome] = {}
        self.was_up: Set[int] = set()
        self.killed: Set[int] = set()
        self.stopped = False
        self.forced = False
        self.disturbances = 0
        self.finished: Optional[bool] = None
        self.stimuli: List[Stimulus] = []
        self.instructions: List[List[Instruction]] = []
        self.dependants: Dict[int, List[int]] = {service: [] for service in case.services}
        for node, own in enumerate(case.needs):
            for on in own:
                if on in self.services:
                    self.dependants[on].append(node)

    def play(self, choose: Choose) -> ServiceGame:
        self.send(Start())
        for _ in range(24 * len(self.case.needs) + 16):
            if self.finished is not None:
                break
            self.send(self._next(choose))
        assert self.finished is not None, "the run does not end"
        assert set(self.outcomes) == set(range(len(self.case.needs))), "a task without an end"
        assert not self.out, "something is left running"
        assert self.finished == all(outcome.ok for outcome in self.outcomes.values()), "the run's verdict is wrong"
        return self

    def _next(self, choose: Choose) -> Stimulus:
        busy = sorted(node for node, state in self.out.items() if state != "up")
        idle = sorted(node for node, state in self.out.items() if state == "up")
        if not busy:
            assert idle, "stalled: nothing is out and the run has not ended"
            assert any(self._holds(node) for node in idle), "a service is up that nobody waits with or asked for"
        dice = choose(0, 39)
        if self.disturbances < 4 and dice > 37:
            self.disturbances += 1
            both = sorted(self.out)
            return Overdue(both[choose(0, len(both) - 1)]) if dice == 38 else Stop("enough", bool(choose(0, 1)))
        if idle and (not busy or dice > 35):
            if not busy and choose(0, 1):
                return Stop("that will do")
            return Exited(idle[choose(0, len(idle) - 1)], (succeeded(), failed("died"))[choose(0, 1)])
        node = busy[choose(0, len(busy) - 1)]
        if self.out[node] == "checking":
            verdicts = (None, None, None, None, skipped("condition", ok=True), failed("requires"))
            return Checked(node, verdicts[choose(0, 5)])
        if node in self.services and self.out[node] == "running":
            return (Ready(node), Ready(node), Ready(node), Unready(node), Exited(node, failed("no")))[choose(0, 4)]
        ends = (succeeded(), succeeded(), failed("no"), cancelled("own"))
        return Exited(node, ends[choose(0, 3)])

    def _holds(self, service: int) -> bool:
        """Whether the run may idle while it is up: it was asked for, or something such needs it."""
        return service in self.case.asked or any(
            node in self.services and self.out.get(node) == "up" and self._holds(node)
            for node in self.dependants[service]
        )

    def send(self, stimulus: Stimulus) -> None:
        self.stimuli.append(stimulus)
        before = dict(self.out)
        if isinstance(stimulus, Stop):
            self.stopped = True
            self.forced = self.forced or stimulus.force
        elif isinstance(stimulus, (Checked, Exited)):
            del self.out[stimulus.node]
            if isinstance(stimulus, Checked) and stimulus.outcome is None:
                self.have_to_run.add(stimulus.node)
        elif isinstance(stimulus, Ready):
            self.out[stimulus.node] = "up"
            self.was_up.add(stimulus.node)
        killed = self.killed
        instructions = self.scheduler.handle(stimulus)
        self.instructions.append(instructions)
        for instruction in instructions:
            assert self.finished is None, "an instruction after the end of the run"
            if isinstance(instruction, Check):
                self._judge_check(instruction.node)
                self.out[instruction.node] = "checking"
            elif isinstance(instruction, Launch):
                self._judge_launch(instruction.node)
                self.out[instruction.node] = "running"
            elif isinstance(instruction, Park):
                assert instruction.node in self.have_to_run, "parked what need not run"
                assert instruction.node not in self.services, "a service has no room to give back"
            elif isinstance(instruction, StopService):
                self._judge_stop(instruction.node, stimulus)
                self.out[instruction.node] = "ending"
            elif isinstance(instruction, Kill):
                killed.add(instruction.node)
                self._judge_kill(instruction)
            elif isinstance(instruction, Ended):
                assert instruction.node not in self.outcomes, "ended twice"
                assert instruction.node not in self.out, "ended while it is out"
                self.outcomes[instruction.node] = instruction.outcome
                self._judge_end(instruction, before, stimulus)
            else:
                assert isinstance(instruction, Finished)
                self.finished = instruction.ok
        self._judge_services()
        room = [node for node in self.out if node not in self.services]
        assert len(room) <= self.case.jobs, "over the limit"
        if isinstance(stimulus, Exited) and before[stimulus.node] == "up":
            for node in self.dependants[stimulus.node]:
                lost = before.get(node) == "running" or (before.get(node) == "up" and node in self.services)
                assert not lost or self.stopped or node in killed or self.out.get(node) != before[node], (
                    "goes on without its service"
                )

    def _judge_services(self) -> None:
        """None is up that nobody needs, but for those that were asked for, until the run is to end."""
        broken = any(not one.ok and one.state is not State.SKIPPED for one in self.outcomes.values())
        ends = self.stopped or (broken and self.case.on_failure != KEEP_GOING)
        for service, users in self.dependants.items():
            if self.out.get(service) == "up" and all(node in self.outcomes for node in users):
                assert service in self.case.asked, "a service is up that nobody needs"
                assert self.case.stay, "a service stays up"
                assert not ends, "a service is up although the run is to end"

    def _judge_check(self, node: int) -> None:
        assert not self.stopped, "started after stop"
        assert node not in self.outcomes, "started after its end"
        for on in self.case.needs[node]:
            if on not in self.services:
                assert on in self.outcomes, "started before what it needs"
                assert self.outcomes[on].ok, "started although what it needs did not end well"
        for on in self.case.after[node]:
            assert on in self.outcomes, "started before the end it waits for"
        if node in self.services and node not in self.case.asked:
            waiting = [user for user in self.dependants[node] if user in self.have_to_run and user not in self.outcomes]
            assert waiting, "a service is started before anything needs it"

    def _judge_launch(self, node: int) -> None:
        assert not self.stopped, "launched after stop"
        assert node in self.have_to_run, "launched without a check that said so"
        for on in self.case.needs[node]:
            if on in self.services:
                can = self.out.get(on) == "up" or (on in self.outcomes and self.outcomes[on].ok)
                assert can, "launched before its service was ready"

    def _judge_stop(self, service: int, stimulus: Stimulus) -> None:
        assert self.out.get(service) in ("running", "up"), "stopped what is not up"
        assert not isinstance(stimulus, Unready) or stimulus.node == service or self.out[service] != "running"
        for node in self.dependants[service]:
            assert self.out.get(node, "checking") == "checking", "stopped while a task that needs it runs"

    def _judge_kill(self, kill: Kill) -> None:
        assert kill.node in self.out, "killed what is not out"
        if kill.node in self.services and self.out[kill.node] in ("up", "running") and not kill.force:
            needs = [on for on in self.case.needs[kill.node] if on in self.services]
            assert any(on in self.outcomes for on in needs), "a service is killed that should be stopped"

    def _judge_end(self, ended: Ended, before: Dict[int, str], stimulus: Stimulus) -> None:
        node, state = ended.node, ended.outcome.state
        if node not in self.services or not isinstance(stimulus, Exited) or stimulus.node != node:
            return
        if before[node] == "ending" and node in self.was_up and not self.stopped:
            assert state in (State.SUCCEEDED, State.FAILED)
        if before[node] in ("up", "running"):
            assert not ended.outcome.ok, "a service that ended by itself has not ended well"


__all__ = ["ServiceCase", "ServiceGame", "make_service_case"]
