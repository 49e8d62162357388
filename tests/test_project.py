"""The facade: from a folder to a graph, a plan and a run."""

from pathlib import Path
from typing import Callable

import pytest

from taskrush import GraphError, MissingCapability, Project, Task, TaskId, UsageError, command, task
from taskrush.errors import ConfigError
from taskrush.model.outcome import State

Workspace = Callable[..., Project]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Writes files by their names (`sub__name` is `sub/name`) and loads the project."""
    monkeypatch.chdir(tmp_path)

    def load(text: str = "", **more: str) -> Project:
        if text:
            (tmp_path / ".rush").write_text(text)
        for name, content in more.items():
            path = tmp_path / name.replace("__", "/").replace("_py", ".py").replace("_env", ".env")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return Project.load(str(tmp_path))

    return load


def test_rush_and_python_make_one_graph(workspace: Workspace) -> None:
    """They may depend on each other, and on what is included."""
    project = workspace(
        "include: {sub: sub/.rush}\ntasks:\n  a: {cmd: 'true', deps: [b]}\n  c: {cmd: 'true', deps: ['sub:d']}\n",
        tasks_py="from taskrush import task\n\n@task(deps=['c'])\ndef b() -> None:\n    pass\n",
        **{"sub__.rush": "tasks:\n  d: {cmd: 'pwd > here', inputs: [x.txt]}\n"},
    )
    assert [task.id for task in project.plan("a").tasks] == ["sub:d", "c", "b", "a"]
    assert project.task("sub:d").inputs == ("sub/x.txt",)
    assert [Path(path).name for path in project.sources] == [".rush", ".rush", "tasks.py"]
    assert project.run("a").ok
    assert (Path(project.root) / "sub" / "here").read_text().strip().endswith("sub")


def test_a_name_in_both_files_is_told_with_both_places(workspace: Workspace) -> None:
    """Only to those who run that task."""
    project = workspace(
        "tasks:\n  a: {cmd: 'true'}\n  b: {cmd: 'true'}\n",
        tasks_py="from taskrush import task\n\n@task\ndef a() -> None:\n    pass\n",
    )
    assert project.plan("b")
    with pytest.raises(GraphError, match=r"task `a` is declared twice, first at .*\.rush:2:3") as caught:
        project.plan("a")
    assert "tasks.py" in str(caught.value.problems[0].where)


def test_a_problem_comes_with_its_line(workspace: Workspace) -> None:
    """So that a caret can be drawn below it."""
    with pytest.raises(GraphError) as caught:
        workspace("tasks:\n  a: {cmd: 'true', deps: [nowhere]}\n").plan("a")
    assert str(caught.value) == (
        ".rush:2:27: task `a` depends on `nowhere`, which does not exist\n"
        "      a: {cmd: 'true', deps: [nowhere]}\n"
        "                              ^"
    )


def test_a_missing_capability_stops_the_run_before_anything_starts(workspace: Workspace) -> None:
    """It can be planned; running names the place and leaves no trace."""
    text = "plugins: [p]\ntasks:\n  a: {cmd: 'touch ran'}\n  b: {cmd: 'true', deps: [a]}\n"
    project = workspace(text)
    assert len(project.plan("b")) == 2
    with pytest.raises(MissingCapability, match=r"\.rush:1:\d+: plugin `p`: plugins are not part of this version"):
        project.run("b")
    assert not (Path(project.root) / "ran").exists()


def test_parameters_are_settled_when_planning(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given values win over the parameter's variable, that over its default; texts are filled in."""
    project = workspace("""
tasks:
  t:
    cmd: echo "$to $n" > got
    params: {to: {required: true, env: TO}, n: {type: int, default: 3}}
    outputs: ["out/${to}"]
    confirm: to ${to}?
""")
    with pytest.raises(UsageError, match="task `t` needs --to"):
        project.plan("t")
    monkeypatch.setenv("TO", "env")
    task = project.plan("t").tasks[0]
    assert (dict(task.arguments), task.outputs, task.confirm) == ({"to": "env", "n": 3}, ("out/env",), "to env?")
    task = project.plan("t", arguments={"t": {"to": "given"}}).tasks[0]
    assert dict(task.arguments) == {"to": "given", "n": 3}
    with pytest.raises(UsageError, match="task `t` has no parameter `too`") as caught:
        project.plan("t", arguments={"t": {"too": "x"}})
    assert caught.value.hint == "did you mean `to`?"


