"""`taskrush log RUN/TASK`: write again what a task wrote in a past run, to the streams it wrote to."""

from __future__ import annotations

import argparse
import itertools
import os
import sys

from taskrush.compile.names import near
from taskrush.errors import UsageError
from taskrush.report.log import attempts_of, logs_folder, read_log
from taskrush_cli.past import open_past, run_called
from taskrush_cli.render.style import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional, Tuple

    from taskrush.model.history import PastRun, PastTask
    from taskrush.protocols import History

if TYPE_CHECKING:
    Piece = Tuple[str, bytes]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", metavar="RUN/TASK", help="`last/TASK`, or the id of a run (or its beginning or end)")
    parser.add_argument("--attempt", metavar="N", type=_count, help="only what this attempt wrote, counted from 1")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not the number of an attempt")
    return int(text)


def run(options: argparse.Namespace) -> int:
    root, history = open_past(options)
    past, task = task_called(history, options.which)
    pieces = _pieces(root, past.run, task, options.attempt)
    first = next(pieces, None)
    if first is None:
        if task.log_bytes and not os.path.isdir(logs_folder(root, past.run)):
            raise UsageError(
                f"the log of task `{task.task}` of run {past.run} is gone",
                "how much stays is said by the settings `log_size` and `history_keep`",
            )
        print(f"task `{task.task}` {_why_nothing(task)}", file=sys.stderr)
        return 0
    pieces = itertools.chain([first], pieces)
    out = {"stdout": sys.stdout, "stderr": sys.stderr}
    for stream, data in pieces:
        target = out[stream]
        target.flush()
        raw = getattr(target, "buffer", None)
        if raw is None:
            target.write(data.decode("utf-8", "replace"))
        else:
            raw.write(data)
            raw.flush()
    return 0


def _why_nothing(task: PastTask) -> str:
    if task.state in ("hit", "fresh"):
        return "did not run and has written nothing: its result was there"
    return "has written nothing" if task.began_at is not None else f"did not run: {task.reason or task.state}"


def task_called(history: History, which: str) -> Tuple[PastRun, PastTask]:
    """The task of a run that `RUN/TASK` means. Raises `UsageError`."""
    word, slash, name = which.partition("/")
    if not slash or not word or not name:
        raise UsageError(f"`{which}` is not a run and a task", "write `last/TASK`, or the id of a run for `last`")
    past = run_called(history, word)
    found = history.tasks(run=past.run, task=name)
    if not found:
        names = [task.task for task in history.tasks(run=past.run)]
        raise UsageError(f"run {past.run} has no task `{name}`", near(name, names))
    return past, found[0]


def _pieces(root: str, run: str, task: PastTask, attempt: Optional[int]) -> Iterator[Piece]:
    """What one attempt wrote, or all of them. Raises `UsageError`."""
    number = max(task.attempts, attempts_of(root, run, task.task))
    if attempt is not None and attempt > number:
        raise UsageError(f"task `{task.task}` had {count(number, 'attempt')} in run {run}")
    chosen = range(1, number + 1) if attempt is None else (attempt,)
    return (piece for one in chosen for piece in read_log(root, run, task.task, one))
