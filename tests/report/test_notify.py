"""Who is told of what, when, and in how many messages."""

import threading
import time
from pathlib import Path
from typing import Any, List, Optional

import pytest

from taskrush import Channel, Notice, Notifications, Task, TaskId
from taskrush.events import Record, RunFinished, RunStarted, TaskFinished
from taskrush.model.outcome import Outcome, cancelled, failed, skipped, succeeded
from taskrush.report.notify import Notifier, NotTold
from taskrush.report.notify_send import NotSent
from tests.report.notify_play import BROKEN, FRESH, WARNED, FakeHistory, Postbox, play, told

# Which end is which event


@pytest.mark.core
@pytest.mark.parametrize(
    ("on", "outcome", "before", "event"),
    [
        ("success", succeeded(), None, "success"),
        ("success", FRESH, None, None),
        ("success", BROKEN, None, None),
        ("failure", BROKEN, "failed", "failure"),
        ("failure", WARNED, None, None),
        ("failure", cancelled(), None, None),
        ("recovery", succeeded(), "failed", "recovery"),
        ("recovery", FRESH, "failed", "recovery"),
        ("recovery", succeeded(), "succeeded", None),
        ("recovery", succeeded(), None, None),
        ("recovery", BROKEN, "failed", None),
        ("first-failure", BROKEN, "succeeded", "first-failure"),
        ("first-failure", BROKEN, None, "first-failure"),
        ("first-failure", BROKEN, "failed", None),
        ("first-failure", BROKEN, "warned", "first-failure"),
        ("warning", WARNED, None, "warning"),
        ("warning", BROKEN, None, None),
        ("always", succeeded(), None, "always"),
        ("always", BROKEN, "failed", "always"),
        ("always", FRESH, None, "always"),
        ("always", WARNED, None, "always"),
        ("always", skipped("no", ok=True), None, None),
    ],
)
def test_the_end_of_a_task(
    on: str, outcome: Outcome, before: Optional[str], event: Optional[str], tmp_path: Path
) -> None:
    """By how it ended and by how it ended the last time, which is not the run that goes on."""
    history = FakeHistory({} if before is None else {"test": before})
    messages = play(tmp_path, {"test": outcome}, [Notice(to="team", on=on, of="test")], history)
    assert told(messages) == ([] if event is None else [(event, "test")])
    assert history.closed in (0, 1)


@pytest.mark.parametrize(
    ("on", "outcome", "before", "event"),
    [
        ("success", succeeded(), None, "success"),
        ("failure", BROKEN, None, "failure"),
        ("recovery", succeeded(), False, "recovery"),
        ("recovery", succeeded(), True, None),
        ("first-failure", BROKEN, True, "first-failure"),
        ("first-failure", BROKEN, False, None),
        ("always", BROKEN, None, "always"),
    ],
)
def test_the_end_of_a_run(
    on: str, outcome: Outcome, before: Optional[bool], event: Optional[str], tmp_path: Path
) -> None:
    """Compared with the last run of the same targets that came to an end."""
    messages = play(tmp_path, {"a": outcome}, [Notice(to="team", on=on)], FakeHistory({}, before))
    assert told(messages) == ([] if event is None else [(event, None)])


def test_a_run_whose_failures_may_be(tmp_path: Path) -> None:
    """Is a success with a warning."""
    [message] = play(tmp_path, {"a": WARNED}, [Notice(to="team", on="warning")])
    assert (told([message]), message.kind) == ([("warning", None)], "warning")
    assert message.facts["summary"] == "run of all succeeded, but for failures that may be (1.5s)"


def test_a_run_that_was_interrupted_is_neither_well_nor_failed(tmp_path: Path) -> None:
    """Only those hear of it who want to hear of everything."""
    every = [Notice(to="team", on=("success", "failure", "recovery", "first-failure"))]
    ends = {"a": cancelled("SIGINT")}
    assert play(tmp_path, ends, every, FakeHistory({}, False), stop="SIGINT", exit_code=130) == []
    [message] = play(tmp_path, ends, [Notice(to="team", on="always")], stop="SIGINT", exit_code=130)
    assert message.facts["summary"] == "run of all interrupted: SIGINT (1.5s)"


