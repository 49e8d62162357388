"""`taskrush TASK...`: plan, ask, run, and show what happens as it happens.

It owns the signals of the process while tasks run: the first SIGINT, SIGTERM or SIGHUP asks them to end, the second
ends them; SIGTSTP (Ctrl-Z) lets them stand still until we go on.
"""

from __future__ import annotations

import os
import sys
import time

from taskrush.errors import UsageError
from taskrush.model.outcome import State
from taskrush.model.policy import DRAIN, FAIL_FAST
from taskrush.model.sizes import as_bytes
from taskrush_cli import ahead
from taskrush_cli.idle_notes import IdleNotes
from taskrush_cli.render.console import Console, terminal_width
from taskrush_cli.render.output import Output
from taskrush_cli.render.style import Style, is_terminal
from taskrush_cli.signals import heard, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

    from taskrush.cache.forecast import Forecast
    from taskrush.events import Record
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.settings import Settings
    from taskrush.model.task import TaskId
    from taskrush.protocols import Subscriber
    from taskrush.unchanged import Known
    from taskrush_cli.render.left import Left, Oracle

PIPE_CLOSED = 141


def add_arguments(parser: Any) -> None:
    parser.add_argument("targets", nargs="*", metavar="TASK", help="what to run, with the options of the tasks")


def run(options: Any) -> int:
    settings: Settings = options.settings
    env = overrides(settings)
    project = options.workspace.under(env)
    sys.path.append(project.root)  # functions may import from their folder while they run, not only while they load
    earlier: Mapping[TaskId, Outcome] = {}
    if settings.failed or settings.resume:
        from taskrush_cli.again import left

        plan, earlier = left(project, options)
        if not plan.tasks:
            return 0
    else:
        plan = project.plan(options.targets, only=settings.only, arguments=options.arguments, extra=options.extra)
    if settings.dry_run:
        return _dry_run(project, plan, settings, env)
    project.require(plan)
    confirm(plan, settings)
    session = Session(project, plan, settings, env, earlier, options.known)
    code = session.run()
    session.keep_notes(project, options)
    return code


def overrides(settings: Settings) -> Dict[str, str]:
    """The variables of `--env-file` and `-e`, the latter winning. Raises `UsageError`, `ConfigError`."""
    return ahead.overrides(settings.directory, settings.env_file, settings.env)


