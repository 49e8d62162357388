"""Hypothesis strategies for tasks and graphs, for tests of TaskRush and of what is built on it. Needs `hypothesis`."""

from __future__ import annotations

from hypothesis import strategies as st

from taskrush.compile.link import link
from taskrush.model.task import Dep, Task, TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Sequence, Set, Tuple

    from taskrush.model.graph import Graph

_WORD = st.text("abcdefgh0123456789-_.@,é", min_size=1, max_size=6).filter(lambda word: not word.startswith("-"))


def task_ids() -> st.SearchStrategy[TaskId]:
    """Names that tasks may have, with and without namespaces."""
    return st.lists(_WORD, min_size=1, max_size=3).map(lambda words: TaskId(":".join(words)))


@st.composite
def tasks(draw: st.DrawFn, max_size: int = 12, acyclic: bool = True, with_finally: bool = True) -> Tuple[Task, ...]:
    """Tasks that depend on each other, in any order of declaration.

    With `acyclic` they make a graph that can be put in order; `finally` tasks are part of it if wished.
    """
    ids = draw(st.lists(task_ids(), min_size=1, max_size=max_size, unique=True))
    size = len(ids)
    made: List[Task] = []
    for number, task_id in enumerate(ids):
        pool = range(number) if acyclic else range(size)
        on = draw(_some(pool)) if pool else set()
        closers = draw(_some(range(number + 1, size))) if with_finally and number + 1 < size and acyclic else set()
        made.append(
            Task(
                id=task_id,
                action="true",
                deps=tuple(Dep(f":{ids[other]}", order_only=draw(st.booleans())) for other in sorted(on)),
                finally_=tuple(Dep(f":{ids[other]}") for other in sorted(closers)),
            )
        )
    return tuple(draw(st.permutations(made)))


@st.composite
def graphs(draw: st.DrawFn, max_size: int = 12, acyclic: bool = True, with_finally: bool = True) -> Graph:
    """Linked tasks; see `tasks`."""
    return link(draw(tasks(max_size, acyclic, with_finally)))


@st.composite
def graphs_with_targets(
    draw: st.DrawFn, max_size: int = 12, acyclic: bool = True, with_finally: bool = True
) -> Tuple[Graph, Tuple[TaskId, ...]]:
    """A graph and some of its tasks, in any order."""
    graph = draw(graphs(max_size, acyclic, with_finally))
    wanted = draw(st.lists(st.sampled_from(list(graph.tasks)), min_size=1, max_size=4))
    return graph, tuple(wanted)


def _some(pool: Sequence[int]) -> st.SearchStrategy[Set[int]]:
    return st.sets(st.sampled_from(list(pool)), max_size=3)
