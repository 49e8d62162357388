"""`taskrush log RUN/TASK`: write again what a task wrote in a past run, to the streams it wrote to."""

import argparse
import itertools
import sys
from typing import Iterable, Iterator, Optional, Tuple

from taskrush.compile.names import near
from taskrush.errors import UsageError
from taskrush.model.history import PastRun, PastTask
from taskrush.protocols import History
from taskrush.report.log import CAP, read_log
from taskrush_cli.past import open_past, run_called

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
    if task.log_bytes == 0 and task.state != "running":
        end = "has written nothing"
        if task.began_at is None and task.state not in ("hit", "fresh"):
            end = f"did not run: {task.reason or task.state}"
        elif task.state in ("hit", "fresh"):
            end = "did not run and has written nothing: its result was there"
        print(f"task `{task.task}` {end}", file=sys.stderr)
        return 0
    pieces: Iterator[Piece] = read_log(root, past.run, task.task)
    first = next(pieces, None)
    if first is None:
        raise UsageError(
            f"the log of task `{task.task}` of run {past.run} is gone",
            "logs stay for as long as settings `history_keep` and `log_runs` say",
        )
    pieces = itertools.chain([first], pieces)
    if options.attempt is not None:
        begin, end_at = _span(history, task, options.attempt)
        pieces = between(pieces, begin, end_at)
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


def _span(history: History, task: PastTask, number: int) -> Tuple[int, Optional[int]]:
    """From which byte to which an attempt wrote. Raises `UsageError`."""
    attempts = {one.attempt: one for one in history.attempts(task.run, task.task)}
    if number not in attempts:
        some = "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts"
        raise UsageError(f"task `{task.task}` had {some} in run {task.run}")
    if task.log_bytes > CAP // 2 and len(attempts) > 1:
        raise UsageError(f"task `{task.task}` wrote so much that its attempts cannot be told apart")
    before = attempts.get(number - 1)
    return (before.log_end or 0) if before is not None else 0, attempts[number].log_end


def between(pieces: Iterable[Piece], begin: int, end: Optional[int]) -> Iterator[Piece]:
    """What of some pieces lies between two positions."""
    at = 0
    for stream, data in pieces:
        first, last = max(begin - at, 0), len(data) if end is None else min(end - at, len(data))
        if first < last:
            yield stream, data[first:last]
        at += len(data)
