"""Puts together what a run may use besides its slots: memory that is free, what tasks took of it before, shared slots.

A run pays for history only where tasks of this workspace were once seen to take much: a mark in `.taskrush/` says so.
"""

from __future__ import annotations

import os

from taskrush.errors import UsageError
from taskrush.execute.limited import Room
from taskrush.execute.machine import Machine
from taskrush.model.sizes import SIZE_WORDS, as_bytes
from taskrush.statefile import FOLDER, state_folder
from taskrush.wiring import open_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Tuple

    from taskrush.execute.jobserver import Tokens
    from taskrush.execute.limited import Note
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.protocols import History

AUTO, OFF = "auto", "off"
HEAVY = "heavy"  # the name of the mark
LEAST = 64 << 20  # below this nothing is looked at
MUCH = 2  # tasks take much when a run full of them would take this part of what is free


def make_room(
    plan: Plan,
    jobs: int,
    memory: str = AUTO,
    environ: Optional[Mapping[str, str]] = None,
    history: Optional[Callable[[], History]] = None,
    machine: Optional[Machine] = None,
) -> Room:
    """The room of one run of `plan`, which starts from `environ` (default: this process's).

    `memory` is a size, `auto` (what is free), or `off`. `history` opens what is remembered of past runs, that of the
    workspace unless given. Raises `UsageError` for what is no size.
    """
    shared = _shared_slots(plan, jobs, os.environ if environ is None else environ)
    if memory == OFF:
        return Room(tries_alone=False, **shared)
    given = None
    if memory != AUTO:
        try:
            given = as_bytes(memory)
        except ValueError:
            raise UsageError(f"`--memory` is {SIZE_WORDS}, `auto` or `off`, not `{memory}`") from None
    root = plan.root
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

    return Room(memory=free, peaks=peaks, learn=learn, memory_kills=machine.memory_kills, **shared)


def _shared_slots(plan: Plan, jobs: int, environ: Mapping[str, str]) -> Dict[str, Any]:
    """A jobserver for the tasks that ask for one; below a `make -j`, that one's, which then counts for all tasks."""
    flags = environ.get("MAKEFLAGS", "")
    asked = any(task.limits is not None and task.limits.jobserver for task in plan.tasks)
    if os.name != "posix" or not (asked or "jobserver" in flags):
        return {}
    from taskrush.execute.jobserver import Served, Unreachable, auth_in, join
    from taskrush.execute.sharing import Sharing

    above = auth_in(flags)
    notes: Tuple[Note, ...] = ()
    tokens: Optional[Tokens] = None
    if above is not None:
        try:
            tokens = join(above, limit=1)
        except Unreachable:
            above, message = None, "the jobserver of the `make` above cannot be reached: its slots are not shared"
            notes = ((message, "put `+` before the line of the Makefile that starts taskrush", None),)
    if tokens is None and asked:
        tokens = Served(jobs)
    return {"tokens": tokens, "sharing": Sharing(tokens, jobs, above), "notes": notes}
