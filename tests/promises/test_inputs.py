"""Promises 1, 2 and 9: inputs are what they were when the task read them, or the result is not kept."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scenarios.rush import Scratch, environment

BUILD = """
tasks:
  build:
    cmd: echo build >> trace; cat src/a.txt > out; {more}
    inputs: [src/a.txt]
    outputs: [out]
"""


def test_an_input_edited_while_the_task_runs_is_not_stored_under_its_old_content(scratch: Scratch) -> None:
    """Edited meanwhile, reverted afterwards: the old content is a miss, and the run said why nothing was kept."""
    scratch.write("src/a.txt", "one")
    scratch.write(
        ".rush", BUILD.format(more="touch started; until test -e go; do sleep 0.02; done; cat src/a.txt > out")
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "build"],
        cwd=scratch.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    wait_for(scratch.root / "started")
    scratch.write("src/a.txt", "two")
    (scratch.root / "go").touch()
    said = running.communicate(timeout=30)[0].decode()
    assert running.returncode == 0
    assert "its result is not kept: input src/a.txt changed while it ran" in said
    scratch.write("src/a.txt", "one")
    scratch.rush("build")
    assert scratch.ran() == ["build", "build"]
    assert scratch.text("out") == "one"


def test_a_formatter_is_skipped_only_on_a_state_it_proved_clean(scratch: Scratch) -> None:
    """It changed the file: not kept. It left it alone: kept. The file reverted to dirty: it runs again."""
    scratch.write("a.txt", "dirty  ")
    scratch.write(
        ".rush",
        """
        tasks:
          fmt:
            cmd: echo fmt >> trace; sed -i 's/ *$//' a.txt
            inputs: [a.txt]
        """,
    )
    for _ in range(3):
        scratch.rush("fmt")
    assert scratch.ran() == ["fmt", "fmt"]
    assert scratch.text("a.txt").strip("\n") == "dirty"
    scratch.write("a.txt", "dirty  ")
    scratch.rush("fmt")
    assert scratch.ran() == ["fmt"]
    assert scratch.text("a.txt").strip("\n") == "dirty"


def test_a_same_length_edit_with_the_old_time_put_back_is_seen(scratch: Scratch) -> None:
    """Content decides."""
    file = scratch.write("src/a.txt", "one")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    scratch.write(".rush", BUILD.format(more="true"))
    scratch.rush("build")
    scratch.write("src/a.txt", "two")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    scratch.rush("build")
    assert scratch.text("out") == "two"


def test_touching_an_input_runs_nothing(scratch: Scratch) -> None:
    """Times are a shortcut, no ingredient."""
    file = scratch.write("src/a.txt", "one")
    scratch.write(".rush", BUILD.format(more="true"))
    scratch.rush("build")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    scratch.rush("build")
    assert scratch.ran() == ["build"]


def test_the_executable_bit_of_an_input_counts(scratch: Scratch) -> None:
    """`chmod +x` is a change."""
    file = scratch.write("src/a.txt", "one")
    scratch.write(".rush", BUILD.format(more="true"))
    scratch.rush("build")
    file.chmod(0o755)
    scratch.rush("build")
    assert scratch.ran() == ["build", "build"]


def test_an_uncached_generator_feeds_a_cached_task(scratch: Scratch) -> None:
    """Inputs are read after what makes them ran: switched there and back, the consumer follows at once."""
    scratch.write("mode", "a")
    scratch.write(
        ".rush",
        """
        tasks:
          generate:
            cmd: cp mode generated
          use:
            cmd: echo use >> trace; cp generated out
            deps: [generate]
            inputs: [generated]
            outputs: [out]
        """,
    )
    seen = []
    for mode in ("a", "b", "a", "b"):
        scratch.write("mode", mode)
        assert scratch.rush("use").code == 0
        seen.append(scratch.text("out"))
    assert seen == ["a", "b", "a", "b"]
    assert scratch.ran() == ["use", "use"]


def test_a_removed_input_counts(scratch: Scratch) -> None:
    """A glob that matches one file less is another key; what only the old state made is gone."""
    scratch.write("src/a.c", "a")
    scratch.write("src/b.c", "b")
    scratch.write(
        ".rush",
        """
        tasks:
          objects:
            cmd: mkdir -p obj; for f in src/*.c; do cp "$f" "obj/$(basename "$f" .c).o"; done
            inputs: [src/*.c]
            outputs: [obj/*.o]
        """,
    )
    scratch.rush("objects")
    (scratch.root / "src/b.c").unlink()
    scratch.rush("objects")
    assert sorted(os.listdir(scratch.root / "obj")) == ["a.o"]
    scratch.write("src/b.c", "b")
    scratch.rush("objects")
    assert sorted(os.listdir(scratch.root / "obj")) == ["a.o", "b.o"]
    (scratch.root / "src/b.c").unlink()
    assert "from cache" in scratch.rush("objects").all
    assert sorted(os.listdir(scratch.root / "obj")) == ["a.o"]


@pytest.mark.parametrize("name", ["ünï", "with space", "n" * 250])
def test_odd_names_are_inputs_and_outputs_like_others(scratch: Scratch, name: str) -> None:
    """Unicode and 250-byte names."""
    scratch.write(f"in/{name}", "x")
    scratch.write(
        ".rush",
        """
        tasks:
          copy:
            cmd: rm -rf out; cp -r in out
            inputs: [in]
            outputs: [out]
        """,
    )
    scratch.rush("copy")
    subprocess.run(["rm", "-r", "out"], cwd=scratch.root, check=True)
    assert "from cache" in scratch.rush("copy").all
    assert scratch.text(f"out/{name}") == "x"


def wait_for(path: Path, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.01)
