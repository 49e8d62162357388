"""All keys of a task file, declared once: spelling, shape, meaning and an example.

The parser, its suggestions, the JSON Schema and the reference are derived from `TASK` and `FILE`.
"""

from __future__ import annotations

import re

from taskrush.declare.allowing import ALLOW_FAILURE_KEY
from taskrush.declare.attempts import RETRY, TIMEOUT
from taskrush.declare.entries import (
    CACHE,
    COMMAND,
    DEPS,
    ENV,
    INPUTS,
    NAME,
    PLATFORM,
    PLUGINS,
    REQUIRES,
    TASK_NAME,
    TEXT,
    VARS,
)
from taskrush.declare.hinting import OF_TASK as TASK_HINTS
from taskrush.declare.limiting import LIMIT_KEYS
from taskrush.declare.notify_entries import TASK_NOTIFY
from taskrush.declare.params import MatrixShape, Params
from taskrush.declare.secret_entries import SECRETS
from taskrush.declare.serving import SERVICE_KEYS
from taskrush.declare.shapes import Flag, Made, Text
from taskrush.declare.structures import Either, Key, ListOf, Record
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader

TEXTS = ListOf(TEXT)
COMMANDS = ListOf(COMMAND, least=1)
ARE_YOU_SURE = "are you sure?"
DOES = ("cmd", "argv", "before", "after", "deps", "finally", "extends")
_SHELL_FLAGS = {"cmd": ("/d", "/c"), "powershell": ("-Command",), "pwsh": ("-Command",)}


def _shell(reader: Reader, node: Node, name: str, value: Any) -> Tuple[str, ...]:
    """The words before a command. One program alone gets the option that makes it take a command."""
    import shlex

    if isinstance(value, str):
        try:
            words = tuple(shlex.split(value))
        except ValueError as error:
            reader.report(node, f"{reader.called(name)} cannot be split into words: {str(error).lower()}")
            return ()
    else:
        words = tuple(value)
    if len(words) != 1:
        return words
    program = re.split(r"[\\/]", words[0])[-1].lower()
    return (*words, *_SHELL_FLAGS.get(program[:-4] if program.endswith(".exe") else program, ("-c",)))


def _confirm(reader: Reader, node: Node, name: str, value: bool) -> str:
    return ARE_YOU_SURE if value else ""


SHELL = Made(
    Either("a program or a list of words", value=TEXT, list=ListOf(TEXT, single=False, least=1)),
    _shell,
)

