"""One task on its way through a run: what is asked first, its action, what must be there afterwards.

It knows the steps of one task; what they lead to is decided by the scheduler, which hears of them by `answer`.
All methods are called in the thread that turns the carrier.
"""

from __future__ import annotations

from taskrush.events import TaskOutput, TaskStarted, Warned
from taskrush.execute.scheduler import Checked, Exited
from taskrush.execute.starvation import TAIL
from taskrush.model.outcome import State, cancelled, failed, succeeded, timed
from taskrush.model.redaction import RedactedStreams
from taskrush.model.task import Call
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Mapping, Optional, Sequence

    from taskrush.events import Event
    from taskrush.execute.carrier import Carrier
    from taskrush.execute.probes import Probe
    from taskrush.execute.retry import Attempts
    from taskrush.execute.scheduler import Stimulus
    from taskrush.execute.starvation import Starvation
    from taskrush.execute.timeouts import Timekeeper
    from taskrush.model.outcome import Outcome
    from taskrush.model.redaction import Redactor
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Clock, Memory, OnOutput, Recording, Runner, Secrets, ServiceKeeper

SHOWN = 8  # names of variables in one message
ABANDON_SECONDS = 1.0  # how long what cannot be killed may take to end after it was told to at once


@frozen(kw_only=True)
class Surroundings:
    """What the tasks of one run share. `outcomes` grows while the run goes on."""

    root: str
    runners: Mapping[str, Runner]
    carrier: Carrier
    clock: Clock
    memory: Optional[Memory]
    redactor: Redactor
    secrets: Optional[Secrets] = None
    outcomes: Mapping[TaskId, Outcome]
    tell: Callable[[Event], None]
    in_turn: Callable[[OnOutput], OnOutput]
    withheld: Callable[[Task], Sequence[str]] = lambda task: ()
    listening: Callable[[], bool] = lambda: True
    grace: float = 5.0
    keeper: Optional[ServiceKeeper] = None
    starvation: Optional[Starvation] = None


