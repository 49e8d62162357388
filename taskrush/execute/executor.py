"""The executor carries out what the scheduler instructs, and decides nothing.

One thread polls the descriptors of everything that has some (local processes); what blocks (callables, remote back
ends) gets a thread each. Both report through one queue, and only this thread talks to the scheduler and the bus.
"""

import collections
import heapq
import os
import selectors
import threading
from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import attrs

from taskrush.events import (
    RunFinished,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.execute.bus import Bus
from taskrush.execute.probes import Probe, probes, unmet
from taskrush.execute.scheduler import (
    DRAIN,
    Check,
    Checked,
    Ended,
    Exited,
    Finished,
    Instruction,
    Kill,
    Launch,
    Scheduler,
    Start,
    Stimulus,
    Stop,
)
from taskrush.model.outcome import Outcome, RunResult, State, cancelled, failed, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import TaskId
from taskrush.protocols import Clock, Pollable, Runner, Running, Subscriber

QUEUE_LIMIT = 256  # pieces of output that callables may be ahead of the subscribers

Handle = Union[Pollable, Running]


class Executor:
    """One execution of a plan.

    `runners` maps names (`local`, `call`, ...) to where actions execute. `grace` is how many seconds what runs may take
    to end after a stop. Nothing global is touched: no signal handlers, no printing, no change of directory.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        runners: Mapping[str, Runner],
        clock: Clock,
        run_id: str,
        subscribers: Sequence[Subscriber] = (),
        jobs: int = 1,
        on_failure: str = DRAIN,
        grace: float = 5.0,
    ) -> None:
        self._plan = plan
        self._runners = runners
        self._clock = clock
        self._run_id = run_id
        self._bus = Bus(run_id, clock, subscribers)
        self._jobs = max(1, jobs)
        self._grace = grace
        self._scheduler = Scheduler(
            plan.needs,
            plan.after,
            self._jobs,
            on_failure,
            exclusive=[node for node, task in enumerate(plan.tasks) if task.interactive],
            names=[task.id for task in plan.tasks],
        )
        self._index = {task.id: node for node, task in enumerate(plan.tasks)}
        self._outcomes: Dict[TaskId, Outcome] = {}
        self._handles: Dict[int, Handle] = {}
        self._probes: Dict[int, List[Probe]] = {}
        self._started_at: Dict[int, float] = {}
        self._fds: Dict[int, Tuple[int, ...]] = {}
        self._selector = selectors.DefaultSelector()
        self._inbox: Deque[Callable[[], None]] = collections.deque()
        self._room = threading.Semaphore(QUEUE_LIMIT)
        self._thread: Optional[int] = None
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._selector.register(self._wake_in, selectors.EVENT_READ, -1)
        self._timers: List[Tuple[float, int]] = []
        self._stop_code: Optional[int] = None
        self._kill_at: Optional[float] = None
        self._finished: Optional[bool] = None

    # --- for everyone -----------------------------------------------------

    def run(self) -> RunResult:
        """Run the plan to its end in this thread."""
        begun = self._clock.monotonic()
        self._thread = threading.get_ident()
        plan = self._plan
        self._bus.tell(RunStarted(targets=plan.targets, tasks=tuple(task.id for task in plan.tasks), jobs=self._jobs))
        try:
            self._feed(Start())
            while self._finished is None:
                self._turn()
        finally:
            for runner in self._runners.values():
                runner.close()
            self._drain_inbox()
            self._selector.close()
            wake, self._wake_out = self._wake_out, -1
            os.close(self._wake_in)
            os.close(wake)
        seconds = self._clock.monotonic() - begun
        ok = bool(self._finished) and self._stop_code is None
        exit_code = self._stop_code if self._stop_code is not None else (0 if ok else 1)
        self._bus.tell(RunFinished(ok=ok, exit_code=exit_code, seconds=seconds))
        return RunResult(run=self._run_id, ok=ok, exit_code=exit_code, seconds=seconds, outcomes=self._outcomes)

    def stop(self, reason: str = "stopped", exit_code: int = 130, force: bool = False) -> None:
        """Start nothing more and end what runs, after the grace period by force; from any thread or signal handler."""
        self._post(lambda: self._on_stop(reason, exit_code, force))

    # --- the loop -----------------------------------------------------------

    def _post(self, action: Callable[[], None]) -> None:
        self._inbox.append(action)
        if self._wake_out >= 0:
            try:
                os.write(self._wake_out, b"\0")
            except (BlockingIOError, OSError):
                pass

    def _drain_inbox(self) -> None:
        try:
            while os.read(self._wake_in, 4096):
                pass
        except BlockingIOError:
            pass
        while self._inbox:
            self._inbox.popleft()()

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            if key.data < 0:
                self._drain_inbox()
                continue
            handle = self._handles.get(key.data)
            if handle is not None and key.fd in self._fds.get(key.data, ()):
                handle.readable(key.fd)  # type: ignore[union-attr]
                self._look_at(key.data)
        self._tick()

    def _timeout(self) -> Optional[float]:
        moments = [self._kill_at] if self._kill_at is not None else []
        if self._timers:
            moments.append(self._timers[0][0])
        if not moments:
            return None
        return max(0.0, min(moments) - self._clock.monotonic())

    def _tick(self) -> None:
        now = self._clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, node = heapq.heappop(self._timers)
            handle = self._handles.get(node)
            if isinstance(handle, Pollable):
                handle.tick()
                self._look_at(node)
        if self._kill_at is not None and self._kill_at <= now:
            self._kill_at = None
            self._feed(Stop("grace period is over", force=True))

    def _feed(self, stimulus: Stimulus) -> None:
        """Give a stimulus to the scheduler and carry out what comes back, including what that leads to."""
        todo: Deque[Instruction] = collections.deque(self._scheduler.handle(stimulus))
        while todo:
            answer = self._carry_out(todo.popleft())
            if answer is not None:
                todo.extend(self._scheduler.handle(answer))

    def _carry_out(self, instruction: Instruction) -> Optional[Stimulus]:
        if isinstance(instruction, Check):
            return self._check(instruction.node)
        if isinstance(instruction, Launch):
            return self._launch(instruction.node)
        if isinstance(instruction, Kill):
            handle = self._handles.get(instruction.node)
            if handle is not None:
                handle.cancel(instruction.force)
                if not instruction.force and self._kill_at is None:
                    self._kill_at = self._clock.monotonic() + self._grace
            return None
        if isinstance(instruction, Ended):
            task = self._plan.tasks[instruction.node]
            self._outcomes[task.id] = instruction.outcome
            self._bus.tell(TaskFinished(task.id, instruction.outcome))
            return None
        assert isinstance(instruction, Finished)
        self._finished = instruction.ok
        return None

    def _on_stop(self, reason: str, exit_code: int, force: bool) -> None:
        if self._finished is not None:
            return
        if self._stop_code is None:
            self._stop_code = exit_code
            self._bus.tell(StopRequested(reason, 0.0 if force else self._grace))
        if not force:
            self._kill_at = self._clock.monotonic() + self._grace
        self._feed(Stop(reason, force))

    # --- checks ---------------------------------------------------------------

    def _check(self, node: int) -> Optional[Stimulus]:
        task = self._plan.tasks[node]
        outcome = unmet(task, self._plan.root)
        if outcome is not None:
            return Checked(node, outcome)
        todo = probes(task)
        if not todo:
            return Checked(node)
        self._probes[node] = todo
        return self._probe(node)

    def _probe(self, node: int) -> Optional[Stimulus]:
        probe = self._probes[node][0]
        return self._start(node, attrs.evolve(probe.task), discard=True)

    def _probed(self, node: int, outcome: Outcome) -> Optional[Stimulus]:
        todo = self._probes[node]
        probe = todo.pop(0)
        if outcome.state is State.CANCELLED:
            return Exited(node, outcome)
        verdict = probe.verdict(outcome)
        if verdict is not None:
            return Checked(node, verdict)
        if todo:
            return self._probe(node)
        return Checked(node)

    # --- actions --------------------------------------------------------------

    def _launch(self, node: int) -> Optional[Stimulus]:
        task = self._plan.tasks[node]
        self._probes.pop(node, None)
        self._bus.tell(TaskStarted(task.id, "" if task.action is None else str(task.action)))
        self._started_at[node] = self._clock.monotonic()
        if task.action is None:
            return Exited(node, succeeded())
        return self._start(node, task, discard=False)

    def _start(self, node: int, task: Any, discard: bool) -> Optional[Stimulus]:
        runner = self._runners[task.runner if task.runner != "local" else _kind(task)]
        values = {name: self._outcomes[on].value for name, on in task.bindings.items() if on in self._outcomes}
        task_id = task.id

        def on_output(stream: str, data: bytes) -> None:
            if discard:
                return
            if threading.get_ident() == self._thread:
                self._bus.tell(TaskOutput(task_id, stream, data))
                return
            self._room.acquire()

            def tell() -> None:
                self._room.release()
                self._bus.tell(TaskOutput(task_id, stream, data))

            self._post(tell)

        handle = runner.start(task, on_output, values)
        self._handles[node] = handle
        if isinstance(handle, Pollable):
            self._watch(node, handle)
            outcome = handle.outcome()
            return self._exited(node, outcome) if outcome is not None else None
        waiter = threading.Thread(target=self._wait, args=(node, handle), name=f"taskrush {task_id}", daemon=True)
        waiter.start()
        return None

    def _wait(self, node: int, handle: Running) -> None:
        try:
            outcome = handle.wait()
        except Exception as error:  # a runner that breaks its promise must not hang the run
            outcome = failed(f"runner failed: {type(error).__name__}: {error}")

        def report() -> None:
            answer = self._exited(node, outcome)
            if answer is not None:
                self._feed(answer)

        self._post(report)

    def _watch(self, node: int, handle: Pollable) -> None:
        """Poll exactly the descriptors that the handle names now."""
        wanted = tuple(handle.descriptors())
        known = self._fds.get(node, ())
        for fd in known:
            if fd not in wanted:
                self._selector.unregister(fd)
        for fd in wanted:
            if fd not in known:
                self._selector.register(fd, selectors.EVENT_READ, node)
        self._fds[node] = wanted
        deadline = handle.deadline()
        if deadline is not None:
            heapq.heappush(self._timers, (deadline, node))

    def _look_at(self, node: int) -> None:
        handle = self._handles.get(node)
        if not isinstance(handle, Pollable):
            return
        self._watch(node, handle)
        outcome = handle.outcome()
        if outcome is not None:
            answer = self._exited(node, outcome)
            if answer is not None:
                self._feed(answer)

    def _exited(self, node: int, outcome: Outcome) -> Optional[Stimulus]:
        handle = self._handles.pop(node)
        if isinstance(handle, Pollable):
            for fd in self._fds.pop(node, ()):
                self._selector.unregister(fd)
            handle.close()
        if self._probes.get(node):
            return self._probed(node, outcome)
        if self._stop_code is not None and not outcome.ok:
            outcome = cancelled(outcome.reason, code=outcome.code)
        seconds = self._clock.monotonic() - self._started_at.pop(node, self._clock.monotonic())
        return Exited(node, attrs.evolve(outcome, seconds=seconds))


def _kind(task: Any) -> str:
    from taskrush.model.task import Call

    if isinstance(task.action, Call):
        return "process" if task.action.isolate == "process" else "call"
    return "local"


__all__ = ["Executor", "Warned"]
