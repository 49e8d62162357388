"""Who is told of what, when, and in how many messages; and that no run is the worse for it."""

import os
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import pytest

from taskrush import Channel, Notice, Notifications, Project, Retry, Task, TaskId
from taskrush.errors import ConfigError, MissingCapability
from taskrush.events import Record, RunFinished, RunStarted, StopRequested, TaskFinished, TaskOutput, Warned
from taskrush.model.history import PastRun, PastTask
from taskrush.model.message import mentions, secret_names
from taskrush.model.outcome import Outcome, State, cancelled, failed, skipped, succeeded
from taskrush.report.notify import Notifier, NotTold
from taskrush.report.notify_limit import Limiter
from taskrush.report.notify_news import Message
from taskrush.report.notify_past import Remembered
from taskrush.report.notify_send import NotSent
from taskrush.testing.fakes import RecordingSubscriber
from tests.report.notify_servers import HttpServer, http_server

FRESH = Outcome(state=State.FRESH, ok=True)
WARNED = Outcome(state=State.WARNED, ok=True, code=1, reason="exit code 1")
BROKEN = failed("exit code 1", code=1)


class FakeHistory:
    """Remembers what it is told: whether tasks, and the run of their names, failed the last time."""

    def __init__(
        self, tasks: Mapping[str, str], run_ok: Optional[bool] = None, targets: Sequence[str] = ("all",)
    ) -> None:
        self._tasks = tasks
        self._runs = [] if run_ok is None else [_run("old", run_ok, targets)]
        self.closed = 0

    def runs(self, limit: Optional[int] = None, target: Optional[str] = None, **other: Any) -> Sequence[PastRun]:
        now = PastRun(run="now", began_at=3.0, targets=(TaskId("all"),))
        stopped = PastRun(run="stopped", began_at=2.0, exit_code=130, targets=(TaskId("all"),))
        other_targets = _run("other", False, ("all", "more"))
        return [now, stopped, other_targets, *self._runs]

    def tasks(self, task: Optional[str] = None, limit: Optional[int] = None, **other: Any) -> Sequence[PastTask]:
        name = TaskId(task or "")
        now = PastTask(run="now", task=name, state="failed", ok=False)
        left_out = PastTask(run="older", task=name, state="skipped", ok=False)
        found = [PastTask(run="old", task=name, state=self._tasks[name], ok=True)] if name in self._tasks else []
        return [now, left_out, *found]

    def close(self) -> None:
        self.closed += 1


def _run(name: str, ok: bool, targets: Sequence[str]) -> PastRun:
    return PastRun(run=name, began_at=1.0, ok=ok, exit_code=0 if ok else 1, targets=tuple(map(TaskId, targets)))


class Postbox:
    """Takes messages instead of sending them; `trouble` is raised, one after the other."""

    def __init__(self, *trouble: Optional[Exception]) -> None:
        self.messages: List[Message] = []
        self.tries = 0
        self._trouble = list(trouble)

    def __call__(self, channel: Channel, message: Message, environ: Mapping[str, str], seconds: float) -> None:
        self.tries += 1
        trouble = self._trouble.pop(0) if self._trouble else None
        if trouble is not None:
            raise trouble
        self.messages.append(message)


