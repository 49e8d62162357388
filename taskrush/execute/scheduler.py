"""The scheduler: which task may start, which never will, and when the run is over.

A pure state machine over task numbers (the indexes of a plan). It knows no clock, thread, file or process.

Rule 1: every change of a task's state happens in this file, in `_set`.
Rule 2: a Stimulus goes in (`handle`), Instructions come out; there is no other door.
Rule 3: nothing is scanned per event: the work of a stimulus is proportional to the edges it resolves. Only the first
        failure and each `Stop` look at all tasks once.
Rule 4: an answer about a task that is neither being checked nor running changes nothing.
Rule 5: a task that sleeps until its next attempt holds no room, and is checked again like any other when it wakes.
Rule 6: tasks are numbered in topological order; the same stimuli give the same instructions.

    WAITING ──needs met──▶ READY ──room──▶ CHECKING ──▶ RUNNING ──▶ SUCCEEDED | WARNED | FAILED | CANCELLED
                             ▲                └──▶ FRESH | HIT | SKIPPED | WARNED | FAILED
                             └──woke── RETRYING ◀──failed, to be tried again── RUNNING
"""

import heapq
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from taskrush.model.outcome import Outcome, State, cancelled, excused, skipped
from taskrush.model.policy import DRAIN, FAIL_FAST, KEEP_GOING, failure_policy


class Start(NamedTuple):
    """Stimulus: begin. The first one, once."""


class Checked(NamedTuple):
    """Stimulus: the check of a task is done. Without an outcome it has to run, else it has ended so."""

    node: int
    outcome: Optional[Outcome] = None


class Exited(NamedTuple):
    """Stimulus: what was launched, checked or killed has ended. With a `delay` it wants to be tried again after it."""

    node: int
    outcome: Outcome
    delay: Optional[float] = None


class Woke(NamedTuple):
    """Stimulus: the seconds of a `Sleep` are over."""

    node: int


class Stop(NamedTuple):
    """Stimulus: start nothing more and end what runs; with `force`, at once."""

    reason: str
    force: bool = False


class Overdue(NamedTuple):
    """Stimulus: a task that was told to end has had its grace period."""

    node: int


Stimulus = Union[Start, Checked, Exited, Woke, Stop, Overdue]


class Check(NamedTuple):
    """Instruction: find out whether this task has to run; answer with `Checked`."""

    node: int


class Launch(NamedTuple):
    """Instruction: start this task's action; answer with `Exited`."""

    node: int


class Sleep(NamedTuple):
    """Instruction: an attempt failed so; answer with `Woke` after `seconds`, when the next one may start."""

    node: int
    outcome: Outcome
    seconds: float


class Kill(NamedTuple):
    """Instruction: end this task's action or check; its `Exited` still comes."""

    node: int
    force: bool


class Ended(NamedTuple):
    """Instruction: tell everyone that this task has ended."""

    node: int
    outcome: Outcome


class Finished(NamedTuple):
    """Instruction: the run is over; every task has ended. `ok`: all of them well."""

    ok: bool


Instruction = Union[Check, Launch, Sleep, Kill, Ended, Finished]


_WAITING, _READY, _CHECKING, _RUNNING = State.WAITING, State.READY, State.CHECKING, State.RUNNING
_RETRYING = State.RETRYING
_SKIPPED, _FAILED, _CANCELLED = State.SKIPPED, State.FAILED, State.CANCELLED  # an attribute of an Enum is slow
_OUT = (_CHECKING, _RUNNING)  # handed out: an answer is still to come
_OPEN = (_WAITING, _READY, _RETRYING, *_OUT)