def test_a_group_hands_on_what_it_is_given(workspace: Workspace) -> None:
    """Members of a matrix get the arguments and the words after `--` that their group was given, others do not."""
    project = workspace(
        "tasks:\n  t: {matrix: {x: [a, b]}, cmd: 'true', params: {p: {default: d}}, deps: [u]}\n  u: {cmd: 'true'}\n"
    )
    plan = project.plan("t", arguments={"t": {"p": "given"}}, extra=["--fast"])
    assert {task.id: (task.arguments.get("p"), task.extra) for task in plan.tasks} == {
        "u": (None, ()),
        "t": ("given", ("--fast",)),
        "t@a": ("given", ("--fast",)),
        "t@b": ("given", ("--fast",)),
    }


def test_computed_variables_and_dotenv_reach_commands(workspace: Workspace) -> None:
    """One command, run once, for all who mention it."""
    project = workspace(
        "vars: {sha: {cmd: 'echo x >> runs; echo abc'}}\ndotenv: [.env]\ntasks:\n"
        "  a: {cmd: 'echo $sha-$FROM > a'}\n  b: {argv: [sh, -c, 'echo $0 > b', '${sha}']}\n  all: {deps: [a, b]}\n",
        _env="export FROM='dot env' # why\n",
    )
    assert project.run("all").ok
    root = Path(project.root)
    assert [(root / name).read_text() for name in ("a", "b", "runs")] == ["abc-dot env\n", "abc\n", "x\n"]


def test_overrides_reach_texts(workspace: Workspace) -> None:
    """`env` of `load` is what `-e` gives."""
    workspace("tasks:\n  a: {argv: [echo, '${WHO:-nobody}']}\n")
    assert str(Project.load(".", env={"WHO": "me"}).task("a").action) == "echo me"


def test_extra_arguments_go_to_the_command_between_before_and_after(workspace: Workspace) -> None:
    """And to the last target alone."""
    project = workspace(
        "tasks:\n  a: {cmd: 'echo a > a; echo', before: 'echo before > before', after: 'echo after > after'}\n"
        "  b: {cmd: 'echo b >b; printf %s > b', deps: [a]}\n"
    )
    plan = project.plan(["a", "b"], extra=["x"])
    assert [task.extra for task in plan.tasks] == [(), ("x",)]
    assert project.executor(plan).run().ok
    assert (Path(project.root) / "b").read_text() == "x"


def test_finally_tasks_run_after_a_failure(workspace: Workspace) -> None:
    """However the task ended."""
    project = workspace("tasks:\n  a: {cmd: 'exit 3', finally: [clean]}\n  clean: {cmd: 'touch cleaned'}\n")
    result = project.run("a")
    assert (result["a"].state, result["clean"].state) == (State.FAILED, State.SUCCEEDED)
    assert (Path(project.root) / "cleaned").exists()


def test_a_project_of_a_program(tmp_path: Path) -> None:
    """Without any file."""
    project = Project.of([Task(id="a", action="touch made", outputs=["made"]), Task(id="b", inputs=["made"])], tmp_path)
    assert [task.id for task in project.plan("b").tasks] == ["a", "b"]
    assert project.run("b").ok


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    """Here or above."""
    with pytest.raises((UsageError, ConfigError), match="no task file") as caught:
        Project.load(str(tmp_path))
    assert "taskrush init" in str(caught.value)


def test_a_project_is_made_of_whatever_declares_tasks(tmp_path: Path) -> None:
    """Functions with `@task`, commands and tasks may be mixed in one list."""

    @task
    def half(number: int = 8) -> int:
        return number // 2

    project = Project.of(
        [half, command("true", name="fine"), Task(id=TaskId("all"), deps=["half", "fine"])],
        str(tmp_path),
    )
    result = project.run("all")
    assert (result.ok, result["half"].value, len(result.outcomes)) == (True, 4, 3)
