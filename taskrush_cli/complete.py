"""`taskrush __complete WORDS...`: what the last word, as far as it is typed, may become.

The scripts of `taskrush completions` ask here each time. One candidate a line: the word, a tab, what it is. No command
of the user's is run and nothing is ever raised: when something is wrong there are no candidates.
"""

import argparse
import importlib
import sys
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from taskrush.declare.options import choice_texts, flag_text, option_strings
from taskrush.model.graph import Graph
from taskrush.model.settings import Option, options
from taskrush.model.task import Param, Task
from taskrush_cli.commands import COMMANDS
from taskrush_cli.given import ACTIONS
from taskrush_cli.parser import Parser, directory_of
from taskrush_cli.workspace import Workspace

FILES = "\x00files"
_TAKES_FILES = ("env_file", "directory")
_TAKES_TASK = ("show", "clear")
_TASKS_OF = ("run", "watch", "list", "graph", "why")

Candidate = Tuple[str, str]


def complete(words: Sequence[str]) -> int:
    """Print the candidates for the last of `words`; the program's own name is not among them."""
    try:
        found = list(candidates(words))
    except Exception:
        return 0
    current = words[-1] if words else ""
    for word, text in found:
        if word.startswith(current) or word == FILES:
            text = text.split(";")[0].split("\n")[0]
            sys.stdout.write(f"{word if word != FILES else '__files__'}\t{text}".rstrip() + "\n")
    return 0


def candidates(words: Sequence[str]) -> Iterator[Candidate]:
    """Everything that may stand where the last word does, whatever was typed of it."""
    *before, current = words or [""]
    if "--" in before:
        yield FILES, ""
        return
    globals_ = {flag: option for _, option in _all_options() for flag in option.flags}
    graph = _graph(before)
    command, current_task = _walk(before, globals_, graph)
    own = {text: param for task in (current_task or ()) for param in task.params for text in option_strings(param)}
    local = _options_of(command)
    flag, equals, _ = current.partition("=")
    if equals and flag.startswith("--"):
        for value, text in _values(flag, own, globals_, local):
            yield (value if value == FILES else f"{flag}={value}"), text
        return
    if before and _wants_value(before[-1], own, globals_, local):
        yield from _values(before[-1], own, globals_, local)
        return
    if current.startswith("-"):
        for text, param in own.items():
            yield text, param.help
        for text, action in local.items():
            if text.startswith("--"):
                yield text, action.help or ""
        for _, option in _all_options():
            for text in option.flags:
                if text.startswith("--") and text not in own and text not in local:
                    yield text, option.help
        return
    if command == "cache" and graph is not None and any(word in _TAKES_TASK for word in before):
        yield from ((task.id, task.description) for task in graph if not task.hidden)
    elif command == "builtin":
        yield from COMMANDS.items()
    elif command in ("fmt", "check"):
        yield FILES, ""
    elif command is not None and command not in _TASKS_OF:
        yield from ((str(choice), "") for choice in _choices_of(command))
    elif graph is not None and (command is None or command in _TASKS_OF):
        for task in graph:
            if not task.hidden:
                yield task.id, task.description
                yield from ((alias, task.description) for alias in task.aliases)
    if command is None and not current_task:
        known = graph.names if graph is not None else ()
        yield from ((name, text) for name, text in COMMANDS.items() if name not in known)


def _all_options() -> Iterator[Tuple[str, Option]]:
    yield from options()
    yield from ACTIONS.items()


def _graph(before: Sequence[str]) -> Optional[Graph]:
    return Workspace(directory_of(before)).graph


def _walk(
    before: Sequence[str], globals_: Dict[str, Option], graph: Optional[Graph]
) -> Tuple[Optional[str], Optional[Tuple[Task, ...]]]:
    """The subcommand, if any, and the task whose options may follow."""
    command: Optional[str] = None
    task: Optional[Tuple[Task, ...]] = None
    skip = False
    for word in before:
        if skip:
            skip = False
        elif word.startswith("-"):
            own = {text: param for one in task or () for param in one.params for text in option_strings(param)}
            skip = _wants_value(word, own, globals_, _options_of(command))
        elif graph is not None and word in graph.names:
            task = (graph.tasks[graph.names[word]],)
        elif word in COMMANDS and task is None and command in (None, "builtin"):
            command = word
    return (None if command == "run" else command), task


def _parser_of(command: str) -> Parser:
    parser = Parser(prog=command)
    importlib.import_module(f"taskrush_cli.commands.{command}").add_arguments(parser)
    return parser


def _options_of(command: Optional[str]) -> Dict[str, argparse.Action]:
    """The options of a subcommand's own, by spelling."""
    return _parser_of(command)._option_string_actions if command not in (None, "builtin", "watch") else {}


def _choices_of(command: str) -> Tuple[str, ...]:
    """What its first word may be."""
    positional = _parser_of(command)._get_positional_actions()
    return tuple(positional[0].choices or ()) if positional else ()


def _wants_value(
    word: str, own: Dict[str, Param], globals_: Dict[str, Option], local: Mapping[str, argparse.Action]
) -> bool:
    if word in own:
        return flag_text(own[word], word) is None
    if word in local:
        return local[word].nargs is None
    return word in globals_ and globals_[word].kind not in ("bool", "int", "jobs")


def _values(
    flag: str, own: Dict[str, Param], globals_: Dict[str, Option], local: Mapping[str, argparse.Action]
) -> List[Candidate]:
    if flag in own:
        choices = choice_texts(own[flag])
        return [(text, "") for text in choices] or ([(FILES, "")] if own[flag].kind == "path" else [])
    if flag in local:
        return [(str(choice), "") for choice in local[flag].choices or ()]
    option = globals_.get(flag)
    if option is None:
        return []
    files = any(name in _TAKES_FILES for name, known in _all_options() if known is option)
    return [(FILES, "")] if files else [(text, "") for text in option.choices]
