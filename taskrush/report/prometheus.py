"""Runs in Prometheus' text format, for its node exporter's textfile collector or a push gateway. Pure.

Source of the format: "Exposition formats", prometheus.io. What changes with every run (ids, keys, revisions, hosts) is
no label, so that the number of series stays bounded: by the tasks, of which the `MOST` that take longest are named.
"""

from __future__ import annotations

import statistics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Sequence, Tuple

    from taskrush.model.history import PastTask
    from taskrush.report.spooled import Spooled

MOST = 1000
QUANTILES = (0.5, 0.9, 0.99)
RAN = ("succeeded", "warned", "failed")
if TYPE_CHECKING:
    Labels = Tuple[Tuple[str, str], ...]


def render(runs: Sequence[Spooled]) -> str:
    """All runs: what the last one was like, and how long tasks took in all of them."""
    out = _Page()
    if runs:
        _last(out, max(runs, key=lambda one: one.run.began_at))
    _all(out, runs)
    return out.text()


def _last(out: _Page, last: Spooled) -> None:
    labels: Labels = (("target", " ".join(last.run.targets)),)
    out.head("taskrush_last_run_duration_seconds", "gauge", "How long the last run took.")
    out.value("taskrush_last_run_duration_seconds", labels, last.run.seconds)
    out.head("taskrush_last_run_success", "gauge", "Whether the last run ended well.")
    out.value("taskrush_last_run_success", labels, float(last.run.ok))
    out.head("taskrush_last_run_timestamp_seconds", "gauge", "When the last run began.")
    out.value("taskrush_last_run_timestamp_seconds", labels, last.run.began_at)
    out.head("taskrush_last_run_tasks", "gauge", "How many tasks of the last run ended in a state.")
    states: Dict[str, int] = {}
    for task in last.tasks:
        states[task.state] = states.get(task.state, 0) + 1
    for state, count in sorted(states.items()):
        out.value("taskrush_last_run_tasks", (*labels, ("state", state)), count)


def _all(out: _Page, runs: Sequence[Spooled]) -> None:
    rows: Dict[str, List[PastTask]] = {}
    for one in runs:
        for task in one.tasks:
            rows.setdefault(task.task, []).append(task)
    named = sorted(rows, key=lambda name: (-sum(row.seconds for row in rows[name]), name))[:MOST]
    named.sort()
    out.head("taskrush_task_duration_seconds", "summary", "How long tasks took that ran.")
    for name in named:
        took = sorted(row.seconds for row in rows[name] if row.state in RAN)
        labels: Labels = (("task", name),)
        for share in QUANTILES if took else ():
            place = min(len(took) - 1, round(share * (len(took) - 1)))
            out.value("taskrush_task_duration_seconds", (*labels, ("quantile", str(share))), took[place])
        out.value("taskrush_task_duration_seconds_sum", labels, sum(took))
        out.value("taskrush_task_duration_seconds_count", labels, len(took))
    out.head("taskrush_task_results", "gauge", "How often tasks ended in a state, in the runs that are looked at.")
    for name in named:
        states: Dict[str, int] = {}
        for row in rows[name]:
            states[row.state] = states.get(row.state, 0) + 1
        for state, count in sorted(states.items()):
            out.value("taskrush_task_results", (("task", name), ("state", state)), count)
    gauges = (
        ("taskrush_task_cpu_seconds", "Processor time of tasks, in the middle of their runs.", _cpu),
        ("taskrush_task_peak_memory_bytes", "Peak memory of tasks, in the middle of their runs.", _peaks),
        ("taskrush_task_wait_seconds", "How long tasks were ready and waited for room, in the middle.", _waits),
        ("taskrush_task_saved_seconds", "What fresh and restored results of tasks saved in all.", _saved),
    )
    for metric, words, read in gauges:
        out.head(metric, "gauge", words)
        for name in named:
            found = list(read(rows[name]))
            if found:
                value = sum(found) if read is _saved else statistics.median(found)
                out.value(metric, (("task", name),), value)


def _cpu(rows: Sequence[PastTask]) -> Iterable[float]:
    return (
        row.cpu_user_seconds + row.cpu_system_seconds
        for row in rows
        if row.cpu_user_seconds is not None and row.cpu_system_seconds is not None
    )


def _peaks(rows: Sequence[PastTask]) -> Iterable[float]:
    return (float(row.peak_bytes) for row in rows if row.peak_bytes is not None)


def _waits(rows: Sequence[PastTask]) -> Iterable[float]:
    return (row.waited_seconds for row in rows if row.waited_seconds is not None)


def _saved(rows: Sequence[PastTask]) -> Iterable[float]:
    return (row.saved_seconds for row in rows if row.saved_seconds is not None)


class _Page:
    def __init__(self) -> None:
        self._lines: List[str] = []
        self._head: List[str] = []

    def head(self, name: str, kind: str, words: str) -> None:
        """What follows is of this metric; said only if anything does."""
        self._head = [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]

    def value(self, name: str, labels: Labels, value: float) -> None:
        self._lines += self._head
        self._head = []
        inside = ",".join(f'{key}="{_label(text)}"' for key, text in labels)
        self._lines.append(f"{name}{{{inside}}} {float(value)!r}")

    def text(self) -> str:
        return "".join(line + "\n" for line in self._lines)


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
