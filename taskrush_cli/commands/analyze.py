"""`taskrush analyze bottlenecks|parallel [TASK...]`: where the time of a run goes, and what would make it shorter."""

from __future__ import annotations

import json
import os
import sys

from taskrush.analyzing import find_bottlenecks, find_unbacked
from taskrush.values import asdict
from taskrush_cli.past_work import add_period, known_work
from taskrush_cli.render.style import Style, count, duration
from taskrush_cli.render.table import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Sequence

    from taskrush.analyze.bottleneck import Bottlenecks, Gain
    from taskrush.analyze.work import Work

SHOWN = 8
BARS = 24  # columns of the longest bar
WHAT = {"bottlenecks": "the critical path and what would gain most", "parallel": "edges that no file stands behind"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=sorted(WHAT), metavar="WHAT", help="`bottlenecks` or `parallel`")
    add_period(parser)


def run(options: argparse.Namespace) -> int:
    work = known_work(options)
    style = Style.of(sys.stdout, options.settings.color, os.environ)
    if options.what == "parallel":
        gains = find_unbacked(work)
        if options.json:
            print(json.dumps({"version": 1, "jobs": work.jobs, "edges": [gain_facts(gain) for gain in gains]}))
        else:
            print("\n".join(_parallel(work, gains, style)))
        return 0
    found = find_bottlenecks(work)
    if options.json:
        print(json.dumps({"version": 1, **bottleneck_facts(found)}))
    else:
        print("\n".join(_bottlenecks(found, style)))
    return 0


def gain_facts(gain: Gain) -> Dict[str, Any]:
    """A gain for JSON, without what its kind does not have."""
    return {key: value for key, value in asdict(gain, recurse=False).items() if value not in ("", 0)}


def bottleneck_facts(found: Bottlenecks) -> Dict[str, Any]:
    """All that was found, for JSON."""
    facts = asdict(found, recurse=False)
    return {
        **facts,
        "unknown": list(found.unknown),
        "path": [{"task": task, "seconds": seconds} for task, seconds in found.path],
        "slack": dict(found.slack),
        "gains": [gain_facts(gain) for gain in found.gains],
        "waits": [{**asdict(wait, recurse=False), "limits": list(wait.limits)} for wait in found.waits],
        "misses": [asdict(miss, recurse=False) for miss in found.misses],
    }


def _bottlenecks(found: Bottlenecks, style: Style) -> List[str]:
    lines = [
        f"{count(found.tasks, 'task')}, times of {count(found.runs, 'past run')}, {count(found.jobs, 'job')}",
        f"a run in which all of them run takes about {duration(found.expected)} "
        f"(four of five: {duration(found.low)} to {duration(found.high)})",
        f"{duration(found.work)} of work; the longest path is {duration(found.longest)}, "
        f"and {found.efficiency:.0%} of the slots are used",
    ]
    if found.unknown:
        names = ", ".join(found.unknown[:SHOWN]) + (", ..." if len(found.unknown) > SHOWN else "")
        lines.append(f"nothing is known of {names}: taken to need as long as the middle of the others")
    lines += ["", style.paint("critical path", "bold"), *_path(found, style)]
    lines += ["", style.paint("what would make a run shorter", "bold"), *_advice(found.gains)]
    if found.waits:
        rows = [[wait.task, duration(wait.seconds), ", ".join(wait.limits)] for wait in found.waits[:SHOWN]]
        lines += ["", style.paint("waits for room", "bold"), *aligned(rows)]
    if found.misses:
        rows = [
            [miss.task, duration(miss.seconds), f"in {count(miss.times, 'run')}", miss.why]
            for miss in found.misses[:SHOWN]
        ]
        lines += ["", style.paint("cached tasks that ran all the same", "bold"), *aligned(rows)]
    return lines


def _path(found: Bottlenecks, style: Style) -> List[str]:
    longest = max((seconds for _, seconds in found.path), default=0.0)
    shown = sorted(found.path, key=lambda one: -one[1])[: 2 * SHOWN]
    rows = [
        [task, duration(seconds), style.paint("█" * max(1, round(BARS * seconds / longest)), "cyan")]
        for task, seconds in found.path
        if (task, seconds) in shown
    ]
    left = len(found.path) - len(rows)
    return [*aligned(rows), *([f"  and {count(left, 'shorter one')} between them"] if left else [])]


def _advice(gains: Sequence[Gain]) -> List[str]:
    if not gains:
        return ["  no single change gains anything worth it"]
    rows = []
    for gain in gains[:SHOWN]:
        if gain.kind == "faster":
            what = f"`{gain.task}` twice as fast"
        elif gain.kind == "edge":
            what = f"`{gain.task}` not waiting for `{gain.on}`"
        else:
            what = f"{gain.jobs} jobs"
        rows.append([f"-{duration(gain.seconds)}", what])
    return aligned(rows)


def _parallel(work: Work, gains: Sequence[Gain], style: Style) -> List[str]:
    if not gains:
        return ["every dependency whose tasks declare inputs and outputs is backed by a file"]
    lines = [
        f"dependencies without a file behind ({len(gains)}), and what a run gains without each:",
        "",
    ]
    rows = [[f"-{duration(gain.seconds)}", f"`{gain.task}` waits for `{gain.on}`"] for gain in gains]
    lines += aligned(rows)
    return [
        *lines,
        "",
        "only declared inputs and outputs count: a dependency may be there for another reason",
        "hint: `{task: NAME, order_only: true}` keeps the order where it is meant; "
        "`taskrush simulate --without-edge TASK:NAME` shows a run without it",
    ]
