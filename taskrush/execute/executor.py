"""The executor carries out what the scheduler instructs, and decides nothing.

One thread, the one that calls `run`, talks to the scheduler and to the bus; the carrier brings it everything else.
Whatever happens, an error in here or Ctrl-C included, nothing of the run is left running when `run` ends.
"""

from __future__ import annotations

from taskrush._builtin import deque, signal
from taskrush.events import AttemptFinished, RunFinished, RunStarted, StopRequested, TaskFinished, TaskHeld, Warned
from taskrush.execute.bus import Bus
from taskrush.execute.carrier import Carrier
from taskrush.execute.explanations import tell_why
from taskrush.execute.limited import Room, limits_of_run, too_much
from taskrush.execute.run_kinds import run_kind
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
    Park,
    Scheduler,
    Sleep,
    Start,
    Stop,
    StopService,
    Woke,
)
from taskrush.execute.starvation import Starvation
from taskrush.execute.task_run import Surroundings
from taskrush.execute.turns import Turns
from taskrush.model.duration import text_of
from taskrush.model.outcome import RunResult, State, cancelled
from taskrush.model.plan import asked_for
from taskrush.model.policy import DRAIN
from taskrush.model.redaction import Redactor
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.execute.explanations import Explain
    from taskrush.execute.scheduler import Instruction, Stimulus
    from taskrush.execute.task_run import TaskRun
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Clock, Memory, Runner, Secrets, ServiceKeeper, Subscriber

