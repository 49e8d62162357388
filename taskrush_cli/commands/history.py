"""`taskrush history [TASK]`: the runs of the workspace, or how one task fared in them, the newest first."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from taskrush.errors import UsageError
from taskrush.values import asdict
from taskrush_cli.past import day, moment, open_past, state_of
from taskrush_cli.render.style import Style, columns, count, duration, is_terminal
from taskrush_cli.render.table import cut, pad, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence

    from taskrush.model.history import PastRun, PastTask

SHOWN = 20
COLORS = {
    "ok": "green",
    "succeeded": "green",
    "fresh": "green",
    "hit": "green",
    "failed": "red",
    "warned": "yellow",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "blue",
    "skipped": "dim",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="how this task fared, instead of whole runs")
    parser.add_argument("--target", metavar="TASK", help="only runs that were asked for this task")
    parser.add_argument("--since", metavar="WHEN", help="only runs since then: `7d`, `2h`, `2026-01-31`")
    parser.add_argument("--until", metavar="WHEN", help="only runs before then")
    parser.add_argument("--failed", action="store_true", help="only what did not end well")
    parser.add_argument("--branch", metavar="NAME", help="only runs on this branch")
    parser.add_argument("-n", "--limit", metavar="N", type=_number, default=None, help=f"how many (default: {SHOWN})")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"`{text}` is not a number")
    return int(text)


def run(options: argparse.Namespace) -> int:
    _, history = open_past(options)
    now = time.time()
    since = None if options.since is None else moment(options.since, "--since", now)
    until = None if options.until is None else moment(options.until, "--until", now)
    limit = SHOWN if options.limit is None and not options.json else options.limit
    if options.task is None:
        ok = False if options.failed else None
        chosen = {"since": since, "until": until, "target": options.target, "ok": ok, "branch": options.branch}
        runs = history.runs(limit=limit, **chosen)
        return _show(options, "runs", [run_facts(one) for one in runs], _run_rows(runs))
    if options.target is not None:
        raise UsageError("`taskrush history TASK` takes no `--target`", "leave out one of the two")
    wanted = None
    if options.branch is not None or options.failed:
        on = {one.run for one in history.runs(since=since, until=until, branch=options.branch)}
        wanted = [
            one
            for one in history.tasks(task=options.task, since=since, until=until)
            if one.run in on and not (options.failed and one.ok)
        ][:limit]
    tasks = history.tasks(task=options.task, since=since, until=until, limit=limit) if wanted is None else wanted
    if not tasks and not history.tasks(task=options.task, limit=1):
        raise UsageError(f"no run of task `{options.task}` is remembered")
    return _show(options, "tasks", [task_facts(one) for one in tasks], _task_rows(tasks))


def run_facts(run: PastRun) -> Dict[str, Any]:
    """A run for JSON."""
    facts = asdict(run, recurse=False)
    return {
        **facts,
        "targets": list(run.targets),
        "arguments": {task: dict(own) for task, own in run.arguments.items()},
    }


def task_facts(task: PastTask) -> Dict[str, Any]:
    """A task of a run for JSON."""
    return asdict(task, recurse=False)


def _run_rows(runs: Sequence[PastRun]) -> List[List[str]]:
    rows = [["run", "began", "end", "took", "tasks", "branch", "targets"]] if runs else []
    for run in runs:
        at = run.branch or ""
        if run.revision:
            at = f"{at}@{run.revision[:7]}" if at else run.revision[:7]
        targets = " ".join(run.targets)
        if run.reason and not run.ok:
            targets += f" ({run.reason})"
        rows.append([run.run, day(run.began_at), state_of(run), duration(run.seconds), str(run.tasks), at, targets])
    return rows


def _task_rows(tasks: Sequence[PastTask]) -> List[List[str]]:
    rows = [["run", "state", "took", "waited", "cpu", "peak", "why"]] if tasks else []
    for task in tasks:
        cpu: Optional[float] = None
        if task.cpu_user_seconds is not None and task.cpu_system_seconds is not None:
            cpu = task.cpu_user_seconds + task.cpu_system_seconds
        why = task.reason or task.why or ""
        if task.attempts > 1:
            why = f"{count(task.attempts, 'attempt')}{': ' if why else ''}{why}"
        rows.append(
            [
                task.run,
                task.state,
                duration(task.seconds) if task.began_at is not None else "",
                duration(task.waited_seconds) if task.waited_seconds is not None else "",
                duration(cpu) if cpu is not None else "",
                f"{task.peak_bytes / 1e6:.0f} MB" if task.peak_bytes else "",
                why.split("\n")[0],
            ]
        )
    return rows


def _show(options: argparse.Namespace, name: str, facts: List[Dict[str, Any]], rows: List[List[str]]) -> int:
    if options.json:
        print(json.dumps({"version": 1, name: facts}, indent=2))
        return 0
    if not rows:
        print("no run is remembered here" if not _narrowed(options) else "no run that is remembered is like that")
        return 0
    style = Style.of(sys.stdout, options.settings.color, os.environ)
    room = columns(1, os.environ, 80) if is_terminal(sys.stdout) else 0
    for line in table(rows, style, room):
        print(line)
    return 0


def _narrowed(options: argparse.Namespace) -> bool:
    return any((options.target, options.since, options.until, options.failed, options.branch))


def table(rows: List[List[str]], style: Style, room: int = 0) -> List[str]:
    """Lines with columns; the first row is the head, words that name a state have its colour."""
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for number, row in enumerate(rows):
        cells = [pad(text, width) for text, width in zip(row[:-1], widths)]
        before = sum(widths[:-1]) + 2 * (len(widths) - 1)
        last = cut(row[-1], max(10, room - before)) if room else row[-1]
        colored = [style.paint(cell, COLORS[text]) if text in COLORS else cell for cell, text in zip(cells, row)]
        line = "  ".join([*colored, last]).rstrip()
        lines.append(style.paint(line, "dim") if not number else line)
    return lines
