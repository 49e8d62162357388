"""Graphs as trees, DOT, Mermaid and JSON."""

import json
import re
import shutil
import subprocess

import pytest
from hypothesis import given

from taskrush.compile.link import link
from taskrush.model.graph import Graph
from taskrush.model.task import Dep, Task, TaskId
from taskrush.report.graph_formats import draw
from taskrush.report.graph_tree import MAX_DEPTH, draw_tree
from taskrush.testing.strategies import graphs

pytestmark = pytest.mark.core

ODD = 'a"b\\c]|#;<>é'


def graph() -> Graph:
    return link(
        [
            Task(id="gen", action="x", outputs=["gen.c"]),
            Task(id="lib", action="x", deps=["gen"], description="The library"),
            Task(id="app", action="x", deps=["lib", Dep("gen", order_only=True)], finally_=["clean"]),
            Task(id="docs", action="x", inputs=["gen.c"], bindings={"v": TaskId("lib")}, description="Read it"),
            Task(id="clean", action="x"),
        ]
    )


def test_the_tree_shows_kinds_of_edges_and_unfolds_each_task_once() -> None:
    """Roots with their descriptions, below them what they wait for."""
    assert draw_tree(graph()) == (
        "docs  Read it\n"
        "├── lib (gives its result)\n"
        "│   └── gen\n"
        "└── gen (makes gen.c)\n"
        "clean\n"
        "└── app (finally, however it ends)\n"
        "    ├── lib (see above)\n"
        "    └── gen (order only)\n"
    )
    assert draw_tree(graph(), [TaskId("lib")], ascii_only=True) == "lib  The library\n`-- gen\n"


def test_cycles_and_depth_do_not_run_away() -> None:
    """A cycle is unfolded once; a chain of 10,000 is cut, and every task is still named."""
    loop = link([Task(id="a", action="x", deps=["b"]), Task(id="b", action="x", deps=["a"])])
    assert draw_tree(loop) == "a\n└── b\n    └── a (see above)\n"
    chain = link(Task(id=f"t{n}", action="x", deps=[f"t{n + 1}"] if n < 9999 else []) for n in range(10_000))
    lines = draw_tree(chain).splitlines()
    assert lines[MAX_DEPTH].endswith(f"t{MAX_DEPTH} (deeper levels are left out)")
    assert max(map(len, lines)) < 300
    assert {word for line in lines for word in line.split() if word.startswith("t")} >= set(chain.tasks)


@given(graphs(acyclic=False))
def test_the_tree_names_every_task_and_every_edge(graph: Graph) -> None:
    """Whatever the graph: one line for each root and one for each edge."""
    lines = draw_tree(graph).splitlines()
    assert len([line for line in lines if "── " in line]) == sum(map(len, graph.edges.values()))
    assert {re.sub(r"^[│├└─ ]+", "", line).split()[0] for line in lines} == set(graph.tasks)


def test_dot_escapes_names() -> None:
    """Quotes and backslashes; arrows point to what a task waits for."""
    odd = link([Task(id=ODD, action="x"), Task(id="b", action="x", deps=[ODD])])
    assert draw(odd, "dot") == (
        "digraph taskrush {\n  rankdir=LR;\n  node [shape=box];\n"
        '  "a\\"b\\\\c]|#;<>é";\n  "b";\n  "b" -> "a\\"b\\\\c]|#;<>é";\n}\n'
    )


DOT_ID = r'"(?:[^"\\]|\\.)*"'
DOT_ATTRIBUTES = rf"(?: \[\w+={DOT_ID}(?:, \w+={DOT_ID})*\])?"
DOT_LINE = re.compile(rf"  (?:{DOT_ID}(?: -> {DOT_ID})?{DOT_ATTRIBUTES}|rankdir=LR|node \[shape=box\]);")


@given(graphs(acyclic=False))
def test_dot_is_in_the_language(graph: Graph) -> None:
    """By its grammar, and by Graphviz itself where it is installed."""
    text = draw(graph, "dot")
    first, *lines, last = text.splitlines()
    assert (first, last) == ("digraph taskrush {", "}")
    assert all(DOT_LINE.fullmatch(line) for line in lines)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_it() -> None:
    """The layout program takes the odd names too."""
    odd = link([Task(id=ODD, action="x", description="line\nline"), *graph()])
    subprocess.run(["dot", "-Tsvg"], input=draw(odd, "dot"), text=True, check=True, capture_output=True)


@given(graphs(acyclic=False))
def test_mermaid_is_in_the_language(graph: Graph) -> None:
    """Nodes are numbered, so that no name (`end`, `graph`) means something; labels hold no sign that does."""
    lines = draw(graph, "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    node, arrow = r'  t\d+\["[^"\[\]{}|<>]+"\]', r'  t\d+ -\.?->(?:\|"[^"|]+"\|)? t\d+'
    assert all(re.fullmatch(f"{node}|{arrow}", line) for line in lines[1:])
    assert '"a#34;b#92;c#93;#124;#35;#59;#60;#62;é"' in draw(link([Task(id=ODD, action="x")]), "mermaid")


def test_json_has_every_edge_with_its_kind() -> None:
    """For programs; keys are only ever added."""
    shown = json.loads(draw(graph(), "json"))
    assert shown["version"] == 1
    assert [task["id"] for task in shown["tasks"]] == ["gen", "lib", "app", "docs", "clean"]
    assert shown["edges"] == [
        {"task": "lib", "on": "gen", "kind": "needs", "order_only": False, "via": ""},
        {"task": "app", "on": "lib", "kind": "needs", "order_only": False, "via": ""},
        {"task": "app", "on": "gen", "kind": "needs", "order_only": True, "via": ""},
        {"task": "docs", "on": "lib", "kind": "result", "order_only": False, "via": ""},
        {"task": "docs", "on": "gen", "kind": "files", "order_only": False, "via": "gen.c"},
        {"task": "clean", "on": "app", "kind": "finally", "order_only": False, "via": ""},
    ]


def test_an_unknown_format_is_refused() -> None:
    """With what there is."""
    with pytest.raises(ValueError, match="text, dot, mermaid, json"):
        draw(graph(), "png")