def play(
    tmp_path: Path,
    ends: Mapping[str, Outcome],
    notices: Sequence[Notice],
    history: Optional[FakeHistory] = None,
    *,
    exit_code: Optional[int] = None,
    stop: str = "",
    output: bytes = b"",
    box: Optional[Postbox] = None,
    **options: Any,
) -> List[Message]:
    """A run in which tasks end so; what `box` was told."""
    box = box or Postbox()
    options.setdefault("open_history", None if history is None else (lambda: history))
    notifier = Notifier(
        str(tmp_path / "shop"),
        [Task(id=TaskId(name)) for name in ends],
        Notifications(channels={"team": Channel(url="x")}, rules=tuple(notices)),
        {"CITY": "Rome"},
        send=box,
        **options,
    )
    ok = all(outcome.ok for outcome in ends.values()) and not stop
    code = exit_code if exit_code is not None else 0 if ok else 1
    events: List[Any] = [RunStarted(targets=(TaskId("all"),), tasks=tuple(map(TaskId, ends)), jobs=1)]
    for name, outcome in ends.items():
        events += [TaskOutput(TaskId(name), "stdout", output)] if output else []
        events.append(TaskFinished(TaskId(name), outcome))
    events += [StopRequested(stop, 1.0)] if stop else []
    events.append(RunFinished(ok=ok, exit_code=code, seconds=1.5))
    for number, event in enumerate(events):
        notifier.on_record(Record("now", number, 1000.0 + number, event))
    return box.messages


def told(messages: Sequence[Message]) -> List[Tuple[str, Optional[str]]]:
    return [(news["event"], news["task"]) for message in messages for news in message.news]


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


# The limit


def test_a_limit_counts_all_runs_and_tells_what_it_held_back(tmp_path: Path) -> None:
    """The next message says how many there were."""
    (tmp_path / "shop").mkdir()
    now = [1000.0]
    rules = [Notice(to="team", on="failure")]

    def run() -> List[Message]:
        box = Postbox()
        notifier = Notifier(
            str(tmp_path / "shop"),
            [],
            Notifications(channels={"team": Channel(url="x", limit="2/1m")}, rules=tuple(rules)),
            {},
            send=box,
            clock=lambda: now[0],
        )
        notifier.on_record(Record("r", 0, 0.0, RunStarted(targets=(TaskId("a"),), tasks=(), jobs=1)))
        notifier.on_record(Record("r", 1, 0.0, RunFinished(ok=False, exit_code=1, seconds=1.0)))
        return box.messages

    assert len(run()) == len(run()) == 1
    for _ in range(3):
        with pytest.raises(NotTold, match="held back by its limit of 2/1m"):
            run()
    now[0] += 61
    [message] = run()
    assert "(3 earlier messages held back by the channel's limit)" in message.text
    assert "held back" not in run()[0].text


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_count_starts_anew(damage: Optional[bytes], tmp_path: Path) -> None:
    """It is only state."""
    limiter = Limiter(str(tmp_path))
    assert limiter.ask("team", "1/1h", 10.0) == (True, 0)
    assert limiter.ask("team", "1/1h", 11.0) == (False, 1)
    assert limiter.ask("other", "1/1h", 11.0) == (True, 0)
    path = tmp_path / ".taskrush" / "notify"
    path.unlink() if damage is None else path.write_bytes(damage)
    assert limiter.ask("team", "1/1h", 12.0) == (True, 0)


def test_a_clock_that_was_set_back_holds_nothing_back(tmp_path: Path) -> None:
    """Times to come do not count."""
    limiter = Limiter(str(tmp_path))
    assert limiter.ask("team", "1/1h", 1e9) == (True, 0)
    assert limiter.ask("team", "1/1h", 5e8) == (True, 0)


