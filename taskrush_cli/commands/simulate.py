"""`taskrush simulate [TASK...]`: how long a run would take, by the times of past ones, and what if."""

from __future__ import annotations

import json
import os
import sys

from taskrush.analyze.paths import without_edge
from taskrush.analyzing import what_if
from taskrush.errors import UsageError
from taskrush_cli.past_work import add_period, known_work
from taskrush_cli.render.style import Style, count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Sequence, Tuple

    from taskrush.analyze.estimate import Estimate
    from taskrush.analyze.work import Work
    from taskrush.model.plan import Plan

if TYPE_CHECKING:
    Needs = Sequence[Tuple[int, ...]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_period(parser)
    parser.add_argument(
        "--without-edge", action="append", default=[], metavar="A:B", help="as if A did not wait for B (or B for A)"
    )
    parser.add_argument(
        "--faster", action="append", default=[], metavar="TASK=TIMES", help="as if a task were so many times as fast"
    )
    parser.add_argument("--schedule", action="store_true", help="show when each task would start and end")


def run(options: argparse.Namespace) -> int:
    work = known_work(options)
    edges = [_edge(work.plan, text) for text in options.without_edge]
    faster = dict(_faster(work.plan, text) for text in options.faster)

    def change(plan: Plan, factors: List[float]) -> Tuple[Needs, List[float]]:
        needs: Needs = plan.needs
        for task, on in edges:
            needs = without_edge(needs, task, on)
        for node, times in faster.items():
            factors[node] /= times
        return needs, factors

    usual = work.estimate()
    guess, schedule = what_if(work, change, work.jobs)
    if options.json:
        facts: Dict[str, Any] = {
            "version": 1,
            "jobs": work.jobs,
            "runs": work.runs,
            "seconds": guess.seconds,
            "low": guess.low,
            "high": guess.high,
            "usual": {"seconds": usual.seconds, "low": usual.low, "high": usual.high},
            "schedule": [
                {"task": task.id, "start": start, "end": end, "waited": waited}
                for task, start, end, waited in zip(work.plan.tasks, schedule.starts, schedule.ends, schedule.waited)
            ],
        }
        print(json.dumps(facts))
        return 0
    print("\n".join(_lines(work, guess, usual, bool(edges or faster))))
    if options.schedule:
        style = Style.of(sys.stdout, options.settings.color, os.environ)
        print("\n" + "\n".join(_schedule(work, schedule, style)))
    return 0


def _lines(work: Work, guess: Estimate, usual: Estimate, changed: bool) -> List[str]:
    lines = [
        f"{count(len(work.plan), 'task')} with {count(work.jobs, 'job')} would take about {duration(guess.seconds)} "
        f"(four of five: {duration(guess.low)} to {duration(guess.high)}), by {count(work.runs, 'past run')}"
    ]
    if changed:
        difference = usual.seconds - guess.seconds
        if abs(difference) < 0.005:
            lines.append("that is as long as without the change")
        else:
            lines.append(f"that is {duration(abs(difference))} {'less' if difference > 0 else 'more'} than now")
    return lines


def _schedule(work: Work, schedule: Any, style: Style) -> List[str]:
    """One line a task with a bar on a common scale."""
    width = 40
    named = max((len(task.id) for task in work.plan.tasks), default=0)
    scale = width / schedule.seconds if schedule.seconds else 0.0
    lines = []
    for task, start, end in zip(work.plan.tasks, schedule.starts, schedule.ends):
        if task.action is None or start is None or end is None:
            continue
        left = int(start * scale)
        bar = " " * left + "█" * max(1, round((end - start) * scale))
        lines.append(f"{task.id.ljust(named)}  {style.paint(bar.ljust(width), 'cyan')}  {duration(end - start)}")
    return lines


def _edge(plan: Plan, text: str) -> Tuple[int, int]:
    """The edge between two tasks whose names stand on both sides of a colon. Raises `UsageError`."""
    index = {str(task.id): node for node, task in enumerate(plan.tasks)}
    for at in [at for at, sign in enumerate(text) if sign == ":"]:
        first, second = index.get(text[:at]), index.get(text[at + 1 :])
        if first is None or second is None:
            continue
        for task, on in ((first, second), (second, first)):
            if on in plan.needs[task]:
                return task, on
        raise UsageError(
            f"--without-edge {text}: neither waits for the other", "`taskrush graph` shows who waits for whom"
        )
    raise UsageError(f"--without-edge {text}: no two tasks of this run are called so", "write `TASK:TASK`")


def _faster(plan: Plan, text: str) -> Tuple[int, float]:
    name, equals, times = text.rpartition("=")
    index = {str(task.id): node for node, task in enumerate(plan.tasks)}
    if not equals or name not in index:
        raise UsageError(f"--faster {text}: no task of this run is called `{name or text}`", "write `TASK=2`")
    try:
        factor = float(times)
    except ValueError:
        factor = 0.0
    if not 0.001 <= factor <= 1e6:
        raise UsageError(f"--faster {text}: `{times}` is no such number", "write `TASK=2` for twice as fast")
    return index[name], factor
