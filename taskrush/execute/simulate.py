"""Plays a run with the real scheduler and a clock that only jumps: how long a plan would take.

The scheduler decides, as in a run; nothing is executed. It knows no tasks, only numbers and how long each takes.
"""

from __future__ import annotations

import heapq

from taskrush._typing import NamedTuple
from taskrush.execute.scheduler import (
    Check,
    Checked,
    Exited,
    Finished,
    Launch,
    Ready,
    Scheduler,
    Start,
    StopService,
    longest_remaining,
)
from taskrush.model.outcome import succeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

    from taskrush.execute.scheduler import Instruction


class Schedule(NamedTuple):
    """When each task starts and ends, in seconds from the start of the run; `seconds` is the end of all.

    None for tasks that never started. `waited` is how long each was ready and waited for room.
    """

    seconds: float
    starts: List[Optional[float]]
    ends: List[Optional[float]]
    waited: List[float]

    def busy(self, seconds: Sequence[float], jobs: int) -> float:
        """Which part of the time of all workers was used."""
        whole = self.seconds * jobs
        return sum(seconds) / whole if whole else 0.0


def simulate(
    needs: Sequence[Tuple[int, ...]],
    after: Sequence[Tuple[int, ...]],
    seconds: Sequence[float],
    jobs: int,
    elapsed: Optional[Sequence[Optional[float]]] = None,
    expected: Optional[Sequence[float]] = None,
    limits: Callable[[], Dict[str, Any]] = dict,
) -> Schedule:
    """A run in which every task ends well after its `seconds`, with `jobs` slots and what else limits a `Scheduler`.

    `limits` makes its further arguments anew for each run.

    Ready tasks go by the longest remaining path over the `expected` seconds (`seconds` where they are not given), as
    in a run. `elapsed` is for how many seconds a task has run already, None for one that has not started.
    """
    count = len(needs)
    dependants: List[List[int]] = [[] for _ in range(count)]
    for node, own in enumerate(needs):
        for on in own:
            dependants[on].append(node)
    priority = longest_remaining(dependants, seconds if expected is None else expected)
    more = limits()
    services = frozenset(more.get("services", ()))
    scheduler = Scheduler(needs, after, jobs, priority=priority, **more)
    starts: List[Optional[float]] = [None] * count
    ends: List[Optional[float]] = [None] * count
    ready_at = [0.0] * count
    well = succeeded()
    now = 0.0
    events: List[Tuple[float, int]] = []
    todo: List[Instruction] = scheduler.handle(Start())
    finished = False
    while not finished:
        position = 0
        while position < len(todo):
            instruction = todo[position]
            position += 1
            if isinstance(instruction, Check):
                todo += scheduler.handle(Checked(instruction.node))
            elif isinstance(instruction, Launch):
                node = instruction.node
                starts[node] = now
                if node in services:
                    todo += scheduler.handle(Ready(node))
                else:
                    ran = elapsed[node] if elapsed is not None else None
                    heapq.heappush(events, (now + max(0.0, seconds[node] - (ran or 0.0)), node))
            elif isinstance(instruction, StopService):
                ends[instruction.node] = now
                todo += scheduler.handle(Exited(instruction.node, well))
            elif isinstance(instruction, Finished):
                finished = True
        if finished or not events:
            break
        now, node = heapq.heappop(events)
        ends[node] = now
        todo = scheduler.handle(Exited(node, well))
        for other in dependants[node]:
            ready_at[other] = now
    waited = [0.0 if start is None else start - ready_at[node] for node, start in enumerate(starts)]
    return Schedule(now, starts, ends, waited)