class Scheduler:
    """Decides the order of one run.

    `needs[i]` must end well before i starts, `after[i]` must have ended, however. Among what is ready, the highest
    `priority` goes first, then the lowest number. `exclusive` tasks run alone. At most `jobs` tasks are being checked
    or run at a time. `on_failure` is `drain` (start nothing more, let running ones end), `fail-fast` (and end those
    too) or `keep-going` (whatever does not need the failed one); tasks with `after`, and what they need, run in any
    case. `allowed[i]` are the exit codes with which i may fail, True for any failure: that is a warning, no failure.
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
    ) -> None:
        count = len(needs)
        self._needs = needs
        self._jobs = jobs
        self._on_failure = failure_policy(on_failure)
        self._allowed = allowed or {}
        self._exclusive = frozenset(exclusive)
        self._names = names or [str(node) for node in range(count)]
        self._state = [_WAITING] * count
        self._blockers = [len(needs[node]) + len(after[node]) for node in range(count)]
        self._dependants: List[List[int]] = [[] for _ in range(count)]
        self._waiting_for_end: List[List[int]] = [[] for _ in range(count)]
        for node in range(count):
            for on in needs[node]:
                self._dependants[on].append(node)
            for on in after[node]:
                self._waiting_for_end[on].append(node)
        self._priority = longest_remaining(self._dependants) if priority is None else priority
        self._last_wishes = self._closure(node for node in range(count) if after[node])
        self._ready: List[Tuple[float, int]] = []
        self._busy = 0
        self._alone = False
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
                self._release(stimulus.node)
                self._exited(stimulus)
        elif isinstance(stimulus, Woke):
            if self._state[stimulus.node] is _RETRYING:
                self._make_ready(stimulus.node)
        elif isinstance(stimulus, Checked):
            if self._state[stimulus.node] is _CHECKING:
                self._checked(stimulus.node, stimulus.outcome)
        elif isinstance(stimulus, Start):
            for node, blockers in enumerate(self._blockers):
                if not blockers and self._state[node] is _WAITING:
                    self._make_ready(node)
        elif isinstance(stimulus, Overdue):
            if self._state[stimulus.node] in _OUT:
                self._out.append(Kill(stimulus.node, force=True))
        else:
            self._stop(stimulus)
        if self._ready and self._busy < self._jobs:
            self._fill()
        if self._open == 0 and not self._finished:
            self._finished = True
            self._out.append(Finished(self._ok))
        return self._out

    def _set(self, node: int, state: State) -> None:
        self._state[node] = state

    def _make_ready(self, node: int) -> None:
        self._set(node, _READY)
        heapq.heappush(self._ready, (-self._priority[node], node))

    def _fill(self) -> None:
        """Start checks while there is room. An exclusive task at the head waits for an empty house."""
        while self._ready and self._busy < self._jobs and not self._alone and not self._stopped:
            node = self._ready[0][1]
            exclusive = node in self._exclusive
            if self._state[node] is not _READY:
                heapq.heappop(self._ready)
                continue
            if exclusive and self._busy:
                return
            heapq.heappop(self._ready)
            self._busy += 1
            self._alone = exclusive
            self._set(node, _CHECKING)
            self._out.append(Check(node))

    def _checked(self, node: int, outcome: Optional[Outcome]) -> None:
        if outcome is None:
            if self._stopped is not None:
                outcome = self._given_up(node, cancelled(f"not started: {self._stopped}"))
            elif not self._may_start(node):
                outcome = self._failed_so.get(node) or skipped(f"not started: {self._draining}", ok=False)
        if outcome is not None:
            self._release(node)
            self._end([(node, outcome)])
            return
        self._set(node, _RUNNING)
        self._out.append(Launch(node))

    def _exited(self, end: Exited) -> None:
        """Let it sleep if it is to be tried again and may still start; else it has ended."""
        if end.delay is None or not self._may_start(end.node):
            self._end([(end.node, end.outcome)])
            return
        self._set(end.node, _RETRYING)
        self._failed_so[end.node] = end.outcome
        self._out.append(Sleep(end.node, end.outcome, end.delay))

    def _may_start(self, node: int) -> bool:
        return self._stopped is None and (self._draining is None or node in self._last_wishes)

    def _release(self, node: int) -> None:
        self._busy -= 1
        if node in self._exclusive:
            self._alone = False

    def _end(self, ends: List[Tuple[int, Outcome]]) -> None:
        """Record ends, the last one first, and everything that follows from each, without recursion."""
        while ends:
            node, outcome = ends.pop()
            if self._state[node] not in _OPEN:
                continue
            if node in self._allowed:
                outcome = excused(outcome, self._allowed[node])
            self._set(node, outcome.state)
            self._open -= 1
            self._out.append(Ended(node, outcome))
            if outcome.ok:
                for dependant in self._dependants[node]:
                    self._unblock(dependant)
            else:
                self._ok = False
                reason = f"`{self._names[node]}` {_verb(outcome)}"
                for dependant in self._dependants[node]:
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
            elif state in _OUT and self._on_failure == FAIL_FAST:
                self._out.append(Kill(node, force=False))
        return ends[::-1]

    def _stop(self, stimulus: Stop) -> None:
        first = self._stopped is None
        if first:
            self._stopped = stimulus.reason
        if first or stimulus.force:
            self._out += [Kill(node, stimulus.force) for node, state in enumerate(self._state) if state in _OUT]
        if first:
            over = cancelled(f"not started: {stimulus.reason}")
            idle = (_WAITING, _READY, _RETRYING)
            ends = [(node, over) for node, state in enumerate(self._state) if state in idle]
            self._end([(node, self._given_up(node, end)) for node, end in ends][::-1])

    def _given_up(self, node: int, over: Outcome) -> Outcome:
        """What a task ends as that the run does not get to any more."""
        last = self._failed_so.get(node)
        return over if last is None else cancelled(f"not tried again: {self._stopped}", attempts=last.attempts)

    def _closure(self, nodes: Iterable[int]) -> "frozenset[int]":
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


def longest_remaining(dependants: Sequence[Sequence[int]], weights: Optional[Sequence[float]] = None) -> List[float]:
    """For each task, the weight of the heaviest path from it to an end, itself included.

    Tasks must be numbered in topological order. Without `weights` every task weighs 1.
    """
    longest = [0.0] * len(dependants)
    for node in range(len(dependants) - 1, -1, -1):
        own = 1.0 if weights is None else weights[node]
        longest[node] = own + max((longest[dependant] for dependant in dependants[node]), default=0.0)
    return longest
