"""`taskrush analyze` and `taskrush simulate` after real runs."""

import json

import pytest

from tests.scenarios.rush import Scratch

FILE = """
tasks:
  gen: {cmd: "sleep 0.05; mkdir -p g; echo x > g/a", inputs: [spec], outputs: [g/a]}
  lint: {cmd: sleep 0.3}
  build: {cmd: "sleep 0.2; echo > b", deps: [gen, lint], inputs: [g/a], outputs: [b]}
  doc: {cmd: "sleep 0.1; echo d > doc.txt", deps: [build], inputs: [spec], outputs: [doc.txt]}
  all: {deps: [doc]}
"""


@pytest.fixture
def past(scratch: Scratch) -> Scratch:
    scratch.write(".rush", FILE)
    scratch.write("spec", "s")
    for _ in range(2):
        assert scratch.rush("-j2", "--force", "all").code == 0
    return scratch


def test_bottlenecks_of_what_was_run(past: Scratch) -> None:
    """The critical path in order, gains, JSON with the same facts."""
    done = past.rush("analyze", "bottlenecks", "-j2")
    assert done.code == 0, done.all
    lines = done.out.splitlines()
    assert lines[0] == "5 tasks, times of 2 past runs, 2 jobs"
    at = lines.index("critical path")
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == ["lint", "build", "doc"]
    assert "`build` not waiting for `lint`" in done.out
    facts = json.loads(past.rush("analyze", "bottlenecks", "-j2", "--json").out)
    assert [one["task"] for one in facts["path"]] == ["lint", "build", "doc"]
    assert 0.6 <= facts["longest"] <= facts["expected"] < 1.5
    assert facts["low"] <= facts["expected"] <= facts["high"]
    assert facts["slack"]["gen"] == pytest.approx(0.25, abs=0.15)


def test_dependencies_without_a_file(past: Scratch) -> None:
    """`doc` reads nothing that `build` makes; `lint` declares nothing, so nothing is said of it."""
    done = past.rush("analyze", "parallel", "-j2")
    assert "`doc` waits for `build`" in done.out
    assert "lint" not in done.out
    facts = json.loads(past.rush("analyze", "parallel", "all", "--json", "-j2").out)
    assert [(edge["task"], edge["on"]) for edge in facts["edges"]] == [("doc", "build")]
    assert facts["edges"][0]["seconds"] == pytest.approx(0.1, abs=0.08)


def test_a_run_is_simulated(past: Scratch) -> None:
    """As it is, without an edge, with a faster task, with other slots."""
    as_it_is = json.loads(past.rush("simulate", "-j2", "--json").out)
    assert 0.6 <= as_it_is["seconds"] < 1.5
    without = json.loads(past.rush("simulate", "-j2", "--without-edge", "build:lint", "--json").out)
    assert as_it_is["seconds"] - without["seconds"] == pytest.approx(0.25, abs=0.15)
    faster = past.rush("simulate", "-j2", "--faster", "build=4", "--schedule")
    assert "less than now" in faster.out
    assert "█" in faster.out
    one = json.loads(past.rush("simulate", "-j1", "--json").out)
    assert [entry["task"] for entry in one["schedule"]][-1] == "all"
    assert one["seconds"] > without["seconds"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simulate", "--without-edge", "x:y"), "no two tasks of this run are called so"),
        (("simulate", "--without-edge", "doc:gen"), "neither waits for the other"),
        (("simulate", "--faster", "build"), "no task of this run is called `build`"),
        (("simulate", "--faster", "build=no"), "`no` is no such number"),
        (("simulate", "nothing"), "no task is called `nothing`"),
        (("analyze", "bottlenecks", "--duration", "soon"), "--duration cannot be `soon`"),
        (("analyze", "bottlenecks", "--branch", "other"), "no past run of these tasks is remembered"),
        (("analyze", "else"), "invalid choice"),
    ],
)
def test_what_cannot_be_analyzed_is_said(words: "tuple[str, ...]", said: str, past: Scratch) -> None:
    """With exit code 2."""
    done = past.rush(*words)
    assert (done.code, said in done.err) == (2, True), done.err


def test_without_a_past_there_is_nothing_to_analyze(scratch: Scratch) -> None:
    """And the hint says how to get one."""
    scratch.write(".rush", FILE)
    for words in (("analyze", "bottlenecks"), ("simulate",)):
        done = scratch.rush(*words)
        assert (done.code, "no run is remembered here" in done.err) == (2, True)
    assert "`taskrush all` makes one" in scratch.rush("simulate", "all").err
