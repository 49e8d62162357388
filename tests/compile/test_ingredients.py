"""What a task depends on besides files is seen from the workspace, makes edges, and is refused where it makes none."""

from typing import Any, Dict, List, Optional

import pytest

from taskrush import Project, Task, UsageError
from taskrush.compile.expand import Surroundings, expand
from taskrush.compile.link import link
from taskrush.declare.nodes import Source
from taskrush.declare.rushfile import read_text
from taskrush.model.graph import EdgeKind
from taskrush.model.policy import Ingredient
from taskrush.project import settle_parameters
from tests.compile.test_expand import messages

pytestmark = pytest.mark.core


def tasks(text: str, folder: str = ".", env: Optional[Dict[str, str]] = None) -> Dict[str, Task]:
    import attrs

    file = attrs.evolve(read_text(Source(".rush", text), ".rush"), folder=folder)
    return {task.id: task for task in expand((file,), Surroundings(env or {}))}


FORMS = """
vars: {tool: node}
tasks:
  a:
    cmd: "true"
    inputs:
      - src/**
      - "package.json#dependencies.react"
      - {env: NODE_*}
      - {env: "!NODE_OPTIONS"}
      - {cmd: "${tool} --version"}
      - {result: other}
      - 'odd.json\\#name'
"""


def test_every_form_reaches_the_model() -> None:
    """Patterns stay patterns, everything else becomes an ingredient; a backslash makes a file name of `#`."""
    task = tasks(FORMS)["a"]
    assert task.inputs == ("src/**", "odd.json\\#name")
    assert task.ingredients == (
        Ingredient(part="package.json#dependencies.react"),
        Ingredient(env="NODE_*"),
        Ingredient(env="!NODE_OPTIONS"),
        Ingredient(command="node --version"),
        Ingredient(result="other"),
    )
    assert task.is_cached


def test_paths_and_commands_are_those_of_the_file_s_folder() -> None:
    """A part is looked up where the file lies, a command runs there."""
    task = tasks(FORMS, folder="web app")["a"]
    assert task.inputs == ("web app/src/**", "web app/odd.json\\#name")
    assert [item.part for item in task.ingredients if item.part] == ["web app/package.json#dependencies.react"]
    assert [item.command for item in task.ingredients if item.command] == ["cd 'web app' && node --version"]


def test_a_task_without_patterns_reads_no_files() -> None:
    """What is listed is what counts."""
    assert tasks("tasks: {a: {cmd: x, inputs: [{env: CC}]}}")["a"].inputs == ()


@pytest.mark.parametrize(
    "spelling", ["inputs: {env: CC}", "cache: [{env: CC}]", "cache: {key_dependencies: {env: CC}}"]
)
def test_every_place_for_inputs_takes_them(spelling: str) -> None:
    """`inputs`, `cache` as a list, `key_dependencies`."""
    assert tasks(f"tasks: {{a: {{cmd: x, {spelling}}}}}")["a"].ingredients == (Ingredient(env="CC"),)


def test_a_child_that_says_inputs_takes_none_over() -> None:
    """The list is replaced as a whole, whatever it held."""
    made = tasks("tasks: {a: {cmd: x, inputs: [{env: A}, p]}, b: {extends: a, inputs: [q]}, c: {extends: a}}")
    assert (made["b"].inputs, made["b"].ingredients) == (("q",), ())
    assert (made["c"].inputs, made["c"].ingredients) == (("p",), (Ingredient(env="A"),))


def test_a_result_is_a_dependency() -> None:
    """Its edge carries the value."""
    graph = link([Task(id="n:use", action="x", ingredients=(Ingredient(result="f"),)), Task(id="n:f", action=len)])
    [edge] = graph.edges["n:use"]  # type: ignore[index]
    assert (edge.on, edge.kind) == ("n:f", EdgeKind.RESULT)
    assert graph.problems == ()


WRONG: List[Any] = [
    (Task(id="a", action="x", ingredients=(Ingredient(part="!p.json#x"),)), "parts cannot be left out"),
    (Task(id="a", action="x", ingredients=(Ingredient(part="*/p.json#x"),)), "it names no single file"),
    (Task(id="a", action="x", ingredients=(Ingredient(part="../p.json#x"),)), "it leaves the workspace"),
    (Task(id="a", action="x", ingredients=(Ingredient(result="nothing"),)), "which does not exist"),
    (Task(id="a", action="x", ingredients=(Ingredient(result="shell"),)), "which is nothing: it is no function"),
    (Task(id="a", action="x", outputs=["../x"]), "it leaves the workspace"),
    (Task(id="a", action="x", outputs=["/x"]), "it is absolute"),
    (Task(id="a", action="x", outputs=["a/../../x"]), "it leaves the workspace"),
    (Task(id="a", action="x", outputs=[".git/hooks"]), "`.git` is not for tasks to write to"),
    (Task(id="a", action="x", outputs=["sub/.taskrush/*"]), "`.taskrush` is not for tasks to write to"),
]


@pytest.mark.parametrize(("task", "message"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_makes_no_sense_is_a_problem_of_the_task(task: Task, message: str) -> None:
    """In Python as in files; nobody else is disturbed."""
    graph = link([task, Task(id="shell", action="echo")])
    [problem] = [one for one in graph.problems if task.id in one.tasks]
    assert message in problem.problem.message


def test_a_computed_variable_cannot_be_part_of_a_command_that_is_asked() -> None:
    """It would have to run to make a key."""
    made = tasks("vars: {sha: {cmd: git x}}\ntasks: {a: {cmd: x, inputs: [{cmd: 'tool ${sha}'}]}}")["a"]
    assert any("`${sha}` is computed while running" in text for text in messages(made))


def test_parameters_are_filled_in_and_quoted_for_the_shell() -> None:
    """What somebody types cannot become a command; and it cannot lead outputs out of the workspace."""
    made = tasks(
        "tasks: {a: {cmd: x, params: {to: x}, inputs: [{cmd: 'v ${to}'}, 'p.json#${to}'], outputs: ['${to}/out']}}"
    )["a"]
    settled = settle_parameters(made, {"to": "a; b"})
    assert settled.ingredients == (Ingredient(command="v 'a; b'"), Ingredient(part="p.json#a; b"))
    with pytest.raises(UsageError, match="leaves the workspace"):
        settle_parameters(made, {"to": ".."})
    with pytest.raises(UsageError, match="not for tasks to write to"):
        settle_parameters(made, {"to": ".git"})


def test_python_takes_the_same_forms() -> None:
    """Strings with `#`, and names for the rest; the value's task comes along under its namespace."""
    from pathlib import Path

    from taskrush import TaskSet, command, output_of, task, value_of, variable

    @task
    def version() -> str:
        return "1"

    build = command(
        "true",
        name="build",
        inputs=["src/**", "p.toml#project", Path("a.json#b"), variable("CC"), output_of("cc -v"), value_of(version)],
    )
    made = {one.id: one for one in TaskSet().include(TaskSet([build]), "sub").tasks}
    assert made["sub:build"].inputs == ("src/**", "a.json#b")
    assert made["sub:build"].ingredients == (
        Ingredient(part="p.toml#project"),
        Ingredient(env="CC"),
        Ingredient(command="cc -v"),
        Ingredient(result=":version"),
    )
    project = Project.of(TaskSet().include(TaskSet([build]), "sub"))
    assert [one.id for one in project.plan("sub:build").tasks] == ["version", "sub:build"]
