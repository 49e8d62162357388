"""The scheduler's short way for tasks that end well where only order matters; all else goes the long way.

It is the scheduler: its rules hold here, and it changes states as they do. `well` stands for `Checked`, `Exited` with a
good end and the `Check` and `Launch` of what may start then, without values in between; a test holds both ways side by
side. What is ready lies in its heap as one number each, rank and task in one, where all ranks are whole numbers.
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

    from taskrush.execute.followers import Followers
    from taskrush.execute.stimuli import Instruction, Stimulus

_READY, _RUNNING, _SUCCEEDED, _WAITING = State.READY, State.RUNNING, State.SUCCEEDED, State.WAITING


class StraightScheduler(Scheduler):
    """A scheduler for tasks of which there is nothing to ask before they run.

    What is to be launched is appended to `due`, in order. Not for services.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.due: Deque[int] = deque()
        self._count = count = len(self._state)
        self._followers: Followers = self._dependants  # type: ignore[assignment]
        self._anything_after = bool(self._waiting_for_end.flat)
        self._short = self._admission is None and not self._slots
        self._straight = False  # whether `well` may be said now
        if self._short:
            if options.get("priority") is None and not options.get("urgency"):
                self._keys = [int(rank) * count + node for node, rank in enumerate(self._rank)]
            else:
                self._keys = [0] * count
                for place, node in enumerate(sorted(range(count), key=self._rank.__getitem__)):
                    self._keys[node] = place * count + node
            self._rank = self._keys  # the ranks themselves are not needed any more
            self._first_key = min(self._keys, default=0) // max(1, count) * count - count
            self._heap: List[int] = []
            self._ready = self._heap  # type: ignore[assignment]

    def handle(self, stimulus: Stimulus) -> List[Instruction]:
        """As every scheduler does, but tasks are launched by `due`."""
        left: List[Instruction] = []
        for instruction in super().handle(stimulus):
            if isinstance(instruction, Check):
                self._set(instruction.node, _RUNNING)
                self.due.append(instruction.node)
            else:
                left.append(instruction)
        self._straight = self._short and not self._exclusive and self._stopped is None
        return left

    def _make_ready(self, node: int) -> None:
        if not self._short:
            super()._make_ready(node)
            return
        self._set(node, _READY)
        heapq.heappush(self._heap, self._first_key + node if node in self._tried_alone else self._keys[node])

    def _fill(self) -> None:
        if not self._short:
            super()._fill()
            return
        heap, count = self._heap, self._count
        while heap and self._busy < self._room and not self._stopped:
            node = heap[0] % count
            if self._state[node] is not _READY:
                heapq.heappop(heap)
                continue
            taken = self._taken(node)
            if self._busy + taken > self._room:
                return
            heapq.heappop(heap)
            self._hand_out(node, taken)
            self._set(node, _RUNNING)
            self.due.append(node)

    def well(self, node: int) -> bool:
        """A task that was due has ended well. False if this has to be said by `Exited`: nothing has changed then."""
        state = self._state
        if not self._straight or self._open == 1 or state[node] is not _RUNNING:
            return False
        heap, blockers, keys, followers = self._heap, self._blockers, self._keys, self._followers
        starts = followers.starts
        state[node] = _SUCCEEDED
        self._open -= 1
        for dependant in followers.flat[starts[node] : starts[node + 1]]:
            left = blockers[dependant] - 1
            blockers[dependant] = left
            if not left and state[dependant] is _WAITING:
                state[dependant] = _READY
                _push(heap, keys[dependant])
        if self._anything_after:
            for dependant in self._waiting_for_end[node]:
                left = blockers[dependant] - 1
                blockers[dependant] = left
                if not left and state[dependant] is _WAITING:
                    state[dependant] = _READY
                    _push(heap, keys[dependant])
        started = self._started
        del started[node]
        busy = self._busy - 1
        while heap and busy < self._room:
            node = _pop(heap) % self._count
            if state[node] is _READY:
                state[node] = _RUNNING
                busy += 1
                self._starts = started[node] = self._starts + 1
                if busy > 1:
                    self._crowded = self._starts
                self.due.append(node)
        self._busy = self._handed_out = busy
        return True


_push, _pop = heapq.heappush, heapq.heappop
