"""Outcomes of very many tasks as columns: an `Outcome` is made when somebody looks at it.

Nearly all tasks of a large run end well, and of those only seconds, processor time and a value are kept.
"""

from __future__ import annotations

from typing import Mapping

from taskrush.model.outcome import Outcome, State
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

    from taskrush.model.task import Task

    Times = Tuple[float, float]  # user, system


class OutcomeColumns(Mapping[TaskId, Outcome]):
    """Outcomes by task, in the order in which the tasks ended; equal to any mapping of the same."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._ended: List[int] = []
        self._seconds: List[Optional[float]] = [None] * len(tasks)
        self._values: Dict[int, Any] = {}
        self._times: Dict[int, Times] = {}
        self._others: Dict[int, Outcome] = {}
        self._places: Optional[Dict[TaskId, int]] = None

    def well(self, node: int, seconds: float) -> None:
        """It ended well, and returned None."""
        self._seconds[node] = seconds
        self._ended.append(node)

    def say_more(self, node: int, value: Any, times: Optional[Times]) -> None:
        """What else is known of one that ended well."""
        if value is not None:
            self._values[node] = value
        if times is not None:
            self._times[node] = times

    def put(self, node: int, outcome: Outcome) -> None:
        """It ended so."""
        self._others[node] = outcome
        self._seconds[node] = outcome.seconds
        self._ended.append(node)

    def has(self, node: int) -> bool:
        return self._seconds[node] is not None

    def of(self, node: int) -> Outcome:
        """The outcome of a task that has ended."""
        found = self._others.get(node)
        if found is not None:
            return found
        seconds = self._seconds[node]
        assert seconds is not None
        return good_end(seconds, self._values.get(node), self._times.get(node))

    def __getitem__(self, task: TaskId) -> Outcome:
        if self._places is None:
            self._places = {task.id: node for node, task in enumerate(self._tasks)}
        node = self._places[task]
        if self._seconds[node] is None:
            raise KeyError(task)
        return self.of(node)

    def __iter__(self) -> Iterator[TaskId]:
        return (self._tasks[node].id for node in self._ended)

    def __len__(self) -> int:
        return len(self._ended)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def good_end(seconds: float, value: Any, times: Optional[Times]) -> Outcome:
    """How a function ended that returned `value`; `times` is its processor time, where that is known."""
    if times is None:
        return Outcome(state=State.SUCCEEDED, ok=True, seconds=seconds, value=value)
    user, system = times
    return Outcome(
        state=State.SUCCEEDED,
        ok=True,
        seconds=seconds,
        value=value,
        cpu_seconds=user + system,
        cpu_user_seconds=user,
        cpu_system_seconds=system,
    )
