"""Promises 3 to 6: outputs become exactly those of the result; what is damaged is a miss; nothing false is kept."""

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.scenarios.rush import Scratch

TREE = r"""
tasks:
  make:
    cmd: |
      echo make >> trace
      rm -rf out; mkdir -p out/empty out/deep/er
      echo private > out/private; chmod 600 out/private
      echo run > out/run; chmod 755 out/run
      ln -s run out/link; ln -s nowhere out/dangling
      echo x > "out/deep/er/ünï cödé"
    inputs: [in]
    outputs: [out]
"""


def store(scratch: Scratch) -> Path:
    return Path(os.environ["TASKRUSH_CACHE_DIR"])


def objects(scratch: Scratch) -> List[Path]:
    return [path for path in (store(scratch) / "objects").rglob("*") if path.is_file()]


def test_modes_links_and_empty_folders_come_back(scratch: Scratch) -> None:
    """Removed and restored, the tree is what it was."""
    scratch.write("in", "1")
    scratch.write(".rush", TREE)
    scratch.rush("make")
    before = listing(scratch.root / "out")
    assert len(before) == 8
    shutil.rmtree(scratch.root / "out")
    done = scratch.rush("make")
    assert "from cache" in done.all
    assert listing(scratch.root / "out") == before
    assert scratch.ran() == ["make"]


def test_outputs_changed_by_hand_are_put_right(scratch: Scratch) -> None:
    """Edited, chmodded, deleted or replaced by a folder: restored; foreign files stay."""
    scratch.write("in", "1")
    scratch.write(".rush", TREE)
    scratch.rush("make")
    before = listing(scratch.root / "out")
    (scratch.root / "out/run").write_text("edited")
    (scratch.root / "out/private").chmod(0o644)
    (scratch.root / "out/link").unlink()
    (scratch.root / "out/link").mkdir()
    scratch.write("out/mine", "mine")
    assert scratch.rush("make").code == 0
    after = listing(scratch.root / "out")
    assert after.pop("mine")[0] == "file"
    assert after == before
    assert scratch.ran() == ["make"]


def test_a_damaged_object_is_a_miss_and_is_said(scratch: Scratch) -> None:
    """16 flipped bytes in every stored object: the task runs again and its outputs are right."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {make: {cmd: 'echo make >> trace; seq 1000 > out', inputs: [in], outputs: [out]}}")
    scratch.rush("make")
    right = scratch.text("out")
    for path in objects(scratch):
        data = bytearray(path.read_bytes())
        for at in range(min(16, len(data))):
            data[at] ^= 0xFF
        path.chmod(0o600)
        path.write_bytes(bytes(data))
    (scratch.root / "out").unlink()
    done = scratch.rush("make")
    assert "damaged" in done.err
    assert scratch.text("out") == right
    assert scratch.ran() == ["make", "make"]


def test_deleted_objects_run_again_in_the_same_invocation(scratch: Scratch) -> None:
    """Every third object is gone while all records stay: what misses one runs, the rest is restored."""
    names = [f"t{number}" for number in range(9)]
    lines = ["tasks:", f"  all: {{deps: [{', '.join(names)}]}}"]
    for name in names:
        lines.append(
            f"  {name}: {{cmd: 'echo {name} >> trace; echo {name} > {name}.out', inputs: [in], outputs: [{name}.out]}}"
        )
    scratch.write(".rush", "\n".join(lines))
    scratch.write("in", "1")
    scratch.rush("all")
    assert sorted(scratch.ran()) == names
    for path in sorted(objects(scratch))[::3]:
        path.unlink()
    for name in names:
        (scratch.root / f"{name}.out").unlink()
    assert scratch.rush("all").code == 0
    assert len(scratch.ran()) == 3
    assert [scratch.text(f"{name}.out").strip() for name in names] == names


def test_a_declared_output_that_was_not_made_is_an_error(scratch: Scratch) -> None:
    """Nothing is kept, and it fails again the next time."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {make: {cmd: 'echo make >> trace', inputs: [in], outputs: [out]}}")
    for _ in range(2):
        done = scratch.rush("make")
        assert done.code == 1
        assert "out" in done.err
    assert scratch.ran() == ["make", "make"]


