"""What a failure does to the rest of the run, by policy."""

from typing import List

import pytest

from tests.scenarios.rush import Scratch, traced

# `bad` fails while `slow` runs; each has a dependant, and `late` waits for room.
FILE = """
tasks:
  bad:
    cmd: until test -e started; do sleep 0.02; done; echo bad >> trace; exit 3
  slow:
    cmd: touch started; sleep 0.7; echo slow >> trace
  after-bad: {cmd: echo after-bad >> trace, deps: [bad]}
  after-slow: {cmd: echo after-slow >> trace, deps: [slow]}
  both: {cmd: echo both >> trace, deps: [after-bad, after-slow]}
"""


@pytest.mark.core
@pytest.mark.parametrize(
    ("flags", "executed"),
    [
        ([], ["bad", "slow"]),
        (["-k"], ["bad", "slow", "after-slow"]),
        (["--keep-going"], ["bad", "slow", "after-slow"]),
        (["--fail-fast"], ["bad"]),
        (["--on-failure=drain"], ["bad", "slow"]),
        (["--on-failure", "keep-going"], ["bad", "slow", "after-slow"]),
        (["--on-failure", "dependants-only"], ["bad", "slow", "after-slow"]),
        (["--on-failure", "fail-fast"], ["bad"]),
    ],
)
def test_policies(scratch: Scratch, flags: List[str], executed: List[str]) -> None:
    """By default what runs may end and nothing starts; -k goes on where it can; --fail-fast ends what runs."""
    scratch.write(".rush", FILE)
    done = scratch.rush(*flags, "-j2", "both")
    assert done.code == 1
    assert scratch.ran() == executed
    assert "bad" in done.all
    assert "exit code 3" in done.all


def test_the_first_failure_ends_a_sequential_run(scratch: Scratch) -> None:
    """With one job, nothing after the failure starts, and the exit code is 1 whatever the task's was."""
    scratch.write(".rush", traced({"a": [], "b": ["a"], "c": ["b"]}, failing=["b"]))
    assert scratch.rush("-j1", "c").code == 1
    assert scratch.ran() == ["a", "b"]


def test_a_list_of_commands_stops_at_the_first_failure(scratch: Scratch) -> None:
    """`cmd` as a list: each in its own shell, in order, until one fails."""
    scratch.write(".rush", "tasks: {t: {cmd: ['echo 1 >> trace', 'exit 4', 'echo 3 >> trace']}}")
    done = scratch.rush("t")
    assert done.code == 1
    assert scratch.ran() == ["1"]
    assert "exit code 4" in done.all


def test_finally_tasks_run_after_failure(scratch: Scratch) -> None:
    """What stands under `finally` runs when the task failed, and the run still fails."""
    scratch.write(
        ".rush",
        """
        tasks:
          up: {cmd: echo up >> trace}
          down: {cmd: echo down >> trace}
          test: {cmd: echo test >> trace; exit 1, deps: [up], finally: [down]}
          deploy: {cmd: echo deploy >> trace, deps: [test]}
        """,
    )
    assert scratch.rush("deploy").code == 1
    assert scratch.ran() == ["up", "test", "down"]


def test_a_condition_that_does_not_hold_skips_without_failing(scratch: Scratch) -> None:
    """A task skipped by `if` counts as well for those that need it; a requirement that does not hold is a failure."""
    scratch.write(
        ".rush",
        """
        tasks:
          maybe: {cmd: echo maybe >> trace, if: test -e flag}
          next: {cmd: echo next >> trace, deps: [maybe]}
          strict: {cmd: echo strict >> trace, requires: [{file: flag, message: make a flag first}]}
        """,
    )
    assert scratch.rush("next").code == 0
    assert scratch.ran() == ["next"]
    refused = scratch.rush("strict")
    assert refused.code == 1
    assert "make a flag first" in refused.all
    scratch.write("flag", "")
    assert scratch.rush("next", "strict").code == 0
    assert sorted(scratch.ran()) == ["maybe", "next", "strict"]


def test_a_program_that_does_not_exist_is_named(scratch: Scratch) -> None:
    """A command that cannot be started is a failure of the task that says which program it was."""
    scratch.write(".rush", "tasks: {t: {argv: [no-such-program-here, x]}}")
    done = scratch.rush("t")
    assert done.code == 1
    assert "no-such-program-here" in done.all


def test_a_failing_function_shows_the_users_lines_only(scratch: Scratch) -> None:
    """The traceback of a task's function starts in `tasks.py`."""
    scratch.write(
        "tasks.py",
        """
        from taskrush import task

        @task
        def broken() -> None:
            raise KeyError("the-missing-key")
        """,
    )
    done = scratch.rush("broken")
    assert done.code == 1
    assert "the-missing-key" in done.all
    assert "tasks.py" in done.all
    assert "runners" not in done.all
