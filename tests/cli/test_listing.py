"""A list is recalled while nothing that it came from has changed, and never when anything has."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Tuple

import pytest

SCRIPT = """
import sys, os
from taskrush.model import identity
identity.SAFE_NS = int(os.environ.get("SAFE", identity.SAFE_NS))
from taskrush_cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.write("\\n" + ("loaded" if "taskrush.project" in sys.modules else "recalled"))
sys.exit(code)
"""
SHORT = 30_000_000  # ns: instead of the two seconds after which a file counts as settled

FILES = {
    ".rush": """
settings: {color: never}
include:
  - {path: lib, namespace: lib}
  - {path: extra/.rush, namespace: extra, optional: true}
dotenv: [.env]
tasks:
  build: {cmd: make, description: "Build for ${WHOM} at ${STAGE:-home}", aliases: [b], tags: [ci]}
  test: {cmd: make test, deps: [build], params: {level: {default: 1, type: int, help: how much}}}
""",
    "lib/.rush": "tasks:\n  pack: {cmd: zip, description: Pack, tags: [ci, slow]}\n",
    ".env": "WHOM=all\n",
}


def put(root: Path, files: Dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def look(root: Path, *words: str, safe: int = SHORT, **env: str) -> Tuple[str, str]:
    """What a command line prints, and whether it was `loaded` or `recalled`."""
    environ = {**os.environ, "SAFE": str(safe), **env}
    environ.pop("PYTEST_CURRENT_TEST")  # differs between the stages of a test
    command = [sys.executable, "-B", "-c", SCRIPT, *words]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    said, _, how = done.stderr.rpartition("\n")
    return f"{done.stdout}{said}[{done.returncode}]", how


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace whose list was kept."""
    put(tmp_path, FILES)
    return settled(tmp_path)


def settled(root: Path) -> Path:
    look(root, "list")  # makes `.taskrush`, and so changes the folder
    time.sleep(2.2 * SHORT / 1e9)
    look(root, "list")
    assert look(root, "list")[1] == "recalled"
    return root