@pytest.mark.parametrize("command", ["exit 3", "kill -9 $$"])
def test_what_did_not_end_well_is_never_kept(scratch: Scratch, command: str) -> None:
    """A failed task runs again although nothing changed."""
    scratch.write("in", "1")
    scratch.write(
        ".rush", f"tasks: {{make: {{cmd: 'echo make >> trace; touch out; {command}', inputs: [in], outputs: [out]}}}}"
    )
    for _ in range(2):
        assert scratch.rush("make").code == 1
    assert scratch.ran() == ["make", "make"]


@pytest.mark.parametrize("output", ["../escaped", "/tmp/taskrush-escaped", "a/../../escaped", ".taskrush/x", ".git/x"])
def test_outputs_outside_are_refused(scratch: Scratch, output: str) -> None:
    """A pattern that leads out of the workspace is an error of the task, with its place."""
    scratch.write("in", "1")
    scratch.write(
        ".rush", f"tasks:\n  make:\n    cmd: echo make >> trace\n    inputs: [in]\n    outputs: ['{output}']\n"
    )
    done = scratch.rush("make")
    assert done.code == 2
    assert ".rush:5" in done.err
    assert scratch.ran() == []


def test_nothing_is_written_through_a_link(scratch: Scratch) -> None:
    """The output's folder was replaced by a link to elsewhere: a restore puts a real folder there."""
    scratch.write("in", "1")
    scratch.write(".rush", TREE)
    scratch.rush("make")
    elsewhere = scratch.root.parent / (scratch.root.name + "-elsewhere")
    elsewhere.mkdir()
    shutil.rmtree(scratch.root / "out")
    (scratch.root / "out").symlink_to(elsewhere)
    assert scratch.rush("make").code == 0
    assert os.listdir(elsewhere) == []
    assert not (scratch.root / "out").is_symlink()


def test_tasks_that_make_nothing_are_kept_with_their_log(scratch: Scratch) -> None:
    """A linter's second run shows what the first one said, on the right streams."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {lint: {cmd: 'echo lint >> trace; echo fine; echo careful >&2', inputs: [in]}}")
    scratch.rush("lint")
    done = scratch.rush("lint")
    assert (done.out, "careful" in done.err) == ("fine\n", True)
    shutil.rmtree(scratch.root / ".taskrush")
    done = scratch.rush("lint")
    assert (done.out, "careful" in done.err) == ("fine\n", True)
    assert scratch.ran() == ["lint"]


def test_losing_or_damaging_state_costs_time_only(scratch: Scratch) -> None:
    """Every file of ours, one after the other truncated, filled with noise, removed."""
    scratch.write("in", "1")
    scratch.write(".rush", TREE)
    scratch.rush("make")
    before = listing(scratch.root / "out")
    state = [p for p in (scratch.root / ".taskrush").rglob("*") if p.is_file() and p.name != ".gitignore"]
    assert state
    for path in state:
        for damage in (b"", b"\xff" * 100, None):
            if not path.parent.exists():
                continue
            if path.exists():
                path.chmod(0o600)
                path.unlink()
            if damage is not None:
                path.write_bytes(damage)
            done = scratch.rush("make")
            assert (done.code, listing(scratch.root / "out")) == (0, before), path


def listing(root: Path) -> "dict[str, tuple[str, int, str]]":
    """Everything below a folder: kind, mode, content or target."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            key = os.path.relpath(path, root)
            if stat.S_ISLNK(status.st_mode):
                found[key] = ("link", 0, os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                found[key] = ("folder", 0, "")
            else:
                found[key] = ("file", stat.S_IMODE(status.st_mode), Path(path).read_text())
    return found


def test_early_cut_off(scratch: Scratch) -> None:
    """A comment-only edit that leaves the compiled object identical reruns the compile and nothing after it."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    scratch.write("a.c", "int main(void) { return 0; }\n")
    scratch.write(
        ".rush",
        """
        tasks:
          compile: {cmd: 'echo compile >> trace; cc -c a.c -o a.o', inputs: [a.c], outputs: [a.o]}
          link: {cmd: 'echo link >> trace; cc a.o -o app', deps: [compile], inputs: [a.o], outputs: [app]}
          test: {cmd: 'echo test >> trace; ./app', deps: [link], inputs: []}
        """,
    )
    assert scratch.rush("test").code == 0
    assert scratch.ran() == ["compile", "link", "test"]
    scratch.write("a.c", "int main(void) { return 0; } /* a comment */\n")
    assert scratch.rush("test").code == 0
    assert scratch.ran() == ["compile"]
    assert subprocess.run([scratch.root / "app"], check=False).returncode == 0
