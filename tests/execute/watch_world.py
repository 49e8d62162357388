"""Files, a clock and the hands of a watch for tests of its state machine: nothing here is real.

Rounds run one task at a time, when told to; what changed is seen when told to.
"""

from typing import Dict, List, Mapping, Optional, Set, Tuple

import attrs

from taskrush.execute.watch_state import (
    RESTART,
    Began,
    Begin,
    Change,
    Changed,
    Ended,
    LeftAlone,
    RoundOver,
    Scope,
    StartRound,
    StopRound,
    Wake,
    WatchState,
    Woke,
)
from taskrush.model.task import TaskId


@attrs.define
class Job:
    """A task as these tests see it: what it waits for, reads and makes; `rewrites` is what it changes when it runs."""

    needs: Tuple[str, ...] = ()
    reads: Optional[Tuple[str, ...]] = ()
    makes: Tuple[str, ...] = ()
    rewrites: Tuple[str, ...] = ()
    on_demand: bool = False


class World:
    """Files and a clock, and the hands of a watch: rounds run one task at a time, whenever `step` says so."""

    def __init__(self, jobs: Mapping[str, Job], on_change: str = RESTART) -> None:
        self.jobs = {TaskId(name): job for name, job in jobs.items()}
        self.now = 1000.0
        self.files: Dict[str, int] = {}
        self.version = 0
        self.rounds: List[Tuple[str, ...]] = []
        self.causes: List[Mapping[TaskId, Tuple[str, ...]]] = []
        self.alone: List[str] = []
        self.stopped = 0
        self.failing: Set[str] = set()
        self.seen_by: Dict[str, Dict[str, int]] = {}
        self._todo: List[TaskId] = []
        self._running: Optional[TaskId] = None
        self._well: Set[TaskId] = set()
        self._cut: Set[TaskId] = set()
        self._flying = False
        self._stop = False
        self._unseen: List[Change] = []
        self._wake: Optional[float] = None
        self.state = WatchState(
            Scope(
                tasks=tuple(self.jobs),
                needs={name: tuple(TaskId(need) for need in job.needs) for name, job in self.jobs.items()},
                readers=self._readers,
                makers=lambda path: [name for name, job in self.jobs.items() if path in job.makes],
                on_demand=frozenset(name for name, job in self.jobs.items() if job.on_demand),
            ),
            {},
            on_change,
        )

    def _readers(self, path: str) -> List[TaskId]:
        made = any(path in job.makes for job in self.jobs.values())
        return [
            name
            for name, job in self.jobs.items()
            if not job.on_demand and (path in job.reads if job.reads is not None else not made)
        ]

    # --- what happens ------------------------------------------------------------

    def begin(self) -> "World":
        self._feed(Begin(self.now))
        return self

    def edit(self, *paths: str, see: bool = True) -> "World":
        """Give files new content; with `see` it is noticed at once."""
        self.now += 0.1
        for path in paths:
            self.version += 1
            self.files[path] = self.version
            self._unseen.append(Change(path, str(self.version), self.now))
        if see:
            self.see()
        return self

    def see(self) -> "World":
        changes, self._unseen = self._unseen, []
        if changes:
            self.now += 0.01
            self._feed(Changed(tuple(changes), self.now))
        return self

    def wait(self) -> "World":
        """Let time go by until nothing is to be woken."""
        while self._wake is not None:
            self.now = max(self.now, self._wake)
            self._wake = None
            self._feed(Woke(self.now))
        return self

    def start_one(self) -> bool:
        """Begin the next task of the round."""
        if self._running is not None or not self._flying:
            return False
        while self._todo and not self._stop:
            name = self._todo.pop(0)
            job = self.jobs[name]
            if any(need in self.failing and TaskId(need) not in self._well for need in job.needs):
                self.failing.add(name)
                self._feed(Ended(name, self.now))
                continue
            self.now += 0.1
            self._running = name
            self._feed(Began(name, self.now))
            self.now += 0.1
            reads = job.reads if job.reads is not None else tuple(self.files)
            self.seen_by[name] = {path: self.files.get(path, 0) for path in reads}
            return True
        return False

    def end_one(self) -> bool:
        """End the running task; what it makes and rewrites is only noticed at the end of the round, or by `see`."""
        name = self._running
        if name is None:
            return False
        self.now += 0.1
        for path in (*self.jobs[name].makes, *self.jobs[name].rewrites):
            self.edit(path, see=False)
        self.now += 0.1
        self._running = None
        (self._cut if self._stop else self._well).add(name)
        if name in self.failing:
            self._well.discard(name)
        self._feed(Ended(name, self.now))
        return True

    def end_round(self) -> bool:
        """The round is over if nothing of it is left."""
        if not self._flying or self._running is not None or (self._todo and not self._stop):
            return False
        self.see()
        if self._todo and not self._stop:
            return False
        self._cut.update(self._todo)
        self._todo, self._flying, self._stop = [], False, False
        well, cut = frozenset(self._well), frozenset(self._cut)
        self._well, self._cut = set(), set()
        self.now += 0.1
        self._feed(RoundOver(well, cut, self.now))
        return True

    def settle(self) -> "World":
        """Let everything happen until nothing is left to happen."""
        for _ in range(2000):
            self.see()
            if not (self.start_one() or self.end_one() or self.end_round() or self._wake is not None):
                return self
            if not self._flying or (self._wake is not None and self._wake <= self.now):
                self.wait()
        raise AssertionError("it never ends")

    def take(self) -> List[Tuple[str, ...]]:
        """The rounds since the last time, each as the tasks that it ran."""
        rounds, self.rounds = self.rounds, []
        return rounds

    def _feed(self, stimulus: object) -> None:
        for instruction in self.state.handle(stimulus):  # type: ignore[arg-type]
            if isinstance(instruction, StartRound):
                assert not self._flying, "two rounds at once"
                self._flying = True
                self._todo = list(instruction.tasks)
                self.rounds.append(instruction.tasks)
                self.causes.append(instruction.causes)
            elif isinstance(instruction, StopRound):
                self._stop = True
                self.stopped += 1
            elif isinstance(instruction, Wake):
                self._wake = instruction.at
            else:
                assert isinstance(instruction, LeftAlone)
                self.alone.append(instruction.task)
