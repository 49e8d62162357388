"""`taskrush why TASK`: what has changed since the task last ended well. Runs nothing."""

from __future__ import annotations

import json
import sys

from taskrush.cache.forecast import FRESH, HIT, MISS, NOTHING
from taskrush.compile.select import select
from taskrush_cli.forecasting import as_json, forecasts, ranked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Sequence

    from taskrush.cache.forecast import Forecast

SHOWN = 8  # names in a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="the task to explain")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    from taskrush_cli.commands.run import overrides

    project = options.workspace.project
    task_id = select(project.graph, (options.task,))[0]
    plan = project.plan([options.task])
    every, warnings = forecasts(project, plan, overrides(options.settings))
    found = every[task_id]
    for message in warnings:
        print(f"warning: {message}", file=sys.stderr)
    service = project.graph.tasks[task_id].service is not None
    if options.json:
        print(json.dumps({"version": 1, **as_json(found)}, indent=2))
    elif service:
        print(f"`{task_id}` is a service: it starts when a task that needs it runs, and nothing of it is kept")
    else:
        print(
            "\n".join(
                lines(found, [plan.tasks[on].id for on in plan.needs[[task.id for task in plan.tasks].index(task_id)]])
            )
        )
    return 0


def lines(found: Forecast, needs: Sequence[str] = ()) -> list[str]:
    """What a person reads. `needs` are the tasks that it needs."""
    shown = [f"`{found.task}` {_headline(found)}"]
    if found.verdict == NOTHING and needs:
        names = ", ".join(f"`{name}`" for name in needs[:SHOWN]) + (", ..." if len(needs) > SHOWN else "")
        shown = [f"`{found.task}` does nothing itself: it is done when {names} {'is' if len(needs) == 1 else 'are'}"]
    shown.extend(f"  {change}" for change in (ranked(found) if found.verdict == MISS else ()))
    shown.extend(f"  taken to be unchanged: what `{command}` prints" for command in found.assumed if found.known)
    return shown


def _headline(found: Forecast) -> str:
    if found.verdict == FRESH:
        return "would not run: its outputs are the right ones"
    if found.verdict == HIT:
        return "would not run: an earlier result would be restored"
    if found.verdict == NOTHING:
        return "does nothing itself"
    if found.verdict == MISS and not found.known:
        return "would run: it never ended well here"
    if found.verdict == MISS and found.changes:
        return "would run:"
    return f"may run: it {found.reason}" if found.after is not None else f"would run: {found.reason}"
