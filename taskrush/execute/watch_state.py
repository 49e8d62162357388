"""The watch: what has to run again after which change, and when. A pure state machine.

It knows no file, clock, thread or process: stimuli go in (`handle`), instructions come out. Times are seconds since
1970, those of changes as the file system stamped them.

Rule 1: content decides. A path whose digest is the one seen last has not changed.
Rule 2: a task is affected by a change to what it reads, unless it has yet to start in the round in flight (it will
        see the change anyhow). What depends on it follows; nothing else runs.
Rule 3: what a planned task declares as its outputs affects nobody while that task runs, except readers that would not
        follow it anyway. Made by hand in between, it affects its readers, never its maker.
Rule 4: a change made while tasks run may be their own work. It counts, so that no edit is lost; but a task that is
        only ever started again by such changes may be interrupted for them twice and started again for them
        `LIMIT` times in a row. From then on they are left alone until something changes while nothing runs.
"""

from __future__ import annotations

from taskrush._typing import NamedTuple
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, Optional, Set, Tuple, Union

    from taskrush.model.task import TaskId

RESTART = "restart"
FINISH = "finish"
QUEUE = "queue"
ON_CHANGE = (RESTART, FINISH, QUEUE)

DEBOUNCE = 0.05  # seconds without a further change before anything is done about the last one
SLACK = 0.02  # how far the stamps of a file system may lag behind the clock
INTERRUPTIONS = 2
LIMIT = 5


class Change(NamedTuple):
    """A path whose content is now `digest` (None: it is gone), changed at `at`."""

    path: str
    digest: Optional[str]
    at: float


class Begin(NamedTuple):
    """Stimulus: run everything. The first one; later it means the same."""

    now: float


class Changed(NamedTuple):
    """Stimulus: these changes were seen."""

    changes: Tuple[Change, ...]
    now: float


class Began(NamedTuple):
    """Stimulus: a task of the round in flight was started."""

    task: TaskId
    now: float


class Ended(NamedTuple):
    """Stimulus: a task of the round in flight has ended."""

    task: TaskId
    now: float


class RoundOver(NamedTuple):
    """Stimulus: the round in flight has ended. `well` ended well, `cut` were cancelled or never started."""

    well: FrozenSet[TaskId]
    cut: FrozenSet[TaskId]
    now: float


class Woke(NamedTuple):
    """Stimulus: a time asked for by `Wake` has come."""

    now: float


class Interrupt(NamedTuple):
    """Stimulus: what runs is to be cancelled, and to run again in the next round."""

    now: float


if TYPE_CHECKING:
    Stimulus = Union[Begin, Changed, Began, Ended, RoundOver, Woke, Interrupt]

if TYPE_CHECKING:
    Causes = Mapping[TaskId, Tuple[str, ...]]


class StartRound(NamedTuple):
    """Instruction: run exactly these tasks, in plan order. `causes`: changed paths by the task that they affect.

    `renewed` are services that these changes concern: they must not live on as they are.
    """

    tasks: Tuple[TaskId, ...]
    causes: Causes
    renewed: FrozenSet[TaskId] = frozenset()


class StopRound(NamedTuple):
    """Instruction: cancel the round in flight; `RoundOver` is expected."""


class Wake(NamedTuple):
    """Instruction: send `Woke` at this time."""

    at: float


class LeftAlone(NamedTuple):
    """Instruction: tell the user that a task is no longer started again by what changes while it runs."""

    task: TaskId
    paths: Tuple[str, ...]


if TYPE_CHECKING:
    Instruction = Union[StartRound, StopRound, Wake, LeftAlone]


@frozen(kw_only=True)
class Scope:
    """What is watched: the planned tasks in order, what each waits for, and whom a path concerns.

    `readers(path)` are the tasks that read it, `makers(path)` those that declare it as an output. `on_demand` tasks
    compute values for others: no change affects them, they run whenever what needs them runs. `services` live on
    between rounds; they are in every round that needs them.
    """

    tasks: Tuple[TaskId, ...]
    needs: Mapping[TaskId, Tuple[TaskId, ...]]
    readers: Callable[[str], Iterable[TaskId]]
    makers: Callable[[str], Iterable[TaskId]]
    on_demand: FrozenSet[TaskId] = frozenset()
    services: FrozenSet[TaskId] = frozenset()


