"""Explains the failures of a run or of a past one: gathers what `analyze/failure.py` wants to be given.

It belongs to the same layer as `wiring.py`. Nothing of this is loaded by a run in which nothing failed. What takes too
long is left out, never waited for.
"""

from __future__ import annotations

import os
import time

from taskrush.analyze.failure import explain
from taskrush.events import FailureExplained
from taskrush.model.environment import visible
from taskrush.model.outcome import NO_EARLIER_RESULT, Outcome, State
from taskrush.model.task import Task
from taskrush.report.log import read_log
from taskrush.wiring import open_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

    from taskrush.model.failure import Failure
    from taskrush.model.history import PastTask
    from taskrush.model.task import TaskId
    from taskrush.protocols import Advisor

MOST = 20  # failures of one run that are looked into
SECONDS = 3.0  # after so long no further failure is
PAST = 200
NO_CHANGES = (NO_EARLIER_RESULT, "forced", "the cache is not read in this run")


def explained(
    root: str,
    run: str,
    tasks: Sequence[Task],
    outcomes: Mapping[TaskId, Outcome],
    reason: Callable[[Task], str],
    withheld: Callable[[Task], Sequence[str]],
    overrides: Optional[Mapping[str, str]] = None,
    advisors: Sequence[Advisor] = (),
) -> Iterator[FailureExplained]:
    """What can be said about each failure of a run, in the order of the plan.

    `reason` says why a task had to run, `withheld` what its commands did not see; `overrides` are variables that win
    over those that it declares.
    """
    begun = time.monotonic()
    past = _Past(root, run)
    told = 0
    for task in tasks:
        outcome = outcomes.get(task.id)
        if outcome is None or outcome.state is not State.FAILED:
            continue
        if told >= MOST or time.monotonic() - begun > SECONDS:
            return
        told += 1
        changed = reason(task) if task.is_cached else ""
        failure = explain(
            task,
            outcome,
            read_log(root, run, task.id),
            root=root,
            env=seen_by(task, overrides or {}),
            withheld=withheld(task) if task.is_cached else (),
            changed="" if changed in NO_CHANGES else changed,
            past=past.of(task.id),
            hints=task.hints,
            advisors=advisors,
        )
        yield FailureExplained(task.id, failure)


def seen_by(task: Task, overrides: Mapping[str, str]) -> Dict[str, str]:
    """The variables that a task's commands see; of secrets, arguments and results only that they are there."""
    there = dict.fromkeys((*task.bindings, *task.arguments, *(secret.name for secret in task.secrets)), "?")
    return {**visible(os.environ, task), **there, **task.env, **overrides}


def explain_past(root: str, past: PastTask, task: Optional[Task], earlier: Sequence[PastTask]) -> Failure:
    """What can be said now about a failure of long ago. `task` is what is declared under its name now, if anything."""
    ended = Outcome(
        state=State.FAILED,
        ok=False,
        code=past.code,
        reason=past.reason,
        seconds=past.seconds,
        peak_bytes=past.peak_bytes,
        key=past.key,
    )
    known = task if task is not None else Task(id=past.task)
    return explain(
        known,
        ended,
        read_log(root, past.run, past.task),
        root=root,
        env=seen_by(known, {}),
        changed="" if past.why is None or past.why in NO_CHANGES else past.why,
        past=[one for one in earlier if one.run != past.run],
        hints=known.hints,
    )


class _Past:
    """How tasks ended in earlier runs; opened for the first question, and silent after any trouble."""

    def __init__(self, root: str, run: str) -> None:
        self._root = root
        self._run = run
        self._broken = False

    def of(self, task: TaskId) -> Tuple[PastTask, ...]:
        if self._broken:
            return ()
        try:
            found = open_history(self._root).tasks(task=task, limit=PAST)
        except Exception:  # whatever it is, it must not hide the failure itself
            self._broken = True
            return ()
        return tuple(one for one in found if one.run != self._run)
