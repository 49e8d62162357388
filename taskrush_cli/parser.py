"""Turns a command line into a subcommand and its options."""

import argparse
import os
from typing import Callable, List, Tuple

from taskrush.errors import UsageError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "None":  # type: ignore[override]
        raise UsageError(message)


def parse(arguments: List[str]) -> Tuple[Callable[[argparse.Namespace], int], argparse.Namespace]:
    """The function of the subcommand, and what it is given."""
    extra: List[str] = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1 :]
    parser = _Parser(prog="taskrush")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("-k", "--keep-going", action="store_true")
    parser.add_argument("-C", dest="directory", default=".")
    parser.add_argument("-l", "--list", action="store_true")
    options = parser.parse_args(arguments)
    options.extra = extra
    if options.targets[:1] == ["run"]:
        options.targets = options.targets[1:]
    if options.list or options.targets[:1] == ["list"] or not options.targets:
        from taskrush_cli.commands.list import run as run_list

        return run_list, options
    from taskrush_cli.commands.run import run as run_tasks

    return run_tasks, options
