"""The scheduler's short way for tasks that end well where only order matters; all else goes the long way.

It is the scheduler: its rules hold here, and it changes states as they do. `well` stands for `Checked`, `Exited` with a
good end and the `Check` and `Launch` of what may start then, without values in between; a test holds both ways side by
side.
"""

from __future__ import annotations

import heapq
from collections import deque

from taskrush.execute.scheduler import Scheduler
from taskrush.execute.stimuli import Check
from taskrush.model.outcome import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Deque, List

    from taskrush.execute.stimuli import Instruction, Stimulus

_READY, _RUNNING, _SUCCEEDED, _WAITING = State.READY, State.RUNNING, State.SUCCEEDED, State.WAITING


class StraightScheduler(Scheduler):
    """A scheduler for tasks of which there is nothing to ask before they run.

    What is to be launched is appended to `due`, in order. Not for services.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.due: Deque[int] = deque()
        self._short = self._admission is None and not self._slots

    def handle(self, stimulus: Stimulus) -> List[Instruction]:
        """As every scheduler does, but tasks are launched by `due`."""
        left: List[Instruction] = []
        for instruction in super().handle(stimulus):
            if isinstance(instruction, Check):
                self._set(instruction.node, _RUNNING)
                self.due.append(instruction.node)
            else:
                left.append(instruction)
        return left

    def well(self, node: int) -> bool:
        """A task that was due has ended well. False if this has to be said by `Exited`: nothing has changed then."""
        state, ready, rank, blockers = self._state, self._ready, self._rank, self._blockers
        if self._open == 1 or self._stopped is not None or self._exclusive or not self._short:
            return False
        if state[node] is not _RUNNING:
            return False
        state[node] = _SUCCEEDED
        self._open -= 1
        for dependant in self._dependants[node]:
            left = blockers[dependant] = blockers[dependant] - 1
            if not left and state[dependant] is _WAITING:
                state[dependant] = _READY
                heapq.heappush(ready, (rank[dependant], dependant))
        for dependant in self._waiting_for_end[node]:
            left = blockers[dependant] = blockers[dependant] - 1
            if not left and state[dependant] is _WAITING:
                state[dependant] = _READY
                heapq.heappush(ready, (rank[dependant], dependant))
        started = self._started
        del started[node]
        free = self._room - self._busy + 1
        handed_out = self._handed_out - 1
        while ready and free:
            node = heapq.heappop(ready)[1]
            if state[node] is _READY:
                state[node] = _RUNNING
                free -= 1
                handed_out += 1
                self._starts = started[node] = self._starts + 1
                if handed_out > 1:
                    self._crowded = self._starts
                self.due.append(node)
        self._busy = self._room - free
        self._handed_out = handed_out
        return True
