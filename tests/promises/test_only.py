"""`--only` leaves dependencies out of the run, not out of the key."""

from typing import List

import pytest

from taskrush import Project
from tests.scenarios.rush import Scratch

FILE = """
    tasks:
      make:
        cmd: echo make >> trace; cat source > made
        inputs: [source]
        outputs: [made]
      use:
        cmd: echo use >> trace; cat made > used
        deps: [make]
        inputs: [own]
        outputs: [used]
"""


def test_what_was_left_out_counts(scratch: Scratch) -> None:
    """A result on the old output of a dependency is not taken for one on the new."""
    scratch.write(".rush", FILE)
    scratch.write("own", "1")
    scratch.write("source", "one\n")
    assert scratch.rush("use").code == 0
    scratch.ran()
    scratch.write("made", "other\n")
    assert scratch.rush("--only", "use").code == 0
    assert (scratch.ran(), scratch.text("used")) == (["use"], "other\n")
    scratch.write("source", "two\n")
    assert scratch.rush("use").code == 0
    assert (scratch.ran(), scratch.text("used")) == (["make", "use"], "two\n")
    scratch.write("made", "one\n")
    assert scratch.rush("--only", "use").code == 0
    assert (scratch.ran(), scratch.text("used")) == ([], "one\n")


def test_results_of_a_whole_run_are_known_to_a_cut_one_and_the_other_way_round(scratch: Scratch) -> None:
    """Both make the same key."""
    scratch.write(".rush", FILE)
    scratch.write("own", "1")
    scratch.write("source", "one\n")
    assert scratch.rush("make").code == 0
    assert scratch.rush("--only", "use").code == 0
    assert scratch.ran() == ["make", "use"]
    assert scratch.rush("use").code == 0
    assert scratch.rush("--no-deps", "use").code == 0
    assert scratch.ran() == []


def test_nothing_is_kept_that_stands_on_what_nobody_declared(scratch: Scratch) -> None:
    """Without its dependency a result says nothing about a run with it, unless what that makes is declared."""
    scratch.write(
        ".rush",
        """
        tasks:
          prepare: {cmd: echo prepare >> trace; cp source secret, inputs: [source]}
          use: {cmd: echo use >> trace; cat secret > used, deps: [prepare], inputs: [own], outputs: [used]}
        """,
    )
    scratch.write("own", "1")
    scratch.write("source", "one\n")
    scratch.write("secret", "wrong\n")
    assert scratch.rush("--only", "use").code == 0
    assert scratch.ran() == ["use"]
    assert scratch.rush("use").code == 0
    assert (scratch.ran(), scratch.text("used")) == (["prepare", "use"], "one\n")


@pytest.mark.parametrize("broken", ["deps: [nowhere]", "params: {who: {type: str, required: true}}"])
def test_a_dependency_that_cannot_be_planned_costs_the_cache_only(scratch: Scratch, broken: str) -> None:
    """Nobody asked for it; the task itself runs, each time."""
    scratch.write(
        ".rush",
        f"""
        tasks:
          lost: {{cmd: "true", {broken}}}
          make: {{cmd: echo make > made, outputs: [made], deps: [lost]}}
          use: {{cmd: echo use >> trace; cat made > used, deps: [make], inputs: [own], outputs: [used]}}
        """,
    )
    scratch.write("own", "1")
    scratch.write("made", "1")
    for _ in range(2):
        assert scratch.rush("--only", "use").code == 0
    assert scratch.ran() == ["use", "use"]


def test_a_library_user_gets_the_same(scratch: Scratch) -> None:
    """`only` of `Project.run`, `Project.start` and of an executor of `Project.plan`."""
    scratch.write(".rush", FILE)
    scratch.write("own", "1")
    scratch.write("source", "one\n")
    project = Project.load(str(scratch.root))
    found: List[str] = []
    assert project.run("use").ok
    for number in range(3):
        scratch.ran()
        scratch.write("made", f"{number}\n")
        if number == 0:
            assert project.run("use", only=True).ok
        elif number == 1:
            with project.start("use", only=True) as run:
                assert run.result().ok
        else:
            assert project.executor(project.plan("use", only=True)).run().ok
        found += [*scratch.ran(), scratch.text("used").strip()]
    assert found == ["use", "0", "use", "1", "use", "2"]


def test_a_dry_run_foretells_what_a_cut_run_does(scratch: Scratch) -> None:
    """What is left out is taken as it is on disk."""
    scratch.write(".rush", FILE)
    scratch.write("own", "1")
    scratch.write("source", "one\n")
    assert scratch.rush("use").code == 0
    scratch.write("source", "two\n")
    assert "would run 0 of 1 task" in scratch.rush("-n", "--only", "use").out
    assert scratch.rush("--only", "use").code == 0
    assert scratch.ran() == ["make", "use"]
    scratch.write("made", "other\n")
    told = scratch.rush("-n", "--only", "use").out
    assert "would run 1 of 1 task" in told
    assert "dependency make changed" in told
