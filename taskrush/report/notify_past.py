"""Whether tasks and runs failed the last time, from history. What is not known did not fail."""

from __future__ import annotations

from taskrush.model.outcome import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Sequence, Tuple

    from taskrush.model.task import TaskId
    from taskrush.protocols import History

LOOKED_AT = 20  # the newest entries among which one that counts is looked for
WELL = (State.SUCCEEDED.value, State.FRESH.value, State.HIT.value, State.WARNED.value)


class Past:
    """What was before a run. History is opened when it is first asked for, in the thread that asks."""

    def __init__(self, run: str, open_history: Optional[Callable[[], History]]) -> None:
        self._run = run
        self._open = open_history
        self._history: Optional[History] = None

    def task_failed(self, task: TaskId) -> bool:
        """Whether a task failed when it last ran, or was found well without running, before this run."""
        history = self._opened()
        for past in history.tasks(task=task, limit=LOOKED_AT) if history else ():
            if past.run != self._run and past.state in (*WELL, State.FAILED.value):
                return past.state == State.FAILED.value
        return False

    def run_failed(self, targets: Sequence[TaskId]) -> bool:
        """Whether the last run of the same targets that came to an end failed."""
        history = self._opened()
        for past in history.runs(limit=LOOKED_AT, target=targets[0]) if history and targets else ():
            if past.run != self._run and set(past.targets) == set(targets) and past.exit_code in (0, 1):
                return not past.ok
        return False

    def _opened(self) -> Optional[History]:
        if self._history is None and self._open is not None:
            self._history = self._open()
        return self._history

    def close(self) -> None:
        close = getattr(self._history, "close", None)
        if close is not None:
            close()
        self._history = None


class Remembered:
    """Outcomes of earlier rounds of a watch, by task and of the whole; what was not seen yet did not fail."""

    def __init__(self) -> None:
        self._tasks: Dict[TaskId, bool] = {}
        self._run = False
        self.problems: List[List[Tuple[str, Optional[str]]]] = []  # of rounds whose messages may still be under way

    def task_changed(self, task: TaskId, failed: bool) -> bool:
        """Whether that is another end than in the round before; a first one counts when it is a failure."""
        before = self._tasks.get(task, False)
        self._tasks[task] = failed
        return before != failed

    def run_changed(self, failed: bool) -> bool:
        """As `task_changed`, of a round."""
        before, self._run = self._run, failed or any(self._tasks.values())  # what did not run in it failed before
        return before != self._run
