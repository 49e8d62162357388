"""What is asked for is what runs: targets, shared dependencies, extra arguments, namespaces."""

import pytest

from tests.scenarios.rush import Scratch, traced

DIAMOND = {"top": ["left", "right"], "left": ["base"], "right": ["base"], "base": [], "other": []}


@pytest.mark.core
def test_a_shared_dependency_runs_once_and_first(scratch: Scratch) -> None:
    """In a diamond every task runs exactly once, after what it needs."""
    scratch.write(".rush", traced(DIAMOND))
    assert scratch.rush("top").code == 0
    ran = scratch.ran()
    assert sorted(ran) == ["base", "left", "right", "top"]
    assert (ran[0], ran[-1]) == ("base", "top")


@pytest.mark.core
def test_several_targets_make_one_run(scratch: Scratch) -> None:
    """Targets that share a dependency run it once; a target named twice runs once; others do not run."""
    scratch.write(".rush", traced(DIAMOND))
    assert scratch.rush("left", "right", "left").code == 0
    assert sorted(scratch.ran()) == ["base", "left", "right"]


def test_jobs_may_stand_before_the_targets(scratch: Scratch) -> None:
    """Version 0.2.6's `taskrush -j test lint` runs both tasks."""
    scratch.write(".rush", traced({"test": [], "lint": []}))
    assert scratch.rush("-j", "test", "lint").code == 0
    assert sorted(scratch.ran()) == ["lint", "test"]


def test_one_job_runs_one_at_a_time(scratch: Scratch) -> None:
    """With `-j1` no task starts before another has ended."""
    body = "echo {0}-in >> trace; sleep 0.05; echo {0}-out >> trace"
    tasks = "\n".join(f"  {name}:\n    cmd: {body.format(name)}" for name in "abc")
    scratch.write(".rush", f"tasks:\n{tasks}\n")
    assert scratch.rush("-j1", "a", "b", "c").code == 0
    ran = scratch.ran()
    assert [line.split("-")[1] for line in ran] == ["in", "out"] * 3
    assert [line[0] for line in ran[::2]] == [line[0] for line in ran[1::2]]


def test_only_leaves_dependencies_out(scratch: Scratch) -> None:
    """`--only` and `--no-deps` run the named tasks alone."""
    scratch.write(".rush", traced(DIAMOND))
    for flag in ("--only", "--no-deps"):
        assert scratch.rush(flag, "top").code == 0
        assert scratch.ran() == ["top"]


def test_extra_arguments_reach_the_named_task_alone(scratch: Scratch) -> None:
    """What follows `--` is appended to the target's command, word by word, and to no other."""
    scratch.write(
        ".rush",
        """
        tasks:
          base: {cmd: printf '<%s>' base}
          show: {cmd: printf '<%s>' show, deps: [base]}
          count: {cmd: 'echo "count=$#"'}
        """,
    )
    done = scratch.rush("show", "--", "-x", "a b", "$HOME;", "--", "*")
    assert done.code == 0
    assert "<show><-x><a b><$HOME;><--><*>" in done.out
    assert "<base><" not in done.out
    assert "count=2" in scratch.rush("count", "--", "one", "two words").out


def test_an_unknown_target_is_an_error_with_a_suggestion(scratch: Scratch) -> None:
    """Nothing runs when one of the targets does not exist."""
    scratch.write(".rush", traced({"build": [], "test": []}))
    done = scratch.rush("test", "biuld")
    assert done.code == 2
    assert "biuld" in done.err
    assert "did you mean `build`?" in done.err
    assert scratch.ran() == []


def test_included_files_live_under_their_namespace(scratch: Scratch) -> None:
    """Names resolve inwards first; a leading `:` means the top; tasks run in the folder of their file."""
    scratch.write(
        ".rush",
        """
        include:
          docs: docs/.rush
        tasks:
          build: {cmd: 'echo "top build in ${PWD##*/}" >> trace'}
          all: {deps: ['docs:publish', build]}
        """,
    )
    scratch.write(
        "docs/.rush",
        """
        tasks:
          build: {cmd: 'echo "docs build in ${PWD##*/}" >> ../trace'}
          publish: {cmd: echo publish >> ../trace, deps: [build, ':build']}
        """,
    )
    assert scratch.rush("all").code == 0
    ran = scratch.ran()
    assert sorted(ran[:2]) == ["docs build in docs", f"top build in {scratch.root.name}"]
    assert ran[2:] == ["publish"]
    assert scratch.rush("docs:build").code == 0
    assert scratch.ran() == ["docs build in docs"]


def test_a_cycle_is_shown_and_only_matters_to_those_in_it(scratch: Scratch) -> None:
    """A task beside a cycle still runs; one in it shows the whole circle."""
    scratch.write(".rush", traced({"a": ["b"], "b": ["c"], "c": ["a"], "free": []}))
    assert scratch.rush("free").code == 0
    assert scratch.ran() == ["free"]
    done = scratch.rush("a")
    assert done.code == 2
    for name in "abc":
        assert name in done.err
    assert "cycle" in done.err
    assert scratch.ran() == []


def test_a_dry_run_executes_nothing(scratch: Scratch) -> None:
    """`--dry-run` names every task of the plan in order and runs none, not even the commands of variables."""
    scratch.write(
        ".rush",
        """
        vars:
          stamp: {cmd: echo stamp >> trace}
        tasks:
          base: {cmd: 'echo base >> trace'}
          top: {cmd: 'echo ${stamp} >> trace', deps: [base], if: 'echo if >> trace'}
        """,
    )
    done = scratch.rush("--dry-run", "top")
    assert done.code == 0
    assert done.out.index("base") < done.out.index("top")
    assert scratch.ran() == []
