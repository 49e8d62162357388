"""Puts together what a run may use besides its slots: memory that is free, and what tasks took of it before.

A run pays for history only where tasks of this workspace were once seen to take much: a mark in `.taskrush/` says so.
"""

import os
from typing import Callable, Iterable, Mapping, Optional

from taskrush.errors import UsageError
from taskrush.execute.limited import Room
from taskrush.execute.machine import Machine
from taskrush.model.limits import SIZE_WORDS, as_bytes
from taskrush.model.outcome import Outcome
from taskrush.model.task import TaskId
from taskrush.protocols import History
from taskrush.statefile import FOLDER, state_folder
from taskrush.wiring import open_history

AUTO, OFF = "auto", "off"
HEAVY = "heavy"  # the name of the mark
LEAST = 64 << 20  # below this nothing is looked at
MUCH = 2  # tasks take much when a run full of them would take this part of what is free


def make_room(
    root: str,
    jobs: int,
    memory: str = AUTO,
    history: Optional[Callable[[], History]] = None,
    machine: Optional[Machine] = None,
) -> Room:
    """The room of one run in the workspace `root`. `memory` is a size, `auto` (what is free), or `off`.

    `history` opens what is remembered of past runs, that of the workspace unless given.
    Raises `UsageError` for what is no size.
    """
    if memory == OFF:
        return Room(tries_alone=False)
    given = None
    if memory != AUTO:
        try:
            given = as_bytes(memory)
        except ValueError:
            raise UsageError(f"`--memory` is {SIZE_WORDS}, `auto` or `off`, not `{memory}`") from None
    machine = machine or Machine()
    free = machine.free_memory if given is None else lambda: given
    mark = os.path.join(root, FOLDER, HEAVY)

    def peaks(tasks: Iterable[str]) -> Mapping[TaskId, int]:
        if not os.path.exists(mark):
            return {}
        return (open_history(root) if history is None else history()).peaks(tasks)

    def learn(outcomes: Mapping[TaskId, Outcome]) -> None:
        heaviest = max((outcome.peak_bytes or 0 for outcome in outcomes.values()), default=0)
        if heaviest * jobs * MUCH < LEAST or os.path.exists(mark):
            return
        there = free()
        if there is not None and heaviest * jobs * MUCH > there:
            try:
                state_folder(root)
                with open(mark, "w", encoding="ascii"):
                    pass
            except OSError:  # then nothing is learnt
                pass

    return Room(memory=free, peaks=peaks, learn=learn, memory_kills=machine.memory_kills)
