"""Standard streams that are closed, full, or not read any more."""

import os
import subprocess
import sys

import pytest

from tests.scenarios.rush import Scratch, environment

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
FILE = """
    tasks:
      hello: echo hello; echo trouble >&2
      ticks: for i in 1 2 3 4 5 6 7 8 9; do echo tick $i; sleep 0.3; done
"""


def bash(scratch: Scratch, command: str) -> "tuple[int, str, str]":
    """Run a line of shell in which `$RUSH` is the command line."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=scratch.root,
        env=environment({"RUSH": f"{sys.executable} -m taskrush"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", ["--version", "list", "-n hello", "schema"])
def test_output_that_cannot_be_written_is_an_error(scratch: Scratch, arguments: str) -> None:
    """A full disk is said to be one; it is no bug and no success."""
    scratch.write(".rush", FILE)
    code, _, err = bash(scratch, f"$RUSH {arguments} >/dev/full")
    assert (code, err) == (1, "error: cannot write the output: no space left on device\n")


@pytest.mark.parametrize("options", ["", "--output stream", "--json"])
def test_a_run_whose_output_cannot_be_written_stops_and_fails(scratch: Scratch, options: str) -> None:
    """What a task said is lost, so the run is not well."""
    scratch.write(".rush", FILE)
    code, _, err = bash(scratch, f"$RUSH ticks {options} >/dev/full")
    assert code == 1
    assert "the output cannot be written: no space left on device" in err
    assert "internal" not in err


def test_messages_that_cannot_be_written_stop_nothing(scratch: Scratch) -> None:
    """Standard error is for people: without room for it tasks still run."""
    scratch.write(".rush", FILE)
    assert bash(scratch, "$RUSH hello 2>/dev/full")[:2] == (0, "hello\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("arguments", ["hello", "list", "--version"])
def test_closed_streams_swallow_what_is_written(scratch: Scratch, arguments: str, closed: str) -> None:
    """Who closes a stream wants nothing there; no pipe of ours takes its number."""
    scratch.write(".rush", FILE)
    code, out, err = bash(scratch, f"$RUSH {arguments} {closed}")
    assert code == 0, err
    assert "internal" not in err
    if arguments == "hello":
        assert out == ("" if ">&- " in closed + " " and not closed.startswith("2") else "hello\n")


@pytest.mark.parametrize("options", ["", "--json", "--output stream"])
def test_a_reader_that_has_gone_ends_the_run(scratch: Scratch, options: str) -> None:
    """As of any other filter; nothing goes on unseen."""
    scratch.write(".rush", FILE)
    code, out, err = bash(scratch, f"{{ $RUSH ticks {options}; echo $? >code; }} | head -n 1")
    assert (code, len(out.splitlines())) == (0, 1)
    assert scratch.text("code") == "141\n"
    assert "rror" not in err
