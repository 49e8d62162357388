"""A service on its way through a run: nobody else has its port, its process is started, it is asked until it is ready.

It knows the steps of one service; when it starts and ends, and what its end means for others, is the scheduler's.
"""

from __future__ import annotations

from taskrush._typing import cast
from taskrush.asked import Pollable
from taskrush.events import ServiceReady
from taskrush.execute.probes import asking
from taskrush.execute.readiness import LogSearch, Question, occupied, questions
from taskrush.execute.scheduler import Ready, Unready
from taskrush.execute.task_run import TaskRun, runner_name
from taskrush.model.duration import text_of
from taskrush.model.outcome import cancelled, failed
from taskrush.model.substitution import as_text, substitute
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Mapping, Optional

    from taskrush.execute.scheduler import Stimulus
    from taskrush.execute.task_run import Surroundings
    from taskrush.model.outcome import Outcome
    from taskrush.model.service import Ready as ReadyWhen
    from taskrush.model.task import Task
    from taskrush.protocols import Running


class ServiceRun(TaskRun):
    """A service that was handed out by the scheduler."""

    def __init__(
        self,
        node: int,
        task: Task,
        around: Surroundings,
        answer: Callable[[Stimulus], None],
        waited: float = 0.0,
    ) -> None:
        super().__init__(node, task, around, answer, waited)
        self._plain = around.runners
        if around.keeper is not None:
            self._around = evolve(around, runners={**around.runners, runner_name(task): around.keeper})
        assert task.service is not None
        self._when: ReadyWhen = task.service.ready
        self._log: Optional[LogSearch] = None
        self._open: List[Question] = []
        self._times = 0
        self._why_not = "it was not asked yet"
        self._since = 0.0
        self._ready = False
        self._told_at = 0.0
        self._late: Optional[str] = None
        self._process: Any = None
        self._probe: Any = None

    def kill(self, force: bool) -> None:
        now = self._around.clock.monotonic()
        if not self._killed:
            self._told_at = now
        elif force and self.busy and now - self._told_at >= self._around.grace:
            self._warn("did not end when it was told to, and was killed")
        super().kill(force)
        self._end_probe()

    def _values(self, task: Task) -> Mapping[str, object]:
        secrets = self._around.secrets
        if self._around.keeper is None or secrets is None:
            return super()._values(task)
        return {**super()._values(task), **secrets.environment(task)}  # a keeper knows no run's secrets

    # --- the start ----------------------------------------------------------------

    def _set_out(self) -> None:
        self._when = when = self._settled()
        self._log = None if when.log is None else LogSearch(when.log)
        self._open = questions(when, self._log)
        if when.command is not None:
            self._open.append(Question(f"command `{when.command}`", lambda: None))
        keeper, task = self._around.keeper, self._task
        if keeper is not None:
            on_output = self._around.in_turn(self._hear)
            self._around.carrier.do(lambda: keeper.take(task, on_output), self._taken)
        else:
            self._look_for_strangers()

    def _taken(self, lease: Optional[Running], error: Optional[BaseException]) -> None:
        """It is up from an earlier run, or not."""
        if lease is None:
            self._look_for_strangers()
            return
        self._handle = self._process = lease
        self._since = self._around.clock.monotonic()
        self._open = []
        self._around.carrier.do(lease.wait, lambda outcome, error: self._given_back(lease, outcome))
        if self._killed:
            lease.cancel()
        else:
            self._look()

    def _given_back(self, lease: Running, outcome: Outcome) -> None:
        if self._handle is lease:
            self._handle = None
            self._end(outcome)

    def _look_for_strangers(self) -> None:
        when = self._when
        if when.port is None and when.http is None:
            self._begin(None, None)
        else:
            self._around.carrier.do(lambda: occupied(when), self._begin)

    def _settled(self) -> ReadyWhen:
        """When it is ready, with the values of its parameters and variables."""
        values = {**self._values(self._task), **self._task.arguments}
        env = {name: text for name, value in values.items() for text in [as_text(value)] if text is not None}
        env.update((name, substitute(value, env)) for name, value in self._task.env.items())
        texts = {}
        for name in ("port", "http"):
            text = getattr(self._when, name)
            if text is not None and "${" in text:
                texts[name] = substitute(text, env)
        return evolve(self._when, **texts) if texts else self._when

    def _begin(self, taken: Optional[str], error: Optional[BaseException]) -> None:
        if self._killed:
            self._end(cancelled("cancelled"))
            return
        if taken is not None:
            self._end(failed(taken))
            return
        self._since = self._around.clock.monotonic()
        super()._set_out()
        self._process = self._handle
        if self.busy:
            self._around.carrier.at(self._since + self._when.timeout, self._overdue)
            self._look()

    def _hear(self, stream: str, data: bytes) -> None:
        log = self._log
        if log is not None and log.feed(stream, data):
            self._log = None
            if self._open and self._open[0].ask == log.ask:
                self._yes()
        super()._hear(stream, data)

    # --- readiness --------------------------------------------------------------------

    @property
    def _starting(self) -> bool:
        return self.busy and not self._ready and not self._killed and self._late is None

    def _look(self) -> None:
        """Ask the first question that was not answered with yes."""
        if not self._starting:
            return
        if not self._open:
            self._ready = True
            mark = getattr(self._handle, "mark_ready", None)
            if mark is not None:
                mark(self._around.redactor.clean_text)
            self._around.tell(ServiceReady(self._task.id, self._around.clock.monotonic() - self._since))
            self._answer(Ready(self._node))
            return
        self._times += 1
        question = self._open[0]
        if question.words.startswith("log "):
            self._judge(question, question.ask())
        elif question.words.startswith("command "):
            self._ask_command(question)
        else:
            self._around.carrier.do(question.ask, lambda why, error: self._judge(question, why))

    def _judge(self, question: Question, why: Optional[str]) -> None:
        if not self._starting or not self._open or self._open[0] is not question:
            return
        if why is None:
            self._yes()
            return
        self._why_not = why
        if self._log is None or self._log.ask != question.ask:  # a line that is written says so by itself
            self._around.carrier.at(self._around.clock.monotonic() + self._when.interval, self._look)

    def _yes(self) -> None:
        self._open.pop(0)
        self._times, self._why_not = 0, "it was not asked yet"
        self._look()

    def _ask_command(self, question: Question) -> None:
        assert self._when.command is not None
        runner = self._plain["local"]

        def done(outcome: Optional[Outcome], error: Optional[BaseException] = None) -> None:
            if self._probe is probe:
                self._probe = None
            why = None if outcome is not None and outcome.ok else (outcome.reason if outcome else str(error))
            self._judge(question, why if why is None else why or "it failed")

        probe = self._probe = runner.start(
            asking(self._task, self._when.command), lambda stream, data: None, self._values(self._task)
        )
        if hasattr(probe, "descriptors"):
            self._around.carrier.carry(cast(Pollable, probe), done)
        else:
            self._around.carrier.do(probe.wait, done)

    def _end_probe(self) -> None:
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.cancel(True)

    def _overdue(self) -> None:
        if not self._starting:
            return
        question = self._open[0]
        often = f"asked {self._times} time{'' if self._times == 1 else 's'}, the last answer: "
        told = "" if question.words.startswith("log ") else often
        self._late = f"was not ready after {text_of(self._when.timeout)}: {question.words}: {told}{self._why_not}"
        self._end_probe()
        self._answer(Unready(self._node))

    # --- the end --------------------------------------------------------------------

    def _end(self, outcome: Outcome) -> None:
        self._end_probe()
        if self._process is not None and not self._killed:
            sweep = getattr(self._process, "sweep", None)
            if sweep is not None:
                sweep()  # a daemon that it left would have its port when it is started again
        if self._late is not None:
            self._killed = False
            outcome = failed(self._late)
        elif not self._killed and self._process is not None:
            so = "ended by itself, with exit code 0" if outcome.ok else outcome.reason
            if self._ready:
                so = f"{so}, after it was ready"
            else:
                so = f"{so}, before it was ready" + (f" ({self._open[0].words})" if self._open else "")
            outcome = evolve(failed(so), code=outcome.code)
        super()._end(outcome)
