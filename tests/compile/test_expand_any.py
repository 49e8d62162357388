"""Whatever is declared expands to tasks or to problems, never to an exception."""

from typing import Any, Dict, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.compile.dotenv import parse_dotenv
from taskrush.compile.expand import Surroundings, expand
from taskrush.compile.link import link
from taskrush.compile.matrix import combinations, member_names
from taskrush.compile.names import what_is_wrong
from taskrush.compile.variables import Scope
from taskrush.errors import GraphError
from taskrush.model.declaration import FileDecl, Matrix, TaskDecl, Variable
from taskrush.model.task import Dep, Param
from taskrush.plan.planner import make_plan

pytestmark = pytest.mark.core

NAMES = st.sampled_from(["a", "b", "c", "A", "B"])
TEXTS = st.lists(
    st.sampled_from(["x", "/", "..", "*", "!", "{", "${A}", "${b}", "${C:-${a}}", "${D}", "$c", "é", ""]), max_size=4
).map("".join)
LISTS = st.none() | st.lists(TEXTS, max_size=2).map(tuple)
VARIABLES = st.dictionaries(
    NAMES, st.builds(Variable, value=TEXTS) | st.builds(Variable, command=TEXTS.filter(bool)), max_size=3
)
ENVS = st.dictionaries(NAMES, TEXTS, max_size=2)
DEPS = st.none() | st.lists(st.builds(Dep, TEXTS | NAMES), max_size=2).map(tuple)
MATRICES = st.builds(
    Matrix,
    axes=st.dictionaries(NAMES, st.lists(TEXTS, min_size=1, max_size=2).map(tuple), max_size=2),
    exclude=st.lists(ENVS, max_size=1).map(tuple),
    include=st.lists(ENVS, max_size=1).map(tuple),
)


def decls(name: "st.SearchStrategy[str]") -> "st.SearchStrategy[TaskDecl]":
    fields: Dict[str, Any] = {
        "cmd": LISTS,
        "before": LISTS,
        "after": LISTS,
        "deps": DEPS,
        "finally_": DEPS,
        "inputs": LISTS,
        "outputs": LISTS,
        "env": st.none() | ENVS,
        "vars": st.none() | VARIABLES,
        "cwd": st.none() | TEXTS,
        "confirm": st.none() | TEXTS,
        "description": st.none() | TEXTS,
        "params": st.none() | st.lists(st.builds(Param, NAMES), max_size=2, unique_by=lambda p: p.name).map(tuple),
        "matrix": st.none() | MATRICES,
        "extends": st.none() | st.lists(NAMES, max_size=2).map(tuple),
        "remote": st.none() | NAMES,
    }
    return st.builds(TaskDecl, name=name, **fields)


FILES = st.builds(
    FileDecl,
    path=st.just("a.rush"),
    folder=st.sampled_from([".", "pkg"]),
    namespace=st.sampled_from(["", "n", "n:m"]),
    tasks=st.lists(decls(NAMES), max_size=4, unique_by=lambda decl: decl.name).map(tuple),
    vars=VARIABLES,
    env=ENVS,
    dotenv=st.sampled_from([(), (".env",), ("${A}",)]),
    defaults=st.none() | decls(st.just("defaults")),
)


@given(st.lists(FILES, max_size=2).map(tuple), ENVS)
def test_any_declaration_becomes_tasks(files: Tuple[FileDecl, ...], environ: Dict[str, str]) -> None:
    """With a task for each declaration, a graph, and a plan or problems with a place to start from."""
    tasks = expand(files, Surroundings(environ, {}, {".env": "A=1\nnonsense\n"}.get))
    ids = {task.id for task in tasks}
    assert {f"{f.namespace}:{d.name}".lstrip(":") for f in files for d in f.tasks} <= ids
    assert all(bound in ids for task in tasks for bound in task.bindings.values())
    graph = link(tasks)
    for task in graph:
        try:
            make_plan(graph, [task.id])
        except GraphError as error:
            assert all(problem.message for problem in error.problems)  # noqa: PT017


@given(MATRICES)
def test_members_are_the_product_less_what_is_left_out(matrix: Matrix) -> None:
    """In order, each once, all under names that tasks may have."""
    scope = Scope({"A": "x y", "a": "z", "b": ""}, task="t")
    found = combinations(matrix, scope)
    assert len({tuple(sorted(one.items())) for one in found}) == len(found)
    for one in found:
        given = dict(one) in [dict(extra) for extra in matrix.include]
        out = any(rule and all(one.get(k) == v for k, v in rule.items()) for rule in matrix.exclude)
        assert given or (set(one) == set(matrix.axes) and not out)
    names = member_names("t", found)
    assert len(set(names)) == len(names)
    assert [name for name in names if what_is_wrong(name)] == []


@given(st.text(st.characters(exclude_characters="\x00\r", codec="utf-8"), max_size=20), st.sampled_from("'\""))
def test_quoted_values_of_dotenv_files_survive(value: str, quote: str) -> None:
    """Whatever is put into quotes comes out again, over lines too."""
    if quote == "'":
        value = value.replace("'", "")
        text = f"export X='{value}' # why\nY=1\n"
    else:
        text = 'X="{}"\nY=1\n'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
    assert parse_dotenv(text, ".env") == ({"X": value, "Y": "1"}, ())


@given(st.text(max_size=40))
def test_any_text_is_a_dotenv_file_or_a_list_of_problems(text: str) -> None:
    """Each line that is none is told with its number."""
    values, problems = parse_dotenv(text, ".env")
    assert all(name.isprintable() for name in values)
    assert all(problem.where and problem.where.line for problem in problems)


def test_lines_of_a_dotenv_file() -> None:
    """The forms that people write."""
    text = '\ufeff# c\nA=1\n export B = two words # c\nC=\nD=\'#x\'\nE=a#b\nF="a\\n\\"b\\$"\r\nwrong line\nG.H=x'
    values, problems = parse_dotenv(text, ".env")
    assert values == {"A": "1", "B": "two words", "C": "", "D": "#x", "E": "a#b", "F": 'a\n"b$', "G.H": "x"}
    assert [str(problem) for problem in problems] == [".env:8:1: not a `NAME=value` line"]