class TaskRun:
    """A task that was handed out by the scheduler; the same one for all of its attempts."""

    def __init__(
        self,
        node: int,
        task: Task,
        around: Surroundings,
        answer: Callable[[Stimulus], None],
        waited: float = 0.0,
    ) -> None:
        self._node = node
        self._task = task
        self._around = around
        self._answer = answer
        self._waited = waited
        self._probes: List[Probe] = []
        self._handle: Any = None
        self._recording: Optional[Recording] = None
        self._redacted = RedactedStreams(around.redactor) if around.redactor else None
        self._begun = 0.0
        self._covered = False
        self._killed = False
        self._tries = 0
        self._stderr = b""
        self.starved = ""  # in words, if the attempt seems to have ended for lack of memory
        self._expired: Optional[str] = None
        self._left_behind = False
        self._attempts: Optional[Attempts] = None  # both are only loaded for tasks that declare such things
        self._timekeeper: Optional[Timekeeper] = None
        if task.retry is not None and task.retry.attempts > 1:
            from taskrush.execute import retry

            self._attempts = retry.Attempts(task.retry, around.root, around.clock)
        if task.timeout is not None:
            from taskrush.execute import timeouts

            self._timekeeper = timeouts.Timekeeper(task.timeout, around.carrier, around.clock)

    @property
    def number(self) -> int:
        """Which attempt is under way, from 1; 0 before the first."""
        return self._attempts.number if self._attempts is not None else self._tries

    @property
    def busy(self) -> bool:
        """Whether something of it is under way at a runner."""
        return self._handle is not None

    def check(self) -> None:
        """Find out whether the task has to run. Before another attempt only the cache is asked again."""
        if self._attempts is not None and self._attempts.number:
            self._recording = None
            self._recall()
            return
        task, memory = self._task, self._around.memory
        for on in task.bindings.values():
            if self._failed_as_it_may(on):
                self._answer(Checked(self._node, failed(f"takes the result of `{on}`, which failed and has none")))
                return
        self._covered = task.action is not None and memory is not None and memory.covers(task)
        if not (self._covered or task.platforms or task.requires or task.condition is not None):
            self._answer(Checked(self._node))  # there is nothing to ask
            return
        if task.platforms or task.requires or task.condition is not None:
            from taskrush.execute.probes import probes, unmet

            outcome = unmet(task, self._around.root)
            if outcome is not None:
                self._answer(Checked(self._node, outcome))
                return
            self._probes = probes(task)
        self._ask()

    def _failed_as_it_may(self, on: TaskId) -> bool:
        outcome = self._around.outcomes.get(on)
        return outcome is not None and outcome.state is State.WARNED

    def launch(self) -> None:
        """Start its action."""
        task, memory = self._task, self._around.memory
        covered = self._covered
        reason = memory.reason(task) if covered and memory is not None else ""
        if self._attempts is not None:
            self._attempts.begin()
        self._expired = None
        self._tries += 1
        self._stderr, self.starved = b"", ""
        if self._around.listening():
            self._around.tell(self._start_event(reason))
        self._begun = self._around.clock.monotonic()
        if task.action is None:
            self._end(succeeded())
        elif covered and memory is not None:
            self._around.carrier.do(lambda: memory.begin(task), self._record)
        else:
            self._act()

    def _start_event(self, reason: str) -> TaskStarted:
        runner = runner_name(self._task) if self._task.action is not None else ""
        waited, self._waited = self._waited, 0.0
        return TaskStarted(self._task.id, self._command(), self.number, reason, waited, runner)

    def _command(self) -> str:
        command = "" if self._task.action is None else str(self._task.action)
        return command if self._redacted is None else self._around.redactor.clean_text(command)

    def kill(self, force: bool) -> None:
        """End whatever is being done for it; its answer still comes."""
        self._killed = True
        self._cancel(self._handle, force)

    def _cancel(self, handle: Any, force: bool) -> None:
        if handle is None or handle is not self._handle:
            return
        try:
            handle.cancel(force)
        except Exception as error:
            self._warn(f"cannot be cancelled: {_words(error)}")
        if force and not _is_pollable(handle):
            self._around.carrier.at(self._around.clock.monotonic() + ABANDON_SECONDS, lambda: self._abandon(handle))

    # --- before -----------------------------------------------------------------

    def _ask(self) -> None:
        if self._killed:
            self._exit(cancelled("cancelled"))
        elif self._probes:
            probe = self._probes.pop(0)
            self._start(probe.task, _ignore, lambda outcome: self._asked(probe, outcome))
        else:
            self._recall()

    def _asked(self, probe: Probe, outcome: Outcome) -> None:
        if outcome.state is State.CANCELLED:
            self._exit(outcome)
            return
        verdict = probe.verdict(outcome)
        if verdict is not None:
            self._answer(Checked(self._node, verdict))
        else:
            self._ask()

    def _recall(self) -> None:
        task, memory = self._task, self._around.memory
        if memory is None or not self._covered:
            self._answer(Checked(self._node))
            return
        outcomes = self._around.outcomes
        try:
            found = memory.glance(task, outcomes)
        except Exception as error:  # a memory that breaks its promise must not end the run
            self._recalled(None, error)
            return
        if found is not None:
            self._answer(Checked(self._node, found))
            return
        on_output = self._around.in_turn(self._hear)
        self._around.carrier.do(lambda: memory.recall(task, outcomes, on_output), self._recalled)

    def _recalled(self, outcome: Optional[Outcome], error: Optional[BaseException]) -> None:
        if error is not None:
            self._warn(f"the cache failed and was not asked: {_words(error)}")
        self._pass_warnings()
        self._answer(Checked(self._node, outcome))

    # --- the action ---------------------------------------------------------------

    def _record(self, recording: Optional[Recording], error: Optional[BaseException]) -> None:
        self._recording = recording
        if error is not None:
            self._warn(f"the cache failed and will not keep the result: {_words(error)}")
        if self._killed:
            self._end(cancelled("cancelled"))
        else:
            self._act()

    def _act(self) -> None:
        secrets = self._around.secrets
        fetching = secrets.fetch(self._task) if secrets is not None and self._task.secrets else None
        if fetching is None:
            self._set_out()
            return
        self._handle = fetching
        self._around.carrier.do(fetching.wait, self._fetched)

    def _fetched(self, outcome: Optional[Outcome], error: Optional[BaseException]) -> None:
        """The secrets are there, or not to be had."""
        self._handle = None
        for message, hint in self._around.secrets.warnings() if self._around.secrets is not None else ():
            self._around.tell(Warned(message, hint, self._task.id))
        if outcome is None:
            self._end(failed(f"its secrets are not to be had: {type(error).__name__}"))
        elif self._killed:
            self._end(cancelled("cancelled"))
        elif not outcome.ok:
            self._end(outcome)
        else:
            self._set_out()

    def _set_out(self) -> None:
        if self._timekeeper is not None:
            self._timekeeper.start(self._expire)
        self._start(self._task, self._around.in_turn(self._hear), self._end)

    def _expire(self, words: str) -> None:
        """Its time is up: it is told to end, and made to after the grace period."""
        if self._killed:
            return
        self._expired = words
        handle = self._handle
        self._cancel(handle, force=False)
        until = self._around.clock.monotonic() + self._around.grace
        self._around.carrier.at(until, lambda: self._cancel(handle, force=True))

    def _hear(self, stream: str, data: bytes) -> None:
        if self._timekeeper is not None:
            self._timekeeper.heard()
        if self._redacted is not None:
            for shown in self._redacted.feed(stream, data):
                self._pass_on(*shown)
            return
        if data:
            self._pass_on(stream, data)

    def _pass_on(self, stream: str, data: bytes) -> None:
        self._around.tell(TaskOutput(self._task.id, stream, data))
        if self._recording is not None:
            self._recording.output(stream, data)
        if stream == "stderr":
            self._stderr = data[-TAIL:] if len(data) >= TAIL else (self._stderr + data)[-TAIL:]
        if self._attempts is not None:
            self._attempts.hear(stream, data)

    def _start(self, task: Task, on_output: OnOutput, done: Callable[[Outcome], None]) -> None:
        name = runner_name(task)
        runner = self._around.runners.get(name)
        if runner is None:
            done(failed(f"there is no runner `{name}` in this run"))
            return

        def ended(outcome: Optional[Outcome], error: Optional[BaseException] = None) -> None:
            if self._handle is not handle:
                return  # it was left behind
            self._handle = None
            warning = getattr(handle, "warning", None)
            if warning is not None:
                self._around.tell(Warned(warning, task=self._task.id))
            done(outcome if outcome is not None else failed(f"runner `{name}` failed: {_words(error)}"))

        handle: Any = None
        try:
            handle = runner.start(task, on_output, self._values(task))
        except Exception as error:  # a runner that breaks its promise must not end the run
            ended(None, error)
            return
        self._handle = handle
        if _is_pollable(handle):
            self._around.carrier.carry(handle, ended)
        else:
            self._around.carrier.do(handle.wait, ended)

    def _values(self, task: Task) -> Mapping[str, object]:
        if not task.bindings:
            return {}
        outcomes = self._around.outcomes
        return {name: outcomes[on].value for name, on in task.bindings.items() if on in outcomes}

    def _abandon(self, handle: object) -> None:
        """A thread cannot be killed: go on without it."""
        if self._handle is handle:
            self._handle = None
            self._left_behind = True
            self._warn("did not end although it was told to, and is left behind")
            self._end(cancelled("left behind"))

    # --- after ----------------------------------------------------------------------

    def _end(self, outcome: Outcome) -> None:
        task = self._task
        if self._timekeeper is not None:
            self._timekeeper.stop()
        if self._expired is not None:
            outcome = evolve(outcome, state=State.FAILED, ok=False, code=None, reason=self._expired, timed_out=True)
        if outcome.ok and task.outputs and task.action is not None:
            from taskrush.execute.outputs import not_made

            outcome = not_made(task, self._around.root, self._values(task)) or outcome
        if not (outcome.ok or self._killed) and self._expired is None and self._around.starvation is not None:
            self.starved = self._around.starvation.words(outcome, self._stderr)
        if self._killed and not outcome.ok and self._expired is None:
            outcome = cancelled(outcome.reason, code=outcome.code)
        outcome = timed(outcome, self._around.clock.monotonic() - self._begun, self.number)
        if self._redacted is not None:
            for held in self._redacted.flush():
                self._pass_on(*held)
        recording = self._recording
        if recording is None:
            self._exit(outcome)
        elif outcome.ok:
            self._around.carrier.do(lambda: recording.finish(outcome), lambda *kept: self._kept(outcome, *kept))
        else:
            self._around.carrier.do(recording.abandon, lambda *_: self._exit(outcome))

    def _kept(self, outcome: Outcome, reason: Optional[str], error: Optional[BaseException]) -> None:
        if error is not None:
            reason = f"the cache failed: {_words(error)}"
        if reason is not None:
            self._warn(f"its result is not kept: {reason}")
        self._pass_warnings()
        self._exit(outcome)

    def _exit(self, outcome: Outcome) -> None:
        memory = self._around.memory
        if self._covered and memory is not None:
            key, outputs = memory.identity(self._task)
            outcome = evolve(outcome, key=key, outputs=outputs)
        attempts = self._attempts
        if attempts is None or outcome.state is not State.FAILED or self._left_behind:
            self._exit_for_good(outcome)  # never again beside a function that goes on in its thread
            return
        left = self._timekeeper.left if self._timekeeper is not None else None
        self._around.carrier.do(
            lambda: attempts.delay(outcome, left), lambda delay, error: self._exit_for_now(outcome, delay, error)
        )

    def _exit_for_now(self, outcome: Outcome, delay: Optional[float], error: Optional[BaseException]) -> None:
        if error is not None:
            self._warn(f"is not tried again, as its `retry.delay` failed: {_words(error)}")
        if delay is None or self._killed:
            self._exit_for_good(outcome)
        else:
            self._answer(Exited(self._node, outcome, delay, bool(self.starved)))

    def _exit_for_good(self, outcome: Outcome) -> None:
        if outcome.state is State.FAILED and self._task.is_cached and self._ran_commands(outcome):
            self._tell_withheld()
        self._answer(Exited(self._node, outcome, starved=bool(self.starved)))

    def _ran_commands(self, outcome: Outcome) -> bool:
        """Whether it failed in a process; a function in a thread sees the whole environment."""
        return runner_name(self._task) != "call" or outcome.code is not None

    def _tell_withheld(self) -> None:
        """Which variables it did not see: perhaps it failed for lack of one."""
        names = self._around.withheld(self._task)
        if names:
            shown = ", ".join(names[:SHOWN])
            rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            hint = "`pass_env: [NAME]` lets a variable through, `inputs: [{env: NAME}]` makes it count as well"
            self._around.tell(Warned(f"commands of `{self._task.id}` did not see: {shown}{rest}", hint, self._task.id))

    def _pass_warnings(self) -> None:
        """What the memory complains of, to everyone."""
        for message in self._around.memory.warnings() if self._around.memory is not None else ():
            self._around.tell(Warned(message, task=self._task.id))

    def _warn(self, message: str) -> None:
        self._around.tell(Warned(f"`{self._task.id}`: {message}", task=self._task.id))


def runner_name(task: Task) -> str:
    """Where its action executes: functions in a thread or a process of their own unless the task says otherwise."""
    if task.runner == "local" and isinstance(task.action, Call):
        return "process" if task.action.isolate == "process" else "call"
    return task.runner


def _is_pollable(handle: object) -> bool:
    return hasattr(handle, "descriptors")  # `isinstance` with a protocol takes 50 times as long


def _ignore(stream: str, data: bytes) -> None:
    """What a probe prints is nobody's business."""


def _words(error: Optional[BaseException]) -> str:
    return f"{type(error).__name__}: {error}" if error is not None else "no outcome"
