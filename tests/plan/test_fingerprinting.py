"""A key changes with every ingredient, and with nothing else; the parts say which one it was."""

import os
from pathlib import Path
from typing import Any, Dict

import attrs
import pytest

from taskrush.model.fingerprint import Part, difference, digest_of
from taskrush.model.policy import Cache, Ingredient
from taskrush.model.task import Call, Task
from taskrush.plan.file_index import FileIndex
from taskrush.plan.fingerprinting import WorkspaceFingerprinter

pytestmark = pytest.mark.core

ENV = {"NODE_ENV": "test", "NODE_OPTIONS": "", "OTHER": "x"}


def helper() -> int:
    return 1


def work(level: int = 1) -> int:
    return helper() + level


def other_work(level: int = 1) -> int:
    return level


TASK = Task(
    id="build",
    action="cc -c a.c",
    inputs=["src/**", "!src/*.tmp"],
    outputs=["out"],
    env={"CFLAGS": "-O2"},
    ingredients=(
        Ingredient(env="NODE_*"),
        Ingredient(env="!NODE_OPTIONS"),
        Ingredient(part="package.json#dependencies"),
        Ingredient(command="cc --version"),
    ),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text("int a;")
    (tmp_path / "package.json").write_text('{"dependencies": {"x": "1"}, "version": "1"}')
    return tmp_path


def parts(root: Path, task: Task = TASK, env: Dict[str, str] = ENV, **more: Any) -> "tuple[Part, ...]":
    made = WorkspaceFingerprinter(str(root), FileIndex(str(root)), env)
    made.answer("cc --version", more.get("tool", "cc 12"))
    return made.fingerprint(task, more.get("upstream", {"dependency gen": "digest"})).parts


CHANGES = [
    ("command 0", lambda root: attrs.evolve(TASK, action="cc -g -c a.c"), {}),
    ("env CFLAGS", lambda root: attrs.evolve(TASK, env={"CFLAGS": "-O3"}), {}),
    ("variable NODE_ENV", lambda root: TASK, {"env": {**ENV, "NODE_ENV": "production"}}),
    ("cwd", lambda root: attrs.evolve(TASK, cwd="src"), {}),
    ("output 0", lambda root: attrs.evolve(TASK, outputs=("dist",)), {}),
    ("dependency gen", lambda root: TASK, {"upstream": {"dependency gen": "another"}}),
    ("tool cc --version", lambda root: TASK, {"tool": "cc 13"}),
    ("argument level", lambda root: attrs.evolve(TASK, arguments={"level": 3}), {}),
    ("extra", lambda root: attrs.evolve(TASK, extra=("-v",)), {}),
    ("shell", lambda root: attrs.evolve(TASK, shell=("bash", "-c")), {}),
    ("input src/a.c", lambda root: (root / "src" / "a.c").write_text("int b;") and TASK, {}),
    ("input src/a.c", lambda root: os.chmod(str(root / "src" / "a.c"), 0o755) or TASK, {}),
    ("input src/b.c", lambda root: (root / "src" / "b.c").write_text("new") and TASK, {}),
    ("input src/a.c", lambda root: (root / "src" / "a.c").unlink() or TASK, {}),
    (
        "part package.json#dependencies",
        lambda root: (root / "package.json").write_text('{"dependencies": {"x": "2"}}') and TASK,
        {},
    ),
]


@pytest.mark.parametrize(("name", "change", "more"), CHANGES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CHANGES)])
def test_one_change_is_named_and_nothing_else(name: str, change: Any, more: Dict[str, Any], root: Path) -> None:
    """Each kind of ingredient, changed alone, changes the key and is the only difference."""
    before = parts(root)
    task = change(root)
    after = parts(root, task, more.pop("env", ENV), **more)
    assert digest_of(after) != digest_of(before)
    assert [change.part for change in difference({part.name: part.value for part in before}, after)] == [name]


NOTHING = [
    lambda root: (root / "src" / "x.tmp").write_text("left out by a pattern"),
    lambda root: (root / "elsewhere").write_text("no input"),
    lambda root: (root / "package.json").write_text('{"version": "2", "dependencies": {"x": "1"}}'),
    lambda root: os.utime(str(root / "src" / "a.c"), (1, 1)),
]


@pytest.mark.parametrize("change", NOTHING)
def test_what_is_no_ingredient_changes_nothing(change: Any, root: Path) -> None:
    """Left-out files, other places in a file, times, other variables."""
    before = digest_of(parts(root))
    change(root)
    assert digest_of(parts(root, env={**ENV, "OTHER": "y", "NODE_OPTIONS": "-v"})) == before


def test_the_key_is_what_it_was(root: Path) -> None:
    """A golden key: if this fails, keys changed, and `KEY_VERSION` must change with them."""
    listed = [part for part in parts(root) if part.name not in ("platform",)]
    assert [part.name for part in listed] == [
        "schema",
        "command 0",
        "cwd",
        "env CFLAGS",
        "variable NODE_ENV",
        "part package.json#dependencies",
        "tool cc --version",
        "input src/a.c",
        "output 0",
        "dependency gen",
    ]
    assert digest_of(listed) == "7c64d601b6430cbbff72b108fc284e1f6a1f9372798a44028144a32b29879f06"


def test_texts_cannot_run_into_each_other() -> None:
    """Lengths stand in front: moving a character from a value to the next name gives another key."""
    assert digest_of([Part("a", "bc"), Part("d", "e")]) != digest_of([Part("a", "b"), Part("cd", "e")])


def test_a_function_is_its_source_and_that_of_its_helpers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed helper in the same module changes the key of the task that calls it."""
    task = Task(id="f", action=Call(work), cache=Cache(enabled=True), inputs=())
    names = [part.name for part in parts(root, task)]
    assert "source work" in names
    assert "source helper" in names
    before = digest_of(parts(root, task))
    monkeypatch.setitem(work.__globals__, "helper", other_work)
    assert digest_of(parts(root, task)) != before


def test_without_declared_inputs_everything_git_would_track_counts(root: Path) -> None:
    """`cache: true` alone: ignored files and the task's own outputs are no inputs."""
    (root / ".gitignore").write_text("*.o\n")
    (root / "a.o").touch()
    (root / "out").mkdir()
    (root / "out" / "made").touch()
    made = WorkspaceFingerprinter(str(root), FileIndex(str(root)), {})
    task = Task(id="t", action="true", outputs=["out"], cache=Cache(enabled=True))
    assert made.input_paths(task) == [".gitignore", "package.json", "src/a.c"]
