"""The watcher: runs what a change affects, again and again. It carries out what `WatchState` decides.

It knows threads, files and executors; it does not know how projects are loaded (that comes in as a function) and
prints nothing: whoever wants to tell people listens.
"""

from __future__ import annotations

import queue
import threading
import time

from taskrush.errors import TaskRushError
from taskrush.events import CHANGED, TaskFinished, TaskStarted
from taskrush.execute.changes import NOTIFY, POLL, Changes, available
from taskrush.execute.file_clock import FileClock
from taskrush.execute.watch_news import NotLoaded, Round, RoundStarted, SelfChanging, Watching
from taskrush.execute.watch_part import differs, part
from taskrush.execute.watch_scope import FileScope, state_scope
from taskrush.execute.watch_state import (
    DEBOUNCE,
    ON_CHANGE,
    RESTART,
    Began,
    Begin,
    Change,
    Changed,
    Ended,
    Interrupt,
    LeftAlone,
    RoundOver,
    StartRound,
    StopRound,
    Wake,
    WatchState,
    Woke,
)
from taskrush.execute.watched_files import WatchedFiles, new_seed
from taskrush.model.outcome import State
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, List, Mapping, Optional, Set, Tuple, Union

    from taskrush.events import Record
    from taskrush.execute.executor import Executor
    from taskrush.execute.kept_services import KeptServices
    from taskrush.execute.watch_news import News
    from taskrush.execute.watch_scope import Ignored
    from taskrush.execute.watch_state import Instruction, Stimulus
    from taskrush.model.outcome import Outcome, RunResult
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.protocols import Subscriber


@frozen(kw_only=True)
class Watched:
    """What is watched: a plan, the files that declare it (relative to its root), and how a part of it is run.

    `start(plan, subscriber, earlier)` makes an executor of a part of the plan, which also tells this
    subscriber; `earlier` are the outcomes of what is left out. `services` live on between the runs.
    """

    plan: Plan
    task_files: Tuple[str, ...]
    start: Callable[[Plan, Subscriber, Mapping[TaskId, Outcome]], Executor]
    services: Optional[KeptServices] = None
    ignored: Optional[Ignored] = None


