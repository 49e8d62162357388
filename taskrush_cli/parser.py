"""Turns a command line into a subcommand and what it is given.

The words of a command line are mixed: options of TaskRush, names of tasks, options of those tasks. They are walked from
left to right; an option belongs to the task before it when that task has such a parameter, else to TaskRush. Options of
TaskRush are derived from `taskrush.model.settings`; subcommands have argparse parsers of their own. A task's name wins
over a subcommand's.
"""

from __future__ import annotations

import os
import sys

from taskrush.compile.select import select
from taskrush.errors import GraphError, UsageError
from taskrush.model.settings import merge
from taskrush.values import asdict
from taskrush_cli.ahead import look_ahead, overrides
from taskrush_cli.commands import COMMANDS
from taskrush_cli.given import ACTIONS, FLAGS, Given
from taskrush_cli.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.graph import Graph
    from taskrush.model.task import TaskId

if TYPE_CHECKING:
    Command = Callable[[Any], int]


class Options:
    """What a subcommand is given, by name."""

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


def parse(arguments: Sequence[str]) -> Tuple[Command, Options]:
    """The function to call and what to give it. Raises `UsageError`, and what loading a project raises."""
    words: List[str] = list(arguments)
    extra: List[str] = []
    if "--" in words:
        cut = words.index("--")
        words, extra = words[:cut], words[cut + 1 :]
    ahead = look_ahead(words)
    try:
        return _parse(words, extra, Workspace(ahead.directory, ahead.env, ahead.env_file))
    except _Elsewhere as other:
        return _parse(words, extra, Workspace(other.directory, ahead.env, ahead.env_file))
    except UsageError:
        if ahead.perhaps is None or not os.path.isdir(ahead.perhaps):
            raise
        return _parse(words, extra, Workspace(ahead.perhaps, ahead.env, ahead.env_file))


class _Elsewhere(Exception):
    """What looked like an option of a task says that the project lies in another folder."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        self.directory = directory


def _parse(words: Sequence[str], extra: Sequence[str], workspace: Workspace) -> Tuple[Command, Options]:
    given = Given()
    at = 0
    while at < len(words) and words[at].startswith("-") and not {"list", "json"} & set(given.values):
        used = given.take(words, at)
        if not used:
            raise _unknown(words[at], workspace.graph, None)
        at += used
    rest = words[at:]
    if given.values.pop("version", False):
        return _version, Options()
    if given.values.pop("help", False) and not rest:
        return _help, Options(color=given.values.get("color", "auto"))
    lists_json = given.values.pop("json", False)
    asked = given.values.pop("list", False)
    again = given.values.get("failed") or given.values.get("resume")
    if asked or not (rest or extra or again):
        command, namespace = _subcommand("list", [*rest, *(["--json"] if lists_json else [])], given, workspace, extra)
        namespace.hint = not asked
        return command, namespace
    if lists_json and rest[0].startswith("-"):
        return _subcommand("list", [*rest, "--json"], given, workspace, extra)
    if lists_json:
        given.values["output"] = "json"
    first = rest[0] if rest else ""
    if first == "builtin" and not workspace.has(first):
        if len(rest) < 2 or rest[1] not in COMMANDS:
            from taskrush.compile.names import near

            hint = near(rest[1], COMMANDS) if len(rest) > 1 else None
            what = (
                f"there is no subcommand `{rest[1]}`" if len(rest) > 1 else "`builtin` needs the name of a subcommand"
            )
            raise UsageError(what, hint or "`taskrush --help` shows them")
        return _subcommand(rest[1], rest[2:], given, workspace, extra)
    if first in COMMANDS and not workspace.has(first):
        return _subcommand(first, rest[1:], given, workspace, extra)
    return _tasks(rest, given, workspace, extra)


def _subcommand(
    name: str, words: Sequence[str], given: Given, workspace: Workspace, extra: Sequence[str]
) -> Tuple[Command, Options]:
    """A subcommand's own options by argparse, those of TaskRush as everywhere, and tasks where it takes some."""
    if name in ("run", "watch"):
        given.values.update({"watch": True} if name == "watch" else {})
        return _tasks(words, given, workspace, extra)
    from taskrush_cli.subcommand import read

    module = _command(name)
    namespace = read(name, module, words, given, Options())
    return module.run, _complete(namespace, given, workspace, extra)


def _command(name: str) -> Any:
    """The module of a subcommand."""
    module = f"taskrush_cli.commands.{name}"
    __import__(module)
    return sys.modules[module]


