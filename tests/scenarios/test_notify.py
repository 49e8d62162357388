"""Notifications as a user has them: the command line, a real server, several runs."""

import signal
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List

import pytest

from tests.report.notify_servers import HttpServer, http_server
from tests.scenarios.rush import Scratch, environment

RUSH = """
    notify:
      channels:
        team: ${TEAM_HOOK}
      rules:
        - {to: team, on: [first-failure, recovery]}
    tasks:
      build: {cmd: test -e good, notify: {to: team, on: [first-failure, recovery]}}
      deploy: {cmd: exit 7, retry: {attempts: 2, delay: 0s, notify_on_failure: team}}
    """


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as made:
        yield made


def heard(server: HttpServer) -> List[Any]:
    found = [[(news["event"], news["task"]) for news in request.json["news"]] for request in server.requests]
    server.requests.clear()
    return found


@pytest.mark.core
def test_recovery_is_told_from_history(scratch: Scratch, server: HttpServer) -> None:
    """The first failure and the recovery; nothing while it stays as it is."""
    scratch.write(".rush", RUSH)
    env = {"TEAM_HOOK": f"{server.url}/t0k3n"}
    first = scratch.rush("build", env=env)
    assert (first.code, heard(server)) == (1, [[("first-failure", "build"), ("first-failure", None)]])
    assert (scratch.rush("build", env=env).code, heard(server)) == (1, [])
    scratch.write("good", "")
    assert (scratch.rush("build", env=env).code, heard(server)) == (0, [[("recovery", "build"), ("recovery", None)]])
    assert (scratch.rush("build", env=env).code, heard(server)) == (0, [])
    assert "t0k3n" not in first.all


def test_the_roadmap_s_retry_tells_its_channel(scratch: Scratch, server: HttpServer) -> None:
    """Once, when all attempts failed."""
    scratch.write(".rush", RUSH)
    done = scratch.rush("deploy", "--quiet", env={"TEAM_HOOK": server.url})
    assert (done.code, heard(server)) == (1, [[("failure", "deploy"), ("first-failure", None)]])


def test_a_slow_server_is_not_waited_for_longer_than_allowed(scratch: Scratch) -> None:
    """The exit code is that of the run."""
    scratch.write(".rush", RUSH)
    with http_server(4.0) as server:
        begun = time.monotonic()
        done = scratch.rush("deploy", "--notify-wait", "0.5", env={"TEAM_HOOK": server.url})
    assert (done.code, time.monotonic() - begun < 3.0) == (1, True)
    assert "warning: not everybody was told: channel `team`: " in done.err
    assert "0.5s" in done.err or "in time" in done.err


def test_ctrl_c_ends_the_waiting(scratch: Scratch) -> None:
    """The run is over and its code stands."""
    scratch.write(".rush", RUSH)
    with http_server(20.0) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "taskrush", "deploy", "--notify-wait", "15"],
            cwd=scratch.root,
            env=environment({"TEAM_HOOK": server.url}),
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 20
        while not server.requests and time.monotonic() < until:
            time.sleep(0.02)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, time.monotonic() - begun < 3.0) == (1, True)
    assert "they were not waited for" in err


def test_tasks_in_python_have_channels_of_their_own(scratch: Scratch, server: HttpServer) -> None:
    """A module's `Notifications`, and names of channels on tasks and commands."""
    scratch.write(
        "tasks.py",
        """
        from taskrush import Channel, Notice, Notifications, command, task

        told = Notifications(
            channels={"team": Channel(url="${TEAM_HOOK}")},
            rules=[Notice(to="team", on="success", of="good")],
        )

        @task(notify=Notice(to="team", on="failure", title="${task}: ${reason}"))
        def bad():
            raise ValueError("no")

        good = command("true")
        worse = command("exit 2", notify="team")
        """,
    )
    env = {"TEAM_HOOK": server.url}
    scratch.rush("bad", env=env)
    assert server.requests[0].json["title"].startswith("bad: ")
    scratch.rush("good", env=env)
    scratch.rush("worse", env=env)
    assert heard(server) == [[("failure", "bad")], [("success", "good")], [("failure", "worse")]]


