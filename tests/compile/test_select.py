"""What a person may type to mean tasks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.compile.link import link
from taskrush.compile.select import select
from taskrush.errors import UsageError
from taskrush.model.graph import Graph
from taskrush.model.task import Task, TaskId

pytestmark = pytest.mark.core


def graph() -> Graph:
    return link(
        [
            Task(id="test", action="x", tags=["ci"], aliases=["t"]),
            Task(id="test@1", action="x", tags=["ci"], group=TaskId("test")),
            Task(id="test-unit", action="x", tags=["ci"]),
            Task(id="test-secret", action="x", hidden=True, tags=["ci"]),
            Task(id="docs:build", action="x"),
            Task(id="docs:api:build", action="x"),
            Task(id="run-all", action="x", aliases=["ci:run"]),
        ]
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (["test-unit", "test", "test-unit"], ["test-unit", "test"]),
        (["t"], ["test"]),
        ([":test"], ["test"]),
        (["run_all"], ["run-all"]),
        (["_run_all_"], ["run-all"]),
        (["ci:*"], ["run-all"]),
        (["test-secret"], ["test-secret"]),
        (["test-*"], ["test-unit"]),
        (["test*"], ["test", "test-unit"]),
        (["test@*"], ["test@1"]),
        (["docs:*"], ["docs:build"]),
        (["docs:**"], ["docs:build", "docs:api:build"]),
        (["[!t]*-???"], ["run-all"]),
        (["tag:ci"], ["test", "test-unit"]),
        ([], []),
    ],
)
def test_what_is_typed_means_these_tasks(typed: "list[str]", found: "list[str]") -> None:
    """Names, aliases, patterns and tags, in the order asked for, each once."""
    assert list(select(graph(), typed)) == found


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("tset", "no task is called `tset`\nhint: did you mean `test`?"),
        ("docs", "no task is called `docs`\nhint: `docs` is a namespace: `docs:*` means all tasks in it"),
        ("build", "no task is called `build`\nhint: did you mean `docs:build` or `docs:api:build`?"),
        ("tag:c", "no task has the tag `c`\nhint: did you mean `ci`?"),
        ("x*", "no task matches `x*`\nhint: `*` stays within a namespace, `**` does not"),
        ("test-secre", "no task is called `test-secre`"),
    ],
)
def test_what_means_nothing_is_told_with_what_was_probably_meant(typed: str, message: str) -> None:
    """Hidden tasks are never suggested."""
    with pytest.raises(UsageError) as caught:
        select(graph(), [typed])
    assert str(caught.value).startswith(message.rstrip("?"))
    assert "secret" not in (caught.value.hint or "")


@given(st.text(max_size=12))
def test_any_text_selects_or_says_why_not(typed: str) -> None:
    """Whatever is typed."""
    try:
        assert set(select(graph(), [typed])) <= set(graph().tasks)
    except UsageError as error:
        assert typed in error.message or typed.startswith("tag:")  # noqa: PT017