@pytest.mark.parametrize(
    ("of", "heard"),
    [("test", ["test"]), ("test-*", ["test-a", "test-b"]), ("*", ["test", "test-a", "test-b"]), ("[!t]*", [])],
)
def test_rules_name_tasks_or_patterns(of: str, heard: List[str], tmp_path: Path) -> None:
    """As a shell has them."""
    ends = dict.fromkeys(("test", "test-a", "test-b"), BROKEN)
    messages = play(tmp_path, ends, [Notice(to="team", on="failure", of=of)])
    assert sorted(task or "" for _, task in told(messages)) == heard


def test_who_has_no_history_hears_of_first_failures_only(tmp_path: Path) -> None:
    """What is not known did not fail."""
    rules = [Notice(to="team", on=("recovery", "first-failure"), of="*")]
    assert told(play(tmp_path, {"a": BROKEN, "b": succeeded()}, rules)) == [("first-failure", "a")]


# In how many messages, and in which words


@pytest.mark.core
def test_a_hundred_failures_are_one_message(tmp_path: Path) -> None:
    """The first ten are named, the rest counted."""
    ends = {f"t{number:03}": BROKEN for number in range(100)}
    ends["good"] = succeeded()
    rules = [Notice(to="team", on=("failure", "success"), of="*"), Notice(to="team", on="failure")]
    [message] = play(tmp_path, ends, rules, output=b"oh no\n")
    assert message.title == "[shop] run failed; tasks: 100 failed, 1 well"
    assert message.text.count("✗ t") == 10
    assert message.text.count("oh no") == 3
    assert "and 92 more" in message.text
    assert (len(message.news), message.left_out) == (100, 2)
    assert len(message.text) <= 1800


def test_one_task_is_told_once_to_a_channel(tmp_path: Path) -> None:
    """By the first of its notices that applies."""
    rules = [Notice(to="team", on="failure", of="a", title="first"), Notice(to="team", on="always", of="*")]
    [message] = play(tmp_path, {"a": BROKEN}, rules)
    assert (message.title, told([message])) == ("first", [("failure", "a")])


def test_what_is_said_of_one_failure(tmp_path: Path) -> None:
    """Title, the last lines, and where to look further."""
    outcome = failed("exit code 3", code=3, seconds=2.25, attempts=3)
    output = b"".join(b"line %d\n" % number for number in range(30))
    [message] = play(tmp_path, {"test": outcome}, [Notice(to="team", on="failure", of="test")], output=output)
    assert message.title == "[shop] test failed: exit code 3 (2.2s, 3 attempts)"
    lines = message.text.splitlines()
    assert lines[:-1] == [f"line {number}" for number in range(20, 30)]
    assert lines[-1].startswith("run now of all on ")
    assert message.kind == "failure"


def test_templates(tmp_path: Path) -> None:
    """Fields in small letters, the environment in capitals; values are never looked into."""
    title = "${task} ${outcome} ${code} ${attempts} ${seconds} ${event} ${CITY} ${NOT_SET:-nowhere} ${NOT_SET}"
    rule = Notice(to="team", on="failure", of="*", title=title, body="${reason}|${log_tail}|${run}|${workspace}")
    outcome = failed("said ${CITY}", code=1, seconds=1.0)
    [message] = play(tmp_path, {"a": outcome}, [rule], output=b"${task} $(rm) {{x}}\n")
    assert message.title == "a failed 1 1 1.0 failure Rome nowhere"
    assert message.text == "said ${CITY}|${task} $(rm) {{x}}|now|shop"


