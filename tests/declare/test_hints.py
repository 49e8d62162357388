"""`hints` in Python: one or several, checked where they are written."""

import pytest

from taskrush import ConfigError, FailureHint, TaskSet, command, task
from taskrush.declare.hints_given import hints_given

HINT = FailureHint(pattern=r"E(\d+)", message="see {1}")

pytestmark = pytest.mark.core


def test_functions_and_commands_take_hints() -> None:
    """They are those of the task."""

    @task(hints=[HINT])
    def build() -> None: ...

    lint = command("ruff check", name="lint", hints=[HINT])
    assert [made.hints for made in TaskSet([build, lint]).tasks] == [(HINT,), (HINT,)]
    assert hints_given(HINT) == (HINT,)


def test_a_pattern_that_is_none_is_refused_where_it_is_given() -> None:
    """At this file and line."""
    with pytest.raises(ConfigError) as caught:
        command("x", name="x", hints=[FailureHint(pattern="a(b", message="m")])
    [problem] = caught.value.problems
    assert "`a(b` is not a regular expression" in problem.message
    assert problem.where is not None
    assert problem.where.path.endswith("test_hints.py")