def confirm(plan: Plan, settings: Settings) -> None:
    """Ask what planned tasks want to be asked, before anything runs. Raises `UsageError` unless all is agreed to."""
    questions = [(task.id, task.confirm) for task in plan.tasks if task.confirm is not None]
    if not questions or settings.yes:
        return
    if not is_terminal(sys.stdin):
        raise UsageError(
            f"task `{questions[0][0]}` asks: {questions[0][1]}",
            "there is no terminal to answer on: `--yes` answers every question with yes",
        )
    for name, question in questions:
        sys.stderr.write(f"{name}: {question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UsageError(f"task `{name}` was not agreed to, nothing was run")


def _dry_run(project: Any, plan: Plan, settings: Settings, env: Mapping[str, str]) -> int:
    from taskrush_cli.render.plan import render_plan

    found: Dict[TaskId, Forecast] = {}
    asked = not (settings.force or settings.no_cache or settings.cache in ("off", "none", "local:", "local:w"))
    if asked and any(task.is_cached for task in plan.tasks):
        from taskrush_cli.forecasting import forecasts

        found, warnings = forecasts(project, plan, env)
        for message in warnings:
            print(f"warning: {message}", file=sys.stderr)
    if settings.output == "json":
        import json

        facts: Dict[str, Any] = {"tasks": [task.id for task in plan.tasks], "targets": list(plan.targets)}
        if found:
            from taskrush_cli.forecasting import as_json

            facts["forecast"] = [as_json(found[task.id]) for task in plan.tasks]
        print(json.dumps({"version": 1, **facts}))
        return 0
    style = Style.of(sys.stdout, settings.color, os.environ)
    width = terminal_width(os.environ) if is_terminal(sys.stdout) else 0
    text = "\n".join(render_plan(plan, style, width, settings.verbose, found))
    vault = project.vault(plan, env)
    print(text if vault is None else vault.redactor.clean_text(text))
    return 0


class Session:
    """One run under the eyes of a person: the executor, what shows it, and the signals."""

    def __init__(
        self,
        project: Any,
        plan: Plan,
        settings: Settings,
        env: Mapping[str, str],
        earlier: Optional[Mapping[TaskId, Outcome]] = None,
        known: Optional[Known] = None,
    ) -> None:
        self._stops = 0
        self._root = project.root
        subscribers, self._live = listeners(plan, settings, self._on_broken, project.secrets(plan, env))
        self._notes = notes = None if earlier else IdleNotes(plan, project.origin, known)
        self._console = getattr(subscribers[0], "console", subscribers[0])
        self._executor = project.executor(
            plan,
            subscribers=subscribers if notes is None else [*subscribers, notes],
            earlier=earlier,
            witness=None if notes is None else notes.witness,
            **run_options(project, settings, env),
        )

    def run(self) -> int:
        started_in = os.getcwd()
        os.chdir(self._root)  # the process is ours: relative paths in functions mean what they mean in commands
        with heard(self._on_signal, self._on_pause):
            try:
                if self._live is not None:
                    self._live.start()
                return int(self._executor.run().exit_code)
            except Exception as error:
                error.without_secrets = self._executor.clean_text  # type: ignore[attr-defined]
                raise
            finally:
                if self._live is not None:
                    self._live.stop()
                os.chdir(started_in)

    def keep_notes(self, project: Any, options: Any) -> None:
        """If there was nothing to do, the next run of this command line can be told so at once."""
        if self._notes is not None and isinstance(self._console, Console):
            self._notes.keep(project, options.settings, self._console, options.words)

    def _on_signal(self, number: int, frame: object) -> None:
        self._stops += 1
        from signal import Signals

        self._executor.stop(Signals(number).name, exit_code=128 + number, force=self._stops > 1)

    def _on_pause(self) -> None:
        self._executor.pause(sleep if self._live is None else lambda: self._live.pause(sleep))

    def _on_broken(self, error: OSError) -> None:
        reason, code = broken(error)
        self._executor.stop(reason, exit_code=code)


def broken(error: OSError) -> Tuple[str, int]:
    """Why a run stops whose output cannot be written, and its exit code."""
    if isinstance(error, BrokenPipeError):
        return "nobody reads the output any more", PIPE_CLOSED
    return f"the output cannot be written: {(error.strerror or str(error)).lower()}", 1


def run_options(project: Any, settings: Settings, env: Mapping[str, str]) -> Dict[str, Any]:
    """The options of an executor as these settings want them."""
    return {
        "jobs": settings.jobs or None,
        "on_failure": settings.on_failure,
        "grace": settings.grace,
        "memory": settings.memory,
        "timeout": settings.timeout,
        "warned_exit_code": settings.warned_exit_code,
        "env": env,
        "cache": "off" if settings.no_cache else settings.cache,
        "force": settings.force,
        "capture_prints": True,
        "measure": settings.measure,
        "remember": not settings.no_history,
        "notify": not settings.no_notify,
        "notify_wait": settings.notify_wait,
    }


def listeners(
    plan: Plan, settings: Settings, on_broken: Callable[[OSError], None], secrets: Sequence[str] = ()
) -> Tuple[Sequence[Subscriber], Any]:
    """What shows and takes down a run of this plan, and the live display that wants to be started and stopped around
    it, or None."""
    from taskrush.wiring import REPORTERS, load

    live: Any = None
    log = [load(REPORTERS["log"])(plan.root, size=_log_size(settings))]
    if settings.report:
        from taskrush.reporting import make_reports

        log += make_reports(plan, settings.report, secrets)
    if settings.output == "json":
        return [_Piped(load(REPORTERS["jsonl"])(sys.stdout.buffer), on_broken), *log], None
    from taskrush_cli.render.ci import detect

    dialect = detect(os.environ, settings.ci) if settings.output != "none" else None
    together = dialect is not None
    stream = sys.stdout if together else sys.stderr
    out = Output(sys.stdout, sys.stderr, together=together, on_broken=on_broken)
    terminal = is_terminal(stream) and os.environ.get("TERM") != "dumb"
    style = Style.of(stream, settings.color, os.environ)
    console = Console(
        plan,
        out,
        style,
        mode=settings.output,
        verbose=settings.verbose,
        quiet=settings.quiet,
        dialect=dialect,
        step_summary=os.environ.get("GITHUB_STEP_SUMMARY") if dialect and dialect.name == "github" else None,
        width=terminal_width(os.environ) if is_terminal(stream) else 0,
    )
    if terminal and settings.live == "auto" and not settings.quiet and dialect is None:
        from taskrush_cli.render.live import Live

        live = Live(console, out, sys.stderr, style.color, _left(plan, console, settings))
    if is_terminal(stream):
        return [console, *log], live
    from taskrush_cli.render.patient import Patient

    return [Patient(plan, console, out), *log], live


def _left(plan: Plan, console: Console, settings: Settings) -> Optional[Left]:
    """What says how long the run still takes; None where it goes on until somebody ends it."""
    from taskrush.model.plan import asked_for
    from taskrush_cli.render.left import Left

    if asked_for(plan):
        return None
    began_at = time.time()

    def find() -> Optional[Oracle]:
        from taskrush.execute.machine import Machine
        from taskrush.foreseeing import foresight
        from taskrush.wiring import open_history
        from taskrush_cli.past import keep_of

        history = open_history(plan.root, keep=keep_of(settings))
        return foresight(plan, history, settings.jobs or Machine().processors(), began_at)

    def look() -> Tuple[Mapping[TaskId, Outcome], Mapping[TaskId, float]]:
        with console.lock:
            return dict(console.outcomes), dict(console.running)

    def moot() -> bool:
        """Nothing more starts after a failure, unless the others are to go on."""
        return console.stopping or (settings.on_failure in (DRAIN, FAIL_FAST) and bool(console.ended.get(State.FAILED)))

    return Left(find, look, len(plan), moot)


def _log_size(settings: Settings) -> int:
    try:
        return as_bytes(settings.log_size)
    except ValueError as error:
        raise UsageError(f"setting `log_size`: {error}") from None


class _Piped:
    """A reporter on standard output that stops the run when that cannot be written any more."""

    def __init__(self, reporter: Subscriber, on_broken: Callable[[OSError], None]) -> None:
        self._reporter = reporter
        self._on_broken = on_broken
        self._broken = False

    def on_record(self, record: Record) -> None:
        if self._broken:
            return
        try:
            self._reporter.on_record(record)
        except OSError as error:
            self._broken = True
            if not isinstance(error, BrokenPipeError):  # what was left in the buffer would be tried again at the end
                sys.stderr.write(f"error: {broken(error)[0]}\n")
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._on_broken(error)
