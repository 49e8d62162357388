"""Plans hold exactly what is needed, in an order that edges allow; cycles are named as they are."""

import re
import time
from typing import Dict, List, Set, Tuple

import pytest
from hypothesis import given

from taskrush.compile.link import link
from taskrush.errors import GraphError, Problem, UsageError, Where
from taskrush.model.graph import EdgeKind, Graph, entangled, knots
from taskrush.model.task import Dep, Task, TaskId
from taskrush.plan.planner import cut, make_plan
from taskrush.testing.strategies import graphs, graphs_with_targets

pytestmark = pytest.mark.core

Wanted = Tuple[Graph, Tuple[TaskId, ...]]


def chain(length: int) -> Graph:
    return link(Task(id=f"t{n}", action="true", deps=[f"t{n - 1}"] if n else []) for n in range(length))


@given(graphs_with_targets())
def test_a_plan_is_the_targets_with_all_they_need_and_what_runs_finally(case: Wanted) -> None:
    """The closure of needs and of `finally` tasks: nothing more, nothing less, nothing twice."""
    graph, targets = case
    wanted: Set[TaskId] = set(targets)
    grown = True
    while grown:  # by definition, with no care for speed
        more = {edge.on for task_id in wanted for edge in graph.edges[task_id] if edge.kind is not EdgeKind.FINALLY}
        more |= {
            edge.task
            for edges in graph.edges.values()
            for edge in edges
            if edge.kind is EdgeKind.FINALLY and edge.on in wanted
        }
        grown = not more <= wanted
        wanted |= more
    plan = make_plan(graph, targets)
    assert sorted(task.id for task in plan.tasks) == sorted(wanted)
    assert plan.targets == tuple(dict.fromkeys(targets))
    assert set(cut(graph, targets).tasks) == wanted


@given(graphs_with_targets())
def test_nothing_stands_before_what_it_waits_for(case: Wanted) -> None:
    """Every edge among planned tasks points backwards, and is in `needs` or `after`."""
    graph, targets = case
    plan = make_plan(graph, targets)
    index = {task.id: number for number, task in enumerate(plan.tasks)}
    for task in plan.tasks:
        own = [edge for edge in graph.edges[task.id] if edge.on in index]
        assert all(index[edge.on] < index[task.id] for edge in own)
        assert set(plan.needs[index[task.id]]) == {index[e.on] for e in own if e.kind is not EdgeKind.FINALLY}
        assert set(plan.after[index[task.id]]) == {index[e.on] for e in own if e.kind is EdgeKind.FINALLY}


@given(graphs_with_targets())
def test_where_edges_leave_a_choice_the_order_is_that_of_declaration(case: Wanted) -> None:
    """At every step the first declared of all tasks that may come next comes next."""
    graph, targets = case
    plan = make_plan(graph, targets)
    place = {task_id: number for number, task_id in enumerate(graph.tasks)}
    left = [task.id for task in plan.tasks]
    done: Set[TaskId] = set()
    while left:
        free = [
            t for t in left if all(e.on in done for e in graph.edges[t] if e.on in place and e.on in {*left, *done})
        ]
        assert left[0] == min(free, key=place.__getitem__)
        done.add(left.pop(0))


@given(graphs(acyclic=False))
def test_a_cycle_that_is_named_is_one(graph: Graph) -> None:
    """Each message walks along real edges and comes back; without the tasks they name a plan could be made."""
    waits: Dict[str, Set[str]] = {t: {edge.on for edge in edges} for t, edges in graph.edges.items()}
    try:
        make_plan(graph, list(graph.tasks))
    except GraphError as error:
        cycles: List[List[str]] = []
        for problem in error.problems:
            itself = re.fullmatch(r"task `(.*)` depends on itself", problem.message)
            names = [itself[1]] * 2 if itself else problem.message.partition("cycle: ")[2].split(" -> ")
            assert names[0] == names[-1]
            assert len(names) == len(set(names)) + 1
            assert all(after in waits[before] for before, after in zip(names, names[1:]))
            assert names[0] == min(names, key=list(graph.tasks).index)
            cycles.append(names)
        assert entangled(waits)
        assert all(sum(not set(knot).isdisjoint(names) for names in cycles) == 1 for knot in knots(waits))
    else:
        assert not entangled(waits)


def _reaches(waits: Dict[str, Set[str]], start: str, end: str) -> bool:
    seen: Set[str] = set()
    todo = [start]
    while todo:
        following = waits[todo.pop()] - seen
        seen |= following
        todo.extend(following)
    return end in seen


@given(graphs(acyclic=False))
def test_knots_are_the_tasks_that_reach_each_other(graph: Graph) -> None:
    """As the definition says it, in the order of declaration."""
    waits: Dict[str, Set[str]] = {t: {edge.on for edge in edges} for t, edges in graph.edges.items()}
    wanted = []
    for task in waits:
        knot = tuple(other for other in waits if _reaches(waits, task, other) and _reaches(waits, other, task))
        if knot and knot not in wanted:
            wanted.append(knot)
    assert knots(waits) == tuple(wanted)


