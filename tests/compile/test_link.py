"""Names and files become edges; what is wrong is kept, with its place."""

import time
from typing import Any, List, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.compile.link import link
from taskrush.compile.names import FORBIDDEN, what_is_wrong
from taskrush.errors import Where
from taskrush.model.graph import EdgeKind, Graph
from taskrush.model.pattern import Patterns
from taskrush.model.retry import Timeout
from taskrush.model.task import Dep, Task, TaskId

pytestmark = pytest.mark.core


def task(task_id: str, line: int = 1, **fields: Any) -> Task:
    return Task(id=task_id, action="true", where=Where("a.rush", line, 3), **fields)


def edges(graph: Graph) -> List[Tuple[str, str, str]]:
    return [(edge.task, edge.kind.value, edge.on) for own in graph.edges.values() for edge in own]


def problems(graph: Graph) -> List[str]:
    return [str(found.problem) for found in graph.problems]


# --- names --------------------------------------------------------------------


def test_a_name_is_looked_up_from_the_inside_out() -> None:
    """The own namespace first, then outwards; a leading colon starts at the top."""
    graph = link(
        [
            task("build"),
            task("docs:build"),
            task("docs:api:site", deps=["build", ":build", "top"]),
            task("top"),
        ]
    )
    assert [edge.on for edge in graph.edges[TaskId("docs:api:site")]] == ["docs:build", "build", "top"]


def test_a_missing_task_is_a_problem_with_a_near_name() -> None:
    """Hidden tasks are not suggested; an optional dependency may be missing."""
    graph = link([task("build"), task("biuld", hidden=True), task("x", 4, deps=["buidl", Dep("no", optional=True)])])
    assert problems(graph) == [
        "a.rush:4:3: task `x` depends on `buidl`, which does not exist\nhint: did you mean `build`?"
    ]
    graph = link([task("docs:build"), task("x", deps=["build"])])
    assert "did you mean `docs:build`?" in problems(graph)[0]


def test_two_tasks_of_one_name_are_told_with_both_places() -> None:
    """The first one stays."""
    graph = link([task("a", 2), task("b", 3), task("a", 9, description="second")])
    assert problems(graph) == [
        "a.rush:9:3: task `a` is declared twice, first at a.rush:2:3\nhint: give one of them another name"
    ]
    assert graph[TaskId("a")].description == ""


def test_an_alias_that_means_two_tasks_is_a_problem_of_the_later_one() -> None:
    """Names of tasks win over aliases."""
    graph = link([task("a", 1, aliases=["x"]), task("b", 2, aliases=["x", "a"]), task("c", aliases=["c"])])
    assert (graph.names["x"], graph.names["a"]) == ("a", "a")
    assert problems(graph) == [
        "a.rush:2:3: alias `x` of task `b` already means task `a`, first at a.rush:1:3",
        "a.rush:2:3: alias `a` of task `b` already means task `a`, first at a.rush:1:3",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        ("-x", "it starts with `-`"),
        ("a b", "it contains white space"),
        ("a\x1bb", "it contains a control character"),
        ("a:", "a part of it is empty"),
        (":a", "a part of it is empty"),
        ("a*", "it contains `*`"),
        ("build", None),
        ("test@3.8,linux", None),
        ("@scope/pkg:build", None),
        ("prüfe_1.x+y=z", None),
        ("🚀", None),
    ],
)
def test_names_that_tasks_may_have(name: str, why: "str | None") -> None:
    """What shells and patterns give a meaning, and what nobody can see, is no part of a name."""
    assert what_is_wrong(name) == why
    graph = link([task(name)])
    assert bool(graph.problems) == (why is not None)
    assert "\x1b" not in "".join(problems(graph))


@given(st.text(max_size=8))
def test_any_text_is_a_name_or_says_why_not(name: str) -> None:
    """No name passes with a sign that is forbidden."""
    if what_is_wrong(name) is None:
        assert name
        assert not set(name) & set(FORBIDDEN)
        assert not any(sign.isspace() for sign in name)


def test_finally_results_and_order_only() -> None:
    """Each kind of edge, and bindings that are given their full names."""
    graph = link(
        [
            task("n:value"),
            task("n:clean"),
            task("n:main", bindings={"v": TaskId("value")}, finally_=["clean"], deps=[Dep("value", order_only=True)]),
        ]
    )
    assert edges(graph) == [("n:clean", "finally", "n:main"), ("n:main", "result", "n:value")]
    assert graph[TaskId("n:main")].bindings == {"v": "n:value"}
    assert not graph.edges[TaskId("n:main")][0].order_only


# --- files ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "outputs", "depends"),
    [
        (["gen/a.c"], ["gen/a.c"], True),
        (["gen/a.c"], ["gen"], True),
        (["gen"], ["gen/a.c"], True),
        (["gen/"], ["gen/a.c"], True),
        (["./gen//a.c"], ["gen/a.c"], True),
        (["gen/*.c"], ["gen/a.c"], True),
        (["gen/a.c"], ["gen/*.c"], True),
        (["**/*.c"], ["gen/**"], True),
        (["gen/*.h"], ["gen/*.c"], False),
        (["src/**"], ["gen/**"], False),
        (["generated/a"], ["gen"], False),
        (["**/*.c", "!gen/**"], ["gen/a.c"], False),
        (["**/*.c", "!gen/**"], ["gen/x*.c"], False),
        (["**/*.c", "!gen/**", "gen/a.c"], ["gen/a.c"], True),
        (["gen/a.c"], ["gen/**", "!gen/a.c"], False),
        (["out/${mode}/x"], ["out/fast/x"], True),
        (["out/${mode}/x"], ["out/${other}/y"], False),
    ],
)
def test_who_reads_what_another_makes_depends_on_it(inputs: "list[str]", outputs: "list[str]", depends: bool) -> None:
    """The edge says that it follows from files, and through which."""
    graph = link([task("reader", inputs=inputs), task("maker", outputs=outputs)])
    assert edges(graph) == ([("reader", "files", "maker")] if depends else [])
    assert not graph.problems
    if depends:
        assert graph.edges[TaskId("reader")][0].via in [text.replace("${mode}", "*") for text in outputs]