_WARNED = State.WARNED  # an attribute of an Enum is slow
BATCH = 256  # instructions carried out before the outside world is looked at again
FORWARDED = frozenset(getattr(signal, name, signal.SIGTERM) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"))
REMIND_SECONDS = (0.2, 0.6)  # after a stop: commands are told again that cannot have heard it
SETTLE_SECONDS = 0.05  # after which subscribers write what they held back
ABORT_SECONDS = 5.0  # how long what was killed may take to be gone when `run` ends by an exception


class Executor:
    """One execution of a plan.

    `runners` maps names (`local`, `call`, ...) to where actions execute. `grace` is how many seconds what runs may take
    to end after a stop, `warned_exit_code` what a run ends with whose only failures are allowed. After `timeout`
    seconds the run is stopped and has failed. `memory` is asked about work done before. The values in `secrets` are
    taken out of all output. `earlier` are outcomes of tasks that the plan leaves out and whose results planned tasks
    receive. `withheld` names the variables that a task's commands do not see, which is said when it fails. Of what is
    ready, tasks with the highest `priority` go first. Nothing global is touched: no signal handlers, no printing, no
    change of directory. Services that were asked for stay up until `stop`; those of a `keeper` are given back to it
    once they are not needed.
    """

    scheduler_kind = Scheduler

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
        timeout: Optional[float] = None,
        warned_exit_code: int = 0,
        memory: Optional[Memory] = None,
        secrets: Optional[Secrets] = None,
        earlier: Optional[Mapping[TaskId, Outcome]] = None,
        withheld: Callable[[Task], Sequence[str]] = lambda task: (),
        explain: Optional[Explain] = None,
        keeper: Optional[ServiceKeeper] = None,
        priority: Optional[Sequence[float]] = None,
        room: Room = Room(),  # noqa: B008 (it cannot change)
    ) -> None:
        self._plan = plan
        self._runners = runners
        self._clock = clock
        self._run_id = run_id
        self._explain = explain
        self._secrets = secrets
        redactor = Redactor() if secrets is None else secrets.redactor
        self._redactor = redactor
        self._bus = Bus(run_id, clock, subscribers, redactor)
        self._jobs = max(1, jobs)
        self._grace = grace
        self._timeout = timeout
        self._warned_exit_code = warned_exit_code
        self._warned = False
        self._limits = room
        self._scheduler = self.scheduler_kind(
            plan.needs,
            plan.after,
            self._jobs,
            on_failure,
            **limits_of_run(plan, self._jobs, self._limits),
            priority=priority,
            names=[task.id for task in plan.tasks],
            allowed={node: task.allow_failure for node, task in enumerate(plan.tasks) if task.allow_failure},
            services=[node for node, task in enumerate(plan.tasks) if task.service is not None],
            asked=asked_for(plan),
            stay=keeper is None,
        )
        self._memory = memory
        self._carrier = Carrier(clock)
        self._parked: Set[int] = set()  # were checked, and wait for services
        self._gate = room.gate(plan, self._carrier, self._check)
        self._todo: Deque[Instruction] = deque()
        self._do: Dict[type, Callable[[Any], None]] = {
            Check: self._on_check,
            Launch: self._on_launch,
            Sleep: self._sleep,
            Again: self._try_alone,
            Held: lambda held: self._bus.tell(TaskHeld(plan.tasks[held.node].id, held.limit)),
            Kill: lambda kill: self._kill(kill.node, kill.force),
            Park: self._on_park,
            StopService: lambda stop: self._kill(stop.node, force=False),
            Ended: self._on_ended,
            Finished: self._on_finished,
        }
        self._runs: Dict[int, TaskRun] = {}
        self._over_at = [0.0] * len(plan)  # monotonic times
        self._outcomes: Dict[TaskId, Outcome] = {}
        self._turns = Turns(self._carrier, lambda: self._finished is not None)
        self._ran = False
        self._around = Surroundings(
            root=plan.root,
            runners=runners,
            carrier=self._carrier,
            clock=clock,
            memory=memory,
            redactor=redactor,
            secrets=secrets,
            starvation=Starvation(room.memory_kills) if room.tries_alone else None,
            outcomes=_with_earlier(self._outcomes, earlier),
            tell=self._bus.tell,
            listening=lambda: self._bus.listening,
            in_turn=self._turns.in_turn,
            withheld=withheld,
            keeper=keeper,
            grace=grace,
        )
        self._began_at = 0.0
        self._stopping: Optional[str] = None
        self._exit_code = 0
        self._aborting = False
        self._finished: Optional[bool] = None

    # --- for everyone -----------------------------------------------------

    def run(self) -> RunResult:
        """Run the plan to its end in this thread; once.

        An exception in here (Ctrl-C without a signal handler, a bug) ends all that runs and is passed on.
        """
        if self._ran:
            raise RuntimeError("an executor runs once; make another for another run")
        self._ran = True
        self._turns.begin()
        begun = self._began_at = self._clock.monotonic()
        plan = self._plan
        self._bus.tell(
            RunStarted(
                targets=plan.targets,
                tasks=tuple([task.id for task in plan.tasks]),
                jobs=self._jobs,
                services=tuple(task.id for task in plan.tasks if task.service is not None),
            )
        )
        try:
            self._pass_warnings()
            if self._timeout is not None:
                self._carrier.at(begun + self._timeout, self._on_timeout)
            self._carrier.turn(block=False)  # `stop` may have come already
            for message, hint, task_id in (*self._limits.notes, *too_much(plan, self._limits)):
                self._bus.tell(Warned(message, hint, task_id))
            self._give(Start())
            while True:
                self._work()
                if self._finished is not None:
                    break
                if self._bus.unsettled and not self._bus.settling:
                    self._bus.settling = True
                    self._carrier.at(self._clock.monotonic() + SETTLE_SECONDS, self._bus.settle)
                self._carrier.turn(block=not self._todo)
        except BaseException as error:
            self._abort(error)
            raise
        finally:
            self._close(begun)
        return self._result(begun)

    def stop(self, reason: str = "stopped", exit_code: int = 143, force: bool = False) -> None:
        """Start nothing more and end what runs, after the grace period by force; from any thread or signal handler.

        With an exit code of 128 and the number of an interrupting signal, as shells have it, commands get that signal;
        143 is SIGTERM.
        """
        self._carrier.post(lambda: self._on_stop(reason, exit_code, force))
        self._bus.interrupt()

    def pause(self, meanwhile: Callable[[], None]) -> None:
        """Let commands stand still while `meanwhile` is called (it may stop this process: Ctrl-Z), then go on.

        From any thread or signal handler; functions that run are not paused.
        """
        self._carrier.post(lambda: self._on_pause(meanwhile))

    def clean_text(self, text: str) -> str:
        """A text of ours without the values of secrets, such as the message of an error."""
        return self._redactor.clean_text(text)

    # --- the loop -----------------------------------------------------------

    def _work(self) -> None:
        """Carry out what is instructed, for a while."""
        todo, do = self._todo, self._do
        for _ in range(BATCH):
            if not todo:
                return
            instruction = todo.popleft()
            do[instruction.__class__](instruction)

    def _give(self, stimulus: Stimulus) -> None:
        self._todo.extend(self._scheduler.handle(stimulus))

    def _on_check(self, instruction: Check) -> None:
        node = instruction.node
        if self._stopping is not None:  # it was instructed before, but nothing starts after a stop
            self._give(Exited(node, cancelled(f"not started: {self._stopping}")))
        elif self._gate is None or self._plan.tasks[node].service is not None:
            self._check(node)
        else:
            self._gate.enter(node)

    def _on_launch(self, instruction: Launch) -> None:
        node = instruction.node
        if self._stopping is not None:
            self._give(Exited(node, cancelled(f"not started: {self._stopping}")))
        elif self._gate is not None and node in self._parked:
            self._gate.enter(node)
        else:
            self._parked.discard(node)
            self._runs[node].launch()

    def _on_park(self, instruction: Park) -> None:
        self._parked.add(instruction.node)
        self._leave(instruction.node)

    def _on_ended(self, instruction: Ended) -> None:
        node = instruction.node
        self._runs.pop(node, None)
        self._leave(node)
        self._over_at[node] = self._clock.monotonic()
        self._ended(self._plan.tasks[node].id, instruction.outcome)

    def _on_finished(self, instruction: Finished) -> None:
        self._finished = instruction.ok

    def _check(self, node: int) -> None:
        if node in self._parked:
            self._parked.discard(node)
            self._runs[node].launch()
            return
        if node in self._runs:  # another attempt
            self._runs[node].check()
            return
        task = self._plan.tasks[node]
        if self._plan.after[node] or self._plan.resumes:
            from taskrush.execute.followed import followed_by, informed

            task = informed(task, followed_by(self._plan, node, self._around.outcomes))
        self._runs[node] = run = run_kind(task)(node, task, self._around, self._answer, self._waited(node))
        run.check()

    def _leave(self, node: int) -> None:
        """It needs no slot any more, for now."""
        if self._gate is not None:
            self._gate.leave(node)

    def _waited(self, node: int) -> float:
        """For how long all that it needs has been over: so long it waited for room."""
        needs, after = self._plan.needs[node], self._plan.after[node]
        over_at = self._over_at.__getitem__
        ready_at = self._began_at
        if needs or after:
            ready_at = max((ready_at, *map(over_at, needs), *map(over_at, after)))
        return self._clock.monotonic() - ready_at

    def _answer(self, stimulus: Stimulus) -> None:
        """A task on its way has something to say."""
        if not self._aborting:
            self._give(stimulus)
        elif isinstance(stimulus, (Checked, Exited)) and self._runs.pop(stimulus.node, None) is not None:
            self._ended(self._plan.tasks[stimulus.node].id, stimulus.outcome or cancelled("cancelled"))

    def _pass_warnings(self) -> None:
        for message, hint in self._secrets.warnings() if self._secrets is not None else ():
            self._bus.tell(Warned(message, hint))

    def _ended(self, task_id: TaskId, outcome: Outcome) -> None:
        if outcome.reason is not None and self._redactor:
            outcome = evolve(outcome, reason=self._redactor.clean_text(outcome.reason))
        self._outcomes[task_id] = outcome
        if outcome.state is _WARNED:
            self._warned = True
        if self._bus.listening:
            self._bus.tell(TaskFinished(task_id, outcome))

    def _sleep(self, instruction: Sleep) -> None:
        node, outcome, seconds = instruction
        self._leave(node)
        self._bus.tell(AttemptFinished(self._plan.tasks[node].id, outcome.attempts, outcome, seconds))
        self._carrier.at(self._clock.monotonic() + seconds, lambda: self._give(Woke(node)))

    def _try_alone(self, instruction: Again) -> None:
        node, outcome = instruction
        self._leave(node)
        task_id = self._plan.tasks[node].id
        self._bus.tell(AttemptFinished(task_id, outcome.attempts, outcome, 0.0))
        self._bus.tell(Warned(f"`{task_id}` {self._runs[node].starved}: it runs once more, alone", task=task_id))

    def _kill(self, node: int, force: bool) -> None:
        if self._gate is not None and self._gate.withdraw(node):
            self._give(Exited(node, cancelled("cancelled")))
            return
        run = self._runs.get(node)
        if run is not None:
            run.kill(force)
            if not force:
                self._carrier.at(self._clock.monotonic() + self._grace, lambda: self._give(Overdue(node)))

    def _on_stop(self, reason: str, exit_code: int, force: bool) -> None:
        if self._finished is not None:
            return
        if self._stopping is None:
            self._stopping = reason
            self._exit_code = exit_code
            self._bus.tell(StopRequested(reason, 0.0 if force else self._grace))
            for runner in self._runners.values():
                runner.interrupt(exit_code - 128 if exit_code - 128 in FORWARDED else signal.SIGTERM)
            if self._memory is not None:
                self._memory.interrupt()
            for seconds in REMIND_SECONDS:
                self._carrier.at(self._clock.monotonic() + seconds, self._remind)
        self._give(Stop(reason, force))

    def _on_timeout(self) -> None:
        self._on_stop(f"the run timed out after {text_of(self._timeout or 0.0)}", 1, False)

    def _on_pause(self, meanwhile: Callable[[], None]) -> None:
        pauses = [pause for pause in (getattr(one, "pause", None) for one in self._runners.values()) if pause]
        for pause in pauses:
            pause(True)
        try:
            meanwhile()
        finally:
            for pause in pauses:
                pause(False)

    def _remind(self) -> None:
        for runner in self._runners.values():
            remind = getattr(runner, "remind", None)
            if remind is not None and self._finished is None:
                remind()

    # --- the end ----------------------------------------------------------------

    def _abort(self, error: BaseException) -> None:
        """Leave nothing running. The scheduler is not asked any more: it may have been interrupted half-way."""
        self._aborting = True
        self._finished = False
        self._exit_code = 130 if isinstance(error, KeyboardInterrupt) else 3
        if self._stopping is None:
            self._bus.tell(StopRequested(type(error).__name__, 0.0))
        for runner in self._runners.values():
            runner.interrupt(signal.SIGTERM)
        if self._memory is not None:
            self._memory.interrupt()
        for node in list(self._runs):
            self._runs[node].kill(force=True)
        until = self._clock.monotonic() + ABORT_SECONDS
        self._carrier.at(until, lambda: None)
        while any(run.busy for run in self._runs.values()) and self._clock.monotonic() < until:
            self._carrier.turn()
        for task in self._plan.tasks:
            if task.id not in self._outcomes:
                self._ended(task.id, cancelled(f"not started: {type(error).__name__}"))

    def _close(self, begun: float) -> None:
        if self._finished is None:  # a second Ctrl-C while the first one was being dealt with
            self._finished = False
        closing: List[Tuple[str, Callable[[], None]]]
        closing = [("what was learnt of memory", lambda: self._limits.learn(self._outcomes))]
        if self._gate is not None:
            closing.append(("the shared slots", self._gate.close))
        closing += [(f"runner `{name}`", runner.close) for name, runner in self._runners.items()]
        if self._memory is not None:
            closing.append(("the cache", self._memory.close))
        if self._secrets is not None:
            closing.insert(0, ("what has the secrets", self._secrets.close))
        for name, close in closing:
            try:
                close()
            except Exception as error:  # the others are to be closed as well
                self._bus.tell(Warned(f"{name} did not close: {type(error).__name__}: {error}"))
        self._carrier.close()
        result = self._result(begun)
        if not result.ok and self._bus.listening:
            tell_why(self._bus.tell, self._explain, self._run_id, self._outcomes, self._memory)
        self._bus.tell(RunFinished(ok=result.ok, exit_code=result.exit_code, seconds=result.seconds))

    def _result(self, begun: float) -> RunResult:
        ok = bool(self._finished) and self._exit_code == 0
        return RunResult(
            run=self._run_id,
            ok=ok,
            exit_code=self._exit_code or (1 if not ok else self._warned_exit_code if self._warned else 0),
            seconds=self._clock.monotonic() - begun,
            outcomes=self._outcomes,
        )


def _with_earlier(
    outcomes: Mapping[TaskId, Outcome], earlier: Optional[Mapping[TaskId, Outcome]]
) -> Mapping[TaskId, Outcome]:
    """The outcomes of this run, those of an earlier one behind them."""
    if not earlier:
        return outcomes
    from collections import ChainMap

    return ChainMap(outcomes, earlier)  # type: ignore[arg-type]  # nobody writes into it
