"""The scheduler: which task may start, which never will, and when the run is over.

A pure state machine over task numbers (the indexes of a plan). It knows no clock, thread, file or process.

Rule 1: every change of a task's state happens in this file and in `service_rules.py`, by `_set`.
Rule 2: a Stimulus goes in (`handle`), Instructions come out; there is no other door.
Rule 3: nothing is scanned per event: the work of a stimulus is proportional to the edges it resolves. Only the first
        failure and each `Stop` look at all tasks once.
Rule 4: an answer about a task that is neither being checked nor running changes nothing.
Rule 5: a task that sleeps until its next attempt holds no room, and is checked again like any other when it wakes.
Rule 6: limits other than slots are `admission`'s; they are taken when a task could start but for them, slots last.
Rule 7: a service takes no room. It is checked once a task that needs it was found to have to run, which waits with no
        room until the service is `Ready`; it is stopped after the last task that needs it has ended, however.
Rule 8: tasks are numbered in topological order; the same stimuli give the same instructions.

    WAITING ──needs met──▶ READY ──room──▶ CHECKING ──▶ RUNNING ──▶ SUCCEEDED | WARNED | FAILED | CANCELLED
                             ▲                └──▶ FRESH | HIT | SKIPPED | WARNED | FAILED
                             └──woke── RETRYING ◀──failed, to be tried again── RUNNING
"""

from __future__ import annotations

from taskrush._builtin import heappop, heappush
from taskrush.execute.followers import Followers
from taskrush.execute.service_ledger import ServiceLedger
from taskrush.execute.service_rules import ServiceRules
from taskrush.execute.stimuli import (
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
    Park,
    Ready,
    Sleep,
    Start,
    Stop,
    StopService,
    Unready,
    Woke,
)
from taskrush.model.outcome import State, cancelled, excused, skipped
from taskrush.model.policy import DRAIN, FAIL_FAST, KEEP_GOING, failure_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple, Union

    from taskrush.execute.admission import Admission
    from taskrush.execute.stimuli import Instruction as Instruction
    from taskrush.execute.stimuli import Stimulus as Stimulus
    from taskrush.model.outcome import Outcome

__all__ = [
    "Again",
    "Check",
    "Checked",
    "Ended",
    "Exited",
    "Finished",
    "Held",
    "Kill",
    "Launch",
    "Overdue",
    "Park",
    "Ready",
    "Scheduler",
    "Sleep",
    "Start",
    "Stop",
    "StopService",
    "Unready",
    "Woke",
    "longest_remaining",
    "ranks",
]


_WAITING, _READY, _CHECKING, _RUNNING = State.WAITING, State.READY, State.CHECKING, State.RUNNING
_RETRYING = State.RETRYING
_SKIPPED, _FAILED, _CANCELLED = State.SKIPPED, State.FAILED, State.CANCELLED  # an attribute of an Enum is slow
_OUT = (_CHECKING, _RUNNING)  # handed out: an answer is still to come
_UNIT = 1000  # parts of a slot, where tasks take more or less than one
_OPEN = (_WAITING, _READY, _RETRYING, *_OUT)