class WatchState:
    """The state of one watch. `seen` are the digests of all watched files at the start.

    While `held` no round is started: what is to run cannot be told at the moment.
    """

    held = False

    def __init__(
        self,
        scope: Scope,
        seen: Mapping[str, Optional[str]],
        on_change: str = RESTART,
        debounce: float = DEBOUNCE,
        unfinished: Iterable[TaskId] = (),
    ) -> None:
        self._scope = scope
        self._on_change = on_change
        self._debounce = debounce
        self._seen: Dict[str, Optional[str]] = dict(seen)
        self._dependants = _turned(scope)
        self._span: Dict[TaskId, Tuple[float, Optional[float]]] = {}
        self._round: Optional[FrozenSet[TaskId]] = None
        self._waiting: Set[TaskId] = set()
        self._stopping = False
        self._unfinished: Set[TaskId] = set(unfinished)
        self._pending: Dict[TaskId, List[str]] = {}
        self._certain: Set[TaskId] = set()  # affected by a change that no task can have made
        self._again: Set[TaskId] = set()  # to run although unaffected: cut by us, or asked for
        self._originals: Dict[str, Optional[str]] = {}  # what changed paths were before the changes now pending
        self._queue: List[Tuple[Dict[TaskId, List[str]], Set[TaskId]]] = []
        self._streak: Dict[TaskId, int] = {}
        self._told: Set[TaskId] = set()
        self._deadline: Optional[float] = None
        self._out: List[Instruction] = []

    @property
    def in_flight(self) -> bool:
        return self._round is not None

    @property
    def seen(self) -> Mapping[str, Optional[str]]:
        """The digests seen last."""
        return self._seen

    @property
    def unfinished(self) -> FrozenSet[TaskId]:
        """What did not end well when it ran last."""
        return frozenset(self._unfinished)

    @property
    def stale(self) -> FrozenSet[TaskId]:
        """What has to run in the next round, or one after it."""
        queued = [task for causes, _ in self._queue for task in causes]
        return frozenset({*self._pending, *self._again, *queued})

    def handle(self, stimulus: Stimulus) -> List[Instruction]:
        self._out = []
        if isinstance(stimulus, Changed):
            self._changed(stimulus)
        elif isinstance(stimulus, Began):
            self._waiting.discard(stimulus.task)
            self._span[stimulus.task] = (stimulus.now, None)
        elif isinstance(stimulus, Ended):
            self._waiting.discard(stimulus.task)
            began = self._span.get(stimulus.task)
            if began is not None and began[1] is None:
                self._span[stimulus.task] = (began[0], stimulus.now)
        elif isinstance(stimulus, RoundOver):
            self._over(stimulus)
        elif isinstance(stimulus, Begin):
            self._again.update(self._scope.tasks)
            self._act()
        elif isinstance(stimulus, Interrupt):
            self._stop()
        elif self._deadline is not None and stimulus.now >= self._deadline:
            self._deadline = None
            self._act()
        return self._out

    def run_again(self, tasks: Iterable[TaskId], cause: Optional[str] = None) -> None:
        """These tasks are to run from the next `Woke` on, whatever changes; `cause` is a path to name for it."""
        for task in tasks:
            self._deadline = 0.0
            self._again.add(task)
            if cause is not None:
                self._pending.setdefault(task, []).append(cause)
                self._certain.add(task)

    # --- changes ---------------------------------------------------------------

    def _changed(self, stimulus: Changed) -> None:
        news = False
        for change in stimulus.changes:
            if self._seen.get(change.path) == change.digest:
                continue
            before = self._seen.get(change.path)
            self._seen[change.path] = change.digest
            if self._round is None and self._taken_back(change, before):
                continue
            certain = not any(self._ran_at(other, change.at) for other in self._span)
            for task in self._affected(change):
                if self._note(task, change.path, certain):
                    news = True
        if news:
            self._deadline = stimulus.now + self._debounce
            self._out.append(Wake(self._deadline))

    def _taken_back(self, change: Change, before: Optional[str]) -> bool:
        """Whether a path is again what it was before changes that nothing was done about yet (a temporary file)."""
        if self._originals.setdefault(change.path, before) != change.digest:
            return False
        for task in list(self._pending):
            if change.path in self._pending[task]:
                self._pending[task].remove(change.path)
                if not self._pending[task]:
                    del self._pending[task]
                    self._certain.discard(task)
        return True

    def _affected(self, change: Change) -> List[TaskId]:
        """The readers that have not seen this change and would not run anyhow."""
        makers = set(self._scope.makers(change.path))
        made = {maker for maker in makers if self._ran_at(maker, change.at)}
        follow = self._downstream(made) if made else frozenset()
        found = []
        for task in self._scope.readers(change.path):
            if task in makers or task in follow or task in self._waiting:
                continue
            began = self._span.get(task)
            if began is None or change.at >= began[0] - SLACK:
                found.append(task)
        return found

    def _note(self, task: TaskId, path: str, certain: bool) -> bool:
        """Put down that a task is affected; False for a change that is left alone."""
        if certain:
            self._certain.add(task)
            self._told.discard(task)
            self._streak.pop(task, None)
        elif self._streak.get(task, 0) >= LIMIT:
            if task not in self._told:
                self._told.add(task)
                self._out.append(LeftAlone(task, (path,)))
            return False
        paths = self._pending.setdefault(task, [])
        if path not in paths:
            paths.append(path)
        return True

    def _ran_at(self, task: TaskId, at: float) -> bool:
        began = self._span.get(task)
        return began is not None and began[0] - SLACK <= at and (began[1] is None or at <= began[1] + SLACK)

    # --- rounds ------------------------------------------------------------------

    def _act(self) -> None:
        """Changes have settled, or a round was asked for."""
        if self._round is None:
            if self._pending or self._again:
                self._start()
        elif self._on_change == RESTART:
            impatient = [task for task in self._pending if self._may_interrupt(task)]
            if impatient or self._again:
                self._stop()
        elif self._on_change == QUEUE and self._pending:
            self._queue.append((self._pending, self._certain))
            self._pending, self._certain = {}, set()

    def _stop(self) -> None:
        if self._round is not None and not self._stopping:
            self._stopping = True
            self._out.append(StopRound())

    def _may_interrupt(self, task: TaskId) -> bool:
        return task in self._certain or self._streak.get(task, 0) < INTERRUPTIONS

    def _over(self, stimulus: RoundOver) -> None:
        assert self._round is not None
        for task in self._round:
            began = self._span.get(task)
            if began is not None and began[1] is None:
                self._span[task] = (began[0], stimulus.now)
        self._unfinished = (self._unfinished | self._round) - stimulus.well
        if self._stopping:
            self._again |= stimulus.cut
        self._round, self._stopping = None, False
        self._waiting = set()
        if self._queue or ((self._pending or self._again) and self._deadline is None):
            self._start()

    def _start(self) -> None:
        if self.held:
            return
        if self._queue:
            causes, certain = self._queue.pop(0)
        else:
            causes, certain = self._pending, self._certain
            self._pending, self._certain = {}, set()
            self._deadline = None
        for task in causes:
            self._streak[task] = 0 if task in certain else self._streak.get(task, 0) + 1
        lasting = self._again & self._scope.services  # they were cut with their round: nobody need follow them
        chosen = self._whole(set(causes) | (self._again - lasting)) | lasting
        renewed = self._downstream(set(causes)) & self._scope.services
        self._again = set()
        self._originals = {}
        self._round = frozenset(chosen)
        self._waiting = set(chosen)
        self._unfinished |= chosen
        self._out.append(
            StartRound(
                tuple(task for task in self._scope.tasks if task in chosen),
                {task: tuple(paths) for task, paths in causes.items()},
                renewed,
            )
        )

    def _whole(self, first: Set[TaskId]) -> Set[TaskId]:
        """`first`, all that follows, and what these need that never ended well or is computed on demand."""
        chosen = set(self._downstream(first))
        todo = list(chosen)
        while todo:
            for need in self._scope.needs.get(todo.pop(), ()):
                if need in chosen:
                    continue
                if need in self._scope.on_demand or need in self._scope.services:
                    more: Iterable[TaskId] = (need,)
                elif need in self._unfinished:
                    more = self._downstream((need,)) - chosen
                else:
                    continue
                chosen.update(more)
                todo.extend(more)
        return chosen

    def _downstream(self, tasks: Iterable[TaskId]) -> FrozenSet[TaskId]:
        """These tasks and all that wait for them, directly or not."""
        found = set(tasks)
        todo = list(found)
        while todo:
            for dependant in self._dependants.get(todo.pop(), ()):
                if dependant not in found:
                    found.add(dependant)
                    todo.append(dependant)
        return frozenset(found)


def _turned(scope: Scope) -> Dict[TaskId, List[TaskId]]:
    dependants: Dict[TaskId, List[TaskId]] = {}
    for task in scope.tasks:
        for need in scope.needs.get(task, ()):
            dependants.setdefault(need, []).append(task)
    return dependants