def _tasks(words: Sequence[str], given: Given, workspace: Workspace, extra: Sequence[str]) -> Tuple[Command, Options]:
    """Walk over names of tasks, their options and ours."""
    graph = workspace.project.graph
    targets: List[str] = []
    texts: Dict[TaskId, Dict[str, List[str]]] = {}
    current: Tuple[TaskId, ...] = ()
    at = 0
    while at < len(words):
        word = words[at]
        if not word.startswith("-") or word == "-":
            current = _named(graph, word)
            targets.append(word)
            at += 1
            continue
        used = 0
        for task_id in current:
            from taskrush.declare.options import parse_arguments

            found, rest = parse_arguments(graph.tasks[task_id], words[at:])
            if found:
                used = len(words) - at - len(rest)
                for name, typed in found.items():
                    texts.setdefault(task_id, {}).setdefault(name, []).extend(typed)
        used = used or given.take(words, at)
        if not used:
            problems = [problem for task_id in current for problem in graph.tasks[task_id].problems]
            if problems:  # the option may be one that could not be read
                raise GraphError(*problems)
            raise _unknown(word, graph, current)
        at += used
    namespace = Options(targets=targets, arguments=_values(graph, texts))
    if given.values.pop("help", False):
        if not current:
            return _help, namespace
        namespace.tasks = current
        return _task_help, _complete(namespace, given, workspace, extra)
    if given.values.pop("list", False):
        raise UsageError("`--list` comes before the names of tasks")
    if given.values.pop("json", False):
        given.values["output"] = "json"
    if not targets and not (given.values.get("failed") or given.values.get("resume")):
        raise UsageError("no task was named", "`taskrush list` shows what there is")
    namespace = _complete(namespace, given, workspace, extra)
    settings = namespace.settings
    command = "watch" if settings.watch and not (settings.failed or settings.resume) else "run"
    run: Command = _command(command).run
    return run, namespace


def _complete(namespace: Options, given: Given, workspace: Workspace, extra: Sequence[str]) -> Options:
    """Add all settings by name, `settings`, `workspace` and what followed `--`, and keep what the subcommand set."""
    for action in ACTIONS:
        given.values.pop(action, None)
    if given.values.setdefault("directory", workspace.directory) != workspace.directory:
        raise _Elsewhere(given.values["directory"])
    graph = workspace.graph
    file = workspace.project.files[:1] if graph is not None else ()
    namespace.settings = merge(file[0].settings if file else {}, os.environ, given.values)
    for name, value in asdict(namespace.settings, recurse=False).items():
        if not hasattr(namespace, name):
            setattr(namespace, name, value)
    if graph is not None:
        settings = namespace.settings
        workspace.under(overrides(settings.directory, settings.env_file, settings.env))
    namespace.workspace = workspace
    namespace.extra = tuple(extra)
    if not hasattr(namespace, "arguments"):
        namespace.arguments = {}
    return namespace


def _values(graph: Graph, texts: Mapping[TaskId, Mapping[str, List[str]]]) -> Dict[str, Dict[str, Any]]:
    found: Dict[str, Dict[str, Any]] = {}
    for task_id, typed in texts.items():
        from taskrush.declare.options import convert

        task = graph.tasks[task_id]
        params = {param.name: param for param in task.params}
        found[task_id] = {name: convert(task, params[name], values) for name, values in typed.items()}
    return found


def _named(graph: Graph, word: str) -> Tuple[TaskId, ...]:
    try:
        return select(graph, (word,))
    except UsageError as error:
        if word in COMMANDS:
            raise UsageError(error.message, f"`{word}` is a subcommand: it comes before everything else") from None
        if word == "help":
            raise UsageError(error.message, "`taskrush --help` shows what there is") from None
        from taskrush.compile.names import near

        raise UsageError(error.message, error.hint or near(word, COMMANDS) or "`taskrush list` shows what there is")


def _unknown(word: str, graph: Optional[Graph], current: Optional[Tuple[TaskId, ...]]) -> UsageError:
    """An option that is nobody's, with what it may have been meant for."""
    from taskrush.compile.names import near
    from taskrush.declare.options import option_strings

    flag = word.partition("=")[0]
    own = [
        text for name in current or () if graph for param in graph.tasks[name].params for text in option_strings(param)
    ]
    hint = near(flag, [*own, *(known for known in FLAGS if known.startswith("--"))])
    for task in graph or ():
        if any(flag in option_strings(param) for param in task.params):
            hint = f"it is an option of task `{task.id}`: write `taskrush {task.id} {flag}`"
            break
    of = f" for task `{current[-1]}`" if current else ""
    return UsageError(f"unknown option `{flag}`{of}", hint)


def _version(options: Options) -> int:
    from taskrush._version import __version__

    print(f"taskrush {__version__}")
    return 0


def _help(options: Options) -> int:
    from taskrush_cli.render.help import overview

    print(overview(), end="")
    return 0


def _task_help(options: Options) -> int:
    from taskrush_cli.render.help import of_task

    graph = options.workspace.project.graph
    print("\n".join(of_task(graph, graph.tasks[name]) for name in options.tasks), end="")
    return 0