class Scheduler(ServiceRules):
    """Decides the order of one run.

    `needs[i]` must end well before i starts, `after[i]` must have ended, however. Among what is ready, the highest
    `priority` goes first, then the lowest number. `exclusive` tasks run alone. At most `jobs` tasks are being checked
    or run at a time. `on_failure` is `drain` (start nothing more, let running ones end), `fail-fast` (and end those
    too) or `keep-going` (whatever does not need the failed one); tasks with `after`, and what they need, run in any
    case. `slots[i]` is how many of the `jobs` i takes, if not one; `urgency[i]` comes before `priority`; `admission`
    holds further limits. A task that ended for lack of memory beside others is tried once more, alone.
    `allowed[i]` are the exit codes with which i may fail, True for any failure: that is a warning, no failure.

    `services` stay up while others need them. Those among `asked` start although nobody needs them, and stay up until
    `Stop` or a failure that ends the run; with `stay` false they are stopped once they can be used.
    """

    def __init__(
        self,
        needs: Sequence[Tuple[int, ...]],
        after: Sequence[Tuple[int, ...]],
        jobs: int,
        on_failure: str = DRAIN,
        exclusive: Iterable[int] = (),
        priority: Optional[Sequence[float]] = None,
        names: Optional[Sequence[str]] = None,
        allowed: Optional[Mapping[int, Union[bool, Tuple[int, ...]]]] = None,
        slots: Optional[Mapping[int, float]] = None,
        urgency: Optional[Mapping[int, int]] = None,
        admission: Optional[Admission] = None,
        services: Iterable[int] = (),
        asked: Iterable[int] = (),
        stay: bool = True,
    ) -> None:
        count = len(needs)
        self._needs = needs
        unit = _UNIT if slots else 1
        self._room = jobs * unit
        self._unit = unit
        self._slots = {node: max(1, min(self._room, round(taken * unit))) for node, taken in (slots or {}).items()}
        self._admission = admission
        self._on_failure = failure_policy(on_failure)
        self._allowed = allowed or {}
        self._exclusive = set(exclusive)
        self._names = names or [str(node) for node in range(count)]
        self._state = [_WAITING] * count
        self._ledger = ledger = ServiceLedger(needs, services, asked, stay)
        self._services = ledger.all
        self._due: List[int] = []  # services that may start, once all that a stimulus means is done
        self._parked: Set[int] = set()  # have to run, and wait for services
        self._doomed: Dict[int, str] = {}  # are being ended because a service of theirs is gone
        self._blockers = [len(own) + len(others) for own, others in zip(needs, after)]
        for node in range(count) if ledger.all else ():
            self._blockers[node] -= len(ledger.of(node))
        self._dependants: Sequence[Sequence[int]] = Followers(needs)  # type: ignore[assignment]
        self._waiting_for_end = Followers(after)
        self._rank = ranks(longest_remaining(self._dependants) if priority is None else priority, urgency)
        self._last_wishes = self._closure(node for node in range(count) if after[node])
        self._first: Any = (float("-inf"),) if urgency else float("-inf")  # before all other ranks
        self._ready: List[Tuple[Any, int]] = []
        self._busy = 0
        self._handed_out = 0
        self._starts = 0
        self._crowded = 0  # the last start after which not only one task was handed out
        self._started: Dict[int, int] = {}
        self._tried_alone: Set[int] = set()
        self._open = count
        self._ok = True
        self._draining: Optional[str] = None
        self._stopped: Optional[str] = None
        self._finished = False
        self._failed_so: Dict[int, Outcome] = {}  # the last attempt of those that are to be tried again
        self._out: List[Instruction] = []

    @property
    def states(self) -> Tuple[State, ...]:
        """The state of every task, by number."""
        return tuple(self._state)

    def handle(self, stimulus: Stimulus) -> List[Instruction]:
        """Take in one stimulus; the instructions are to be carried out in order."""
        self._out = []
        if isinstance(stimulus, Exited):
            if self._state[stimulus.node] in _OUT:
                crowded = self._crowded >= self._started.get(stimulus.node, self._crowded + 1)
                self._release(stimulus.node)
                if not (stimulus.starved and crowded and self._try_alone(stimulus)):
                    self._exited(stimulus)
        elif isinstance(stimulus, Woke):
            if self._state[stimulus.node] is _RETRYING:
                self._make_ready(stimulus.node)
        elif isinstance(stimulus, Checked):
            if self._state[stimulus.node] is _CHECKING:
                self._checked(stimulus.node, stimulus.outcome)
        elif isinstance(stimulus, (Ready, Unready)):
            if self._state[stimulus.node] is _RUNNING and stimulus.node not in self._ledger.ending:
                self._answered(stimulus)
        elif isinstance(stimulus, Start):
            for node, blockers in enumerate(self._blockers):
                if not blockers and self._state[node] is _WAITING:
                    self._make_ready(node)
            for service in sorted(self._services):
                if not self._ledger.users[service]:
                    self._end(self._retire(service))
        elif isinstance(stimulus, Overdue):
            if self._state[stimulus.node] in _OUT:
                self._out.append(Kill(stimulus.node, force=True))
        else:
            self._stop(stimulus)
        if self._ready and self._busy < self._room:
            self._fill()
        if self._services:
            while self._due or (self._open and not self._busy and self._release_the_stuck()):
                self._start_services()
                self._fill()
        if self._open == 0 and not self._finished:
            self._finished = True
            self._out.append(Finished(self._ok))
        return self._out

    def _set(self, node: int, state: State) -> None:
        self._state[node] = state

    def _make_ready(self, node: int) -> None:
        if node in self._services:
            self._due.append(node)
            return
        self._set(node, _READY)
        heappush(self._ready, (self._first if node in self._tried_alone else self._rank[node], node))

    def _fill(self) -> None:
        """Start checks while there is room. A task at the head that takes more than there is waits until it is there.

        So an exclusive one, which takes all, waits for an empty house.
        """
        admission = self._admission
        while self._ready and self._busy < self._room and not self._stopped:
            node = self._ready[0][1]
            if self._state[node] is not _READY:
                heappop(self._ready)
                continue
            if admission is not None and admission.wants(node):
                heappop(self._ready)
                if admission.take(node):
                    heappush(self._ready, (self._first, node))
                else:
                    self._out.append(Held(node, admission.waits_for(node)))
                continue
            taken = self._taken(node)
            if self._busy + taken > self._room:
                return
            heappop(self._ready)
            self._hand_out(node, taken)
            if node in self._parked:
                self._parked.discard(node)
                self._launch(node)
                continue
            self._set(node, _CHECKING)
            self._out.append(Check(node))

    def _hand_out(self, node: int, taken: int) -> None:
        """It takes so much of the room from now on."""
        self._busy += taken
        self._starts += 1
        self._handed_out += 1
        self._started[node] = self._starts
        if self._handed_out > 1:
            self._crowded = self._starts

    def _taken(self, node: int) -> int:
        """How much of the room it takes; all of it if it is to be alone."""
        return self._room if node in self._exclusive else self._slots.get(node, self._unit)

    def _checked(self, node: int, outcome: Optional[Outcome]) -> None:
        if outcome is None:
            if self._stopped is not None:
                outcome = self._given_up(node, cancelled(f"not started: {self._stopped}"))
            elif not self._may_start(node):
                outcome = self._failed_so.get(node) or skipped(f"not started: {self._draining}", ok=False)
        if outcome is None and self._services:
            outcome = self._for_want_of_a_service(node)
        if outcome is not None:
            self._release(node)
            self._end([(node, outcome)])
        elif self._services and self._ledger.missing(node):
            self._park(node)
        else:
            self._launch(node)

    def _launch(self, node: int) -> None:
        self._set(node, _RUNNING)
        self._out.append(Launch(node))

    def _try_alone(self, end: Exited) -> bool:
        """What lacked memory beside others comes first when it can be alone, once."""
        node = end.node
        if node in self._tried_alone or node in self._doomed or not self._may_start(node):
            return False
        self._tried_alone.add(node)
        self._exclusive.add(node)
        self._failed_so[node] = end.outcome
        self._out.append(Again(node, end.outcome))
        self._make_ready(node)
        return True

    def _exited(self, end: Exited) -> None:
        """Let it sleep if it is to be tried again and may still start; else it has ended."""
        if self._services:
            end = self._as_service_or_user(end)
        if end.delay is None or not self._may_start(end.node):
            self._end([(end.node, end.outcome)])
            return
        self._set(end.node, _RETRYING)
        self._failed_so[end.node] = end.outcome
        self._out.append(Sleep(end.node, end.outcome, end.delay))

    def _may_start(self, node: int) -> bool:
        return self._stopped is None and (self._draining is None or node in self._last_wishes)

    def _release(self, node: int) -> None:
        if node in self._services:
            return
        self._busy -= self._taken(node)
        self._handed_out -= 1
        del self._started[node]
        if self._admission is not None:
            self._give_back(node)

    def _give_back(self, node: int) -> None:
        """It needs no limit any more; those that have all they waited for go first."""
        for complete in self._admission.give(node) if self._admission is not None else ():
            heappush(self._ready, (self._first, complete))

    def _end(self, ends: List[Tuple[int, Outcome]]) -> None:
        """Record ends, the last one first, and everything that follows from each, without recursion."""
        while ends:
            node, outcome = ends.pop()
            if self._state[node] not in _OPEN:
                continue
            if node in self._allowed:
                outcome = excused(outcome, self._allowed[node])
            if self._admission is not None:
                self._give_back(node)  # also one that only waited may hold something
            self._set(node, outcome.state)
            self._open -= 1
            self._out.append(Ended(node, outcome))
            if self._services:
                ends += self._services_after(node, outcome)
            follow = () if node in self._services else self._dependants[node]  # those of a service wait for `Ready`
            if outcome.ok:
                for dependant in follow:
                    self._unblock(dependant)
            else:
                self._ok = False
                reason = self._reason(node, outcome)
                for dependant in follow:
                    ends.append((dependant, self._not_started(f"needs {reason}")))
                if outcome.state is not _SKIPPED and self._on_failure != KEEP_GOING:
                    ends[:0] = self._drain(reason)
            for waiting in self._waiting_for_end[node]:
                self._unblock(waiting)

    def _not_started(self, reason: str) -> Outcome:
        if self._stopped is not None:
            return cancelled(f"not started: {self._stopped}")
        return skipped(reason, ok=False)

    def _unblock(self, node: int) -> None:
        self._blockers[node] -= 1
        if self._blockers[node] == 0 and self._state[node] is _WAITING:
            self._make_ready(node)

    def _drain(self, reason: str) -> List[Tuple[int, Outcome]]:
        """After the first failure: what has not started is skipped, what runs is killed if asked for."""
        if self._draining is not None or self._stopped is not None:
            return []
        self._draining = reason
        ends = []
        for node, state in enumerate(self._state):
            if node in self._last_wishes:
                continue
            if node in self._failed_so and state in (_RETRYING, _READY):
                ends.append((node, self._failed_so[node]))
            elif state in (_WAITING, _READY):
                ends.append((node, skipped(f"not started: {reason}", ok=False)))
            elif state in _OUT and self._on_failure == FAIL_FAST and node not in self._services:
                self._out.append(Kill(node, force=False))
        return [*self._let_go_of_asked(), *ends[::-1]]

    def _stop(self, stimulus: Stop) -> None:
        first = self._stopped is None
        if first:
            self._stopped = stimulus.reason
        if first or stimulus.force:
            spared = frozenset() if stimulus.force else self._services
            self._out += [
                Kill(node, stimulus.force)
                for node, state in enumerate(self._state)
                if state is _CHECKING or (state is _RUNNING and node not in spared)
            ]
        if first:
            over = cancelled(f"not started: {stimulus.reason}")
            idle = (_WAITING, _READY, _RETRYING)
            ends = [(node, over) for node, state in enumerate(self._state) if state in idle]
            asked = self._let_go_of_asked()
            self._end([*asked, *((node, self._given_up(node, end)) for node, end in ends[::-1])])

    def _given_up(self, node: int, over: Outcome) -> Outcome:
        """What a task ends as that the run does not get to any more."""
        last = self._failed_so.get(node)
        return over if last is None else cancelled(f"not tried again: {self._stopped}", attempts=last.attempts)

    def _reason(self, node: int, outcome: Outcome) -> str:
        verb = "was stopped" if node in self._services and outcome.ok else _verb(outcome)
        return f"`{self._names[node]}` {verb}"

    def _closure(self, nodes: Iterable[int]) -> frozenset[int]:
        """`nodes` and all that they need, directly or not."""
        found = set(nodes)
        todo = list(found)
        while todo:
            for on in self._needs[todo.pop()]:
                if on not in found:
                    found.add(on)
                    todo.append(on)
        return frozenset(found)


def _verb(outcome: Outcome) -> str:
    if outcome.state is _FAILED:
        return "failed"
    return "was cancelled" if outcome.state is _CANCELLED else "was skipped"


def ranks(priority: Sequence[float], urgency: Optional[Mapping[int, int]]) -> List[Any]:
    """What ready tasks are ordered by, the lowest first: numbers (comparing those is quick), or pairs of them."""
    if not urgency:
        return [-own for own in priority]
    return [(-urgency.get(node, 0), -own) for node, own in enumerate(priority)]


def longest_remaining(dependants: Sequence[Sequence[int]], weights: Optional[Sequence[float]] = None) -> List[float]:
    """For each task, the weight of the heaviest path from it to an end, itself included.

    Tasks must be numbered in topological order. Without `weights` every task weighs 1.
    """
    longest = [0.0] * len(dependants)
    for node in range(len(dependants) - 1, -1, -1):
        furthest: float = 0
        for dependant in dependants[node]:
            if longest[dependant] > furthest:
                furthest = longest[dependant]
        longest[node] = furthest + (1 if weights is None else weights[node])
    return longest
