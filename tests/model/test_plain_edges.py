"""Edges that are kept as numbers are the edges that they stand for."""

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.compile.link import link
from taskrush.errors import GraphError
from taskrush.model.plain_edges import EdgesInOrder, PlainEdges
from taskrush.model.plan import Plan
from taskrush.model.task import Dep, Task, TaskId
from taskrush.plan.planner import make_plan
from taskrush.values import evolve

pytestmark = pytest.mark.core


@st.composite
def declared(draw: st.DrawFn) -> List[Task]:
    """Tasks that name some of the others, in any order; now and then with a namespace, an alias, or twice."""
    count = draw(st.integers(1, 8))
    ids = [f"n:t{number}" if draw(st.integers(0, 9)) == 0 else f"t{number}" for number in range(count)]
    tasks = []
    for task_id in ids:
        deps = draw(st.lists(st.sampled_from([*ids, "other"]), max_size=4))
        task = Task(id=task_id, action=len, deps=[dep for dep in deps if dep != task_id])
        if draw(st.integers(0, 5)) == 0:
            task = evolve(task, env={"A": "1"}, finally_=(Dep(draw(st.sampled_from(ids))),))
        tasks.append(task)
    return tasks


def written_out(task: Task) -> Task:
    """The same with something said about it that changes nothing, so that it takes the long way."""
    return evolve(task, deps=tuple(Dep(dep.task) for dep in task.deps), shell=("sh", "-c"))


@given(tasks=declared(), data=st.data())
def test_plain_edges_are_those_of_the_long_way(tasks: List[Task], data: st.DataObject) -> None:
    """Graphs, plans for all and for some, and what is wrong with them are the same."""
    quick, slow = link(tasks), link([written_out(task) for task in tasks])
    assert dict(quick.edges) == dict(slow.edges)
    assert list(quick.edges) == list(slow.edges)
    assert quick.names == slow.names
    assert [one.problem.message for one in quick.problems] == [one.problem.message for one in slow.problems]
    ids = list(quick.tasks)
    for targets in (ids, data.draw(st.lists(st.sampled_from(ids), unique=True))):
        for only in (False, True):
            found = []
            for graph in (quick, slow):
                try:
                    plan = make_plan(graph, targets, only=only)
                    found.append((plan.needs, plan.after, [task.id for task in plan.tasks], list(plan.edges)))
                except GraphError as error:
                    found.append([problem.message for problem in error.problems])  # type: ignore[arg-type]
            assert found[0] == found[1]


def test_edges_are_made_when_somebody_looks() -> None:
    """A graph of tasks and names keeps numbers, and looks like any other."""
    tasks = [Task(id=f"t{number}", deps=[f"t{number - 1}"] if number else ()) for number in range(3)]
    graph = link(tasks)
    assert isinstance(graph.edges, PlainEdges)
    assert graph.edges.numbers == [(), (0,), (1,)]
    assert [(edge.task, edge.on) for edge in graph.edges[TaskId("t1")]] == [("t1", "t0")]
    assert graph.edges == dict(graph.edges)
    assert TaskId("t9") not in graph.edges
    plan = make_plan(graph, [TaskId("t2")])
    assert isinstance(plan.edges, EdgesInOrder)
    same = evolve(plan, edges=tuple(plan.edges))
    assert isinstance(same, Plan)
    assert plan == same
    assert plan.edges[-1].on == "t1"
