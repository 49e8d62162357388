"""Files are parsed once per change; whatever is wrong with what was kept costs time only."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from taskrush.declare import compiled, rushfile
from taskrush.declare.files import load_files
from taskrush.model.declaration import FileDecl

TEXT = """
vars: {a: x, b: {cmd: date}}
include: {lib: lib.rush}
remotes: {ci: {type: ssh, port: 22}}
plugins: [{name: p, config: {a: [1, 2.5, null, true]}}]
cache: {backends: [{type: local}], policies: {ttl: 30d}}
defaults: {tags: [t]}
tasks:
  a: make
  b:
    cmd: [x, y]
    deps: [a, {task: lib:c, optional: true}]
    env: {HOME: z}
    params: {p: {type: int, choices: [1, 2], default: 1}}
    matrix: {os: [linux, macos], exclude: [{os: linux}]}
    requires: [{env: A, message: m}]
    retry: {attempts: 2, on_codes: [1]}
    cache: {key_dependencies: [q], share_across_team: true}
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".rush").write_text(TEXT, encoding="utf-8")
    (tmp_path / "lib.rush").write_text("tasks: {c: x}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The paths of the files that were parsed."""
    seen: List[str] = []
    parse = rushfile.parse

    def watching(source: object, path: str) -> object:
        seen.append(os.path.basename(path))
        return parse(source, path)  # type: ignore[arg-type]

    monkeypatch.setattr(rushfile, "parse", watching)
    return seen


def load(root: Path) -> "tuple[FileDecl, ...]":
    return load_files(str(root), str(root / ".rush"))


def everything(files: "tuple[FileDecl, ...]") -> object:
    """Declarations with what equality leaves out."""
    return files, [(repr(task), dict(task.places), task.where) for file in files for task in file.tasks]


def test_a_file_is_parsed_once_per_change(workspace: Path, parsed: List[str]) -> None:
    """The second load takes the same declarations, places included; a change is seen, also one within a second."""
    first = everything(load(workspace))
    assert everything(load(workspace)) == first
    assert parsed == [".rush", "lib.rush"]
    stamp = os.stat(workspace / "lib.rush")
    (workspace / "lib.rush").write_text("tasks: {d: x}", encoding="utf-8")
    os.utime(workspace / "lib.rush", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert [task.name for task in load(workspace)[1].tasks] == ["d"]
    assert parsed == [".rush", "lib.rush", "lib.rush"]


def test_places_follow_the_folder_one_stands_in(
    workspace: Path, parsed: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the first load's paths is kept."""
    load(workspace)
    (workspace / "sub").mkdir()
    monkeypatch.chdir(workspace / "sub")
    task = load(workspace)[0].tasks[1]
    assert str(task.where) == os.path.join("..", ".rush") + ":10:3"
    assert str(task.places["deps.1"]) == os.path.join("..", ".rush") + ":12:15"
    assert parsed == [".rush", "lib.rush"]


def kept(root: Path) -> List[Path]:
    return sorted((root / ".taskrush" / "declared").iterdir())


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 5000, None])
def test_what_is_damaged_is_absent(workspace: Path, parsed: List[str], damage: "bytes | None") -> None:
    """Short, empty, foreign or flipped: it is parsed again and kept again."""
    before = everything(load(workspace))
    for path in kept(workspace):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if damage is None else damage)
    assert everything(load(workspace)) == before
    assert everything(load(workspace)) == before
    assert parsed == [".rush", "lib.rush"] * 2


def test_what_another_format_wrote_is_absent(
    workspace: Path, parsed: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer or older TaskRush does not read it."""
    load(workspace)
    monkeypatch.setattr(compiled, "FORMAT", compiled.FORMAT + 1)
    load(workspace)
    assert parsed == [".rush", "lib.rush"] * 2


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_what_others_may_have_written_is_absent(workspace: Path, parsed: List[str]) -> None:
    """A file that a group can write to is not trusted; the folder is private and ignored by git."""
    load(workspace)
    for path in kept(workspace):
        assert path.stat().st_mode & 0o077 == 0
        path.chmod(0o666)
    load(workspace)
    assert parsed == [".rush", "lib.rush"] * 2
    assert (workspace / ".taskrush").stat().st_mode & 0o077 == 0
    assert (workspace / ".taskrush" / ".gitignore").read_text() == "*\n"


def test_where_nothing_can_be_kept_nothing_is_said(workspace: Path, parsed: List[str]) -> None:
    """A workspace that cannot be written to works; here `.taskrush` is in the way."""
    (workspace / ".taskrush").write_text("")
    first = everything(load(workspace))
    assert everything(load(workspace)) == first
    assert parsed == [".rush", "lib.rush"] * 2


def test_a_wrong_file_is_not_kept(workspace: Path) -> None:
    """Its problems are found each time."""
    (workspace / "lib.rush").write_text("tasks: 5", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(rushfile.ConfigError, match=r"lib\.rush:1:8"):
            load(workspace)


def test_what_was_parsed_before_needs_no_parser(workspace: Path) -> None:
    """A later start imports neither YAML nor the table of keys."""
    code = (
        "import sys; from taskrush.declare.files import load_files; load_files('.', './.rush');"
        "print([name for name in sys.modules if name in ('yaml', 'taskrush.declare.keys')])"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "12"
    ]
    assert said == ["['yaml', 'taskrush.declare.keys']\n", "[]\n"]
