"""`taskrush repro TASK [RUN]`: write what it takes to run a task again in an empty directory, to the same end."""

from __future__ import annotations

import os
import sys

from taskrush.cache.evict import parse_size
from taskrush.errors import UsageError
from taskrush.reproducing import default_place, reproduce
from taskrush_cli.past import open_past, run_called

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Optional, Tuple

    from taskrush.model.history import PastRun, PastTask
    from taskrush.reproducing import Bundle

SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="the task to run again")
    parser.add_argument("past", nargs="?", metavar="RUN", help="as it was in this run (default: its last)")
    parser.add_argument("--to", metavar="PATH", help="a new folder, or a file whose name ends in `.tar.gz`")
    parser.add_argument("--max-size", metavar="SIZE", default="100MB", help="how much of files is taken at most")


def run(options: argparse.Namespace) -> int:
    from taskrush_cli.commands.run import overrides

    project = options.workspace.project
    try:
        most = parse_size(options.max_size)
    except ValueError:
        raise UsageError(f"--max-size cannot be `{options.max_size}`", "write `100MB` or `1GiB`") from None
    task = project.task(options.task).id
    place = options.to and os.path.normpath(os.path.join(options.settings.directory, options.to))
    into = place or default_place(project.root, task)
    past = _past(options, task)
    made = reproduce(project, task, into, past=past, env=overrides(options.settings), most=most)
    print(os.path.relpath(into))
    _tell(made, past)
    return 0


def _past(options: argparse.Namespace, task: str) -> Optional[Tuple[PastRun, Optional[PastTask]]]:
    """The run that is meant and how the task ended in it; None where it never ran."""
    _, history = open_past(options)
    if options.past is not None:
        run_of = run_called(history, options.past)
        ends = history.tasks(run=run_of.run, task=task)
        if not ends:
            raise UsageError(f"task `{task}` was no part of run {run_of.run}", "`taskrush history TASK` shows its runs")
        return run_of, ends[0]
    for end in history.tasks(task=task, limit=1):
        return run_called(history, end.run), end
    return None


def _tell(made: Bundle, past: Optional[Tuple[PastRun, Optional[PastTask]]]) -> None:
    run_of = f" as in run {past[0].run}" if past else ""
    plural = "file" if made.files == 1 else "files"
    print(f"{made.files} {plural}, {made.size} bytes{run_of}; `./run.sh` runs it, see README.md", file=sys.stderr)
    if made.holes:
        print(f"to be set first: {', '.join(made.holes)}", file=sys.stderr)
    for line in made.left_out[:SHOWN]:
        print(f"left out: {line}", file=sys.stderr)
    if len(made.left_out) > SHOWN:
        print(f"and {len(made.left_out) - SHOWN} more, see README.md", file=sys.stderr)
