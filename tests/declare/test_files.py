"""Where task files are found, and what including them means."""

import os
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple

import pytest

from taskrush.declare.discover import discover
from taskrush.declare.files import load_files
from taskrush.errors import ConfigError

pytestmark = pytest.mark.core

TABLE = '[tool.taskrush.tasks]\nlint = "ruff"\n'


def tree(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(start: Path) -> Tuple[str, Optional[str], Optional[str]]:
    workspace = discover(str(start))
    assert workspace is not None
    return (workspace.root, workspace.rush, workspace.python)


def names(root: Path, environ: Mapping[str, str] = {}) -> Dict[str, str]:
    """Full names of all tasks of the workspace with the folder of their file."""
    return {
        f"{file.namespace}:{task.name}" if file.namespace else task.name: file.folder
        for file in load_files(str(root), str(root / ".rush"), environ)
        for task in file.tasks
    }


def refused(root: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_files(str(root), str(root / ".rush"), {})
    return str(caught.value)


@pytest.mark.parametrize("name", [".rush", ".rush.yml", ".rush.yaml", "taskrush.toml"])
def test_the_nearest_folder_upwards_is_the_workspace(tmp_path: Path, name: str) -> None:
    """Whatever its task file is called, beside `tasks.py` or alone."""
    tree(tmp_path, {name: "", "tasks.py": "", "a/b/c.txt": "", "a/tasks.py": ""})
    assert found(tmp_path) == (str(tmp_path), str(tmp_path / name), str(tmp_path / "tasks.py"))
    assert found(tmp_path / "a" / "b") == (str(tmp_path / "a"), None, str(tmp_path / "a" / "tasks.py"))


def test_a_pyproject_counts_only_with_our_table(tmp_path: Path) -> None:
    """Other projects' files are passed by, also when they mention us."""
    tree(tmp_path, {"pyproject.toml": TABLE, "a/pyproject.toml": '[project]\nname = "tool.taskrush"\n'})
    assert found(tmp_path / "a") == (str(tmp_path), str(tmp_path / "pyproject.toml"), None)
    [file] = load_files(str(tmp_path), str(tmp_path / "pyproject.toml"))
    assert [task.name for task in file.tasks] == ["lint"]


@pytest.mark.parametrize(
    ("one", "two"), [(".rush", ".rush.yml"), (".rush.yaml", "taskrush.toml"), (".rush", "pyproject.toml")]
)
def test_two_task_files_in_one_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str, two: str
) -> None:
    """It is not guessed which one is meant."""
    tree(tmp_path, {one: "", two: TABLE})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        discover(".")
    assert str(caught.value) == (
        f"{one}: tasks are declared in `{one}` and `{two}`\n"
        "hint: keep one of them: a folder has one task file, and beside it `tasks.py`"
    )


def test_included_tasks_stand_under_their_namespace_and_folder(tmp_path: Path) -> None:
    """Namespaces and folders add up; a folder means its task file; without a namespace names stay as they are."""
    tree(
        tmp_path,
        {
            ".rush": "include:\n  docs: docs/site.rush\n  web: web\ntasks: {a: x}\n",
            "docs/site.rush": "include: [{path: api, namespace: api}, common.rush]\ntasks: {build: x}\n",
            "docs/api/taskrush.toml": '[tasks]\nbuild = "x"\n',
            "docs/common.rush": "tasks: {clean: x}\n",
            "web/pyproject.toml": TABLE,
        },
    )
    assert names(tmp_path) == {
        "a": ".",
        "docs:build": "docs",
        "docs:api:build": "docs/api",
        "docs:clean": "docs",
        "web:lint": "web",
    }


def test_paths_may_name_variables(tmp_path: Path) -> None:
    """Those of the file first, then those of the environment."""
    tree(
        tmp_path,
        {
            ".rush": "vars: {A: one}\ninclude: ['${A}.rush', '${B}.rush', '${C:-three}.rush']\n",
            **{f"{name}.rush": f"tasks: {{{name}: x}}\n" for name in ("one", "two", "three")},
        },
    )
    assert names(tmp_path, {"A": "nowhere", "B": "two"}) == {"one": ".", "two": ".", "three": "."}


def test_an_optional_include_may_be_absent(tmp_path: Path) -> None:
    """Neither a file nor a folder needs to be there."""
    tree(
        tmp_path,
        {
            ".rush": "include: {a: {path: none.rush, optional: true}, b: {path: empty, optional: true}}\ntasks: {t: x}",
            "empty/readme": "",
        },
    )
    assert names(tmp_path) == {"t": "."}


def test_one_file_may_be_included_twice(tmp_path: Path) -> None:
    """Under two namespaces it makes two sets of tasks."""
    tree(tmp_path, {".rush": "include: {a: lib.rush, b: lib.rush}", "lib.rush": "tasks: {t: x}"})
    assert names(tmp_path) == {"a:t": ".", "b:t": "."}


WRONG = {
    "none.rush": "there is no file `none.rush`\nX\nhint: with `optional: true` it may be absent",
    "empty": "the folder `empty` has no task file\nX",
    "python": "the folder `python` has no task file\nX\nhint: tasks in Python are combined in `tasks.py`",
    "python/tasks.py": "`python/tasks.py` is Python\nX\nhint: tasks in Python are combined in `tasks.py`",
    "../out.rush": "`../out.rush` is outside of the workspace `.`\nX",
    ".rush": "files include each other: .rush -> .rush\nX",
    "loop.rush": "files include each other: .rush -> loop.rush -> .rush",
}


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_include_is_pointed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The message stands at the path, with its line."""
    root = tmp_path / "root"
    tree(
        root,
        {
            ".rush": f"include:\n  x: {path}\n",
            "empty/readme": "",
            "python/tasks.py": "",
            "../out.rush": "",
            "loop.rush": "include: .rush",
        },
    )
    monkeypatch.chdir(root)
    caret = f"      x: {path}\n         ^"
    if path == "loop.rush":
        assert refused(root) == f"loop.rush:1:10: {WRONG[path]}\n    include: .rush\n             ^"
    else:
        assert refused(root) == f".rush:2:6: {WRONG[path].replace('X', caret)}"
        assert refused(root) == f".rush:2:6: {WRONG[path].replace('X', caret)}"  # from the compiled form as well


def test_problems_of_all_files_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in one file does not hide those of another."""
    tree(
        tmp_path,
        {".rush": "include: {a: a.rush, b: b.rush, c: c}\n", "a.rush": "task: {}", "b.rush": "tasks: [", "c/x": ""},
    )
    monkeypatch.chdir(tmp_path)
    assert [line for line in refused(tmp_path).split("\n") if ".rush:" in line] == [
        "a.rush:1:1: unknown key `task`",
        "b.rush:1:9: the file ends inside a list or mapping",
        ".rush:1:36: the folder `c` has no task file",
    ]


def test_includes_cannot_explode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that include the next one twice, thirty deep, are refused soon."""
    tree(tmp_path, {f"{n}.rush": f"include: {{a: {n + 1}.rush, b: {n + 1}.rush}}" for n in range(30)})
    tree(tmp_path, {".rush": "include: {x: 0.rush}", "30.rush": "tasks: {t: x}"})
    monkeypatch.chdir(tmp_path)
    assert "more than 1000 files are included" in refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says, at the file."""
    tree(tmp_path, {".rush": "tasks: {a: x}"})
    (tmp_path / ".rush").chmod(0)
    monkeypatch.chdir(tmp_path)
    assert refused(tmp_path) == ".rush: cannot be read: permission denied"
