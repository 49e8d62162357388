"""Edges of tasks of which nothing is said but their names: kept as names, `Edge`s when somebody looks at them.

It knows edges, not what they are for.
"""

from __future__ import annotations

from taskrush._typing import Mapping, Sequence
from taskrush.model.graph import Edge
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, Optional, Tuple, Union


class PlainEdges(Mapping[TaskId, "Tuple[Edge, ...]"]):
    """Edges by task, in the order of `ids`.

    `numbers` has for each the places in `ids` of those that it needs, where its edges are plain, else None: such edges
    are in `others`.
    """

    def __init__(
        self,
        ids: Sequence[TaskId],
        numbers: Sequence[Optional[Tuple[int, ...]]],
        others: Dict[TaskId, Tuple[Edge, ...]],
    ) -> None:
        self.ids = ids
        self.numbers = numbers
        self.others = others
        self._places: Optional[Dict[str, int]] = None
        self._made: Dict[str, Tuple[Edge, ...]] = {}

    @property
    def plain(self) -> PlainEdges:
        """Itself: whoever has edges of a graph finds out by this that they are kept so."""
        return self

    def needs(self, task: str) -> Optional[Tuple[TaskId, ...]]:
        """The tasks that one needs, if its edges are plain."""
        if self._places is None:
            self._places = {task_id: number for number, task_id in enumerate(self.ids)}
        numbers = self.numbers[self._places[task]]
        return None if numbers is None else tuple([self.ids[number] for number in numbers])

    def __getitem__(self, task: TaskId) -> Tuple[Edge, ...]:
        made = self._made.get(task)
        if made is None:
            needed = self.needs(task)
            made = self.others[task] if needed is None else tuple([Edge(task, on) for on in needed])
            self._made[task] = made
        return made

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self.items()))


class EdgesInOrder(Sequence["Edge"]):
    """The edges of some tasks, one task after the other; a tuple once somebody looks."""

    def __init__(self, tasks: Sequence[TaskId], edges: Mapping[TaskId, Sequence[Edge]]) -> None:
        self._tasks = tasks
        self._edges = edges
        self._made: Optional[Tuple[Edge, ...]] = None

    def _all(self) -> Tuple[Edge, ...]:
        if self._made is None:
            self._made = tuple([edge for task in self._tasks for edge in self._edges[task]])
        return self._made

    def __getitem__(self, number: Union[int, slice]) -> Union[Edge, Tuple[Edge, ...]]:  # type: ignore[override]
        return self._all()[number]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Edge]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
