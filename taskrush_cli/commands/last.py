"""`taskrush last`: the end of the last run again, as the console showed it: what failed, with its output, and the sum.

The records are made anew of what is remembered and shown by the same console.
"""

from __future__ import annotations

import os
import sys

from taskrush.events import Record, RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted
from taskrush.model.history import INTERRUPTED, RUNNING
from taskrush.model.outcome import Outcome, State
from taskrush.model.plan import Plan
from taskrush.model.task import Shell, Task
from taskrush.report.log import read_log
from taskrush_cli.past import day, open_past, run_called, state_of
from taskrush_cli.render.console import Console, terminal_width
from taskrush_cli.render.output import Output
from taskrush_cli.render.style import Style, is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Iterator, List, Sequence

    from taskrush.events import Event
    from taskrush.model.history import PastRun, PastTask

KILLED = 137


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_name", nargs="?", metavar="RUN", default="last", help="another run than the last one")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    root, history = open_past(options)
    past = run_called(history, options.run_name)
    tasks = history.tasks(run=past.run)
    if options.json:
        import json

        from taskrush_cli.commands.history import run_facts, task_facts

        print(json.dumps({"version": 1, **run_facts(past), "tasks": [task_facts(task) for task in tasks]}, indent=2))
        return 0
    style = Style.of(sys.stderr, options.settings.color, os.environ)
    at = f" on {past.branch}" if past.branch else ""
    state = state_of(past)
    head = f"run {past.run}: {' '.join(past.targets)}, {day(past.began_at)}{at}"
    print(style.paint(f"{head}, {state}" if state == RUNNING else head, "dim"), file=sys.stderr)
    sys.stderr.flush()
    console = Console(
        _plan(root, past, tasks),
        Output(sys.stdout, sys.stderr, together=False, on_broken=_raise),
        style,
        mode="errors",
        verbose=options.settings.verbose,
        width=terminal_width(os.environ) if is_terminal(sys.stderr) else 0,
    )
    for number, event in enumerate(_events(root, past, tasks)):
        console.on_record(Record(past.run, number, past.began_at, event))
    return 0


def _raise(error: OSError) -> None:
    raise error


def _plan(root: str, past: PastRun, tasks: Sequence[PastTask]) -> Plan:
    """As much of the plan as a console looks at."""
    made = tuple(Task(id=task.task, action=Shell(("",)) if task.began_at is not None else None) for task in tasks)
    nothing = tuple(() for _ in made)
    return Plan(tasks=made, needs=nothing, after=nothing, targets=past.targets, root=root)


def _events(root: str, past: PastRun, tasks: Sequence[PastTask]) -> Iterator[Event]:
    yield RunStarted(targets=past.targets, tasks=tuple(task.task for task in tasks), jobs=past.jobs)
    for task in _by_end(tasks):
        outcome = _outcome(task)
        if task.began_at is not None:
            yield TaskStarted(task.task, "")
            if outcome.state is State.FAILED:
                for stream, data in read_log(root, past.run, task.task):
                    yield TaskOutput(task.task, stream, data)
        yield TaskFinished(task.task, outcome)
    yield RunFinished(ok=past.ok, exit_code=KILLED if past.exit_code is None else past.exit_code, seconds=past.seconds)


def _by_end(tasks: Sequence[PastTask]) -> List[PastTask]:
    """In the order in which they ended; what did not run right after what stands before it in the plan."""
    ends: List[float] = []
    for task in tasks:
        ends.append(ends[-1] if task.began_at is None and ends else (task.began_at or 0.0) + task.seconds)
    return [task for _, task in sorted(zip(ends, tasks), key=lambda pair: pair[0])]


def _outcome(task: PastTask) -> Outcome:
    state, reason = task.state, task.reason
    if state in (RUNNING, INTERRUPTED):
        state, reason = "cancelled", "still running" if state == RUNNING else "the runner was killed"
    return Outcome(
        state=State(state),
        ok=task.ok,
        code=task.code,
        reason=reason,
        seconds=task.seconds,
        saved_seconds=task.saved_seconds,
        attempts=task.attempts,
    )