def test_runs_at_once_count_each_other(tmp_path: Path) -> None:
    """Twenty ask, five get leave."""
    granted: List[bool] = []
    threads = [
        threading.Thread(target=lambda: granted.append(Limiter(str(tmp_path)).ask("team", "5/1h", 10.0).granted))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [False] * 15 + [True] * 5


# A watch


def test_a_watch_tells_of_changes_only(tmp_path: Path) -> None:
    """The first round of failures, the first that is well again, and nothing in between."""
    watch = Remembered()
    rules = [Notice(to="team", on=("success", "failure", "recovery"), of="*"), Notice(to="team")]
    story: List[Any] = []
    for ends in (
        {"a": succeeded()},
        {"a": BROKEN},
        {"a": BROKEN},
        {"b": succeeded()},
        {"a": cancelled()},
        {"a": succeeded()},
    ):
        box = Postbox()
        play(tmp_path, ends, rules, box=box, watch=watch)
        until = time.monotonic() + 5  # a watch waits for nobody
        while any(thread.name == "taskrush-notify" for thread in threading.enumerate()) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)
        story.append(sorted(told(box.messages), key=str))
    assert story == [
        [],
        [("failure", "a"), ("failure", None)],
        [],
        [],
        [],
        [("recovery", "a"), ("recovery", None)],
    ]


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("${HOOK}", ["HOOK"]),
        ("https://${HOST}/${A}?b=${B}", ["A", "B"]),
        ("smtp://${ME}:${PASSWORD}@${HOST}:587", ["PASSWORD"]),
        ("ntfys://${TOKEN}@${HOST}/${TOPIC:-all}", ["TOKEN", "TOPIC"]),
        ("${SCHEME}://x/${A}", ["SCHEME", "A"]),
    ],
)
def test_what_of_a_url_is_secret(url: str, hidden: List[str]) -> None:
    """All but user and host: these may be words that stand everywhere."""
    assert list(secret_names(Channel(url=url))) == hidden
    assert list(secret_names(Channel(url="x", headers={"a": url}))) == list(dict.fromkeys(mentions(url)))


# Whole runs


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as made:
        yield made


def project(tmp_path: Path, tasks: Sequence[Task], channels: Mapping[str, Channel], *rules: Notice) -> Project:
    return Project.of(tasks, str(tmp_path), notify=Notifications(channels=channels, rules=rules))


@pytest.mark.core
def test_a_run_in_python_tells_a_server(tmp_path: Path, server: HttpServer) -> None:
    """Only of the end: the attempt before it was none."""
    tasks = [
        Task(
            id=TaskId("flaky"), action="test -e once || { touch once; exit 1; }", retry=Retry(attempts=2), notify="hook"
        ),
        Task(id=TaskId("bad"), action="echo sad; exit 4", retry=Retry(attempts=2, notify_on_failure="hook")),
    ]
    made = project(tmp_path, tasks, {"hook": Channel(url=f"{server.url}/h")})
    result = made.run(["flaky", "bad"], on_failure="keep-going")
    assert (result.ok, result.exit_code) == (False, 1)
    [request] = server.requests
    [news] = request.json["news"]
    assert (news["task"], news["event"], news["code"], news["attempts"]) == ("bad", "failure", 4, 2)
    assert news["log_tail"].endswith("sad")


@pytest.mark.parametrize("answer", [500, 3.0, None])
def test_no_run_is_the_worse_for_a_server(answer: Any, tmp_path: Path) -> None:
    """Broken, slow or not there: the result is the same, and the end comes in time and says what was not told."""
    heard = RecordingSubscriber()
    with http_server(*([answer] if answer else [])) as server:
        url = server.url if answer else "http://127.0.0.1:9"
        tasks = [Task(id=TaskId("ok"), action="true")]
        made = project(tmp_path, tasks, {"hook": Channel(url=f"{url}/t0k3n")}, Notice(to="hook", on="success"))
        begun = time.monotonic()
        result = made.run("ok", subscribers=[heard], notify_wait=0.6)
        took = time.monotonic() - begun
    assert (result.ok, result.exit_code) == (True, 0)
    assert took < 2.5
    [warning] = [event for event in heard.events if isinstance(event, Warned)]
    reason = {
        500: "the server answered 500",
        3.0: "no answer from the server in time",
        None: "the server refuses connections",
    }
    slow = "there was no answer within 0.6s"
    assert warning.message in (
        f"not everybody was told: channel `hook`: {reason[answer]}",
        f"not everybody was told: channel `hook`: {slow}",
    )
    assert isinstance(heard.events[-2], RunFinished)