class Watcher:
    """Iterate over it to watch: every round that has ended is yielded. One use only.

    `load` gives what is watched: `load(False)` at first, its errors are the caller's; `load(True)` whenever files that
    declare tasks have changed. `on_change` says what becomes of a round in flight: `"restart"` cancels it, `"finish"`
    lets it end and then runs once for everything that changed meanwhile, `"queue"` once for each batch of changes.
    `method` is `"notify"` (needs `watchfiles`), `"poll"`, or None for the better one that is there.
    """

    def __init__(
        self,
        load: Callable[[bool], Watched],
        *,
        on_change: str = RESTART,
        on_news: Callable[[News], None] = lambda news: None,
        method: Optional[str] = None,
        debounce: float = DEBOUNCE,
    ) -> None:
        if on_change not in ON_CHANGE:
            raise ValueError(f"on_change is one of {', '.join(ON_CHANGE)}, not {on_change!r}")
        self._load = load
        self._on_change = on_change
        self._on_news = on_news
        self._method = method or (NOTIFY if available() else POLL)
        self._debounce = debounce
        self._inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self._watched = load(False)
        self._outcomes: Dict[TaskId, Outcome] = {}
        self._ended: List[Round] = []
        self._number = 0
        self._seed = new_seed()
        self._clock = FileClock(self._watched.plan.root)
        self._round: Optional[RoundStarted] = None
        self._executor: Optional[Executor] = None
        self._thread: Optional[threading.Thread] = None
        self._wake: Optional[float] = None
        self._reload_at: Optional[float] = None
        self._reload = False
        self._touched: Set[str] = set()
        self._stopped: Optional[str] = None
        self._state: WatchState
        self._scope: FileScope
        self._changes: Changes

    # --- for everyone ------------------------------------------------------------

    def stop(self, reason: str = "stopped", force: bool = False, exit_code: int = 143) -> None:
        """End the watch and what runs; from any thread or signal handler. With `force`, at once.

        `exit_code` is that of a run under way, and says which signal commands get, as for `Executor.stop`.
        """
        self._stopped = self._stopped or reason
        executor = self._executor
        if executor is not None:
            executor.stop(reason, exit_code, force)
        if force and self._watched.services is not None:
            self._watched.services.hurry()
        self._inbox.put(lambda: None)

    def pause(self, meanwhile: Callable[[], None]) -> None:
        """Let what runs stand still while `meanwhile` is called, as `Executor.pause`."""
        executor = self._executor
        if executor is not None:
            executor.pause(meanwhile)
        else:
            meanwhile()

    def run_again(self) -> None:
        """Run everything once more; from any thread."""
        self._post(Begin(time.time()))

    def __iter__(self) -> Iterator[Round]:
        files, self._scope = self._open()
        self._state = WatchState(
            state_scope(self._watched.plan, self._scope), files.digests(), self._on_change, self._debounce
        )
        try:
            self._changes.start()
            self._tell_watching(files)
            self._feed(Begin(time.time()))
            while self._stopped is None:
                self._turn()
                while self._ended:
                    yield self._ended.pop(0)
            if self._thread is not None:
                self._thread.join()
                self._drain()
            yield from self._ended
        finally:
            self._stopped = self._stopped or "stopped"
            self._changes.close()
            if self._thread is not None and self._executor is not None:
                self._executor.stop(self._stopped)
                self._thread.join()
            self._clock.close()
            if self._watched.services is not None:
                self._watched.services.close()

    # --- the loop ------------------------------------------------------------------

    def _turn(self) -> None:
        moments = [moment for moment in (self._wake, self._reload_at) if moment is not None]
        try:
            self._inbox.get(timeout=max(0.0, min(moments) - time.time()) if moments else 3600.0)()
        except queue.Empty:
            pass
        now = time.time()
        if self._reload_at is not None and self._reload_at <= now:
            self._settled()
        if self._wake is not None and self._wake <= now:
            self._wake = None
            self._feed(Woke(now))

    def _drain(self) -> None:
        while True:
            try:
                self._inbox.get_nowait()()
            except queue.Empty:
                return

    def _post(self, stimulus: Stimulus) -> None:
        self._inbox.put(lambda: self._feed(stimulus))

    def _feed(self, stimulus: Stimulus) -> None:
        for instruction in self._state.handle(stimulus):
            self._carry_out(instruction)

    def _carry_out(self, instruction: Instruction) -> None:
        if isinstance(instruction, StartRound):
            self._start(instruction)
        elif isinstance(instruction, StopRound):
            if self._executor is not None:
                self._executor.stop(CHANGED)
        elif isinstance(instruction, Wake):
            self._wake = instruction.at
        else:
            assert isinstance(instruction, LeftAlone)
            self._on_news(SelfChanging(instruction.task, instruction.paths[0]))

    # --- changes ---------------------------------------------------------------------

    def _open(self) -> Tuple[WatchedFiles, FileScope]:
        """Look at what there is now to be watched."""
        watched = self._watched
        scope = FileScope(watched.plan, watched.task_files, watched.ignored)
        files = WatchedFiles(watched.plan.root, scope.keeps, scope.enters, self._seed)
        files.look()
        inbox = self._inbox

        def on_changes(changes: List[Change]) -> None:
            inbox.put(lambda: self._changed(changes))

        self._changes = Changes(watched.plan.root, files, on_changes, self._method)
        return files, scope

    def _tell_watching(self, files: WatchedFiles) -> None:
        self._on_news(Watching(len(files), self._watched.plan.targets, self._changes.method))

    def _changed(self, changes: List[Change]) -> None:
        now = time.time()
        touched = [
            change.path
            for change in changes
            if self._scope.declares(change.path) and self._state.seen.get(change.path) != change.digest
        ]
        if touched:
            self._touched.update(touched)
            self._state.held = True
            self._reload_at = now + self._debounce
        self._feed(Changed(tuple(changes), now))

    def _settled(self) -> None:
        """Files that declare tasks have changed, and no more for a moment."""
        self._reload_at = None
        self._reload = True
        if not self._state.in_flight:
            self._load_again()
        elif self._on_change == RESTART:
            self._feed(Interrupt(time.time()))

    def _load_again(self) -> None:
        """Nothing runs: go on with what the files say now, or wait until they are right."""
        self._reload = False
        touched, self._touched = self._touched, set()  # what is touched from here on is for the next time
        old = {task.id: task for task in self._watched.plan.tasks}
        try:
            self._watched = self._load(True)
        except TaskRushError as error:
            self._touched |= touched
            self._on_news(NotLoaded(error))
            return
        tasks = self._watched.plan.tasks
        if self._watched.services is not None:
            self._watched.services.only(task.id for task in tasks)
        stale = [task.id for task in tasks if differs(old.get(task.id), task, touched)]
        before = self._state
        self._changes.close()
        self._drain()
        watched_so_far = self._scope
        files, self._scope = self._open()
        digests = files.digests()
        known: Dict[str, Optional[str]] = {}
        for path, digest in digests.items():  # what is only watched from now on is taken as it is
            known[path] = before.seen.get(path, None if watched_so_far.keeps(path) else digest)
        known.update((path, digest) for path, digest in before.seen.items() if path not in digests)
        self._state = WatchState(
            state_scope(self._watched.plan, self._scope),
            known,
            self._on_change,
            self._debounce,
            before.unfinished.intersection(old),
        )
        self._state.run_again(task.id for task in tasks if task.id in before.stale)
        self._state.run_again(stale, min(touched, default="tasks"))
        now = time.time()
        missed = [Change(path, digest, now) for path, digest in digests.items() if known[path] != digest]
        missed += [Change(path, None, now) for path in known if path not in digests and self._scope.keeps(path)]
        self._changes.start()
        self._tell_watching(files)
        self._changed(missed)  # among it may be files that declare tasks, changed since they were loaded
        self._feed(Woke(now))

    # --- rounds ------------------------------------------------------------------------

    def _start(self, instruction: StartRound) -> None:
        self._number += 1
        started = self._round = RoundStarted(self._number, instruction.tasks, instruction.causes)
        self._on_news(started)
        if self._watched.services is not None:
            self._watched.services.renew(instruction.renewed)
        plan = part(self._watched.plan, instruction.tasks)
        self._executor = executor = self._watched.start(plan, _Listener(self._post, self._clock), self._outcomes)
        if self._stopped is not None:
            executor.stop(self._stopped)
        results: List[Union[RunResult, BaseException]] = []

        def run() -> None:
            try:
                results.append(executor.run())
            except BaseException as error:  # handed to the thread that watches
                results.append(error)
            self._inbox.put(lambda: self._over(started, results[0]))

        self._thread = threading.Thread(target=run, name="taskrush round", daemon=True)
        self._thread.start()

    def _over(self, started: RoundStarted, result: Union[RunResult, BaseException]) -> None:
        assert self._thread is not None
        self._thread.join()
        self._executor = self._thread = None
        if isinstance(result, BaseException):
            raise result
        self._outcomes.update(result.outcomes)
        self._ended.append(Round(number=started.number, tasks=started.tasks, causes=started.causes, result=result))
        self._changes.look()  # what the tasks themselves changed, before anything is made of their end
        well = frozenset(task for task, outcome in result.outcomes.items() if outcome.ok)
        cut = frozenset(task for task, outcome in result.outcomes.items() if outcome.state is State.CANCELLED)
        self._inbox.put(lambda: self._round_over(RoundOver(well, cut, time.time())))

    def _round_over(self, stimulus: RoundOver) -> None:
        if self._stopped is None:
            self._feed(stimulus)
            if self._reload and not self._state.in_flight:
                self._load_again()


class _Listener:
    """Tells when tasks begin and end, as a subscriber of a round's run."""

    def __init__(self, post: Callable[[Stimulus], None], clock: FileClock) -> None:
        self._post = post
        self._clock = clock

    def on_record(self, record: Record) -> None:
        event = record.event
        if isinstance(event, TaskStarted):
            self._post(Began(event.task, self._clock.not_after(record.at)))
        elif isinstance(event, TaskFinished):
            self._post(Ended(event.task, record.at))
