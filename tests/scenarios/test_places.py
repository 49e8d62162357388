"""Where the project is looked for, and where its tasks run."""

from pathlib import Path

import pytest

from tests.scenarios.rush import Scratch

ODD = ["with space", "unicode-äöü-日本", "quote'and\"double", "$(touch pwned); &"]


@pytest.mark.core
def test_the_project_is_found_upwards_and_tasks_run_at_its_top(scratch: Scratch) -> None:
    """From a subfolder the nearest task file above counts, and tasks run in the folder of that file."""
    scratch.write(".rush", "tasks: {here: {cmd: pwd > where}}")
    scratch.write("a/b/c/file", "")
    assert scratch.rush("here", cwd="a/b/c").code == 0
    assert Path(scratch.text("where").strip()).resolve() == scratch.root.resolve()


@pytest.mark.core
def test_relative_paths_in_functions_start_at_the_project(scratch: Scratch) -> None:
    """From a subfolder and with `-C`, what a function opens is looked for where commands look for it."""
    scratch.write(
        "tasks.py",
        """
        from pathlib import Path
        from taskrush import run, task

        @task
        def show() -> None:
            print("function:", Path("data.txt").read_text())
            run("cat data.txt")
        """,
    )
    scratch.write("data.txt", "content")
    scratch.write("a/b/file", "")
    for words, cwd in ((["show"], "a/b"), (["-C", "..", "show"], "a"), (["-C", str(scratch.root), "show"], "/")):
        done = scratch.rush(*words, cwd=cwd)
        assert (done.code, done.out.count("content")) == (0, 2), done.all


def test_the_nearest_project_wins(scratch: Scratch) -> None:
    """A project inside a project is its own."""
    scratch.write(".rush", "tasks: {outer: {cmd: echo outer}}")
    scratch.write("in/.rush", "tasks: {inner: {cmd: echo inner}}")
    scratch.write("in/deep/file", "")
    done = scratch.rush("list", cwd="in/deep")
    assert done.code == 0
    assert "inner" in done.out
    assert "outer" not in done.out


def test_directory_option(scratch: Scratch) -> None:
    """`-C DIR` works as if started in DIR."""
    scratch.write("project/.rush", "tasks: {here: {cmd: pwd > where}}")
    assert scratch.rush("-C", "project", "here").code == 0
    assert Path(scratch.text("project/where").strip()).name == "project"
    missing = scratch.rush("-C", "no-such-folder", "here")
    assert missing.code == 2
    assert "no-such-folder" in missing.err


def test_no_project_is_said_plainly(scratch: Scratch) -> None:
    """Where nothing declares tasks, the message names what was looked for and how to begin."""
    done = scratch.rush("build")
    assert done.code == 2
    assert ".rush" in done.err
    assert "taskrush init" in done.err


def test_cwd_of_a_task(scratch: Scratch) -> None:
    """`cwd` is relative to the file that declares the task."""
    scratch.write(".rush", "tasks: {sub: {cmd: pwd > where, cwd: some/folder}, gone: {cmd: pwd, cwd: nowhere}}")
    scratch.write("some/folder/file", "")
    assert scratch.rush("sub").code == 0
    assert scratch.text("some/folder/where").strip().endswith("some/folder")
    gone = scratch.rush("gone")
    assert gone.code == 1
    assert "nowhere" in gone.all


@pytest.mark.core
@pytest.mark.parametrize("name", ODD)
def test_workspaces_with_odd_names(tmp_path: Path, name: str) -> None:
    """Spaces, quotes, other scripts and shell signs in the path of a workspace are just a path."""
    scratch = Scratch(tmp_path / name)
    scratch.write(
        ".rush",
        """
        tasks:
          shell: {cmd: cat "data/ä file.txt" > copy.txt, inputs: ["data/ä file.txt"], outputs: [copy.txt]}
          both: {deps: [shell, python]}
        """,
    )
    scratch.write(
        "tasks.py",
        """
        from pathlib import Path
        from taskrush import run, task

        @task(inputs=["copy.txt"])
        def python() -> None:
            run(["cp", "copy.txt", "second copy.txt"])
            run("cat 'second copy.txt' > third.txt")
        """,
    )
    scratch.write("data/ä file.txt", "content\n")
    done = scratch.rush("both")
    assert done.code == 0, done.all
    assert scratch.text("third.txt") == "content\n"
    assert not list(tmp_path.rglob("pwned"))


def test_task_names_in_other_scripts(scratch: Scratch) -> None:
    """A task may be called `Überprüfung` or `测试`; it is listed and run by that name."""
    scratch.write(".rush", "tasks: {Überprüfung: {cmd: echo deutsch}, 测试: {cmd: echo chinese, deps: [Überprüfung]}}")
    listed = scratch.rush("list")
    assert "Überprüfung" in listed.out
    assert "测试" in listed.out
    done = scratch.rush("测试")
    assert done.code == 0
    assert "deutsch" in done.out
    assert "chinese" in done.out
