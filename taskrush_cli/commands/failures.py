"""`taskrush failures [TASK]`: what can be said about past failures, from their logs and the history; runs nothing.

Without anything it is about the last run that failed; with a task, about its last failure; with `--since`, about all
failures since then, those that are the same told once. Causes are looked for with this machine as it is now. The
JSON form is documented and stable: `{"version": 1, "failures": [...]}`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from taskrush.errors import UsageError
from taskrush.explaining import PAST, explain_past
from taskrush_cli.past import day, moment, open_past
from taskrush_cli.render.console import terminal_width
from taskrush_cli.render.failure import section
from taskrush_cli.render.style import Style, count, duration, is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence, Tuple

    from taskrush.model.failure import Failure
    from taskrush.model.history import PastTask
    from taskrush.protocols import History

if TYPE_CHECKING:
    Told = Tuple[PastTask, int, Failure]
    """A failure, how often the same was seen, what can be said about it."""

MOST = 20  # failures that are shown
LOOKED_INTO = 200
FAILED = "failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only failures of this task")
    parser.add_argument("--since", metavar="WHEN", help="all failures since then: `7d`, `2h`, `2026-01-31`")
    parser.add_argument("-n", "--limit", metavar="N", type=_number, default=MOST, help=f"how many (default: {MOST})")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of failures")
    return int(text)


def run(options: argparse.Namespace) -> int:
    root, history = open_past(options)
    name = _full_name(options)
    since = None if options.since is None else moment(options.since, "--since", time.time())
    chosen = _chosen(history, name, since)
    graph = options.workspace.graph
    declared = {} if graph is None else graph.tasks
    told: Dict[Any, Told] = {}
    for number, past in enumerate(chosen):
        if len(told) >= options.limit or number >= LOOKED_INTO:
            break
        earlier = history.tasks(task=past.task, until=past.began_at, limit=PAST)
        failure = explain_past(root, past, declared.get(past.task), earlier)
        same = (past.task, past.key, past.reason, failure.causes, failure.lines)
        first, times, explained = told.get(same, (past, 0, failure))
        told[same] = (first, times + 1, explained)
    failures = list(told.values())
    if options.json:
        _print_json(failures)
    else:
        _print(failures, len(chosen) - sum(times for _, times, _ in failures), options, name)
    return 0


def _full_name(options: argparse.Namespace) -> Optional[str]:
    """The task that a name or alias means now; a name that means none may have meant one then."""
    graph = options.workspace.graph
    if options.task is None or graph is None:
        word: Optional[str] = options.task
        return word
    from taskrush.compile.select import select

    try:
        chosen = select(graph, (options.task,))
    except UsageError:
        return str(options.task)
    return chosen[0]


def _chosen(history: History, name: Optional[str], since: Optional[float]) -> List[PastTask]:
    """The failures in question, newest first."""
    if name is None and since is None:
        for last in history.runs(ok=False, limit=PAST):
            failed = [past for past in history.tasks(run=last.run) if past.state == FAILED]
            if failed:
                return failed
        return []
    found = [past for past in history.tasks(task=name, since=since) if past.state == FAILED]
    return found if since is not None else found[:1]


def _print(failures: Sequence[Told], more: int, options: Any, name: Optional[str]) -> None:
    if not failures:
        of = f" of `{name}`" if name else ""
        print(f"no failure{of} is remembered" + ("" if options.since is None else " from then on"))
        return
    style = Style.of(sys.stdout, options.settings.color, os.environ)
    width = terminal_width(os.environ) if is_terminal(sys.stdout) else 0
    told: Dict[Any, str] = {}
    for past, times, failure in failures:
        like = told.get(failure.causes) if failure.causes else None
        note = f"  {style.paint(f'as `{like}`', 'dim')}" if like else ""
        print("\n".join([_head(past, times, style) + note, *section(failure, style, width, True, causes=not like)]))
        told.setdefault(failure.causes, past.task)
    if more:
        print(f"and {count(more, 'earlier failure')}: `--limit` and `--since` choose others")
    first = failures[0][0]
    print(f"{style.paint('hint:', 'cyan')} `taskrush log {first.run}/{first.task}` writes all of its output")


def _head(past: PastTask, times: int, style: Style) -> str:
    sign = style.paint(style.sign("✗", "FAILED"), "red")
    often = f", {times} times" if times > 1 else ""
    when = style.paint(f"{duration(past.seconds)}  {day(past.began_at or 0.0)}{often}", "dim")
    return f"{sign} {style.paint(past.task, 'bold')}  {style.paint(past.reason or FAILED, 'red')}  {when}"


def _print_json(failures: Sequence[Told]) -> None:
    import json

    from taskrush_cli.commands.history import task_facts

    facts = [{**task_facts(past), "times": times, "explained": as_facts(failure)} for past, times, failure in failures]
    print(json.dumps({"version": 1, "failures": facts}, indent=2))


def as_facts(failure: Failure) -> Dict[str, Any]:
    """The same form as in the event `FailureExplained`."""
    from taskrush.values import asdict

    return {
        **asdict(failure, recurse=False),
        "causes": [asdict(cause, recurse=False) for cause in failure.causes],
        "history": None if failure.history is None else asdict(failure.history, recurse=False),
    }