def test_a_declared_dependency_is_not_doubled_and_no_task_waits_for_itself() -> None:
    """One edge to one task; what a task makes for itself is its own affair."""
    graph = link([task("a", outputs=["x", "y"]), task("b", deps=["a"], inputs=["x", "y", "z"], outputs=["z"])])
    assert edges(graph) == [("b", "needs", "a")]


def test_a_pattern_yields_to_the_declared_order_but_a_plain_path_does_not() -> None:
    """`lint` reads every `.js`, `build` needs `lint` and makes some: that is no cycle."""
    tasks = [task("build", deps=["mid"], outputs=["dist/app.js"]), task("mid", deps=["lint"])]
    assert ("lint", "files", "build") not in edges(link([*tasks, task("lint", inputs=["**/*.js"])]))
    assert ("lint", "files", "build") in edges(link([*tasks, task("lint", inputs=["dist/app.js"])]))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (["dist"], ["dist"], True),
        (["dist/**"], ["dist/app.js"], True),
        (["dist"], ["dist/sub/app.js"], True),
        (["a/*.o"], ["a/x*"], True),
        (["a/*.o"], ["a/*.d"], False),
        (["dist/**", "!dist/docs/**"], ["dist/docs/**"], False),
        (["dist/a"], ["dist/b"], False),
    ],
)
def test_two_tasks_that_make_the_same_file_are_an_error(one: "list[str]", other: "list[str]", clash: bool) -> None:
    """Both are named, with their places, whichever is declared first."""
    for first, second in ((one, other), (other, one)):
        graph = link([task("a", 2, outputs=first), task("b", 5, outputs=second)])
        assert len(graph.problems) == clash
        if clash:
            assert graph.problems[0].tasks == {"a", "b"}
            text = problems(graph)[0]
            assert "`a`" in text
            assert "`b`" in text
            assert "a.rush:2:3" in text
            assert "a.rush:5:3" in text


def test_tasks_for_different_platforms_may_make_the_same_file() -> None:
    """They never run in one place."""
    graph = link([task("a", outputs=["x"], platforms=("linux",)), task("b", outputs=["x"], platforms=("macos",))])
    assert not graph.problems


def test_a_wrong_pattern_is_a_problem_of_its_task() -> None:
    """Not an exception while linking."""
    graph = link([task("a", inputs=["[z-a]"]), task("b", outputs=["ok"])])
    assert problems(graph)[0].startswith("a.rush:1:3: task `a` has a wrong pattern `[z-a]`: ")
    assert graph.problems[0].tasks == {"a"}


PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)
PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "**", "?", "a*"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(st.lists(PATTERNS, max_size=3), st.lists(PATHS, max_size=3)), min_size=1, max_size=6))
def test_edges_from_files_are_those_of_the_definition(
    specs: "list[tuple[list[str], list[str]]]",
) -> None:
    """Against every pair by itself: whoever reads a path or something below it waits for who makes it."""
    graph = link([task(f"t{n}", inputs=inputs, outputs=outputs) for n, (inputs, outputs) in enumerate(specs)])
    expected: Set[Tuple[str, str]] = set()
    below = ["", "/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/a/a/a", "/ab"]
    for reader, (inputs, _) in enumerate(specs):
        for maker, (_, outputs) in enumerate(specs):
            paths = [path + tail for path in outputs for tail in below]
            if reader != maker and any(Patterns((text,)).matches(path) for text in inputs for path in paths):
                expected.add((f"t{reader}", f"t{maker}"))
    found = {(e.task, e.on) for own in graph.edges.values() for e in own if e.kind is EdgeKind.FILES}
    assert found == expected


def test_ten_thousand_tasks_with_ten_files_each_are_linked_in_seconds() -> None:
    """Outputs are found by their folder, not by asking each: under 2 s on a quiet machine, twice that anywhere."""
    tasks = [
        task(
            f"t{n}",
            inputs=[
                *(f"out/{n - 1}/{k}.o" for k in range(5)),
                *(f"src/{n}/{k}.c" for k in range(4)),
                f"inc/{n}/**/*.h",
            ],
            outputs=[f"out/{n}/{k}.o" for k in range(10)],
        )
        for n in range(10_000)
    ]
    begun = time.process_time()
    graph = link(tasks)
    assert time.process_time() - begun < 4
    assert len(edges(graph)) == 9_999


def test_silence_of_a_task_with_the_terminal_cannot_be_noticed() -> None:
    """Its output is nobody's; other times are fine."""
    wrong = link([Task(id="a", action="x", interactive=True, timeout=Timeout(idle=3))])
    assert [one.problem.message for one in wrong.problems] == [
        "task `a` owns the terminal, so nobody knows when it falls silent"
    ]
    assert not link([Task(id="a", action="x", interactive=True, timeout=Timeout(attempt=3))]).problems
