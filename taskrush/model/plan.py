"""A plan: the graph cut down to the targets, in an order in which it could run one by one.

Inside a run tasks are known by their index in `tasks`: the scheduler sees numbers only.
"""

from typing import Optional, Tuple

from taskrush.model.graph import Edge
from taskrush.model.task import Task, TaskId
from taskrush.values import field, frozen


@frozen(kw_only=True)
class Plan:
    """`needs[i]`: indexes that must end well before task i; `after[i]`: indexes that must have ended, however.

    `root` is the absolute path of the workspace: every relative path of a task starts there.
    `targets` are the tasks that were asked for. `edges` are the graph's edges among the planned tasks. Where tasks that
    others need were left out on demand, `whole` is the plan with them: what identifies a task's work is in there.
    """

    tasks: Tuple[Task, ...]
    needs: Tuple[Tuple[int, ...], ...]
    after: Tuple[Tuple[int, ...], ...]
    targets: Tuple[TaskId, ...]
    root: str = "."
    edges: Tuple[Edge, ...] = field(default=(), repr=False)
    whole: Optional["Plan"] = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.tasks)