def test_every_knot_is_told_at_once() -> None:
    """Two cycles that do not meet are two problems, in the order of their places."""
    tasks = {"b": (7, ["c"]), "c": (8, ["b"]), "x": (2, ["x"]), "all": (1, ["b", "x"])}
    graph = link(Task(id=t, action="x", deps=on, where=Where("f", line)) for t, (line, on) in tasks.items())
    with pytest.raises(GraphError) as caught:
        make_plan(graph, [TaskId("all")])
    assert [problem.message for problem in caught.value.problems] == [
        "task `x` depends on itself",
        "tasks depend on each other in a cycle: b -> c -> b",
    ]


def test_problems_of_a_file_come_in_the_order_of_their_places() -> None:
    """Whatever order they are found in; those without a place come last."""
    places = [Where("b", 9), Where("a", 3, 1), None, Where("b", 2), Where("a", 1)]
    tasks = [Task(id=f"t{n}", problems=(Problem(f"{n}", place),), where=place) for n, place in enumerate(places)]
    with pytest.raises(GraphError) as caught:
        make_plan(link(tasks), [task.id for task in reversed(tasks)])
    assert [problem.where for problem in caught.value.problems] == [
        Where("b", 2),
        Where("b", 9),
        Where("a", 1),
        Where("a", 3, 1),
        None,
    ]


def test_a_target_that_is_not_there_is_an_error_of_ours() -> None:
    """Not a KeyError: programs plan too."""
    with pytest.raises(UsageError, match="no task is called `b`"):
        make_plan(link([Task(id="a")]), [TaskId("b")])


def test_the_shortest_loop_is_shown() -> None:
    """Among entangled tasks the person sees the fewest."""
    deps: Dict[str, List[str]] = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": ["e"], "e": ["d", "a"]}
    with pytest.raises(GraphError, match=r"in a cycle: d -> e -> d$"):
        make_plan(link(Task(id=t, action="x", deps=on) for t, on in deps.items()), [TaskId("a")])


def test_a_cycle_through_files_says_which() -> None:
    """An edge that nobody wrote down is explained."""
    graph = link(
        [
            Task(id="a", action="x", inputs=["b.txt"], outputs=["a.txt"]),
            Task(id="b", action="x", inputs=["a.txt"], outputs=["b.txt"]),
        ]
    )
    with pytest.raises(GraphError) as caught:
        make_plan(graph, [TaskId("a")])
    assert caught.value.problems[0].hint == "`a` waits for `b` because it reads `b.txt`, which `b` makes"


@pytest.mark.parametrize("length", [10_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_long_chains_are_planned(length: int) -> None:
    """No recursion and no squares."""
    begun = time.process_time()
    plan = make_plan(chain(length), [TaskId(f"t{length - 1}")])
    assert [task.id for task in plan.tasks[:2]] == ["t0", "t1"]
    assert len(plan) == length
    assert time.process_time() - begun < length / 10_000 * 2


def test_a_cycle_of_ten_thousand_is_named_in_two_seconds() -> None:
    """With both ends, and how many are left out."""
    graph = link(Task(id=f"t{n}", action="x", deps=[f"t{(n + 1) % 10_000}"]) for n in range(10_000))
    begun = time.process_time()
    with pytest.raises(GraphError, match=r"t0 -> t1 -> .* -> \.\.\. 9988 more \.\.\. -> .* -> t9999 -> t0$"):
        make_plan(graph, [TaskId("t5")])
    assert time.process_time() - begun < 2


def test_only_leaves_out_needs_but_not_results_nor_what_runs_finally() -> None:
    """A value that is passed on has to be computed, and cleaning up is no need."""
    graph = link(
        [
            Task(id="dep", action="x"),
            Task(id="value", action="x", deps=["dep"]),
            Task(id="clean", action="x"),
            Task(id="main", action="x", deps=["dep"], bindings={"v": TaskId("value")}, finally_=["clean"]),
        ]
    )
    assert [task.id for task in make_plan(graph, [TaskId("main")], only=True).tasks] == ["value", "main", "clean"]


def test_problems_matter_to_those_who_run_the_task() -> None:
    """All problems of all planned tasks at once, none of others."""
    graph = link(
        [
            Task(id="good", action="x"),
            Task(id="bad", action="x", deps=["nowhere", Dep("optional", optional=True)]),
            Task(id="worse", action="x", deps=["bad", "goood"]),
        ]
    )
    assert len(make_plan(graph, [TaskId("good")])) == 1
    with pytest.raises(GraphError) as caught:
        make_plan(graph, [TaskId("worse")])
    assert [problem.message for problem in caught.value.problems] == [
        "task `bad` depends on `nowhere`, which does not exist",
        "task `worse` depends on `goood`, which does not exist",
    ]