TASK_KEYS: Tuple[Key, ...] = (
    Key(
        names=("cmd",),
        elsewhere=(
            "command",
            "commands",
            "cmds",
            "script",
            "run",
            "exec",
        ),
        shape=COMMANDS,
        help="what the task does: a command for the shell, or several that run one after the other until one fails",
        example="cmd: ruff check .",
    ),
    Key(
        names=("argv",),
        shape=ListOf(Text("text", empty=True), single=False, least=1, words="a list of words"),
        help="one command as a list of words, started without a shell",
        example="argv: [python, -m, build]",
    ),
    Key(
        names=("before",),
        shape=COMMANDS,
        help="commands that run before `cmd`",
        example="before: ./login.sh",
        in_defaults=True,
    ),
    Key(
        names=("after",),
        shape=COMMANDS,
        help="commands that run after `cmd` when it ended well",
        example="after: ./logout.sh",
        in_defaults=True,
    ),
    Key(
        names=("description", "desc"),
        elsewhere=(
            "help",
            "summary",
            "doc",
        ),
        shape=Text(empty=True),
        help="what it is for, in a line",
        example="description: Check the code",
    ),
    Key(
        names=("deps", "depends_on"),
        elsewhere=(
            "needs",
            "dependencies",
            "dependson",
            "pre",
        ),
        shape=DEPS,
        help="tasks that must end well first; with `{task: NAME, optional: true}` it may be absent, with "
        "`order_only: true` it only goes first",
        example="deps: [build, {task: generate, optional: true}]",
    ),
    Key(
        names=("finally",),
        elsewhere=(
            "defer",
            "cleanup",
        ),
        shape=DEPS,
        help="tasks that run after this one, however it ended",
        example="finally: [stop-database]",
    ),
    Key(
        names=("inputs", "cache_files"),
        elsewhere=(
            "sources",
            "srcs",
            "files",
        ),
        shape=INPUTS,
        help="what its result depends on: patterns of the files it reads, `FILE.json#place` for a part of a file (TOML "
        "and YAML too), `{env: NAME}`, `{cmd: ...}` for what a command prints, `{result: TASK}` for what a task "
        "returns; with inputs its result is kept",
        example='inputs: ["src/**/*.py", "!src/generated/**", "pyproject.toml#project", {cmd: python --version}]',
        in_defaults=True,
    ),
    Key(
        names=("outputs",),
        elsewhere=(
            "generates",
            "targets",
            "outs",
        ),
        shape=TEXTS,
        help="patterns of the files it makes",
        example="outputs: [dist/]",
    ),
    Key(
        names=("incremental",),
        shape=Flag(),
        help="what it made earlier is still there when it starts; without it a cached task starts without its outputs",
        example="incremental: true",
        in_defaults=True,
    ),
    Key(
        names=("env",),
        elsewhere=("environment",),
        shape=ENV,
        help="variables for its commands; numbers, `true` and `false` become text",
        example="env: {NODE_ENV: production}",
        in_defaults=True,
    ),
    Key(
        names=("pass_env",),
        shape=TEXTS,
        help="variables of the caller that reach a cached task; `*` is a wildcard",
        example="pass_env: [GITHUB_TOKEN, AWS_*]",
        in_defaults=True,
    ),
    Key(
        names=("secrets",),
        shape=SECRETS,
        help="secrets that its commands get as variables, cached or not: names from `secrets` of the file, other names "
        "of variables of the environment, or as there with where they come from",
        example="secrets: [API_TOKEN]",
        in_defaults=True,
    ),
    Key(
        names=("dotenv",),
        shape=TEXTS,
        help="files of variables; later ones win, `env` wins over all",
        example="dotenv: .env",
        in_defaults=True,
    ),
    Key(
        names=("cwd",),
        elsewhere=(
            "dir",
            "workdir",
            "working_dir",
            "working-directory",
        ),
        shape=TEXT,
        help="the folder it runs in, relative to the file",
        example="cwd: web",
        in_defaults=True,
    ),
    Key(
        names=("shell",),
        shape=SHELL,
        help="what runs its commands; a program alone gets `-c`",
        example="shell: [bash, -euo, pipefail, -c]",
        in_defaults=True,
    ),
    Key(
        names=("vars",),
        elsewhere=("variables",),
        shape=VARS,
        help="named texts, used as `${NAME}`; with `cmd` the output of a command, run when a task needs it",
        example="vars: {sha: {cmd: git rev-parse HEAD}}",
        in_defaults=True,
    ),
    Key(
        names=("params",),
        elsewhere=(
            "args",
            "arguments",
            "options",
        ),
        shape=Params(),
        help="what can be given on the command line as `--NAME VALUE`: a default, nothing (then it must be given), or "
        "a mapping with `type` (`str`, `int`, `float`, `bool`, `path`), `choices`, `default`, `required`, `many`, "
        "`help`, `env`",
        example="params: {target: {choices: [debug, release], default: debug}}",
    ),
    Key(
        names=("cache",),
        shape=CACHE,
        help="whether its result is kept; patterns mean the same as `inputs`; or a mapping with `key_dependencies`, "
        "`outputs`, `share_across_team`, `enabled`",
        example="cache: [package.json, package-lock.json]",
        in_defaults=True,
    ),
    Key(
        names=("if",),
        elsewhere=(
            "when",
            "condition",
            "unless",
        ),
        shape=COMMAND,
        help="a command; the task is skipped when it does not exit with 0",
        example='if: test -n "$CI"',
    ),
    Key(
        names=("requires",),
        elsewhere=("preconditions",),
        shape=REQUIRES,
        help="what must hold or the task fails: a command, or `cmd`, `env`, `file` or `program` with a `message`",
        example="requires: [{program: docker, message: install Docker first}]",
        in_defaults=True,
    ),
    Key(
        names=("platforms",),
        elsewhere=("os",),
        shape=ListOf(PLATFORM, least=1),
        help="`linux`, `macos`, `windows`; elsewhere the task is skipped",
        example="platforms: [linux, macos]",
        in_defaults=True,
    ),
    Key(
        names=("confirm",),
        elsewhere=("prompt",),
        shape=Either("`true` or a question", flag=Made(Flag(), _confirm), value=TEXT),
        help="a question that must be answered with yes first",
        example="confirm: deploy to production?",
        in_defaults=True,
    ),
    Key(
        names=("interactive",),
        shape=Flag(),
        help="it owns the terminal while it runs",
        example="interactive: true",
        in_defaults=True,
    ),
    Key(names=("extends",), shape=ListOf(NAME), help="tasks to take all other keys from", example="extends: base"),
    Key(
        names=("matrix", "for"),
        elsewhere=(
            "foreach",
            "for_each",
        ),
        shape=MatrixShape(),
        help="one task for each combination of values, used as `${NAME}`; `exclude` and `include` adjust them; a list "
        "is the axis `item`",
        example='matrix: {python: ["3.8", "3.13"], os: [linux, macos]}',
    ),
    Key(names=("aliases",), shape=ListOf(Text("a name", TASK_NAME)), help="other names for it", example="aliases: [b]"),
    Key(
        names=("tags",),
        shape=ListOf(NAME),
        help="words to find and choose it by",
        example="tags: [ci]",
        in_defaults=True,
    ),
    Key(
        names=("hidden",),
        elsewhere=(
            "internal",
            "private",
        ),
        shape=Flag(),
        help="leave it out of lists",
        example="hidden: true",
        in_defaults=True,
    ),
    Key(
        names=("retry",),
        elsewhere=("retries",),
        shape=RETRY,
        help="how often it is tried: a number, or a mapping with `attempts`, `delay` (`jitter`, `max_delay`, "
        "`deadline`), the failures it is tried again after (`on_codes`, `on_pattern`, `on_signal`, `on_timeout`, "
        "`on_exception`, and `never_on_...` of each) and `notify_on_failure`",
        example="retry: {attempts: 3, delay: exponential}",
        in_defaults=True,
    ),
    Key(
        names=("timeout",),
        elsewhere=("timeout_minutes", "time_limit", "max_time"),
        shape=TIMEOUT,
        help="how long an attempt may take before it is ended; or a mapping with `attempt`, `task` (all attempts "
        "together), `idle` (without output)",
        example="timeout: {attempt: 10m, idle: 60s}",
        in_defaults=True,
    ),
    ALLOW_FAILURE_KEY,
    TASK_HINTS,
    *LIMIT_KEYS,
    *SERVICE_KEYS,
    Key(
        names=("notify",),
        elsewhere=(
            "notifications",
            "alert",
            "alerts",
        ),
        shape=TASK_NOTIFY,
        help="who is told how it ended: a channel of the `notify` section (of failure and recovery), or `to`, `on`, "
        "`title` and `body`, or several of these",
        example="notify: {to: team, on: [success, failure]}",
        in_defaults=True,
    ),
    Key(
        names=("remote",),
        shape=NAME,
        help="where it runs: a name from `remotes`",
        example="remote: build-cluster",
        in_defaults=True,
    ),
    Key(
        names=("plugins",),
        shape=PLUGINS,
        help="plugins with their settings for this task",
        example="plugins: [{slack-notify: deployed}]",
        in_defaults=True,
    ),
)

TASK = Record(TASK_KEYS, need=DOES, alone=("cmd", "argv"))
DEFAULTS = Record(tuple(evolve(key) for key in TASK_KEYS if key.in_defaults))
