"""Every option of a run, declared once: flag, environment variable, key in the `settings:` section, help and default.

The command line, the documentation and the file schema are derived from these fields. Later ones win: default, file,
environment, command line.
"""

from __future__ import annotations

from taskrush.errors import UsageError
from taskrush.model.policy import DRAIN, FAIL_FAST, FAILURE_POLICIES, KEEP_GOING, failure_policy
from taskrush.values import field, fields, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional, Tuple

KEY = "taskrush_option"


class Option:
    """How one setting is spelled: `flags` on the command line, `env` in the environment; `in_file`: also in a file.

    `kind` is `int` (repeated flags count up), `bool`, `str`, `float`, `number`, `duration` or `jobs` (a number that may
    be left out); `many` collects repeated flags. Written out, as every command makes fifty of them.
    """

    __slots__ = ("choices", "env", "flags", "help", "in_file", "kind", "many", "metavar")

    def __init__(
        self,
        *,
        flags: Tuple[str, ...],
        help: str,
        kind: str = "str",
        env: Optional[str] = None,
        choices: Tuple[str, ...] = (),
        metavar: Optional[str] = None,
        many: bool = False,
        in_file: bool = True,
    ) -> None:
        self.flags = flags
        self.help = help
        self.kind = kind
        self.env = env
        self.choices = choices
        self.metavar = metavar
        self.many = many
        self.in_file = in_file


def _option(default: Any, *flags: str, help: str, **more: Any) -> Any:
    return field(default=default, metadata={KEY: Option(flags=flags, help=help, **more)})


OUTPUT_MODES = ("grouped", "stream", "errors", "none", "json")
WATCH_REACTIONS = ("restart", "finish", "queue")
WATCH_METHODS = ("auto", "notify", "poll")
MEASURES = ("end", "sample", "cgroup")
COLORS = ("auto", "always", "never")
CI_NAMES = ("auto", "none", "github", "gitlab", "azure", "teamcity")