def edited(name: str, old: str, new: str) -> Callable[[Path], object]:
    def edit(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return edit


def same_times(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An edit that size and modification time do not show."""

    def edit(root: Path) -> None:
        before = (root / name).stat()
        edited(name, old, new)(root)
        os.utime(root / name, ns=(before.st_atime_ns, before.st_mtime_ns))

    return edit


def added(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: put(root, {name: text})


CHANGES: Dict[str, Tuple[Callable[[Path], object], str]] = {
    "task file": (edited(".rush", "Build for", "Make for"), "Make for all"),
    "task file, same size and time": (same_times(".rush", "Build", "Maked"), "Maked for all"),
    "included file": (edited("lib/.rush", "Pack", "Wrap"), "Wrap"),
    "included file appears": (added("extra/.rush", "tasks: {gift: {cmd: x}}"), "extra:gift"),
    "included folder has two files": (added("lib/taskrush.toml", ""), "[2]"),
    "dotenv": (edited(".env", "all", "some"), "for some"),
    "dotenv goes": (lambda root: (root / ".env").unlink(), "for ${WHOM}"),
    "python appears": (added("tasks.py", "from taskrush import task\n@task\ndef lint(): pass\n"), "lint"),
    "second task file": (added(".rush.yml", ""), "[2]"),
    "settings": (edited(".rush", "color: never", "color: always"), "\x1b["),
    "wrong settings": (edited(".rush", "color: never", "color: some"), "[2]"),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_whatever_changes_is_seen(name: str, root: Path) -> None:
    """Contents, what is found, and what is imported."""
    before, _ = look(root, "list")
    change, shown = CHANGES[name]
    change(root)
    after, how = look(root, "list")
    assert (after != before, shown in after, how) == (True, True, "loaded"), after
    assert look(root, "builtin", "list")[0] == after


@pytest.mark.parametrize(
    ("variable", "shown"),
    [("STAGE", "at sea"), ("WHOM", "for sea"), ("TASKRUSH_JOBS", "[2]"), ("OTHER", "build")],
)
def test_a_changed_variable_is_seen(variable: str, shown: str, root: Path) -> None:
    """Those that are mentioned anywhere, and all others too."""
    after, how = look(root, "list", **{variable: "sea"})
    assert (shown in after, how) == (True, "loaded"), after


def test_variables_of_terminals_do_not_matter_unless_they_are_mentioned(root: Path) -> None:
    """Another terminal finds what this one kept."""
    assert look(root, "list", WINDOWID="17", SHLVL="9")[1] == "recalled"
    edited(".rush", "STAGE:-home", "WINDOWID:-home")(root)
    settled(root)
    after, how = look(root, "list", WINDOWID="17")
    assert (" at 17" in after, how) == (True, "loaded")


def test_another_workspace_may_win(root: Path) -> None:
    """From a folder below, or by `-C`: a task file that comes to lie nearer is found."""
    (root / "a" / "b").mkdir(parents=True)
    settled(root)
    for words in (["-C", "a/b", "list"], ["-C", str(root / "a" / "b")]):
        assert look(root, *words)[1] == "recalled"
    put(root, {"a/pyproject.toml": "[project]\nname = 'x'\n"})
    settled(root)
    assert look(root / "a" / "b", "list")[1] == "recalled"
    put(root, {"a/pyproject.toml": "[tool.taskrush.tasks]\nnearer = 'x'\n"})
    after, how = look(root / "a" / "b", "list")
    assert (after, how) == ("  nearer\n[0]", "loaded")


def test_times_alone_change_nothing(root: Path) -> None:
    """What only looks changed is read, found to be the same, and trusted from then on."""
    kept = root / ".taskrush" / "listing"
    before = kept.read_bytes()
    os.utime(root / "lib" / ".rush")
    time.sleep(2.2 * SHORT / 1e9)
    assert look(root, "list")[1] == "recalled"
    renewed = kept.read_bytes()
    assert renewed != before
    assert look(root, "list")[1] == "recalled"
    assert kept.read_bytes() == renewed


def test_a_workspace_that_was_moved_is_another_one(root: Path) -> None:
    """Its list tells where it is."""
    there = root.parent / "there"
    root.rename(there)
    after, how = look(there, "list", "--json")
    assert (f'"root": "{there}"' in after, how) == (True, "loaded")


def test_a_young_file_is_not_trusted(tmp_path: Path) -> None:
    """An edit while or just after the file is read might leave no trace: nothing is kept of it for two seconds."""
    put(tmp_path, FILES)
    assert [look(tmp_path, "list", safe=2_000_000_000)[1] for _ in range(2)] == ["loaded", "loaded"]


def test_python_is_always_loaded(tmp_path: Path) -> None:
    """It may look at anything, and what it sees the next time is not known."""
    put(tmp_path, {**FILES, "tasks.py": "from taskrush import task\n\n@task\ndef lint() -> None: ...\n"})
    look(tmp_path, "list")
    time.sleep(2.2 * SHORT / 1e9)
    assert [look(tmp_path, "list")[1] for _ in range(2)] == ["loaded", "loaded"]


FORMS = ["", "-v", "--json", "--simple", "--all", "--by=tag", "--by=file", "-a --simple", "b", "lib:*", "tag:ci -v"]
FORMS += ["--color=always", "nothing", "x:*", "*st -v -a --json", "--by=what", "--simple --json", "build --nothing"]


@pytest.mark.core
def test_both_ways_say_the_same(root: Path) -> None:
    """Every form, be it recalled or loaded by the parser."""
    for form in FORMS:
        said, how = look(root, "list", *form.split())
        assert said == look(root, "builtin", "list", *form.split())[0]
        wrong = form in ("--by=what", "--simple --json", "build --nothing", "nothing", "x:*")
        assert (form, how == "recalled" or wrong) == (form, True)
    bare, how = look(root)
    assert how == "recalled"
    assert bare.startswith(look(root, "-l")[0].partition("[0]")[0])
    assert "hint: `taskrush TASK` runs one" in bare


@pytest.mark.core
def test_completion_is_recalled_too(root: Path) -> None:
    """What it offers is the same, and another one when something has changed."""
    asked = [[""], ["l"], ["build", "--"], ["test", "--le"], ["list", "--by", ""], ["-C", ""], ["-C", ".", "b"]]
    loaded = [look(root, "__complete", *words, OTHER="x")[0] for words in asked]
    settled(root)
    look(root, "__complete", "")
    assert [look(root, "__complete", *words) for words in asked] == [(said, "recalled") for said in loaded]
    assert all(len(said) > len("[0]") for said in loaded)
    edited("lib/.rush", "pack", "wrap")(root)
    after, how = look(root, "__complete", "lib")
    assert (after, how) == ("lib:wrap\tPack\n[0]", "loaded")


def test_a_task_called_list_still_wins(tmp_path: Path) -> None:
    """What is kept does not shadow it."""
    put(tmp_path, {".rush": "tasks: {list: {cmd: echo mine}}\n"})
    settled_words = [look(tmp_path, "list")[0] for _ in range(2)]
    time.sleep(2.2 * SHORT / 1e9)
    assert all("mine" in said for said in [*settled_words, look(tmp_path, "list")[0]])


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "writable", "folder"])
def test_what_is_damaged_or_foreign_counts_as_absent(damage: str, root: Path) -> None:
    """The list is the same, and loaded."""
    path = root / ".taskrush" / "listing"
    before, data = look(root, "list")[0], path.read_bytes()
    if damage == "writable":
        path.chmod(0o666)
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "cut": data[:-9], "flipped": data[:-1] + bytes([data[-1] ^ 1])}[damage])
    assert look(root, "list") == (before, "loaded")


def test_a_workspace_that_cannot_be_written_to_is_listed(tmp_path: Path) -> None:
    """Nothing is kept there."""
    put(tmp_path, {**FILES, ".taskrush": "a file"})
    time.sleep(2.2 * SHORT / 1e9)
    first, second = look(tmp_path, "list"), look(tmp_path, "list")
    assert first == second
    assert ("build" in first[0], first[1]) == (True, "loaded")
