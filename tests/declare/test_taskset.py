"""Sets of tasks: collected from modules, joined under namespaces, found by identity."""

import sys
import types
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict

import pytest

from taskrush import (
    ConfigError,
    Dep,
    MissingCapability,
    Project,
    Retry,
    Task,
    TaskSet,
    Timeout,
    command,
    link,
    result_of,
    task,
)
from taskrush.declare.module import load_module
from taskrush.declare.options import option_strings

pytestmark = pytest.mark.core


def module(**names: Any) -> types.ModuleType:
    made = types.ModuleType("made")
    vars(made).update(names)
    return made


def by_id(tasks: TaskSet) -> Dict[str, Task]:
    return {one.id: one for one in tasks.tasks}


def test_a_module_gives_its_marked_functions_and_commands() -> None:
    """Marked things are collected, imported ones too; unmarked functions are not."""

    @task
    def build() -> None: ...

    def helper() -> None: ...

    lint = command("ruff", deps=[build])
    tasks = by_id(TaskSet.from_module(module(build=build, helper=helper, lint_all=lint, number=3)))
    assert list(tasks) == ["build", "lint-all"]
    assert tasks["lint-all"].deps == (Dep("build"),)


def test_one_thing_under_two_names_is_one_task() -> None:
    """The first variable names a command, later ones are aliases; a function held under its own name keeps it."""

    @task
    def build() -> None: ...

    lint = command("ruff")
    tasks = by_id(TaskSet.from_module(module(make=build, build=build, lint=lint, check=lint)))
    assert {name: one.aliases for name, one in tasks.items()} == {"build": ("make",), "lint": ("check",)}


def test_a_function_imported_under_another_name_has_that_name() -> None:
    """`from docs import build as docs_build` does not take the name `build`."""

    @task
    def build() -> None: ...

    other = build

    @task  # type: ignore[no-redef]
    def build() -> None: ...

    assert list(by_id(TaskSet.from_module(module(docs_build=other, build=build)))) == ["docs-build", "build"]


def test_a_dependency_on_a_command_works_before_it_has_a_name() -> None:
    """Dependencies by object are resolved when tasks are made, whatever the order of the variables."""
    first = command("one")
    second = command("two", deps=first)
    tasks = by_id(TaskSet.from_module(module(zwei=second, eins=first)))
    assert tasks["zwei"].deps == (Dep("eins"),)


def test_what_is_depended_on_is_part_of_the_set() -> None:
    """A marked function that is only named in `deps` or `result_of` is taken in, transitively."""

    @task
    def deepest() -> int:
        return 1

    @task
    def middle(x: int = result_of(deepest)) -> int:
        return x

    @task(finally_=[middle])
    def top() -> None: ...

    assert set(by_id(TaskSet([top]))) == {"top", "middle", "deepest"}


def test_a_namespace_holds_a_set_with_its_inner_dependencies() -> None:
    """`include` renames a set's tasks; names inside mean its own tasks, objects are found across sets."""

    @task
    def setup() -> str:
        return "s"

    @task(deps=[setup, "html"], aliases=["b"])
    def build(x: str = result_of(setup)) -> None: ...

    html = command("sphinx", name="html", capture=True)

    @task(deps=[build])
    def all_docs() -> None: ...

    docs = TaskSet([build, html, Task(id="plain", action="true", deps=["html"])])
    everything = TaskSet([setup, all_docs]).include(docs, namespace="docs")
    tasks = by_id(everything)
    assert list(tasks) == ["setup", "all-docs", "docs:build", "docs:html", "docs:plain"]
    assert tasks["docs:build"].aliases == ("docs:b",)
    assert tasks["docs:build"].bindings == {"x": "setup"}
    graph = link(everything.tasks)
    assert graph.problems == ()
    needs = {name: sorted({edge.on for edge in graph.edges[name]}) for name in graph.tasks}
    assert needs["docs:build"] == ["docs:html", "setup"]
    assert needs["all-docs"] == ["docs:build"]
    assert needs["docs:plain"] == ["docs:html"]


