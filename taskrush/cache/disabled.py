"""No cache: knows of no earlier work and keeps none. For runs that ask for it, and where no cache is set up."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional, Sequence, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import OnOutput


class NotRecorded:
    """A `Recording` that keeps nothing."""

    def output(self, stream: str, data: bytes) -> None:
        pass

    def finish(self, outcome: Outcome) -> Optional[str]:
        return None

    def abandon(self) -> None:
        pass


class NoMemory:
    """A `Memory` that has none."""

    def covers(self, task: Task) -> bool:
        return False

    def recall(self, task: Task, outcomes: Mapping[TaskId, Outcome], on_output: OnOutput) -> Optional[Outcome]:
        return None

    def glance(self, task: Task, outcomes: Mapping[TaskId, Outcome]) -> Optional[Outcome]:
        return None

    def reason(self, task: Task) -> str:
        return ""

    def identity(self, task: Task) -> Tuple[Optional[str], Optional[str]]:
        return None, None

    def warnings(self) -> Sequence[str]:
        return ()

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass

    def begin(self, task: Task) -> NotRecorded:
        return NotRecorded()
