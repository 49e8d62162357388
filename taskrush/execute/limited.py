"""What limits the tasks of a plan, put into the numbers of the scheduler. Pure; no cost where nothing limits."""

from __future__ import annotations

from taskrush.model.sizes import shown_bytes
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Tuple

    from taskrush.execute.carrier import Carrier
    from taskrush.execute.gate import Gate
    from taskrush.execute.jobserver import Tokens
    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId
    from taskrush.protocols import Sharing

if TYPE_CHECKING:
    Note = Tuple[str, Optional[str], Optional[TaskId]]
    Peaks = Callable[[Iterable[str]], Mapping[TaskId, int]]


def _nothing_known(tasks: Iterable[str]) -> Mapping[TaskId, int]:
    return {}


@frozen(kw_only=True)
class Room:
    """What a run may use besides its slots.

    `memory` tells how many bytes are free, None: not limited. `peaks` are what tasks took earlier, by their ids;
    `learn` is told at the end what they took this time.
    `memory_kills` counts what the kernel killed for lack of memory. With `tries_alone` a task that ended for lack of it
    is tried once more without company.

    `tokens` are slots that are shared with other programs, `sharing` lets commands take part in them; `notes` are
    messages to begin with, each with a hint and the task it is about.
    """

    memory: Callable[[], Optional[int]] = lambda: None
    peaks: Peaks = _nothing_known
    learn: Callable[[Mapping[TaskId, Outcome]], None] = lambda outcomes: None
    memory_kills: Callable[[], int] = lambda: 0
    tries_alone: bool = True
    tokens: Optional[Tokens] = None
    sharing: Optional[Sharing] = None
    notes: Tuple[Note, ...] = ()

    def gate(self, plan: Plan, carrier: Carrier, start: Callable[[int], None]) -> Optional[Gate]:
        """Where tasks wait for shared slots; None where slots are not shared."""
        if self.tokens is None:
            return None
        from taskrush.execute.gate import Gate

        limits = [task.limits for task in plan.tasks]
        needs = {
            node: -int(-own.resources.cpu // 1)  # rounded up
            for node, own in enumerate(limits)
            if own is not None and own.resources.cpu is not None
        }
        sharing = {node for node, own in enumerate(limits) if own is not None and own.jobserver}
        return Gate(self.tokens, carrier, start, needs, sharing.__contains__)


def limits_of_run(plan: Plan, jobs: int, room: Room) -> Dict[str, Any]:
    """Arguments for the scheduler: exclusive tasks, slots, urgencies and an admission."""
    tasks = plan.tasks
    exclusive = [node for node, task in enumerate(tasks) if task.interactive]
    limited = [node for node, task in enumerate(tasks) if task.limits is not None]
    found: Dict[str, Any] = {"exclusive": exclusive}
    urgency: Mapping[int, int] = {}
    if limited:
        from taskrush.execute.admission import urgencies

        limits = [task.limits for task in tasks]
        slots: Dict[int, float] = {}
        for node in limited:
            own, task = limits[node], tasks[node]
            if own is None or task.action is None:
                continue
            if own.exclusive and not task.interactive:
                exclusive.append(node)
            if own.resources.cpu is not None:
                slots[node] = own.resources.cpu
        urgency = urgencies(limits, plan.needs)
        found.update(slots=slots, urgency=urgency)
    acting = [str(task.id) for task in tasks if task.function or task.action is not None] if jobs > 1 else []
    peaks = room.peaks(acting) if len(acting) > 1 else {}
    if limited or peaks:
        from taskrush.execute.admission import admission_of, memory_needed

        free = room.memory() if jobs > 1 else None
        found["admission"] = admission_of(tasks, urgency, free, memory_needed(tasks, peaks, free, jobs))
    return found


def too_much(plan: Plan, room: Room) -> Iterator[Note]:
    """A message and a hint for each task that says it needs more memory than there is; it runs nevertheless."""
    said = [(task.id, task.limits.resources.memory) for task in plan.tasks if task.limits is not None]
    free = room.memory() if any(needed is not None for _, needed in said) else None
    for task_id, needed in said:
        if free is not None and needed is not None and needed > free:
            there = shown_bytes(free)
            message = f"`{task_id}` says that it needs {shown_bytes(needed)} of memory, and {there} are free"
            yield message, "it runs when nothing else does that needs much", task_id
