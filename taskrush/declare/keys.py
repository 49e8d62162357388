"""All keys of a task file, declared once: spelling, shape, meaning and an example.

The parser, its suggestions, the JSON Schema and the reference are derived from `TASK` and `FILE`.
"""

import re
from typing import Any, Dict, Optional, Tuple

import attrs

from taskrush.declare.entries import (
    CACHE,
    COMMAND,
    DEPS,
    ENV,
    NAME,
    PLATFORM,
    PLUGINS,
    REQUIRES,
    RETRY,
    TASK_NAME,
    TASK_NAME_WORDS,
    TEXT,
    VARS,
)
from taskrush.declare.nodes import Mapping, Node, Scalar, Sequence, Spot
from taskrush.declare.params import MatrixShape, Params
from taskrush.declare.shapes import Flag, Made, Reader, Schema, Shape, Text
from taskrush.declare.structures import Either, Key, ListOf, Record
from taskrush.model.declaration import Places, TaskDecl

TEXTS = ListOf(TEXT)
COMMANDS = ListOf(COMMAND, least=1)
ARE_YOU_SURE = "are you sure?"
DOES = ("cmd", "argv", "before", "after", "deps", "finally", "extends")
_FIELD = {"if": "condition", "finally": "finally_"}
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
    if len(words) > 1:
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
        shape=Text(empty=True),
        help="what it is for, in a line",
        example="description: Check the code",
    ),
    Key(
        names=("deps", "depends_on"),
        shape=DEPS,
        help="tasks that must end well first; with `{task: NAME, optional: true}` it may be absent, with "
        "`order_only: true` it only goes first",
        example="deps: [build, {task: generate, optional: true}]",
    ),
    Key(
        names=("finally",),
        shape=DEPS,
        help="tasks that run after this one, however it ended",
        example="finally: [stop-database]",
    ),
    Key(
        names=("inputs", "cache_files"),
        shape=TEXTS,
        help="patterns of the files it reads",
        example='inputs: ["src/**/*.py", "!src/generated/**"]',
        in_defaults=True,
    ),
    Key(names=("outputs",), shape=TEXTS, help="patterns of the files it makes", example="outputs: [dist/]"),
    Key(
        names=("env",),
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
        names=("dotenv",),
        shape=TEXTS,
        help="files of variables; later ones win, `env` wins over all",
        example="dotenv: .env",
        in_defaults=True,
    ),
    Key(
        names=("cwd",),
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
        shape=VARS,
        help="named texts, used as `${NAME}`; with `cmd` the output of a command, run when a task needs it",
        example="vars: {sha: {cmd: git rev-parse HEAD}}",
        in_defaults=True,
    ),
    Key(
        names=("params",),
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
        shape=COMMAND,
        help="a command; the task is skipped when it does not exit with 0",
        example='if: test -n "$CI"',
    ),
    Key(
        names=("requires",),
        shape=REQUIRES,
        help="what must hold or the task fails: a command, or `cmd`, `env`, `file` or `program` with a `message`",
        example="requires: [{program: docker, message: install Docker first}]",
        in_defaults=True,
    ),
    Key(
        names=("platforms",),
        shape=ListOf(PLATFORM, least=1),
        help="`linux`, `macos`, `windows`; elsewhere the task is skipped",
        example="platforms: [linux, macos]",
        in_defaults=True,
    ),
    Key(
        names=("confirm",),
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
        shape=MatrixShape(),
        help="one task for each combination of values, used as `${NAME}`; `exclude` and `include` adjust them; a list "
        "is the axis `item`",
        example='matrix: {python: ["3.8", "3.13"], os: [linux, macos]}',
    ),
    Key(names=("aliases",), shape=ListOf(Text("name", TASK_NAME)), help="other names for it", example="aliases: [b]"),
    Key(
        names=("tags",),
        shape=ListOf(NAME),
        help="words to find and choose it by",
        example="tags: [ci]",
        in_defaults=True,
    ),
    Key(names=("hidden",), shape=Flag(), help="leave it out of lists", example="hidden: true", in_defaults=True),
    Key(
        names=("retry",),
        shape=RETRY,
        help="how often it is tried: a number, or a mapping with `attempts`, `delay`, `on_codes`, `on_pattern`, "
        "`notify_on_failure`",
        example="retry: {attempts: 3, delay: exponential}",
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


def build_task(reader: Reader, node: Mapping, name: str, values: Dict[str, Any], task: str, where: Spot) -> TaskDecl:
    """A declaration of what was read; says when two keys do not go together."""
    fields = {_FIELD.get(key, key): value for key, value in values.items()}
    used = fields.pop("cache", None)
    if used is not None:
        fields["cache"] = used.cache
        for key in ("inputs", "outputs"):
            given = getattr(used, key)
            if given is None:
                continue
            if key in fields:
                reader.source.report(
                    f"`cache` and `{key}` in {reader.called(name)} both name {key}", node.keys["cache"], f"keep `{key}`"
                )
            fields[key] = given
    if "cmd" in fields and "argv" in fields:
        reader.source.report(
            f"`cmd` and `argv` in {reader.called(name)} are two actions", node.keys["argv"], "keep one of them"
        )
    return TaskDecl(
        name=task,
        where=reader.source.where(where),
        places=Places(reader.source.path, _places(node)),
        **fields,
    )


def _places(node: Mapping) -> Dict[str, Spot]:
    spots: Dict[str, Spot] = {}
    for spelling, item in node.items.items():
        key = TASK.by_name.get(spelling)
        if key is None:
            continue
        name = key.names[0]
        spots[name] = node.keys[spelling]
        if isinstance(item, Sequence):
            for index, one in enumerate(item.items):
                spots[f"{name}.{index}"] = one.spot
        elif isinstance(item, Mapping):
            for below, spot in item.keys.items():
                spots[f"{name}.{below}"] = spot
    return spots


TASK = Record(TASK_KEYS, need=DOES)
DEFAULTS = Record(tuple(attrs.evolve(key) for key in TASK_KEYS if key.in_defaults))


class TasksShape(Shape):
    """`name: command`, `name: [command, ...]` or `name: {cmd: ..., ...}`, as a tuple of `TaskDecl`."""

    words = "a mapping of task names"
    body = Either("a command, a list of commands or a mapping", value=COMMAND, list=COMMANDS, mapping=TASK)

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Tuple[TaskDecl, ...]]:
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        found = [self._task(reader, node.keys[task], task, body) for task, body in node.items.items()]
        return tuple(task for task in found if task is not None)

    def _task(self, reader: Reader, spot: Spot, task: str, body: Node) -> Optional[TaskDecl]:
        if not TASK_NAME.fullmatch(task):
            hint = "quote nothing and use `-` for spaces" if " " in task else None
            reader.source.report(f"`{task}` is not {TASK_NAME_WORDS}", spot, hint)
            return None
        own = Reader(reader.source, f"task `{task}`")
        if isinstance(body, Mapping):
            values = TASK.read_keys(own, body, "")
            return None if values is None else build_task(own, body, "", values, task, spot)
        if isinstance(body, Scalar) and body.value is None:
            own.source.report(f"task `{task}` says nothing to do", spot, f"write `{task}: COMMAND`")
            return None
        commands = self.body.read(own, body, "")
        if isinstance(commands, str):
            commands = (commands,)
        places = Places(reader.source.path, {"cmd": body.spot})
        return TaskDecl(name=task, where=reader.source.where(spot), places=places, cmd=commands)

    def schema(self) -> Schema:
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{TASK_NAME.pattern})$"},
            "additionalProperties": {"$ref": "#/$defs/task"},
        }


class DefaultsShape(Shape):
    """The keys of a task that may be given for all tasks of a file."""

    words = "a mapping"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[TaskDecl]:
        own = Reader(reader.source, "`defaults`")
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        known = Mapping(node.spot)
        for key, item in node.items.items():
            if key in TASK.by_name and key not in DEFAULTS.by_name:
                reader.source.report(f"`{key}` cannot be a default", node.keys[key], "give it to each task")
                continue
            known.items[key] = item
            known.keys[key] = node.keys[key]
        values = DEFAULTS.read_keys(own, known, "")
        return None if values is None else build_task(own, known, "", values, "defaults", node.spot)

    def schema(self) -> Schema:
        return DEFAULTS.schema()
