"""Promise 10: values of secrets reach neither screen, log nor cache."""

import os
from pathlib import Path

import pytest

from tests.scenarios.rush import Scratch

VALUE = "s3cr3t-Value-of-a-token"
FILE = """
secrets: [API_TOKEN]
tasks:
  show:
    cmd: 'echo "token: $API_TOKEN"; echo $API_TOKEN >&2; printf "%s" s3cr3t-; sleep 0.2; echo Value-of-a-token'
    inputs: [in]
  write:
    cmd: 'echo write >> trace; echo "$API_TOKEN" > out; true'
    inputs: [in]
    outputs: [out]
  use:
    cmd: 'echo use >> trace; test -n "$API_TOKEN" && echo fine > used'
    inputs: [in]
    outputs: [used]
"""


def traces(scratch: Scratch) -> "list[str]":
    """Every file of ours that holds the value."""
    found = []
    for place in (scratch.root / ".taskrush", Path(os.environ["TASKRUSH_CACHE_DIR"])):
        for path in place.rglob("*"):
            if path.is_file() and VALUE.encode() in path.read_bytes():
                found.append(str(path))
    return found


@pytest.mark.parametrize("mode", ["grouped", "stream", "json"])
def test_a_printed_secret_is_seen_nowhere(scratch: Scratch, mode: str) -> None:
    """On neither stream, not in two pieces, not in the log, not replayed from the cache."""
    scratch.write("in", "1")
    scratch.write(".rush", FILE)
    for _ in range(2):
        done = scratch.rush("show", f"--output={mode}", env={"API_TOKEN": VALUE})
        assert done.code == 0
        assert VALUE not in done.all
        assert "[secret]" in done.out
    assert traces(scratch) == []


def test_a_task_that_writes_a_secret_is_not_kept(scratch: Scratch) -> None:
    """It ends well, the run says why it is not kept, and the file on disk is as the task made it."""
    scratch.write("in", "1")
    scratch.write(".rush", FILE)
    for _ in range(2):
        done = scratch.rush("write", env={"API_TOKEN": VALUE})
        assert done.code == 0
        assert "its result is not kept: output `out` holds a secret" in done.err
    assert scratch.ran() == ["write", "write"]
    assert scratch.text("out") == VALUE + "\n"
    assert traces(scratch) == []


def test_another_value_is_another_key_and_no_key_gives_it_away(scratch: Scratch) -> None:
    """A secret that a command mentions is part of its key, by a digest that only this user can make."""
    scratch.write("in", "1")
    scratch.write(".rush", FILE)
    for value in (VALUE, VALUE, VALUE + "-2", VALUE):
        assert scratch.rush("use", env={"API_TOKEN": value}).code == 0
    assert scratch.ran() == ["use", "use"]
    assert traces(scratch) == []
    key = Path(os.environ["TASKRUSH_CACHE_DIR"], "hmac.key")
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_failure_does_not_show_it_either(scratch: Scratch) -> None:
    """Neither in the reason nor in the output shown again at the end."""
    scratch.write(".rush", "secrets: [API_TOKEN]\ntasks: {x: {cmd: 'echo $API_TOKEN; exit 3'}}\n")
    done = scratch.rush("x", "-v", env={"API_TOKEN": VALUE})
    assert done.code == 1
    assert VALUE not in done.all