@frozen(kw_only=True)
class Settings:
    """The options of one run."""

    jobs: int = _option(
        0,
        "-j",
        "--jobs",
        kind="jobs",
        env="TASKRUSH_JOBS",
        metavar="N",
        help="how many tasks may run at a time; without a number, or 0, as many as there are processors",
    )
    keep_going: bool = _option(
        False,
        "-k",
        "--keep-going",
        kind="bool",
        env="TASKRUSH_KEEP_GOING",
        help="after a failure go on with everything that does not need what failed; as `--on-failure keep-going`",
    )
    fail_fast: bool = _option(
        False,
        "--fail-fast",
        kind="bool",
        env="TASKRUSH_FAIL_FAST",
        help="after a failure also end what is running; as `--on-failure fail-fast`",
    )
    on_failure: str = _option(
        DRAIN,
        "--on-failure",
        choices=FAILURE_POLICIES,
        env="TASKRUSH_ON_FAILURE",
        metavar="HOW",
        help="what becomes of the others when a task fails: drain (what runs may end, nothing starts), fail-fast (what "
        "runs is ended), keep-going or dependants-only (only what needs the failed one is skipped)",
    )
    failed: bool = _option(
        False,
        "--failed",
        kind="bool",
        in_file=False,
        help="run what failed in the last run, with the parameters it had; with names: in the last run of these",
    )
    resume: bool = _option(
        False,
        "--resume",
        kind="bool",
        in_file=False,
        help="go on with the last run: all that did not end well in it, with the parameters it had",
    )
    warned_exit_code: int = _option(
        0,
        "--warned-exit-code",
        kind="number",
        env="TASKRUSH_WARNED_EXIT_CODE",
        metavar="N",
        help="the exit code of a run in which nothing failed but what may (`allow_failure`)",
    )
    output: str = _option(
        "grouped",
        "--output",
        choices=OUTPUT_MODES,
        env="TASKRUSH_OUTPUT",
        metavar="MODE",
        help="how output of tasks is shown: each task's together, line by line with a prefix, of failed tasks only, "
        "not at all, or as JSON Lines",
    )
    live: str = _option(
        "auto",
        "--live",
        choices=("auto", "never"),
        env="TASKRUSH_LIVE",
        metavar="WHEN",
        help="show running tasks below the output; auto: on a terminal, with `taskrush[live]` installed",
    )
    ci: str = _option(
        "auto",
        "--ci",
        choices=CI_NAMES,
        env="TASKRUSH_CI",
        metavar="NAME",
        in_file=False,
        help="group and annotate output for a CI service; auto: recognise it by its environment variables",
    )
    color: str = _option("auto", "--color", choices=COLORS, env="TASKRUSH_COLOR", metavar="WHEN", help="use colours")
    verbose: int = _option(0, "-v", "--verbose", kind="int", in_file=False, help="say more; twice: even more")
    quiet: bool = _option(False, "-q", "--quiet", kind="bool", in_file=False, help="show failures only")
    dry_run: bool = _option(
        False, "-n", "--dry-run", kind="bool", in_file=False, help="show what would run and run nothing"
    )
    only: bool = _option(
        False,
        "--only",
        "--no-deps",
        kind="bool",
        in_file=False,
        help="run the named tasks without what they need",
    )
    memory: str = _option(
        "auto",
        "--memory",
        env="TASKRUSH_MEMORY",
        metavar="SIZE",
        help="how much memory tasks may take beside each other that say, or are known, to take much: a size such as "
        "`8GB`, `auto` (what is free) or `off`",
    )
    cache: str = _option(
        "local:rw",
        "--cache",
        env="TASKRUSH_CACHE",
        metavar="MODE",
        help="what may be done with kept results: `local:rw` use and keep them, `local:r`, `local:w`, or `off`",
    )
    no_cache: bool = _option(
        False, "--no-cache", kind="bool", in_file=False, help="neither use nor keep results; as `--cache off`"
    )
    force: bool = _option(
        False, "--force", kind="bool", in_file=False, help="run every task although its result is there, and keep it"
    )
    yes: bool = _option(
        False,
        "-y",
        "--yes",
        kind="bool",
        env="TASKRUSH_YES",
        in_file=False,
        help="answer every question with yes",
    )
    env: Tuple[str, ...] = _option(
        (),
        "-e",
        "--env",
        many=True,
        in_file=False,
        metavar="KEY=VALUE",
        help="set a variable for all tasks; wins over what they declare",
    )
    env_file: Tuple[str, ...] = _option(
        (),
        "--env-file",
        many=True,
        in_file=False,
        metavar="FILE",
        help="read variables for all tasks from a file",
    )
    grace: float = _option(
        5.0,
        "--grace",
        kind="float",
        env="TASKRUSH_GRACE",
        metavar="SECONDS",
        help="how long tasks may take to end after an interruption before they are killed",
    )
    measure: str = _option(
        "end",
        "--measure",
        choices=MEASURES,
        env="TASKRUSH_MEASURE",
        metavar="HOW",
        help="how memory and processor time of tasks are measured: by what the system tells at the end of their "
        "processes, by also looking at whole trees while they run (sample), or by control groups (cgroup)",
    )
    no_history: bool = _option(
        False,
        "--no-history",
        kind="bool",
        env="TASKRUSH_NO_HISTORY",
        help="do not remember this run",
    )
    report: Tuple[str, ...] = _option(
        (),
        "--report",
        many=True,
        metavar="KIND=FILE",
        help="write a report of the run to a file: html, junit, json, jsonl, csv, chrome-trace, prometheus or otlp; "
        "with otlp=http://... it is sent to a collector",
    )
    history_keep: str = _option(
        "90d",
        "--history-keep",
        env="TASKRUSH_HISTORY_KEEP",
        metavar="AGE",
        help="how long runs and their logs are remembered (`90d`, `12h`)",
    )
    history_rows: int = _option(
        500_000,
        "--history-rows",
        kind="jobs",
        env="TASKRUSH_HISTORY_ROWS",
        metavar="N",
        help="how many tasks of past runs are remembered; 0: as many as there is room for",
    )
    history_size: str = _option(
        "256MB",
        "--history-size",
        env="TASKRUSH_HISTORY_SIZE",
        metavar="SIZE",
        help="how large the memory of past runs may become (`256MB`)",
    )
    timeout: Optional[float] = _option(
        None,
        "--timeout",
        kind="duration",
        env="TASKRUSH_TIMEOUT",
        metavar="TIME",
        help="how long the whole run may take, such as 90s or 1h30m; then it is stopped and has failed",
    )
    no_notify: bool = _option(
        False,
        "--no-notify",
        kind="bool",
        env="TASKRUSH_NO_NOTIFY",
        help="tell nobody how the run ended, whatever `notify` says",
    )
    notify_wait: float = _option(
        5.0,
        "--notify-wait",
        kind="float",
        env="TASKRUSH_NOTIFY_WAIT",
        metavar="SECONDS",
        help="how long the end of a run may be put off until everybody is told",
    )
    log_size: str = _option(
        "1GB",
        "--log-size",
        env="TASKRUSH_LOG_SIZE",
        metavar="SIZE",
        help="how large the logs of past runs may become together (`1GB`)",
    )
    directory: str = _option(".", "-C", "--directory", in_file=False, metavar="DIR", help="work as if started in DIR")
    watch: bool = _option(
        False, "-w", "--watch", kind="bool", in_file=False, help="run again whenever files change that matter"
    )
    on_change: str = _option(
        "restart",
        "--on-change",
        choices=WATCH_REACTIONS,
        env="TASKRUSH_ON_CHANGE",
        metavar="HOW",
        help="with --watch, what becomes of a run when files change: restart it, finish it and then run once for all "
        "changes, or queue one run for each",
    )
    watch_by: str = _option(
        "auto",
        "--watch-by",
        choices=WATCH_METHODS,
        env="TASKRUSH_WATCH",
        metavar="HOW",
        help="with --watch, how changes are seen: notify (events of the system, needs taskrush[watch]) or poll",
    )


