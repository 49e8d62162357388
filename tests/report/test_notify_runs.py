"""Limits, watches and whole runs: no run is the worse for those who are told of it."""

import os
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

import pytest

from taskrush import Channel, Notice, Notifications, Project, Retry, Task, TaskId
from taskrush.errors import ConfigError
from taskrush.events import Record, RunFinished, RunStarted, Warned
from taskrush.model.message import mentions, secret_names
from taskrush.model.outcome import cancelled, succeeded
from taskrush.report.notify import Notifier, NotTold
from taskrush.report.notify_limit import Limiter
from taskrush.report.notify_news import Message
from taskrush.report.notify_past import Remembered
from taskrush.testing.fakes import RecordingSubscriber
from tests.report.notify_play import BROKEN, Postbox, play, told
from tests.report.notify_servers import HttpServer, http_server

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
    """Others run. In a workspace without channels it runs all the same, and it is said that nobody is told."""
    tasks = [Task(id=TaskId("a"), action="true", notify="hock"), Task(id=TaskId("b"), action="true")]
    made = project(tmp_path, tasks, {"hook": Channel(url="x")})
    assert made.run("b").ok
    with pytest.raises(ConfigError, match=r"task `a` notifies `hock`, which is not declared(.|\n)*did you mean `hook`"):
        made.plan("a")
    alone = Project.of([Task(id=TaskId("a"), action="true", retry=Retry(notify_on_failure="team"))], str(tmp_path))
    heard: List[str] = []

    class Listener:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, Warned):
                heard.append(record.event.message)

    assert alone.run("a", subscribers=[Listener()]).ok
    assert heard == ["task `a` notifies `team` of its failure, and no channel is declared: nobody is told"]


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
