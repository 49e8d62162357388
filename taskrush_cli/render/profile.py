"""A profile as lines for a person, and as plain values for JSON. Pure."""

from __future__ import annotations

import time

from taskrush.analyze.profile import NOISE, worth_a_word
from taskrush.analyze.series import MEASURES
from taskrush.values import asdict
from taskrush_cli.render.sparkline import sparkline
from taskrush_cli.render.style import count, duration
from taskrush_cli.render.table import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence, Tuple

    from taskrush.analyze.profile import Change, Profile, Subject, Trend
    from taskrush.analyze.series import Measure
    from taskrush_cli.render.style import Style

TASKS = 15
NAMED = 12
HEAD = ["", "p50", "p90", "p95", "p99", "mean", "spread", "base", "trend"]


def facts_of(found: Profile) -> Dict[str, Any]:
    """All of it: what is counted by measure, and all changes once more in one list."""
    changes = [
        {"of": kind, "name": one.name, "measure": trend.name, **asdict(change, recurse=False)}
        for kind, own in (("run", found.wholes), ("task", found.tasks))
        for one in own
        for trend in one.trends.values()
        for change in trend.changes
    ]
    return {
        "runs": found.runs,
        "base_runs": found.base_runs,
        "searched": found.searched,
        "noise": NOISE,
        "wholes": [_facts(one) for one in found.wholes],
        "tasks": [_facts(one) for one in found.tasks],
        "changes": changes,
    }


def _facts(one: Subject) -> Dict[str, Any]:
    return {"name": one.name, "count": one.count, "measures": {name: _trend(own) for name, own in one.trends.items()}}


def _trend(trend: Trend) -> Dict[str, Any]:
    facts = {
        **asdict(trend, recurse=False),
        "base": None if trend.base is None else asdict(trend.base, recurse=False),
        "changes": [asdict(change, recurse=False) for change in trend.changes],
        "line": list(trend.line),
    }
    del facts["name"]
    return facts


def lines_of(found: Profile, style: Style, verbose: bool = False) -> List[str]:
    """The runs with all measures, the tasks a line each (with `verbose` as the runs), the changes."""
    lines: List[str] = []
    for whole in found.wholes:
        lines += [style.paint(f"{whole.name}  {count(whole.count, 'run')}", "bold"), *_table(whole, style), ""]
    if verbose or (not found.wholes and len(found.tasks) == 1):
        for task in found.tasks:
            lines += [style.paint(f"{task.name}  {count(task.count, 'time')}", "bold"), *_table(task, style), ""]
    elif found.tasks:
        lines += [style.paint("tasks", "bold"), *_tasks(found.tasks[:TASKS], style)]
        left = len(found.tasks) - TASKS
        lines += [f"  and {count(left, 'task')} that took less in all", ""] if left > 0 else [""]
    changes = _changes([*found.wholes, *found.tasks])
    if not changes:
        return [*lines, "no change of which one can be sure"]
    rows = [_change(name, measure, change) for name, measure, change in changes[:NAMED]]
    lines += [style.paint("changes", "bold"), *aligned(rows)]
    if len(changes) > NAMED:
        lines.append(f"  and {count(len(changes) - NAMED, 'smaller one')}")
    return [*lines, f"of the changes that are named at most {NOISE:.0%} are noise"]


def _table(one: Subject, style: Style) -> List[str]:
    rows = [HEAD]
    for measure in MEASURES:
        trend = one.trends.get(measure.name)
        if trend is None or (measure.unit == "share" and not trend.mean and not (trend.base and trend.base.middle)):
            continue
        line = sparkline(trend.line, style.unicode, (0.0, 1.0) if measure.unit == "share" else None)
        if measure.unit == "share":
            numbers = ["", "", "", "", amount(trend.mean, measure.unit), ""]
        else:
            five = (trend.p50, trend.p90, trend.p95, trend.p99, trend.mean, trend.spread)
            numbers = ["" if value is None else amount(value, measure.unit) for value in five]
        rows.append([measure.title, *numbers, _versus(trend, measure), line])
    return _painted(rows, style)


def _tasks(tasks: Sequence[Subject], style: Style) -> List[str]:
    rows = [["task", "ends", "p50", "p90", "p95", "p99", "base", "hits", "failed", "flaky", "peak", "trend"]]
    kinds = {measure.name: measure for measure in MEASURES}
    for one in tasks:
        wall = one.trends.get("wall")
        times = ("", "", "", "") if wall is None else (wall.p50, wall.p90, wall.p95, wall.p99)
        rows.append(
            [
                one.name,
                str(one.count),
                *("" if not isinstance(value, float) else amount(value, "seconds") for value in times),
                "" if wall is None else _versus(wall, kinds["wall"]),
                *(_middle(one.trends.get(name), kinds[name]) for name in ("hits", "failures", "flaky", "memory")),
                "" if wall is None else sparkline(wall.line, style.unicode),
            ]
        )
    return _painted(rows, style)


def _painted(rows: Sequence[Sequence[str]], style: Style) -> List[str]:
    """Without the columns that are empty."""
    filled = [column for column in range(len(rows[0])) if any(row[column] for row in rows[1:])]
    lines = aligned([[row[column] for column in filled] for row in rows])
    return [style.paint(lines[0], "dim"), *lines[1:]]


def _middle(trend: Optional[Trend], measure: Measure) -> str:
    return "" if trend is None or not trend.mean else amount(trend.middle, measure.unit)


def _versus(trend: Trend, measure: Measure) -> str:
    """How it differs from the base: `+12%` where that is sure, `~` where it is not."""
    if trend.base is None:
        return ""
    if not trend.base.sure or not worth_a_word(trend.base.middle, trend.middle, measure.unit):
        return "~"
    return _difference(trend.base.middle, trend.middle, measure.unit)


def _difference(before: float, after: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * (after - before):+.0f} points"
    return f"{after / before - 1:+.0%}" if before else "new"


def _changes(subjects: Sequence[Subject]) -> List[Tuple[str, Measure, Change]]:
    """The runs' first, then those that matter most: by how much more of what was."""
    kinds = {measure.name: measure for measure in MEASURES}
    found = [
        (one.name, kinds[trend.name], change)
        for one in subjects
        for trend in one.trends.values()
        for change in trend.changes
    ]
    heavy = {one.name: place for place, one in enumerate(subjects)}
    return sorted(found, key=lambda item: (heavy[item[0]], -item[2].at))


def _change(name: str, measure: Measure, change: Change) -> List[str]:
    revision = f" ({change.revision[:7]})" if change.revision else ""
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(change.at))
    before, after = amount(change.before, measure.unit), amount(change.after, measure.unit)
    how = _difference(change.before, change.after, measure.unit)
    return [name, measure.title, f"since {at}{revision}: {before} -> {after} ({how})"]


def amount(value: float, unit: str) -> str:
    """`1.20s`, `87 MB`, `63%`."""
    if unit == "seconds":
        return duration(value)
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB" if value < 1e10 else f"{value / 1e9:.1f} GB"
    return f"{value:.0%}"