def options() -> tuple[Tuple[str, Option], ...]:
    """Field names and their options, in order."""
    return tuple((field.name, field.metadata[KEY]) for field in fields(Settings))


def read(option: Option, text: str, source: str) -> Any:
    """The value that `text` stands for. Raises `UsageError` that names `source` (a flag, a variable)."""
    kind = option.kind
    if option.choices and text not in option.choices:
        raise UsageError(f"{source} is one of {', '.join(option.choices)}, not `{text}`")
    if kind == "bool":
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("", "0", "false", "no", "off"):
            return False
        raise UsageError(f"{source} is true or false, not `{text}`")
    if kind == "duration":
        from taskrush.model.duration import seconds_of

        try:
            return seconds_of(text)
        except ValueError as error:
            raise UsageError(f"{source}: {error}") from None
    try:
        value = float(text) if kind == "float" else int(text) if kind in ("int", "jobs", "number") else text
    except ValueError:
        raise UsageError(
            f"{source} is a {'number of seconds' if kind == 'float' else 'number'}, not `{text}`"
        ) from None
    if not isinstance(value, str) and not 0 <= value < 1e9:
        raise UsageError(f"{source} cannot be {text}")
    return value


def merge(file: Mapping[str, Any], environ: Mapping[str, str], given: Mapping[str, Any]) -> Settings:
    """The settings of a run; later ones win: defaults, the file's `settings:`, the environment, the command line.

    Raises `UsageError` for what cannot be a value of its setting.
    """
    in_file: Dict[str, Any] = {}
    around: Dict[str, Any] = {}
    for name, option in options():
        if option.in_file and name in file:
            value = file[name]
            in_file[name] = value if option.many else read(option, _text(value), f"setting `{name}`")
        if option.env and environ.get(option.env):
            around[name] = read(option, environ[option.env], f"environment variable {option.env}")
    values = {**in_file, **around, **given}
    if not _POLICIES.isdisjoint(values):
        policy = DRAIN
        for level in (in_file, around, given):
            policy = _policy(level, policy)
        values.update(on_failure=policy, keep_going=policy == KEEP_GOING, fail_fast=policy == FAIL_FAST)
    if values.get("warned_exit_code", 0) > 255:
        raise UsageError("the exit code of a run with warnings is at most 255")
    return Settings(**values)


_POLICIES = {"on_failure", "keep_going", "fail_fast"}


def _policy(said: Mapping[str, Any], before: str) -> str:
    """The failure policy after one more level has spoken. Raises `UsageError` where it contradicts itself."""
    found = [failure_policy(said["on_failure"])] if "on_failure" in said else []
    found += [policy for name, policy in _SHORT.items() if said.get(name) and policy not in found]
    if len(found) > 1:
        raise UsageError(f"after a failure it is either `{found[0]}` or `{found[1]}`", "say one of them")
    if found:
        return found[0]
    denied = [policy for name, policy in _SHORT.items() if said.get(name) is False]
    return DRAIN if before in denied else before


_SHORT = {"keep_going": KEEP_GOING, "fail_fast": FAIL_FAST}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
