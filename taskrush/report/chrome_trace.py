"""Runs in the Trace Event Format that Chrome's `about:tracing` and Perfetto open. Pure.

Source of the format: "Trace Event Format", the Chromium project. One process a run, one thread a lane: a task is put
on the first lane that is free when it starts. Times are in microseconds from the start of the earliest run.
"""

from __future__ import annotations

import heapq
import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence, Tuple

    from taskrush.model.history import PastTask
    from taskrush.report.spooled import Spooled

MICRO = 1e6
SHOWN = ("state", "code", "reason", "why", "attempts", "waited_seconds", "peak_bytes", "runner", "key")


def render(runs: Sequence[Spooled]) -> str:
    """All runs as one JSON object."""
    begin = min((one.run.began_at for one in runs), default=0.0)
    events: List[Dict[str, Any]] = []
    for process, one in enumerate(runs, 1):
        title = f"taskrush {' '.join(one.run.targets)} ({one.run.run})"
        events.append({"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": title}})
        placed = lanes(one.tasks)
        for lane in range(max((lane for _, lane in placed), default=-1) + 1):
            name = {"name": f"lane {lane + 1}"}
            events.append({"ph": "M", "name": "thread_name", "pid": process, "tid": lane + 1, "args": name})
        events += [_event(task, lane, process, begin) for task, lane in placed]
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, separators=(",", ":"))


def lanes(tasks: Sequence[PastTask]) -> List[Tuple[PastTask, int]]:
    """The tasks that ran in the order of their start, each with the lowest lane that is free then."""
    ran = sorted((task for task in tasks if task.began_at is not None), key=lambda task: task.began_at or 0.0)
    free: List[int] = []
    taken: List[Tuple[float, int]] = []
    placed = []
    for task in ran:
        start = task.began_at or 0.0
        while taken and taken[0][0] <= start:
            heapq.heappush(free, heapq.heappop(taken)[1])
        lane = heapq.heappop(free) if free else len(taken)
        heapq.heappush(taken, (start + task.seconds, lane))
        placed.append((task, lane))
    return placed


def _event(task: PastTask, lane: int, process: int, begin: float) -> Dict[str, Any]:
    args = {name: getattr(task, name) for name in SHOWN if getattr(task, name) not in (None, "")}
    return {
        "ph": "X",
        "name": task.task,
        "cat": task.state,
        "pid": process,
        "tid": lane + 1,
        "ts": round(((task.began_at or 0.0) - begin) * MICRO),
        "dur": round(task.seconds * MICRO),
        "args": args,
    }
