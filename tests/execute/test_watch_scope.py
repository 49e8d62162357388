"""Which tasks a path concerns."""

from typing import Any, Optional, Sequence

import pytest

from taskrush.compile.link import link
from taskrush.execute.watch_part import differs, part
from taskrush.execute.watch_scope import FileScope, state_scope
from taskrush.model.plan import Plan
from taskrush.model.policy import Ingredient
from taskrush.model.task import Task, TaskId
from taskrush.plan.planner import make_plan

pytestmark = pytest.mark.core


def planned(*tasks: Task) -> Plan:
    return make_plan(link(tasks), [task.id for task in tasks], "/nowhere")


def task(name: str, inputs: Optional[Sequence[str]] = None, **more: Any) -> Task:
    return Task(id=TaskId(name), action=more.pop("action", "do it"), inputs=inputs, **more)


def test_readers_are_found_by_pattern_folder_exact_name_and_exclusion() -> None:
    scope = FileScope(
        planned(
            task("compile", ["src/**/*.c", "!src/old/**"]),
            task("pack", ["assets"]),
            task("readme", ["README.md"]),
            task("every", ["!docs/**"]),
        )
    )
    found = {
        path: scope.readers(path)
        for path in ("src/a.c", "src/x/y/b.c", "src/old/c.c", "src/a.h", "assets/i/logo.svg", "README.md", "docs/i.md")
    }
    assert found == {
        "src/a.c": ("compile", "every"),
        "src/x/y/b.c": ("compile", "every"),
        "src/old/c.c": ("every",),
        "src/a.h": ("every",),
        "assets/i/logo.svg": ("pack", "every"),
        "README.md": ("readme", "every"),
        "docs/i.md": (),
    }


def test_a_file_of_which_a_part_counts_is_read() -> None:
    """Beside patterns and alone; the key tells later whether the part has changed."""
    ingredients = (Ingredient(part="web/package.json#version"), Ingredient(env="CI"))
    scope = FileScope(
        planned(task("a", ["src/*", "!web/**"], ingredients=ingredients), task("b", (), ingredients=ingredients))
    )
    assert scope.readers("web/package.json") == ("a", "b")
    assert scope.readers("web/other.json") == ()


def test_a_task_without_inputs_reads_whatever_is_not_left_out() -> None:
    """Not what git ignores, other tasks' outputs, our own state, what editors write aside, or the files of tasks."""
    scope = FileScope(
        planned(task("test"), task("build", ["a"], outputs=["dist/"]), task("nothing", action=None)),
        task_files=[".rush"],
        ignored=lambda path, is_folder: path.startswith("ignored"),
    )
    ours = ("src/a.py", "new/folder/file")
    others = (
        "ignored/file",
        "dist/app",
        ".git/HEAD",
        ".taskrush/state",
        "node_modules/x/i.js",
        "p/__pycache__/a.pyc",
        "src/.a.py.swp",
        "src/a.py~",
        "src/.#a.py",
        "src/#a.py#",
        "4913",
        ".rush",
    )
    assert {path: scope.readers(path) for path in (*ours, *others)} == {
        **dict.fromkeys(ours, ("test",)),
        **dict.fromkeys(others, ()),
    }
    assert scope.keeps(".rush")
    assert scope.keeps(".gitignore")


def test_what_is_ignored_is_entered_only_where_an_input_names_it() -> None:
    scope = FileScope(
        planned(task("a", ["gen/deep/*.c", "**/*.h"])),
        ignored=lambda path, is_folder: path.split("/")[0] in ("gen", "build"),
    )
    assert {
        folder: scope.enters(folder) for folder in ("src", "gen", "gen/deep", "gen/other", "build", "node_modules")
    } == {
        "src": True,
        "gen": True,
        "gen/deep": True,
        "gen/other": False,
        "build": False,
        "node_modules": False,
    }
    assert scope.readers("gen/deep/x.c") == ("a",)


def test_an_editors_file_is_read_only_by_its_exact_name() -> None:
    scope = FileScope(planned(task("all", ["src/**"]), task("one", ["src/notes~"])))
    assert scope.readers("src/a.c~") == ()
    assert set(scope.readers("src/notes~")) == {"all", "one"}


def test_values_on_demand_and_closing_tasks_follow_no_file() -> None:
    plan = planned(
        task("sha", hidden=True, capture=True),
        task("build", ["a"], bindings={"sha": TaskId("sha")}, finally_=["clean"]),
        task("clean"),
    )
    scope = state_scope(plan, FileScope(plan))
    assert scope.on_demand == {"sha"}
    assert list(scope.readers("a")) == ["build"]
    assert list(scope.readers("other")) == []
    assert scope.needs == {"sha": (), "build": ("sha",), "clean": ("build",)}


def test_a_part_of_a_plan_has_its_own_numbers_and_only_its_edges() -> None:
    plan = planned(task("version", ["v"]), task("build", ["a"], deps=["version"]), task("test", ["t"], deps=["build"]))
    cut = part(plan, [TaskId("test"), TaskId("build")])
    assert [one.id for one in cut.tasks] == ["build", "test"]
    assert (cut.needs, cut.targets) == (((), (0,)), ("build", "test"))
    assert [(edge.task, edge.on) for edge in cut.edges] == [("test", "build")]
    assert part(plan, [one.id for one in plan.tasks]) == plan


def test_functions_count_as_changed_when_python_files_have() -> None:
    def work() -> None: ...

    function = task("f", action=work)
    command = task("c", action="echo")
    assert differs(None, command, [])
    assert differs(command, task("c", action="echo 2"), [".rush"])
    assert not differs(command, task("c", action="echo"), ["tasks.py"])
    assert not differs(function, task("f", action=work), [".rush"])
    assert differs(function, task("f", action=work), [".rush", "tasks.py"])