def test_results_reach_their_dependants_inside_a_namespace() -> None:
    """Bindings name tasks in full, so that a value arrives from inside and outside of a namespace."""
    seen = []

    @task
    def outer() -> str:
        return "outer"

    @task
    def inner(x: str = result_of(outer)) -> str:
        return f"inner {x}"

    version = command("echo 1.2", name="version", capture=True)

    @task
    def last(x: str = result_of(inner), v: str = result_of(version)) -> None:
        seen.append((x, v))

    docs = TaskSet([inner, last, version])
    assert Project.of(TaskSet([outer]).include(docs, "a").include(TaskSet(), "b")).run("a:last").ok
    assert seen == [("inner outer", "1.2")]


def test_a_task_in_two_included_sets_runs_once() -> None:
    """The same function under two namespaces is one task with two names."""

    @task
    def setup() -> None: ...

    tasks = by_id(TaskSet().include(TaskSet([setup]), "a").include(TaskSet([setup]), "b"))
    assert {name: one.aliases for name, one in tasks.items()} == {"a:setup": ("b:setup",)}


def test_a_clash_names_both_places() -> None:
    """Two tasks of one name are an error that says where each is declared."""

    @task(name="build")
    def one() -> None: ...

    @task(name="build")
    def two() -> None: ...

    with pytest.raises(ConfigError) as caught:
        TaskSet([one, two])
    problem = caught.value.problems[0]
    first, second = (one.__code__.co_firstlineno, two.__code__.co_firstlineno)
    assert problem.message.startswith("task `build` is declared twice, first at ")
    assert problem.message.endswith(f"test_taskset.py:{first}")
    assert problem.where is not None
    assert problem.where.line == second
    assert TaskSet([one]).include(TaskSet([two]), "x").tasks[1].id == "x:build"


def test_the_decorator_of_a_set_marks_and_adds() -> None:
    """`@tasks.task` gives the function back."""
    tasks = TaskSet()

    @tasks.task
    def build() -> int:
        return 3

    assert build() == 3
    assert list(by_id(tasks)) == ["build"]


def test_sets_that_a_module_holds_are_part_of_it(tmp_path: Path) -> None:
    """A module's own sets are taken in at the top, those that they include only under their namespace."""

    @task
    def build() -> None: ...

    docs = TaskSet([build])
    tasks = TaskSet().include(docs, "docs")
    assert list(by_id(TaskSet.from_module(module(docs=docs, tasks=tasks)))) == ["docs:build"]
    assert list(by_id(TaskSet.from_module(module(docs=docs)))) == ["build"]


def test_two_sets_of_one_module_may_use_the_same_names() -> None:
    """What a set holds is not taken in under its bare name as well."""

    @task(name="build")
    def build_docs() -> None: ...

    @task(name="build")
    def build_code(version: str = "1") -> None: ...

    @task
    def other() -> None: ...

    docs, code = TaskSet([build_docs]), TaskSet([build_code])
    every = TaskSet().include(docs, "docs").include(code, "code")
    found = module(build_docs=build_docs, build_code=build_code, other=other, docs=docs, code=code, every=every)
    tasks = by_id(TaskSet.from_module(found))
    assert {name: one.aliases for name, one in tasks.items()} == {"other": (), "docs:build": (), "code:build": ()}


def test_names_with_underscores_for_what_python_reserves() -> None:
    """`list_` is the task `list`, `from_` the option `--from`."""

    @task
    def list_(from_: str = "a", _x: int = 1) -> None: ...

    made = by_id(TaskSet.from_module(module(list_=list_)))["list"]
    assert [option_strings(param)[0] for param in made.params] == ["--from", "--x"]


