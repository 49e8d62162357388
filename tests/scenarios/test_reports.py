"""`--report` and `replay` through the installed command line."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from tests.scenarios.rush import Scratch

FILE = """
secrets: [TOKEN]
tasks:
  build: {cmd: echo built}
  test: {cmd: "echo oh $TOKEN; exit 3", deps: [build], pass_env: [TOKEN]}
"""
KINDS = ["junit", "json", "csv", "chrome-trace", "prometheus", "jsonl"]


@pytest.fixture
def scratch_file(scratch: Scratch) -> Scratch:
    scratch.write(".rush", FILE)
    return scratch


def test_all_at_once(scratch_file: Scratch) -> None:
    """Each in its file, with what happened and without the secret; it works without a history too."""
    wanted = [word for kind in KINDS for word in ("--report", f"{kind}=out/{kind}.txt")]
    for more in ([], ["--no-history"]):
        done = scratch_file.rush("test", *wanted, *more, env={"TOKEN": "hunter2hunter2"})
        assert done.code == 1
        texts = {kind: (scratch_file.root / "out" / f"{kind}.txt").read_text() for kind in KINDS}
        assert all("hunter2" not in text for text in texts.values())
        suite = ElementTree.fromstring(texts["junit"])[0]
        assert (suite.get("failures"), suite.get("tests")) == ("1", "2")
        failure = suite.find("./testcase[@name='test']/failure")
        assert failure is not None
        assert "oh [secret]" in (failure.text or "")
        assert [task["code"] for task in json.loads(texts["json"])["runs"][0]["tasks"]] == [0, 3]
        assert '{target="test",state="failed"} 1.0' in texts["prometheus"]
        assert texts["csv"].count("\n") == 3
        assert json.loads(texts["chrome-trace"])["traceEvents"]
        for kind in KINDS:
            (scratch_file.root / "out" / f"{kind}.txt").unlink()


def test_a_run_is_shown_again(scratch_file: Scratch) -> None:
    """By its records: the same words, the same exit code, any way of output."""
    shown = scratch_file.rush("test", "--report", "jsonl=run.jsonl", env={"TOKEN": "x" * 9})
    again = scratch_file.rush("replay", "run.jsonl")
    assert (again.code, again.out) == (1, shown.out)
    assert [line.split("0.")[0] for line in again.err.splitlines()][:2] == [
        line.split("0.")[0] for line in shown.err.splitlines()
    ][:2]
    stream = scratch_file.rush("replay", "--output", "stream", "-", input=(scratch_file.root / "run.jsonl").read_text())
    assert "build │ built" in stream.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "--report", "junit"), "--report takes KIND=FILE, not `junit`"),
        (("build", "--report", "junti=x"), "hint: did you mean `junit`?"),
        (("replay", "nothing"), "cannot read nothing: no such file or directory"),
        (("replay", ".rush"), ".rush is no file of records"),
        (("replay", "-"), "standard input holds no records"),
    ],
)
def test_what_is_wrong_is_said(words: "tuple[str, ...]", said: str, scratch_file: Scratch) -> None:
    """Before anything runs."""
    done = scratch_file.rush(*words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert "built" not in done.out


def test_a_report_that_cannot_be_written_fails_no_run(scratch_file: Scratch) -> None:
    """It is a warning."""
    done = scratch_file.rush("build", "--report", "junit=.rush/x.xml")
    assert (done.code, "no report of this run" in done.err) == (0, True), done.err
