"""`taskrush replay FILE`: the console of a run again, from records as `--report jsonl=FILE` or `--output json` writes.

What a person saw is made of records alone, so that the same console shows it. With `--speed` it takes its time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from taskrush.errors import UsageError
from taskrush.events import RunFinished, RunStarted
from taskrush.model.plan import Plan
from taskrush.model.task import Shell, Task
from taskrush.report.jsonl import read_records
from taskrush_cli.render.console import Console, terminal_width
from taskrush_cli.render.output import Output
from taskrush_cli.render.style import Style, is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Iterator, Optional

    from taskrush.events import Record

STDIN = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file of records, or `-` for standard input")
    parser.add_argument("--speed", metavar="TIMES", type=_speed, help="as fast as it was, or so many times as fast")


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"`{text}` is not such a number: `1` is as fast as it was")
    return value


def run(options: argparse.Namespace) -> int:
    if options.file == STDIN:
        return _replay(sys.stdin.buffer, options, "standard input")
    try:
        with open(options.file, "rb") as file:
            return _replay(file, options, options.file)
    except OSError as error:
        raise UsageError(f"cannot read {options.file}: {(error.strerror or str(error)).lower()}") from None


def _replay(file: IO[bytes], options: argparse.Namespace, name: str) -> int:
    console: Optional[Console] = None
    code = 2
    before: Optional[float] = None
    for record in _records(file, name):
        if isinstance(record.event, RunStarted):
            console = _console(record.event, options)
        if console is None:
            raise UsageError(f"{name} does not begin with the beginning of a run", "records come from `--output json`")
        if options.speed is not None and before is not None:
            time.sleep(max(0.0, (record.at - before) / options.speed))
        before = record.at
        console.on_record(record)
        if isinstance(record.event, RunFinished):
            code = record.event.exit_code
    if console is None:
        raise UsageError(f"{name} holds no records", "`taskrush TASK --report jsonl=FILE` writes some")
    return code


def _records(file: IO[bytes], name: str) -> Iterator[Record]:
    try:
        yield from read_records(file)
    except ValueError as error:
        raise UsageError(f"{name} is no file of records: {error}") from None


def _console(started: RunStarted, options: argparse.Namespace) -> Console:
    style = Style.of(sys.stderr, options.settings.color, os.environ)
    nothing = tuple(() for _ in started.tasks)
    tasks = tuple(Task(id=task, action=Shell(("",))) for task in started.tasks)
    plan = Plan(tasks=tasks, needs=nothing, after=nothing, targets=started.targets, root=".")
    return Console(
        plan,
        Output(sys.stdout, sys.stderr, together=False, on_broken=_raise),
        style,
        mode="grouped" if options.settings.output == "json" else options.settings.output,
        verbose=options.settings.verbose,
        quiet=options.settings.quiet,
        width=terminal_width(os.environ) if is_terminal(sys.stderr) else 0,
    )


def _raise(error: OSError) -> None:
    raise error