def test_what_tasks_write_calls_on_nobody_and_paints_nothing(tmp_path: Path) -> None:
    """Control characters go, mentions are broken, bytes that are no text are shown as such."""
    output = b"\x1b[31mred\x1b[0m \x1b]0;title\x07@everyone @here <!channel> <@U1> \xff\x00\r\nend \x1b[2J"
    [message] = play(tmp_path, {"a": BROKEN}, [Notice(to="team", on="failure", of="a")], output=output)
    assert message.text.startswith("red @\u200beveryone @\u200bhere <\u200b!channel> <\u200b@U1> \ufffd\nend \n")


def test_a_title_is_one_line(tmp_path: Path) -> None:
    """Mail has headers that others must not write."""
    rule = Notice(to="team", on="failure", of="a", title="${log_tail}")
    [message] = play(tmp_path, {"a": BROKEN}, [rule], output=b"x\nBcc: all@example.com\n")
    assert message.title == "x Bcc: all@example.com"


# While the run goes on


def test_failures_are_told_while_the_run_goes_on(tmp_path: Path) -> None:
    """After waiting a little for company."""
    box = Postbox()
    notifier = Notifier(
        str(tmp_path),
        [Task(id=TaskId("a")), Task(id=TaskId("b")), Task(id=TaskId("c"))],
        Notifications(channels={"team": Channel(url="x")}, rules=(Notice(to="team", on="failure", of="*"),)),
        {},
        send=box,
        gather=0.2,
    )
    notifier.on_record(Record("r", 0, 0.0, RunStarted(targets=(TaskId("c"),), tasks=(), jobs=1)))
    notifier.on_record(Record("r", 1, 0.0, TaskFinished(TaskId("a"), BROKEN)))
    notifier.on_record(Record("r", 2, 0.0, TaskFinished(TaskId("b"), BROKEN)))
    until = time.monotonic() + 5
    while not box.messages and time.monotonic() < until:
        time.sleep(0.01)
    assert told(box.messages) == [("failure", "a"), ("failure", "b")]
    notifier.on_record(Record("r", 3, 0.0, TaskFinished(TaskId("c"), BROKEN)))
    notifier.on_record(Record("r", 4, 0.0, RunFinished(ok=False, exit_code=1, seconds=1.0)))
    assert told(box.messages[1:]) == [("failure", "c")]


def test_a_run_without_news_starts_no_thread(tmp_path: Path) -> None:
    """Nobody wants to know of a success here."""
    before = threading.active_count()
    assert play(tmp_path, {"a": succeeded()}, [Notice(to="team", on="failure")], gather=9.0) == []
    assert threading.active_count() == before


# What goes wrong


def test_what_failed_for_the_moment_is_tried_again(tmp_path: Path) -> None:
    """Twice, with a pause."""
    box = Postbox(NotSent("the server answered 500", again=True), None)
    messages = play(tmp_path, {"a": BROKEN}, [Notice(to="team", on="failure")], box=box)
    assert (len(messages), box.tries) == (1, 2)


@pytest.mark.parametrize(
    ("trouble", "tries", "said"),
    [
        (NotSent("the server answered 404"), 1, "not everybody was told: channel `team`: the server answered 404"),
        (NotSent("refused", again=True), 3, "not everybody was told: channel `team`: refused"),
        (ValueError("https://hooks/secret"), 1, "not everybody was told: channel `team`: failed: ValueError"),
    ],
)
def test_what_did_not_arrive_is_said_once(trouble: Exception, tries: int, said: str, tmp_path: Path) -> None:
    """In words of ours; what a library says of its errors may hold secrets."""
    box = Postbox(*[trouble] * 9)
    with pytest.raises(NotTold) as caught:
        play(tmp_path, {"a": BROKEN}, [Notice(to="team", on="failure")], box=box)
    assert (caught.value.message, box.tries) == (said, tries)


def test_a_history_that_fails_is_no_reason_to_fail(tmp_path: Path) -> None:
    """It is said, and that is all."""

    def broken() -> Any:
        raise OSError("no disk")

    with pytest.raises(NotTold, match="notifications failed: OSError"):
        play(tmp_path, {"a": BROKEN}, [Notice(to="team", on="first-failure")], open_history=broken)
