"""Reads the words of one subcommand: its own options by argparse, those of TaskRush as everywhere."""

from __future__ import annotations

import argparse

from taskrush.errors import UsageError
from taskrush_cli.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, NoReturn, Sequence

    from taskrush_cli.given import Given


class Parser(argparse.ArgumentParser):
    """argparse for one subcommand, with our errors and help."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", f"`{self.prog} --help` shows what there is")


def read(name: str, module: Any, words: Sequence[str], given: Given, into: Any) -> Any:
    """What the words say to the subcommand is set on `into`, options of TaskRush go to `given`. Raises `UsageError`."""
    parser = Parser(prog=f"taskrush {name}", description=COMMANDS[name], allow_abbrev=False)
    parser._optionals.title = "options"  # Python before 3.10 calls them otherwise
    module.add_arguments(parser)
    parser.usage = f"%(prog)s [OPTION...]{_positional(parser)}"  # argparse's own differs between versions of Python
    own = parser._option_string_actions
    mine: List[str] = []
    at = 0
    while at < len(words):
        flag, equals, _ = words[at].partition("=")
        used = 0
        if flag in own:
            used = 2 if own[flag].nargs is None and not equals and at + 1 < len(words) else 1
            mine.extend(words[at : at + used])
        elif words[at].startswith("-") and words[at] != "-":
            used = given.take(words, at)
        if not used:
            mine.append(words[at])
            used = 1
        at += used
    return parser.parse_args(mine, into)


def _positional(parser: argparse.ArgumentParser) -> str:
    words = []
    for action in parser._get_positional_actions():
        name = action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper()
        words.append(f" [{name}{'...' if action.nargs in ('*', '+') else ''}]" if action.nargs else f" {name}")
    return "".join(words)
