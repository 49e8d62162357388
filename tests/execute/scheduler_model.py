"""Plays a scheduler's counterpart and judges every instruction by the promises of a run. Shared by the properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple, Union

from taskrush.execute.admission import Admission, Demand, Limit
from taskrush.execute.scheduler import (
    Again,
    Check,
    Checked,
    Ended,
    Exited,
    Finished,
    Held,
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
from taskrush.model.policy import DRAIN, FAIL_FAST, FAILURE_POLICIES, KEEP_GOING

if TYPE_CHECKING:
    from taskrush.execute.stimuli import Instruction, Stimulus

Choose = Callable[[int, int], int]
"""A number between two bounds, both included."""

Edges = Tuple[Tuple[int, ...], ...]


class Case(NamedTuple):
    """What a scheduler is asked to do."""

    needs: Edges
    after: Edges
    jobs: int
    on_failure: str
    exclusive: Tuple[int, ...]
    allowed: Tuple[Tuple[int, Union[bool, Tuple[int, ...]]], ...] = ()
    limits: Tuple[Limit, ...] = ()
    demands: Mapping[int, Tuple[Demand, ...]] = {}
    slots: Mapping[int, float] = {}
    urgency: Mapping[int, int] = {}

    def scheduler(self, kind: Callable[..., Scheduler] = Scheduler) -> Scheduler:
        if not self.limits:
            return kind(
                self.needs, self.after, self.jobs, self.on_failure, self.exclusive, None, None, dict(self.allowed)
            )
        return kind(
            self.needs,
            self.after,
            self.jobs,
            self.on_failure,
            self.exclusive,
            allowed=dict(self.allowed),
            slots=self.slots,
            urgency=self.urgency,
            admission=Admission(self.limits, self.demands, self.urgency),
        )


def make_case(choose: Choose, size: int = 10) -> Case:
    """A random graph, dense or sparse, with some `finally` edges and some tasks that want to be alone."""
    count = choose(0, size)
    needs: List[Tuple[int, ...]] = []
    after: List[Tuple[int, ...]] = []
    exclusive = []
    allowed: List[Tuple[int, Union[bool, Tuple[int, ...]]]] = []
    for node in range(count):
        own: Set[int] = set()
        ends: Set[int] = set()
        for _ in range(choose(0, 3) if node else 0):
            own.add(choose(0, node - 1))
        if node and choose(0, 4) == 0:
            ends.add(choose(0, node - 1))
        needs.append(tuple(sorted(own - ends)))
        after.append(tuple(sorted(ends)))
        if choose(0, 9) == 0:
            exclusive.append(node)
        if choose(0, 3) == 0:
            allowed.append((node, (True, (2,), (3, 4))[choose(0, 2)]))
    policy = FAILURE_POLICIES[choose(0, len(FAILURE_POLICIES) - 1)]
    return Case(tuple(needs), tuple(after), choose(1, 4), policy, tuple(exclusive), tuple(allowed))


class Game:
    """One run of a scheduler against random answers; `play` raises AssertionError where a promise is broken."""

    def __init__(self, case: Case, scheduler: Scheduler) -> None:
        self.case = case
        self.scheduler = scheduler
        self.stimuli: List[Stimulus] = []
        self.instructions: List[List[Instruction]] = []
        self.out: Dict[int, str] = {}
        self.checked: Set[int] = set()
        self.asleep: Dict[int, Outcome] = {}
        self.again: Set[int] = set()
        self.attempts: Dict[int, int] = {}
        self.alone: Set[int] = set()
        self.outcomes: Dict[int, Outcome] = {}
        self.stopped = False
        self.broken = False
        self.disturbances = 0
        self.finished: Optional[bool] = None
        self.last_wishes = _last_wishes(case)
        self.allowed = dict(case.allowed)
        self.goes_on = case.on_failure in (KEEP_GOING, "dependants-only")

    def play(self, choose: Choose) -> Game:
        self.send(Start())
        for _ in range(24 * len(self.case.needs) + 8):
            if self.finished is not None:
                break
            assert self.out or self.asleep, "stalled: nothing is out and the run has not ended"
            self.send(self._next(choose))
        assert self.finished is not None, "the run does not end"
        self._judge_the_end()
        return self

    def _next(self, choose: Choose) -> Stimulus:
        dice = choose(0, 39)
        node = sorted((*self.out, *self.asleep))[choose(0, len(self.out) + len(self.asleep) - 1)]
        if self.disturbances < 4 and dice > 37:
            self.disturbances += 1
            return Overdue(node) if dice == 38 else Stop("enough", force=bool(choose(0, 1)))
        if node in self.asleep:
            return Woke(node)
        if self.out[node] == "checking":
            go: Tuple[Optional[Outcome], ...] = (None, None, None, None)
            verdicts = (*go, skipped("condition", ok=True), failed("requires"), Outcome(state=State.HIT, ok=True))
            return Checked(node, verdicts[choose(0, 6)])
        end = (
            succeeded(),
            succeeded(),
            succeeded(),
            failed("no", code=choose(1, 3)),
            cancelled("own"),
            failed("shaky"),
        )[choose(0, 5)]
        if end.reason == "shaky" and self.attempts.get(node, 0) < 3:
            return Exited(node, end, float(choose(0, 9)))
        return Exited(node, end)

    def send(self, stimulus: Stimulus) -> None:
        self.stimuli.append(stimulus)
        answered: Optional[int] = None
        launch_allowed: Optional[int] = None
        if isinstance(stimulus, (Checked, Exited)):
            if isinstance(stimulus, Checked) and stimulus.outcome is None:
                launch_allowed = stimulus.node
            answered = stimulus.node
        if isinstance(stimulus, Stop):
            self.stopped = True
        if isinstance(stimulus, Woke):
            del self.asleep[stimulus.node]
            self.again.add(stimulus.node)
        was_broken = self.broken
        out_before = set(self.out)
        instructions = self.scheduler.handle(stimulus)
        self.instructions.append(instructions)
        killed = {}
        if answered is not None:
            del self.out[answered]
        for instruction in instructions:
            assert self.finished is None, "an instruction after the end of the run"
            if isinstance(instruction, Check):
                self._judge_start(instruction.node)
                self.out[instruction.node] = "checking"
                self.checked.add(instruction.node)
                self.again.discard(instruction.node)
            elif isinstance(instruction, Sleep):
                assert instruction[:3] == stimulus[:3], "another sleep than was asked for"
                assert not self.stopped, "tried again after stop"
                assert self._may_start(instruction.node), "tried again while the run drains"
                self.asleep[instruction.node] = instruction.outcome
                self.attempts[instruction.node] = self.attempts.get(instruction.node, 0) + 1
            elif isinstance(instruction, Again):
                assert isinstance(stimulus, Exited), "tried again without an end"
                assert stimulus.starved, "tried again alone without need"
                assert instruction == Again(stimulus.node, stimulus.outcome), "another attempt than was reported"
                assert instruction.node not in self.alone, "tried again alone more than once"
                assert not self.stopped, "tried again after stop"
                assert self._may_start(instruction.node), "tried again while the run drains"
                self.again.add(instruction.node)
                self.alone.add(instruction.node)
            elif isinstance(instruction, Held):
                assert instruction.node in self.case.demands, "held back without a limit"
            elif isinstance(instruction, Launch):
                assert instruction.node == launch_allowed, "launched without a check that said so"
                assert not self.stopped, "launched after stop"
                assert self._may_start(instruction.node), "launched while the run drains"
                self.out[instruction.node] = "running"
                launch_allowed = None
            elif isinstance(instruction, Kill):
                assert instruction.node in self.out, "killed what is not out"
                killed[instruction.node] = instruction.force
            elif isinstance(instruction, Ended):
                assert instruction.node not in self.outcomes, "ended twice"
                assert instruction.node not in self.out, "ended while it is out"
                last = self.asleep.pop(instruction.node, None)
                self.again.discard(instruction.node)
                if last is not None:
                    over = last if self.broken and not self.stopped else cancelled("not tried again: enough")
                    assert instruction.outcome == self._as_allowed(instruction.node, over), (
                        "another end than its last attempt's"
                    )
                if instruction.node == answered and stimulus.outcome is not None:  # type: ignore[union-attr]
                    reported = self._as_allowed(answered, stimulus.outcome)  # type: ignore[union-attr]
                    assert instruction.outcome == reported, "another end than was reported"
                self.outcomes[instruction.node] = instruction.outcome
                if not instruction.outcome.ok and instruction.outcome.state is not State.SKIPPED:
                    self.broken = True
            else:
                assert isinstance(instruction, Finished)
                self.finished = instruction.ok
        self._judge_limits()
        if answered is not None and answered not in self.out:
            known = answered in self.outcomes or answered in self.asleep or answered in self.again
            assert known, "an answer without an end"
        if isinstance(stimulus, Exited) and stimulus.delay is not None and not self.stopped:
            assert stimulus.node in self.asleep or not self._may_start(stimulus.node), "not tried again"
        assert not self.stopped or not self.asleep, "sleeps on after stop"
        if isinstance(stimulus, Stop):
            assert killed == dict.fromkeys(self.out, stimulus.force) or (killed == {} and not stimulus.force)
            assert killed or not self.out or any(isinstance(old, Stop) for old in self.stimuli[:-1])
        if isinstance(stimulus, Overdue):
            assert killed == ({stimulus.node: True} if stimulus.node in out_before else {})
        if self.broken and not was_broken and self.case.on_failure == FAIL_FAST and not self.stopped:
            assert set(killed) == {node for node in out_before & set(self.out) if node not in self.last_wishes}
        elif not isinstance(stimulus, (Stop, Overdue)):
            assert not killed, "killed without need"
        self._judge_use_of_room()

    def _as_allowed(self, node: int, outcome: Outcome) -> Outcome:
        """What a failure is that its task may have: a warning, after which others go on."""
        rule = self.allowed.get(node, False)
        if outcome.state is State.FAILED and (rule is True or (rule and outcome.code in rule)):
            return Outcome(
                state=State.WARNED, ok=True, code=outcome.code, reason=outcome.reason, attempts=outcome.attempts
            )
        return outcome

    def _judge_limits(self) -> None:
        slots = [min(self.case.slots.get(node, 1), self.case.jobs) for node in self.out]
        assert sum(slots) <= self.case.jobs + 1e-9, "over the limit"
        alone = set(self.out) & {*self.case.exclusive, *self.alone}
        assert len(self.out) <= 1 or not alone, "an exclusive task is not alone"
        for number, limit in enumerate(self.case.limits):
            taken = [
                min(one.amount, limit.size)
                for node in self.out
                for one in self.case.demands.get(node, ())
                if one.limit == number
            ]
            assert sum(taken) <= limit.size, f"more than there is of {limit.name}"

    def _may_start(self, node: int) -> bool:
        return self.goes_on or not self.broken or node in self.last_wishes

    def _judge_start(self, node: int) -> None:
        assert not self.stopped, "started after stop"
        assert node not in self.checked or node in self.again, "started twice"
        assert node not in self.asleep, "started before it woke"
        assert node not in self.outcomes, "started after its end"
        for on in self.case.needs[node]:
            assert on in self.outcomes, "started before what it needs"
            assert self.outcomes[on].ok, "started although what it needs did not end well"
        for on in self.case.after[node]:
            assert on in self.outcomes, "started before the end it waits for"
        assert self._may_start(node), "started while the run drains"

    def _judge_use_of_room(self) -> None:
        """Room is never left empty while something could start, unless somebody wants to be alone."""
        if self.stopped or self.finished is not None or len(self.out) == self.case.jobs or self.case.exclusive:
            return
        if self.case.limits:  # see tests/execute/test_admission.py
            return
        for node, needs in enumerate(self.case.needs):
            if (node in self.checked and node not in self.again) or node in self.outcomes or not self._may_start(node):
                continue
            ready = all(on in self.outcomes for on in (*needs, *self.case.after[node]))
            assert not ready, "room is left empty"

    def _judge_the_end(self) -> None:
        assert set(self.outcomes) == set(range(len(self.case.needs))), "a task without an end"
        assert self.finished == all(outcome.ok for outcome in self.outcomes.values()), "the run's verdict is wrong"
        assert not self.out, "something is out after the end"
        assert not self.asleep, "something sleeps after the end"
        if self.stopped:
            return
        for node, needs in enumerate(self.case.needs):
            if all(self.outcomes[on].ok for on in needs):
                must = self.goes_on or not self.broken or self.case.after[node]
                assert not must or node in self.checked, "a task that should have run did not"
            else:
                assert node not in self.checked


def _last_wishes(case: Case) -> Set[int]:
    found = {node for node, ends in enumerate(case.after) if ends}
    for node in range(len(case.needs) - 1, -1, -1):
        if node in found:
            found.update(case.needs[node])
    return found


__all__ = ["DRAIN", "Case", "Choose", "Game", "make_case"]