def test_one_channel_for_the_tasks_of_all_files(scratch: Scratch, server: HttpServer) -> None:
    """An included file's rules are about its own tasks; its tasks may name channels of the whole."""
    scratch.write(
        ".rush",
        """
        include: {docs: docs/.rush}
        notify: {channels: {team: "${TEAM_HOOK}"}}
        tasks: {build: "true"}
        """,
    )
    scratch.write(
        "docs/.rush",
        """
        notify: {rules: [{to: team, on: success, of: [build, "c*"]}]}
        tasks: {build: "true", check: "true", show: "true"}
        """,
    )
    done = scratch.rush("build", "docs:build", "docs:check", "docs:show", env={"TEAM_HOOK": server.url})
    assert (done.code, done.err.count("warning")) == (0, 0)
    [told] = heard(server)
    assert sorted(told) == [("success", "docs:build"), ("success", "docs:check")]


def test_settings_keep_everybody_quiet(scratch: Scratch, server: HttpServer) -> None:
    """By flag, variable and file."""
    env = {"TEAM_HOOK": server.url}
    scratch.write(".rush", RUSH)
    scratch.rush("deploy", "--no-notify", env=env)
    scratch.rush("deploy", env={**env, "TASKRUSH_NO_NOTIFY": "1"})
    scratch.write(".rush", RUSH + "\n    settings: {no_notify: true}\n")
    scratch.rush("deploy", env=env)
    assert server.requests == []


def test_a_channel_in_a_dotenv_file(scratch: Scratch, server: HttpServer) -> None:
    """As secret as in the environment, which wins."""
    scratch.write(".env", f"TEAM_HOOK={server.url}/t0k3n\n")
    scratch.write(".rush", RUSH + "\n      show: {cmd: 'cat .env; exit 1', notify: team}\n    dotenv: .env\n")
    done = scratch.rush("show")
    assert (done.code, [request.path for request in server.requests]) == (1, ["/t0k3n"])
    assert "t0k3n" not in done.all + server.requests[0].body.decode()
    scratch.rush("show", env={"TEAM_HOOK": f"{server.url}/other"})
    assert server.requests[-1].path == "/other"
    assert scratch.rush("notify", "test", "team").code == 0


def test_without_any_channel_a_run_goes_on(scratch: Scratch) -> None:
    """The roadmap's form as it stands: who is to be told is not declared, which is a warning, not the end."""
    scratch.write(".rush", "tasks: {deploy: {cmd: exit 4, retry: {attempts: 2, delay: 0s, notify_on_failure: chat}}}\n")
    done = scratch.rush("deploy")
    assert done.code == 1
    assert "attempt 2" in done.err
    assert "task `deploy` notifies `chat` of its failure, and no channel is declared: nobody is told" in done.err
    assert "hint: declare it: `notify: {channels: {chat: URL}}`" in done.err


def test_a_test_message_arrives(scratch: Scratch, server: HttpServer) -> None:
    """And says what it is."""
    scratch.write(".rush", RUSH)
    done = scratch.rush("notify", "test", "team", "-e", f"TEAM_HOOK={server.url}/t0k3n")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("channel `team` took the message in ")
    body: Dict[str, Any] = server.requests[0].json
    assert (body["title"], body["text"]) == (
        f"[{scratch.root.name}] test of channel team",
        "This is a test. Whoever reads it will be told how runs and tasks end.",
    )


def test_a_plain_run_loads_nothing_for_it(scratch: Scratch) -> None:
    """Declared, but there is nothing to tell: neither threads' modules nor Apprise are imported."""
    scratch.write(".rush", "notify: {channels: {team: '${X}'}}\ntasks: {build: 'true'}\n")
    code = (
        "import sys; from taskrush_cli.main import main; main(['build']);"
        "dear = ('apprise', 'urllib.request', 'taskrush.report.notify', 'sqlite3');"
        "print([name for name in dear if name in sys.modules])"
    )
    done = scratch.rush("-c", code, program=(sys.executable,))
    assert done.out.splitlines()[-1] == "[]"
