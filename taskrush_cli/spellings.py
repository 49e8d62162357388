"""The options of TaskRush and of its subcommands as plain rows, for who only wants to know how they are spelled.

An option is (help, whether a value follows, what it may be, whether that is a file). All are worked out of settings
and of the subcommands' parsers once, kept in the workspace, and worked out again when any module of ours has changed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Sequence, Tuple

    Spelled = Tuple[str, bool, Sequence[str], bool]

NAME = "spellings"
_TAKES_FILES = ("env_file", "directory")


class Spellings:
    """By their spelling: `all`, the options of TaskRush; by subcommand: its `own`, and what its first word `may_be`."""

    __slots__ = ("all", "may_be", "own")

    def __init__(
        self,
        all: Dict[str, Spelled],
        own: Dict[str, Dict[str, Spelled]],
        may_be: Dict[str, Tuple[str, ...]],
    ) -> None:
        self.all = all
        self.own = own
        self.may_be = may_be


def spellings(root: Optional[str]) -> Spellings:
    """What was kept in the workspace, or else is worked out and kept there."""
    from taskrush.kept import keep, recall

    value: Any = None if root is None else recall(root, NAME, {})
    if value is None:
        import time

        begun = time.time_ns()
        value = _made()
        if root is not None:
            keep(root, NAME, value, begun, (), (), {})
    return Spellings(*value)


def _made() -> Tuple[Dict[str, Spelled], Dict[str, Dict[str, Spelled]], Dict[str, Tuple[str, ...]]]:
    import importlib

    from taskrush.model.settings import options
    from taskrush_cli.commands import COMMANDS
    from taskrush_cli.given import ACTIONS
    from taskrush_cli.subcommand import Parser

    every: Dict[str, Spelled] = {}
    for name, option in (*options(), *ACTIONS.items()):
        for flag in option.flags:
            takes = option.kind not in ("bool", "int", "jobs")
            every[flag] = (option.help, takes, tuple(option.choices), name in _TAKES_FILES)
    own: Dict[str, Dict[str, Spelled]] = {}
    may_be: Dict[str, Tuple[str, ...]] = {}
    for command in COMMANDS:
        if command in ("builtin", "watch"):
            continue
        parser = Parser(prog=command)
        importlib.import_module(f"taskrush_cli.commands.{command}").add_arguments(parser)
        own[command] = {
            flag: (action.help or "", action.nargs is None, tuple(map(str, action.choices or ())), False)
            for flag, action in parser._option_string_actions.items()
        }
        for action in parser._get_positional_actions()[:1]:
            may_be[command] = tuple(map(str, action.choices or ()))
    return every, own, may_be
