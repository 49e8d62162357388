"""Runs plans that have nothing but Python functions: a few threads that take tasks from one queue and drive the
scheduler themselves, under one lock. Which plans these are is decided in `functions_only.py`.

The thread that calls `run` tells subscribers and listens to the outside world, as in every run; when nobody listens no
event is made. No thread owns a task before it starts it, so that none waits behind a slow one.
"""

from __future__ import annotations

import collections
import signal
import threading

from taskrush.events import (
    AttemptFinished,
    StopRequested,
    TaskFinished,
    TaskHeld,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.execute.executor import ABORT_SECONDS, Executor
from taskrush.execute.outcome_columns import OutcomeColumns
from taskrush.execute.scheduler import Again, Ended, Exited, Finished, Held, Kill, Overdue
from taskrush.execute.starvation import TAIL, Starvation
from taskrush.execute.straight import StraightScheduler
from taskrush.execute.task_run import ABANDON_SECONDS, runner_name
from taskrush.model.outcome import EndedSo, State, cancelled, failed, succeeded, timed
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Tuple, Union

    from taskrush.events import Event
    from taskrush.execute.scheduler import Stimulus
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task
    from taskrush.protocols import Calls, UnderWay

    MakeCalls = Callable[[Callable[[Task, str, bytes], None]], Calls]

AHEAD = 64  # events that tasks may be ahead of the subscribers
TOLD_AT_ONCE = 256  # events told before the outside world is looked at again
MEASURED = 0.001  # seconds: where nobody listens, processor time is measured of calls that take longer


class FunctionExecutor(Executor):
    """One execution of a plan for which `functions_only` holds. `make_calls` is given who hears what functions write.

    Takes what every `Executor` takes; a memory, a keeper, secrets and shared slots are of no use to such a plan.
    """

    scheduler_kind = StraightScheduler
    _scheduler: StraightScheduler

    def __init__(self, plan: Plan, *, make_calls: MakeCalls, **options: Any) -> None:
        room = options["room"]
        nothing_to_learn = evolve(room, learn=lambda outcomes: None)  # functions have no memory of their own
        super().__init__(plan, **{**options, "room": nothing_to_learn})
        self._make_calls = make_calls
        self._calls: Optional[Calls] = None
        self._columns = OutcomeColumns(plan.tasks)
        self._outcomes = self._columns  # type: ignore[assignment]
        self._known = collections.ChainMap(self._columns, dict(options.get("earlier") or {}))  # type: ignore[arg-type]
        self._lock = threading.RLock()  # guards all that the workers and the thread of the run share
        self._may_go_on = threading.Condition(self._lock)
        self._said: Deque[Union[Event, Finished]] = collections.deque()
        self._workers: List[Worker] = []
        self._idle: List[Worker] = []
        self._awaited = 0  # workers that were called and did not come yet
        self._started_workers = 0
        self._over = False
        self._listening = self._bus.listening
        self._tries: Dict[int, int] = {}
        self._stderr: Dict[Any, bytes] = {}
        self._killed: Dict[int, bool] = {}
        self._starved = ""  # in words, if the call that ended last seems to have lacked memory
        self._starvation = Starvation(room.memory_kills) if room.tries_alone else None
        self._bare = not (self._listening or plan.resumes) and all(map(_takes_nothing, plan.tasks, plan.after))

    # --- the thread that calls `run` ----------------------------------------

    def _work(self) -> None:
        """Tell what was said, for a while."""
        for _ in range(TOLD_AT_ONCE):
            if not self._said:
                break
            self._tell_next()
        if self._said:
            self._carrier.post(_nothing)
        if self._listening:
            with self._lock:
                self._may_go_on.notify_all()

    def _tell_next(self) -> None:
        event = self._said.popleft()
        if not isinstance(event, Finished):
            self._bus.tell(event)
        elif self._finished is None:
            self._finished = event.ok

    def _give(self, stimulus: Stimulus) -> None:
        if self._calls is None:
            self._calls = self._make_calls(self._heard)
        with self._lock:
            self._handle(stimulus)
            self._muster()

    def _on_stop(self, reason: str, exit_code: int, force: bool) -> None:
        with self._lock:  # nobody starts anything between the event and the stop
            while self._said:
                self._tell_next()
            super()._on_stop(reason, exit_code, force)

    def _carry_out_kills(self, kills: List[Tuple[UnderWay, int, bool]]) -> None:
        """What is told to end gets its grace period; what is made to is left behind if it does not."""
        for call, node, force in kills:
            call.cancel(force)
            now = self._clock.monotonic()
            if force:
                self._carrier.at(now + ABANDON_SECONDS, lambda call=call, node=node: self._abandon(call, node))  # type: ignore[misc]
            else:
                self._carrier.at(now + self._grace, lambda node=node: self._give(Overdue(node)))  # type: ignore[misc]

    def _abandon(self, call: UnderWay, node: int) -> None:
        """A thread cannot be killed: go on without it."""
        with self._lock:
            worker = next((one for one in self._workers if one.call is call), None)
            if worker is None:
                return
            self._workers.remove(worker)
            worker.call = None
            task = self._plan.tasks[node]
            self._say(Warned(f"`{task.id}`: did not end although it was told to, and is left behind", task=task.id))
            outcome = timed(cancelled("left behind"), self._clock.monotonic() - worker.began, self._try(node))
            self._ended_so(node, outcome)
            self._muster()

    def _abort(self, error: BaseException) -> None:
        self._finished = False
        self._exit_code = 130 if isinstance(error, KeyboardInterrupt) else 3
        with self._lock:
            self._aborting = True
            self._scheduler.due.clear()
            while self._said:
                self._tell_next()
            if self._stopping is None:
                self._bus.tell(StopRequested(type(error).__name__, 0.0))
            self._may_go_on.notify_all()
            kills = [(one.call, one.node, True) for one in self._workers if one.call is not None]
        for runner in self._runners.values():
            runner.interrupt(signal.SIGTERM)
        self._carry_out_kills(kills)
        until = self._clock.monotonic() + ABORT_SECONDS
        self._carrier.at(until, _nothing)
        while any(one.call is not None for one in self._workers) and self._clock.monotonic() < until:
            self._work()
            self._carrier.turn()
        with self._lock:
            for node in range(len(self._plan)):
                if not self._columns.has(node):
                    self._put(node, cancelled(f"not started: {type(error).__name__}"))
            while self._said:
                self._tell_next()

    def _close(self, begun: float) -> None:
        with self._lock:
            self._over = True
            self._may_go_on.notify_all()
            for worker in self._idle:
                worker.bell.release()
        if self._calls is not None:
            self._calls.close()
        super()._close(begun)

    # --- under the lock, in any thread ----------------------------------------

    def _handle(self, stimulus: Stimulus) -> None:
        """Tell the scheduler, and carry out what it instructs."""
        todo = [stimulus]
        while todo:
            kills: List[Tuple[UnderWay, int, bool]] = []
            for instruction in self._scheduler.handle(todo.pop(0)):
                if isinstance(instruction, Ended):
                    self._put(instruction.node, instruction.outcome)
                elif isinstance(instruction, Kill):
                    self._killed[instruction.node] = instruction.force
                    kills += [
                        (one.call, *instruction) for one in self._workers if one.call and one.node == instruction.node
                    ]
                elif isinstance(instruction, Held):
                    self._say(TaskHeld(self._plan.tasks[instruction.node].id, instruction.limit))
                elif isinstance(instruction, Again):
                    self._try_alone(instruction)
                else:
                    assert isinstance(instruction, Finished)
                    self._say(instruction)
            if self._stopping is not None:
                over = cancelled(f"not started: {self._stopping}")
                todo += [Exited(node, over) for node in self._scheduler.due]
                self._scheduler.due.clear()
            if kills:
                self._carrier.post(lambda kills=kills: self._carry_out_kills(kills))  # type: ignore[misc]

    def _say(self, event: Union[Event, Finished]) -> None:
        """Have the thread of the run tell it."""
        if self._listening or event.__class__ is Finished:
            self._said.append(event)
            if len(self._said) == 1:
                self._carrier.post(_nothing)

    def _put(self, node: int, outcome: Outcome) -> None:
        self._columns.put(node, outcome)
        self._over_at[node] = self._clock.monotonic()
        self._warned = self._warned or outcome.state is State.WARNED
        if self._listening:
            self._say(TaskFinished(self._plan.tasks[node].id, outcome))

    def _ended_so(self, node: int, outcome: Outcome, starved: bool = False) -> None:
        if not self._aborting:
            self._handle(Exited(node, outcome, starved=starved))
        elif not self._columns.has(node):
            self._put(node, outcome)

    def _try(self, node: int) -> int:
        return self._tries.get(node, 1)

    def _try_alone(self, instruction: Again) -> None:
        node, outcome = instruction
        self._tries[node] = self._try(node) + 1
        task_id = self._plan.tasks[node].id
        self._say(AttemptFinished(task_id, outcome.attempts, outcome, 0.0))
        self._say(Warned(f"`{task_id}` {self._starved}: it runs once more, alone", task=task_id))

    def _muster(self) -> None:
        """Call as many workers as there are tasks that nobody comes for."""
        missing = len(self._scheduler.due) - self._awaited
        while missing > 0 and (self._idle or len(self._workers) < self._jobs):
            missing -= 1
            self._awaited += 1
            if self._idle:
                self._idle.pop().bell.release()
                continue
            self._started_workers += 1
            worker = Worker()
            self._workers.append(worker)
            name = f"taskrush worker f{self._started_workers}"  # known to those who look for foreign threads
            threading.Thread(target=self._live, args=(worker,), name=name, daemon=True).start()

    def _heard(self, task: Task, stream: str, data: bytes) -> None:
        """A function wrote this; who is far ahead of the subscribers waits."""
        with self._lock:
            if stream == "stderr":
                self._stderr[task.id] = (self._stderr.get(task.id, b"") + data)[-TAIL:]
            if data and self._listening:
                self._say(TaskOutput(task.id, stream, data))
                self._wait_for_subscribers()

    def _wait_for_subscribers(self) -> None:
        while len(self._said) >= AHEAD and not (self._over or self._aborting):
            self._may_go_on.wait()

    # --- the workers ------------------------------------------------------------

    def _live(self, worker: Worker) -> None:
        assert self._calls is not None
        try:
            self._calls.enter()
            try:
                with self._lock:
                    self._awaited -= 1
                    call = self._take(worker)
                self._take_turns(worker, call)
            finally:
                self._calls.leave()
        except BaseException as error:  # a mistake of ours ends the run, not just a thread
            self._carrier.post(lambda error=error: _raise(error))  # type: ignore[misc]

    def _take_turns(self, worker: Worker, call: Optional[UnderWay]) -> None:
        """Make one call after the other until the run is over."""
        calls, clock, tasks = self._calls, self._clock.monotonic, self._plan.tasks
        assert calls is not None
        due, well, wrote_down = self._scheduler.due, self._scheduler.well, self._columns.well
        prepare, listening, bare = calls.prepare, self._listening, self._bare
        measured_at, measured = clock(), calls.times()
        while call is not None:
            end: Optional[Outcome] = None
            value: Any = None
            if listening:
                measured = calls.times()
            try:
                value = call.call()
            except EndedSo as so:
                end = so.outcome
            now = clock()
            seconds = now - worker.began
            times = None
            if listening or now - measured_at > MEASURED:
                earlier, measured, measured_at = measured, calls.times(), now
                if earlier is not None and measured is not None and (listening or seconds > MEASURED):
                    times = (measured[0] - earlier[0], measured[1] - earlier[1])
            with self._lock:
                if worker.call is not call:
                    return  # left behind
                node = worker.node
                if bare and end is None and value is None and times is None and not self._aborting and well(node):
                    wrote_down(node, seconds)
                else:
                    self._called(node, value, end, seconds, times)
                if bare and due and not self._killed:
                    worker.node = node = due.popleft()
                    worker.call = call = prepare(tasks[node])
                    worker.began = now
                    if due:
                        self._muster()
                else:
                    worker.call = None
                    call = self._take(worker)

    def _take(self, worker: Worker) -> Optional[UnderWay]:
        """The next call for a worker, waited for; None when there will be no more."""
        assert self._calls is not None
        due = self._scheduler.due
        while True:
            self._wait_for_subscribers()
            if self._over:
                return None
            if due and not self._aborting:
                call = self._begin(worker, due.popleft())
                if due:
                    self._muster()
                if call is not None:
                    return call
                continue
            self._calls.leave()
            self._idle.append(worker)
            self._lock.release()
            worker.bell.acquire()
            self._lock.acquire()
            self._awaited -= 1
            self._calls.enter()

    def _begin(self, worker: Worker, node: int) -> Optional[UnderWay]:
        """What is to be called for a task; None if it has ended so."""
        assert self._calls is not None
        task = self._plan.tasks[node]
        outcomes = self._known
        for on in task.bindings.values():
            if on in outcomes and outcomes[on].state is State.WARNED:
                self._ended_so(node, failed(f"takes the result of `{on}`, which failed and has none"))
                return None
        if self._plan.after[node] or self._plan.resumes:
            from taskrush.execute.followed import followed_by, informed

            task = informed(task, followed_by(self._plan, node, outcomes))
        if self._listening:
            command, runner = ("", "") if task.action is None else (str(task.action), runner_name(task))
            self._say(TaskStarted(task.id, command, self._try(node), "", self._waited(node), runner))
        worker.began = self._clock.monotonic()
        if task.action is None:
            self._called(node, None, None, self._clock.monotonic() - worker.began, None)
            return None
        values: Optional[Mapping[str, object]] = None
        if task.bindings or task.arguments or task.extra:
            values = {name: outcomes[on].value for name, on in task.bindings.items() if on in outcomes}
        worker.node = node
        worker.call = call = self._calls.prepare(task, values)
        if node in self._killed:
            call.cancel(self._killed[node])
        return call

    def _called(
        self, node: int, value: Any, end: Optional[Outcome], seconds: float, times: Optional[Tuple[float, float]]
    ) -> None:
        """A function returned, or ended otherwise."""
        if end is None and not self._aborting and self._scheduler.well(node):
            self._columns.well(node, seconds)
            if value is not None or times is not None:
                self._columns.say_more(node, value, times)
            if self._listening:
                self._over_at[node] = self._clock.monotonic()
                self._say(TaskFinished(self._plan.tasks[node].id, self._columns.of(node)))
            return
        outcome = end or succeeded(value=value)
        if times is not None:
            user, system = times
            outcome = evolve(outcome, cpu_seconds=user + system, cpu_user_seconds=user, cpu_system_seconds=system)
        stderr = self._stderr.pop(self._plan.tasks[node].id, b"")
        self._starved = ""
        if not (outcome.ok or node in self._killed or self._starvation is None):
            self._starved = self._starvation.words(outcome, stderr)
        if node in self._killed and not outcome.ok:
            outcome = cancelled(outcome.reason, code=outcome.code)
        self._ended_so(node, timed(outcome, seconds, self._try(node)), bool(self._starved))


class Worker:
    """A thread, and the call that it makes."""

    __slots__ = ("began", "bell", "call", "node")

    def __init__(self) -> None:
        self.node = -1
        self.call: Optional[UnderWay] = None
        self.began = 0.0
        self.bell = threading.Semaphore(0)


def _takes_nothing(task: Task, after: Tuple[int, ...]) -> bool:
    if after or (task.function is None and task.action is None):
        return False
    return not task.uncommon or not (task.bindings or task.arguments or task.extra)


def _nothing() -> None:
    """To be posted: the thread of the run looks around."""


def _raise(error: BaseException) -> None:
    raise error