def test_retries_and_timeouts_are_said_as_in_files() -> None:
    """Numbers, times and classes of exceptions become what a file would say; what makes no sense is refused."""

    class Shaky(ConnectionError): ...

    @task(retry=Retry(delay=[1, "5s"], on_exception=(Shaky, ValueError), on_signal="KILL"), timeout="1m30s")
    def heavy() -> None: ...

    @task(retry=4, timeout=timedelta(minutes=2))  # type: ignore[call-overload, untyped-decorator]
    def light() -> None: ...

    made = by_id(TaskSet([heavy, light, command("true", name="one", retry=2, timeout=Timeout(idle=3))]))
    shaky = f"{__name__}.test_retries_and_timeouts_are_said_as_in_files.<locals>.Shaky"
    assert made["heavy"].retry == Retry(
        attempts=3, delay="1s,5s", on_exception=(shaky, "ValueError"), on_signal=("SIGKILL",)
    )
    assert (made["heavy"].timeout, made["light"].timeout) == (Timeout(attempt=90.0), Timeout(attempt=120.0))
    assert (made["light"].retry, made["one"].retry) == (Retry(attempts=4), Retry(attempts=2))
    assert made["one"].timeout == Timeout(idle=3.0)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"delay": "soon"}, "`soon` is not `exponential`"),
        ({"delay": [1, "soon"]}, "`soon` is not a time"),
        ({"jitter": "lots"}, "`lots` is not `full`"),
        ({"max_delay": -1}, "-1 is not a time"),
        ({"on_signal": ["SIGNONE"]}, "`SIGNONE` is not a signal"),
        ({"on_pattern": "("}, r"`\(` is not a regular expression"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(said: Any, words: str) -> None:
    """Where it is declared, not when the first attempt has failed."""
    with pytest.raises(ValueError, match=words):
        Retry(**said)


def test_what_is_not_part_of_this_version_is_refused_by_a_run_alone() -> None:
    """`remote` is said as in files; planning works, a run names the task's line."""

    @task(remote="cluster")
    def heavy() -> None: ...

    project = Project.of(TaskSet([heavy, Task(id="t", remote="x")]))
    assert len(project.plan(["heavy", "t"])) == 2
    with pytest.raises(MissingCapability) as caught:
        project.run(["heavy", "t"])
    assert [problem.message for problem in caught.value.problems] == [
        "task `heavy`: remote execution (`cluster`) is not part of this version",
        "task `t`: remote execution (`x`) is not part of this version",
    ]
    assert caught.value.problems[0].where is not None
    assert caught.value.problems[0].where.line == heavy.__code__.co_firstlineno


def test_a_dependency_on_what_is_no_task_is_told_when_it_is_planned() -> None:
    """The set can still be made and listed; the task itself carries the problem."""

    def helper() -> None: ...

    @task(deps=[helper, 3])  # type: ignore[list-item]
    def build() -> None: ...

    messages = [problem.message for problem in by_id(TaskSet([build]))["build"].problems]
    assert messages == [
        "task `build` depends on `helper`, which is no task",
        "task `build` depends on `3`, which is no task",
    ]


def test_loading_leaves_no_trace_and_two_files_do_not_meet(tmp_path: Path) -> None:
    """A file can import from its folder while it is loaded; `sys.path` is as before, modules have their own names."""
    before = list(sys.path)
    modules = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"helper_{name}.py").write_text(f"VALUE = {name!r}\n")
        text = f"from helper_{name} import VALUE\nfrom taskrush import task\n@task\ndef build():\n    return VALUE\n"
        (folder / "tasks.py").write_text(text)
        modules.append(load_module(str(folder / "tasks.py")))
    assert sys.path == before
    assert [one.build() for one in modules] == ["a", "b"]
    assert modules[0].__name__ != modules[1].__name__
    assert not (tmp_path / "a" / "__pycache__" / f"tasks.{sys.implementation.cache_tag}.pyc").exists()
    actions = [str(TaskSet.from_module(one).tasks[0].action) for one in modules]
    assert actions == ["tasks:build()", "tasks:build()"]


def test_an_edit_within_a_second_is_seen(tmp_path: Path) -> None:
    """Source of the same size and time stamp is compiled again."""
    path = tmp_path / "tasks.py"
    path.write_text("VALUE = 1\n")
    first = load_module(str(path)).VALUE
    path.write_text("VALUE = 2\n")
    assert (first, load_module(str(path)).VALUE) == (1, 2)
