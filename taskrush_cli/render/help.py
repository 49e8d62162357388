"""Help: on TaskRush as a whole, from the tables of options and subcommands, and on one task, from its declaration."""

from __future__ import annotations

import os

from taskrush_cli.commands import COMMANDS
from taskrush_cli.render.style import columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from taskrush.model.graph import Graph
    from taskrush.model.task import Param, Task

_USAGE = "taskrush [OPTION...] TASK [OPTION OF TASK...] [TASK...] [-- ARGUMENT...]\n       taskrush SUBCOMMAND ..."
_EPILOG = """\
`taskrush TASK --help` shows a task's parameters, `taskrush SUBCOMMAND --help` a subcommand's options. What follows `--`
goes to the last named task. A task wins over a subcommand of the same name; `taskrush builtin NAME` reaches the latter.
Standard output carries what tasks write there; everything TaskRush itself says while it runs goes to standard error.
"""


def _formatter(prog: str) -> argparse.HelpFormatter:
    import argparse

    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=_width())


def _width() -> int:
    return max(40, min(columns(1, os.environ, 100), 120))


def overview() -> str:
    """The help of `taskrush --help`."""
    import argparse

    from taskrush.model.settings import options
    from taskrush_cli.given import ACTIONS

    parser = argparse.ArgumentParser(
        prog="taskrush",
        usage=_USAGE,
        description="Run tasks, in parallel, in the order that their dependencies ask for.",
        epilog=_EPILOG,
        formatter_class=_formatter,
        add_help=False,
    )
    commands = parser.add_argument_group("subcommands")
    for name, text in COMMANDS.items():
        commands.add_argument(name, help=text)
    group = parser.add_argument_group("options")
    for name, option in (*options(), *ACTIONS.items()):
        text = option.help.replace("%", "%%")
        if option.choices:
            text += f" ({', '.join(option.choices)})"
        if option.env:
            text += f" [${option.env}]"
        if option.kind in ("bool", "int"):
            group.add_argument(*option.flags, dest=name, action="store_true", help=text)
        else:
            nargs = "?" if option.kind == "jobs" else None
            group.add_argument(*option.flags, dest=name, metavar=option.metavar, nargs=nargs, help=text)
    return parser.format_help()


def of_task(graph: Graph, task: Task) -> str:
    """The help of `taskrush TASK --help`."""
    from taskrush.declare.options import metavar, option_strings, takes_value, text_of
    from taskrush.model.graph import EdgeKind

    lines = [f"usage: taskrush {task.id}" + "".join(f" {_usage(param)}" for param in task.params) + " [-- ARGUMENT...]"]
    if task.description:
        lines += ["", task.description]
    if task.params:
        rows = []
        for param in task.params:
            names = ", ".join(option_strings(param)) + (f" {metavar(param)}" if takes_value(param) else "")
            notes = [param.help] if param.help else []
            if param.many:
                notes.append("may be repeated")
            if param.required:
                notes.append("required")
            elif param.default not in (None, "", (), [], False):
                notes.append(f"default: {text_of(param.default)}")
            if param.env:
                notes.append(f"[${param.env}]")
            rows.append((names, "; ".join(notes)))
        width = max(len(names) for names, _ in rows)
        lines += ["", "options:"] + [f"  {names:<{width}}  {notes}".rstrip() for names, notes in rows]
    needs = [edge.on for edge in graph.edges[task.id] if edge.kind is not EdgeKind.FINALLY]
    facts = [
        ("needs", ", ".join(dict.fromkeys(needs))),
        ("aliases", ", ".join(task.aliases)),
        ("tags", ", ".join(task.tags)),
        ("runs", str(task.action or "").replace("\n", "\n          ")),
        ("declared", os.path.relpath(task.where.path) + str(task.where)[len(task.where.path) :] if task.where else ""),
    ]
    shown = [f"{name + ':':<9} {text}" for name, text in facts if text]
    return "\n".join([*lines, "", *shown]) + "\n"


def _usage(param: Param) -> str:
    from taskrush.declare.options import metavar, option_strings, takes_value

    text = option_strings(param)[0] + (f" {metavar(param)}" if takes_value(param) else "")
    return text if param.required else f"[{text}]"