def test_whoever_wants_nobody_told_is_heard(tmp_path: Path, server: HttpServer) -> None:
    """`notify=False`, and a plan that no notice is about."""
    tasks = [Task(id=TaskId("a"), action="false", notify="hook"), Task(id=TaskId("b"), action="false")]
    made = project(tmp_path, tasks, {"hook": Channel(url=server.url)})
    made.run("a", notify=False)
    made.run("b")
    assert server.requests == []


def test_a_real_watch_tells_of_changes_only(tmp_path: Path, server: HttpServer) -> None:
    """Broken, still broken, well, still well: two messages."""
    state = tmp_path / "state"
    state.write_text("well 0")
    tasks = [Task(id=TaskId("a"), action="grep -q well state", inputs=["state"], notify="hook")]
    made = project(tmp_path, tasks, {"hook": Channel(url=server.url)}, Notice(to="hook", on=("failure", "success")))
    story = iter(["broken 1", "broken 2", "well 3", "well 4"])
    counts: List[int] = []
    for _ in made.watch("a", method="poll"):
        until = time.monotonic() + 1.0
        while len(server.requests) == (counts[-1] if counts else 0) and time.monotonic() < until:
            time.sleep(0.01)
        counts.append(len(server.requests))
        following = next(story, None)
        if following is None:
            break
        state.write_text(following)
    assert counts == [0, 1, 1, 2, 2]
    events = [[news["event"] for news in request.json["news"]] for request in server.requests]
    assert events == [["failure", "failure"], ["recovery", "success"]]


SECRET = "s3cr3t/T0K3N+x"


def test_no_part_of_a_channel_is_ever_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in records, logs, state or messages, although a task prints it and the server refuses it."""
    monkeypatch.setenv("HOOK_PATH", SECRET)
    heard = RecordingSubscriber()
    with http_server(404) as server:
        url = f"{server.url}/${{HOOK_PATH}}"
        channels = {"hook": Channel(url=url, headers={"X-Token": "${HOOK_PATH}"})}
        tasks = [Task(id=TaskId("a"), action='echo "[$HOOK_PATH]"; exit 1', notify="hook")]
        made = project(tmp_path, tasks, channels)
        from taskrush.report.log import LogReporter

        made.run("a", subscribers=[heard, LogReporter(str(tmp_path))])
        [request] = server.requests
    assert request.path == f"/{SECRET}"
    assert SECRET not in request.body.decode()
    assert SECRET not in repr(heard.records)
    assert SECRET not in repr(made.files)
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            assert SECRET.encode() not in Path(folder, name).read_bytes()
    assert any(
        b"[secret]" in Path(folder, name).read_bytes() for folder, _, names in os.walk(tmp_path) for name in names
    )


def test_a_channel_that_is_not_declared_is_an_error_of_its_task(tmp_path: Path) -> None:
    """Others run; a workspace without channels may look, not run."""
    tasks = [Task(id=TaskId("a"), action="true", notify="hock"), Task(id=TaskId("b"), action="true")]
    made = project(tmp_path, tasks, {"hook": Channel(url="x")})
    assert made.run("b").ok
    with pytest.raises(ConfigError, match=r"task `a` notifies `hock`, which is not declared(.|\n)*did you mean `hook`"):
        made.plan("a")
    alone = Project.of([Task(id=TaskId("a"), action="true", retry=Retry(notify_on_failure="team"))], str(tmp_path))
    plan = alone.plan("a")
    with pytest.raises(MissingCapability, match="task `a` notifies `team`"):
        alone.require(plan)


def test_messages_are_equal_to_what_they_say(tmp_path: Path) -> None:
    """A news item for machines has all fields, by name."""
    [message] = play(tmp_path, {"a": BROKEN}, [Notice(to="team", on="failure", of="a")])
    expected: Dict[str, Any] = {
        "event": "failure",
        "task": "a",
        "outcome": "failed",
        "seconds": 0.0,
        "attempts": 1,
        "code": 1,
        "reason": "exit code 1",
        "log_tail": None,
        "summary": "a failed: exit code 1 (0.0s)",
    }
    assert message.news == (expected,)
