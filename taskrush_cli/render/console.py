"""What a person sees of a run: blocks of output, a line for each end, and a summary with the failures last.

A subscriber: everything comes from records. It decides which lines are said; where bytes go is `Output`'s, how output
of several tasks is put in order is a `Mode`'s, what stands at the bottom of the terminal is `Live`'s.
"""

from __future__ import annotations

import os

from taskrush._builtin import RLock
from taskrush.errors import Where
from taskrush.events import (
    CHANGED,
    AttemptFinished,
    FailureExplained,
    RunFinished,
    RunStarted,
    ServiceReady,
    StopRequested,
    TaskFinished,
    TaskHeld,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.model.outcome import NO_EARLIER_RESULT, State
from taskrush.model.plan import asked_for
from taskrush_cli.render.attempts import again, reason_of
from taskrush_cli.render.modes import Errors, Grouped, Silent, Stream
from taskrush_cli.render.style import Style, columns, duration
from taskrush_cli.render.table import cut
from taskrush_cli.render.totals import totals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.events import Record
    from taskrush.model.failure import Failure
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush_cli.render.ci import Dialect
    from taskrush_cli.render.modes import Entry, Mode
    from taskrush_cli.render.output import Output

_LOOKS = {
    State.SUCCEEDED: ("✓", "ok", "green"),
    State.FRESH: ("=", "=", "green"),
    State.HIT: ("=", "=", "green"),
    State.WARNED: ("!", "warned", "yellow"),
    State.FAILED: ("✗", "FAILED", "red"),
    State.CANCELLED: ("■", "cancelled", "yellow"),
    State.SKIPPED: ("-", "skipped", "dim"),
}
# an attribute of an Enum is slow
_SUCCEEDED, _FRESH, _HIT, _WARNED = State.SUCCEEDED, State.FRESH, State.HIT, State.WARNED
_FAILED, _CANCELLED, _SKIPPED = State.FAILED, State.CANCELLED, State.SKIPPED
TOLD = 8  # so many cancelled tasks are told of one by one


class Console:
    """Shows one run of `plan`.

    `verbose` adds commands, skipped tasks and their reasons; `quiet` leaves failures only. `width` is that of the
    terminal, 0 where lines may be as long as they like.
    """

    def __init__(
        self,
        plan: Plan,
        out: Output,
        style: Style,
        *,
        mode: str = "grouped",
        verbose: int = 0,
        quiet: bool = False,
        dialect: Optional[Dialect] = None,
        step_summary: Optional[str] = None,
        width: int = 0,
    ) -> None:
        self.lock = RLock()
        self.running: Dict[TaskId, float] = {}
        self.held: Dict[TaskId, str] = {}  # by what limit
        self.asleep: Dict[TaskId, Tuple[float, int]] = {}  # until when, and which attempt comes then
        self.ended: Dict[State, int] = {}
        self.total = len(plan)
        self.on_change: Callable[[str], None] = lambda what: None
        self._tasks = {task.id: task for task in plan.tasks}
        self._targets = plan.targets
        self._started_in = os.getcwd()
        self._out = out
        self._style = style
        self._verbose = verbose
        self._quiet = quiet
        self._dialect = None if quiet else dialect
        self.plain = dialect is None and not verbose
        self._step_summary = step_summary
        self._width = width
        self._commands: Dict[TaskId, str] = {}
        self._attempt: Dict[TaskId, int] = {}
        self._why: Dict[TaskId, str] = {}
        self._headed: Set[TaskId] = set()
        self._saved = 0.0
        self._outcomes: Dict[TaskId, Outcome] = {}
        self._explained: Dict[TaskId, Failure] = {}
        self._stopping: Optional[int] = None
        self._restarting = False
        self.up: Set[TaskId] = set()
        self._asked = [plan.tasks[node].id for node in asked_for(plan)]
        if self._asked and mode == "grouped":
            mode = "stream"  # nobody waits for the end of what stays up
        self._mode = self._make_mode("errors" if quiet and mode != "none" else mode)

    def _make_mode(self, name: str) -> Mode:
        if name == "stream":
            return Stream(self._out, self, self._dialect, self._style, list(self._tasks))
        kinds = {"grouped": Grouped, "errors": Errors, "none": Silent}
        mode = kinds[name](self._out, self, self._dialect)
        mode.always = self._verbose > 0
        mode.lasting = frozenset(name for name, task in self._tasks.items() if task.service is not None)
        if isinstance(mode, Errors) and self._quiet:
            mode.shows = ("failed",)
        return mode

    @property
    def crowd(self) -> bool:
        """Whether so many tasks ran when the run was stopped that their ends are counted, not told one by one."""
        return (self._stopping or 0) > TOLD and not self._verbose

    @property
    def stopping(self) -> bool:
        """Whether the run was told to stop."""
        return self._stopping is not None

    @property
    def outcomes(self) -> Mapping[TaskId, Outcome]:
        """How those ended that have."""
        return self._outcomes

    def on_record(self, record: Record) -> None:
        with self.lock:
            self._take(record)

    def _take(self, record: Record) -> None:
        event = record.event
        if isinstance(event, TaskFinished):
            self._on_end(event)
        elif isinstance(event, TaskStarted):
            self._on_start(event, record.at)
        elif isinstance(event, TaskOutput):
            task = self._tasks[event.task]
            if task.hidden and task.capture and event.stream == "stdout" and not self._verbose:
                return  # the value of a variable, on its way to those who mention it
            if task.interactive:  # its header stands there already
                self._out.task(event.task, event.stream, event.data)
                return
            self._mode.output(event.task, event.stream, event.data)
        elif isinstance(event, TaskHeld):
            self.held[event.task] = event.limit
            if self._verbose:
                self._say(self._style.paint(f"{event.task} waits for {event.limit}", "dim"))
        elif isinstance(event, ServiceReady):
            self._on_ready(event)
        elif isinstance(event, AttemptFinished):
            self._on_retry(event, record.at)
        elif isinstance(event, Warned):
            self._say(f"{self._style.paint('warning:', 'yellow', 'bold')} {event.message}")
            if event.hint:
                self._out.say(f"{self._style.paint('hint:', 'cyan')} {event.hint}")
        elif isinstance(event, FailureExplained):
            self._explained[event.task] = event.failure
        elif isinstance(event, StopRequested):
            self._on_stop(event)
        elif isinstance(event, RunStarted):
            self.on_change("started")
        elif isinstance(event, RunFinished):
            self.on_change("finished")
            self._summary(event)
            self._mode.close()
            self._out.calm()

    # --- lines for the mode -----------------------------------------------------

    def header(self, task: TaskId, again: bool) -> str:
        """What stands above a task's block."""
        if self._quiet:
            return ""
        if self._dialect is not None:
            number = self._attempt.get(task, 1)
            return task + (" (continued)" if again else f" (attempt {number})" if number > 1 else "")
        sign = self._style.sign("▶", ">")
        self._headed.add(task)
        if self._verbose and not again:
            lines = [f"  $ {line}" for line in self._commands.get(task, "").split("\n") if line]
            name = f"{self._style.paint(sign, 'blue')} {self._style.paint(task, 'bold')}"
            why = self._reason_of(task)
            name += f"  {self._style.paint(why, 'dim')}" if why else ""
            return "\n".join([name, *(self._style.paint(line, "dim") for line in lines)])
        later = again or self._attempt.get(task, 1) > 1
        command = "(continued)" if again else f"(attempt {self._attempt[task]})" if later else self._command(task)
        why = "" if later else self._reason_of(task)
        if self._width:
            room = self._width - len(task) - 4
            dots = self._style.sign("…", "...")
            why = cut(why, max(10, room), dots)
            rest = room - (len(why) + 2 if why else 0)
            command = cut(command, max(10, rest), dots) if rest >= 10 or not why else ""
        head = f"{self._style.paint(sign, 'blue')} {self._style.paint(task, 'bold')}"
        return head + "".join(f"  {self._style.paint(text, 'dim')}" for text in (command, why) if text)

    def footer(self, task: TaskId, outcome: Outcome) -> str:
        """What is said when a task ends."""
        state = outcome.state
        if self._quiet and state is not _FAILED:
            return ""
        if state is _CANCELLED and (self.crowd or self._restarting):
            return ""
        if not self._verbose:
            known = self._tasks[task]
            follows = (state is _SKIPPED or state is _CANCELLED) and not outcome.ok and task not in self._commands
            if follows or (known.action is None and state is _SUCCEEDED) or (known.capture and outcome.ok):
                return ""
        told = task in self._headed or state is _FRESH or state is _HIT
        return self._line(task, outcome, "" if told or not self._why else self._reason_of(task))

    def _reason_of(self, task: TaskId) -> str:
        """Why it was not taken from the cache, in brackets; not for what runs for the first time."""
        reason = self._why.get(task, "")
        return f"({reason})" if reason and (self._verbose or reason != NO_EARLIER_RESULT) else ""

    def _command(self, task: TaskId) -> str:
        text = self._commands.get(task, "")
        if not text or not isinstance(text, str) or text.endswith("()"):
            return ""
        lines = text.split("\n")
        return lines[0] + (" ..." if len(lines) > 1 else "")

    def _line(self, task: TaskId, outcome: Outcome, note: str = "", place: str = "") -> str:
        """A sign, the name, the first line of the reason, notes and `place`; then the lines that follow it."""
        state = outcome.state
        pretty, plain, color = _LOOKS[state]
        style = self._style
        text = f"{style.paint(style.sign(pretty, plain), color)} {style.paint(task, 'bold')}"
        more: Sequence[str] = ()
        if state is not _SUCCEEDED or outcome.attempts > 1 or outcome.reason:
            reason = reason_of(outcome)
            color = "yellow" if outcome.flaky else color
            if state is _SKIPPED:
                reason = f"skipped: {reason}"
            elif state is _WARNED:
                reason = f"allowed to fail: {reason}"
            first, *more = reason.split("\n")
            if first:
                text += f"  {style.paint(first, color)}"
        if note:
            text += f"  {style.paint(note, 'dim')}"
        if task in self._commands and state is not _FRESH and state is not _HIT:
            text += f"  {style.paint(duration(outcome.seconds), 'dim')}"
        return "\n".join([text + place, *more]) if more else text + place

    # --- events -------------------------------------------------------------------

    def _on_start(self, event: TaskStarted, at: float) -> None:
        task = self._tasks[event.task]
        self._wakes(event.task)
        if event.attempt > 1:
            self._attempt[event.task] = event.attempt
        self._commands[event.task] = event.command
        if event.reason:
            self._why[event.task] = event.reason
        if task.interactive:
            self._mode.leave()
            self.on_change("interactive")
            header = self.header(event.task, again=False)
            if header and not self._quiet:
                self._out.say(header)
            return
        self.running[event.task] = at
        if task.action is not None:
            self._mode.started(event.task)

    def _on_retry(self, event: AttemptFinished, at: float) -> None:
        self.running.pop(event.task, None)
        self.asleep[event.task] = (at + event.delay, event.attempt + 1)
        sign, name = self._style.paint(self._style.sign("↻", "again"), "yellow"), self._style.paint(event.task, "bold")
        said = f"{sign} {name}  {self._style.paint(again(event), 'yellow')}"
        self._mode.retried(event.task, "" if self._quiet else said)
        if self._tasks[event.task].interactive:
            self.on_change("interactive over")

    def _on_ready(self, event: ServiceReady) -> None:
        self.up.add(event.task)
        if self._quiet:
            return
        if self._verbose or event.task in self._asked:
            self._say(f"{self._style.paint(event.task, 'bold')}  ready after {duration(event.seconds)}")
        if event.task in self._asked and self.up.issuperset(self._asked):
            self._say(self._style.paint(f"up: {', '.join(self._asked)}; Ctrl-C ends the run", "green"))

    def _on_end(self, event: TaskFinished) -> None:
        task, outcome = event.task, event.outcome
        self.up.discard(task)
        self.running.pop(task, None)
        self._wakes(task)
        state = outcome.state
        self.ended[state] = self.ended.get(state, 0) + 1
        self._outcomes[task] = outcome
        self._saved += outcome.saved_seconds or 0.0
        self._mode.finished(task, outcome)
        if self._tasks[task].interactive:
            self.on_change("interactive over")

    def _wakes(self, task: TaskId) -> None:
        """It waits for nothing any more."""
        self.held.pop(task, None)
        self.asleep.pop(task, None)

    def _on_stop(self, event: StopRequested) -> None:
        self._stopping = number = len(self.running)
        names = ", ".join(list(self.running)[:3]) + (f" and {number - 3} more" if number > 3 else "")
        if event.reason == CHANGED:
            self._restarting = True
            if names and not self._quiet:
                self._say(self._style.paint(f"changed: ending {names}", "dim"))
            return
        text = f"{self._style.paint('stopping:', 'yellow', 'bold')} {event.reason}"
        if number and event.grace:
            text += f"; {names} may take {event.grace:g}s to end, interrupt again to end at once"
        self._say(text)

    def _say(self, text: str) -> None:
        self._mode.leave()
        self._out.say(text)

    # --- the end --------------------------------------------------------------------

    def _summary(self, event: RunFinished) -> None:
        replays = self._mode.replay_failures()
        failures = self._mode.failures
        if replays:
            self._mode.leave()
        for entry in replays:
            if entry.log and not self._quiet:
                self._out.say(f"\n{self._style.paint(f'output of {entry.task}:', 'red')}")
                self._mode.replay(entry)
        self._annotate(failures)
        if (self._quiet and event.ok) or (self._restarting and not failures):
            return
        self._mode.leave()
        if len(self._outcomes) > 1 or not event.ok:
            mentioned = self._worth_a_word() if len(self._outcomes) > 2 else []
            for task in mentioned:
                self._out.say(self._line(task, self._outcomes[task], place=self._place(task)))
            for entry in failures:
                task, like = entry.task, self._like(entry.task)
                more = self._section(task, like)
                if len(failures) > 1 or (replays and entry.log) or ((replays or mentioned) and more):
                    place = self._place(task) + (f"  {self._style.paint(f'as `{like}`', 'dim')}" if like else "")
                    self._out.say(self._line(task, self._outcomes[task], place=place))
                for line in more:
                    self._out.say(line)
            self._out.say(self._totals(event))
        if failures:
            names = list(dict.fromkeys(name for entry in failures for name in self._to_type(entry.task)))[:5]
            hint = f"`taskrush {' '.join(names)}` runs {'it' if len(names) == 1 else 'them'} again"
            if any((outcome.reason or "").startswith("not started: `") for outcome in self._outcomes.values()):
                hint += "; with `-k` tasks that do not need what failed go on"
            self._out.say(f"{self._style.paint('hint:', 'cyan')} {hint}")
        self._write_step_summary(event)

    def _worth_a_word(self) -> List[TaskId]:
        """What ended well enough, but not as it should."""
        return [task for task, outcome in self._outcomes.items() if outcome.state is State.WARNED or outcome.flaky]

    def _like(self, task: TaskId) -> Optional[TaskId]:
        """Another task that failed for the same causes and is told of before this one."""
        failure = self._explained.get(task)
        if failure is None or not failure.causes or self._quiet:
            return None
        for entry in self._mode.failures:
            other = self._explained.get(entry.task)
            if other is not None and other.causes == failure.causes:
                return None if entry.task == task else entry.task
        return None

    def _section(self, task: TaskId, like: Optional[TaskId]) -> List[str]:
        """What can be said about a failure; nothing with `quiet`."""
        failure = self._explained.get(task)
        if failure is None or self._quiet:
            return []
        from taskrush_cli.render.failure import FEW, section

        quote = failure.written > FEW and not isinstance(self._mode, Silent)
        return section(failure, self._style, self._width, quote, causes=like is None)

    def _to_type(self, task: TaskId) -> List[str]:
        """What runs a task again; for a service, or what only computes a variable, what the person had asked for."""
        import shlex  # only needed once something failed

        known = self._tasks[task]
        wanted = self._targets if (known.hidden and known.capture) or known.service is not None else (task,)
        return [shlex.quote(name) for name in wanted]

    def _totals(self, event: RunFinished) -> str:
        flaky = sum(outcome.flaky for outcome in self._outcomes.values())
        ended = {state.value: count for state, count in self.ended.items()}
        return totals(self._style, self.total, ended, event.seconds, self._saved, event.ok, event.exit_code, flaky)

    def _place(self, task: TaskId) -> str:
        where = self._where(task)
        return f"  {self._style.paint(str(where), 'dim')}" if where else ""

    def _where(self, task: TaskId) -> Optional[Where]:
        """The place of a task as it looks from where the command line was started."""
        where = self._tasks[task].where
        if where is None:
            return None
        path = os.path.relpath(os.path.join(self._started_in, where.path), self._started_in)
        return Where(path.replace(os.sep, "/"), where.line, where.column)

    def _annotate(self, failures: Sequence[Entry]) -> None:
        told = [*self._worth_a_word(), *(entry.task for entry in failures)]
        if self._dialect is None or not told:
            return
        from taskrush_cli.render.ci_remarks import remarks

        outcomes = [(task, self._outcomes[task]) for task in told]
        for text in remarks(self._dialect, outcomes, self._explained, self._where):
            self._say(text)

    def _write_step_summary(self, event: RunFinished) -> None:
        """A table for the page of a GitHub Actions run."""
        if not self._step_summary or self._dialect is None:
            return
        from taskrush_cli.render.ci_remarks import add_page

        style, self._style = self._style, Style(unicode=True)
        head = self._totals(event)
        self._style = style
        ran = [(task, outcome) for task, outcome in self._outcomes.items() if self._tasks[task].action is not None]
        trouble = add_page(self._step_summary, head, ran, {key: _LOOKS[key][0] for key in _LOOKS}, self._explained)
        if trouble:
            self._out.say(f"warning: cannot write the step summary: {trouble}")


def terminal_width(environ: Mapping[str, str]) -> int:
    """Columns of the terminal on standard error."""
    return columns(2, environ, 80)
