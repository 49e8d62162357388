"""What is shown of services, from records alone: no output waits for their end, and what was asked for is said."""

import pytest

from taskrush.events import ServiceReady, TaskFinished, TaskOutput, TaskStarted
from taskrush.model.outcome import State, cancelled, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from tests.cli.test_console import end, out, shown

pytestmark = pytest.mark.core

WEB, TEST = TaskId("web"), TaskId("test")
TASKS = (Task(id="web", action="serve", service=True), Task(id="test", action="ask", deps=["web"]))
NEEDED = Plan(tasks=TASKS, needs=((), (0,)), after=((), ()), targets=(TEST,))
ASKED = Plan(tasks=TASKS, needs=((), (0,)), after=((), ()), targets=(WEB, TEST))
OK = succeeded(seconds=1.0)


def test_a_service_is_never_the_one_that_others_wait_for() -> None:
    """It was started first, yet the task that runs beside it writes as it goes; its own output is one block."""
    events = [
        TaskStarted(WEB, "serve"),
        out(WEB, "hello\n"),
        ServiceReady(WEB, 0.5),
        TaskStarted(TEST, "ask"),
        out(TEST, "asked\n"),
    ]
    assert shown(events, NEEDED) == ["▶ test  ask", "asked"]
    assert shown([*events, TaskFinished(TEST, OK), TaskFinished(WEB, OK), end(State.SUCCEEDED)], NEEDED) == [
        "▶ test  ask",
        "asked",
        "✓ test  1.00s",
        "▶ web  serve",
        "hello",
        "✓ web  1.00s",
        "done: 2 tasks in 2.00s (2 succeeded)",
    ]


def test_what_was_asked_for_is_shown_line_by_line_and_said_to_be_up() -> None:
    events = [
        TaskStarted(WEB, "serve"),
        out(WEB, "hello\n"),
        ServiceReady(WEB, 0.5),
        TaskOutput(WEB, "stdout", b"a request\n"),
        TaskFinished(WEB, cancelled("SIGINT", seconds=3.0)),
    ]
    assert shown(events, ASKED) == [
        "web  │ hello",
        "web  ready after 0.50s",
        "up: web; Ctrl-C ends the run",
        "web  │ a request",
        "■ web  SIGINT  3.00s",
    ]


def test_verbose_says_when_each_one_was_ready() -> None:
    assert "web  ready after 0.50s" in shown([TaskStarted(WEB, "serve"), ServiceReady(WEB, 0.5)], NEEDED, verbose=1)
