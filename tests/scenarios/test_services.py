"""Services with real parts: an HTTP server, redis, and processes that are late, die, do not listen or fork."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from tests.needs import needs_program
from tests.scenarios.rush import Scratch, environment

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")

SERVER = "exec python3 -u -m http.server $PORT --bind 127.0.0.1"
ASK = "python3 ask.py"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def ask(scratch: Scratch) -> None:
    """A script that asks the HTTP server."""
    text = "import os, urllib.request as u; print(u.urlopen('http://127.0.0.1:' + os.environ['PORT']).status)\n"
    scratch.write("ask.py", text)


def trace(scratch: Scratch) -> List[str]:
    path = scratch.root / "trace"
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def token(tmp_path: Path) -> Iterator[str]:
    """A variable in the environment of all that a test starts; nothing that has it is left when the test ends."""
    found = f"services-{tmp_path.name}-{os.getpid()}"
    yield found
    for pid in alive(found):
        os.kill(pid, signal.SIGKILL)


def alive(token: str) -> List[int]:
    """Processes, no zombies, whose environment holds the token."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                environ = Path(f"/proc/{name}/environ").read_bytes()
                state = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if token.encode() in environ and state not in "ZX":
                found.append(int(name))
    return found


def until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.02)


def env_of(token: str, port: int) -> Dict[str, str]:
    return {"SERVICES_TOKEN": token, "PORT": str(port)}


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.core
def test_an_http_server_is_up_for_all_that_need_it_and_gone_afterwards(scratch: Scratch, token: str, port: int) -> None:
    """Three tasks share one instance with one slot; it is started once, and not before it is needed."""
    scratch.write(
        ".rush",
        f"""
        tasks:
          web:
            cmd: echo web >> trace; {SERVER}
            service: {{ready: {{http: "http://127.0.0.1:${{PORT}}/", timeout: 20s}}}}
          build: echo build >> trace
          a: {{cmd: {ASK} && echo a >> trace, deps: [web, build]}}
          b: {{cmd: {ASK} && echo b >> trace, deps: [web]}}
          c: {{cmd: {ASK} && echo c >> trace, deps: [web, a, b]}}
        """,
    )
    done = scratch.rush("-j1", "c", env=env_of(token, port))
    assert done.code == 0, done.all
    assert sorted(trace(scratch)) == ["a", "b", "build", "c", "web"]
    assert trace(scratch)[-1] == "c"
    assert not alive(token)
    assert not answers(port)


def test_redis_answers_its_dependants_and_ends_in_order(scratch: Scratch, token: str, port: int) -> None:
    needs_program("redis-server", "redis-cli")
    scratch.write(
        ".rush",
        """
        tasks:
          redis:
            cmd: exec redis-server --port $PORT --save '' --appendonly no --bind 127.0.0.1
            service:
              ready:
                port: "${PORT}"
                log: Ready to accept connections
                command: redis-cli -p $PORT ping
                timeout: 20s
          fill: {cmd: redis-cli -p $PORT set word hello, deps: [redis]}
          test: {cmd: redis-cli -p $PORT get word, deps: [redis, fill]}
        """,
    )
    done = scratch.rush("test", env=env_of(token, port))
    assert done.code == 0, done.all
    assert "hello" in done.out
    assert "bye bye" in done.out, "it was not told to end, or its output was lost"
    assert not alive(token)


@pytest.mark.core
def test_one_that_is_never_ready_says_what_was_asked_for_how_long_and_shows_its_log(
    scratch: Scratch, token: str, port: int
) -> None:
    scratch.write(
        ".rush",
        """
        tasks:
          never: {cmd: echo warming up; sleep 300, service: {ready: {port: "${PORT}", timeout: 400ms}}}
          test: {cmd: echo test >> trace, deps: [never]}
        """,
    )
    done = scratch.rush("test", env=env_of(token, port))
    assert done.code == 1
    assert f"never  was not ready after 400ms: port {port}: asked " in done.err
    assert "the last answer: nothing listens there" in done.err
    assert "warming up" in done.all
    assert trace(scratch) == []
    assert not alive(token)


@pytest.mark.core
def test_one_that_dies_midway_ends_those_that_run_and_keeps_the_others_from_starting(
    scratch: Scratch, token: str, port: int
) -> None:
    scratch.write(
        ".rush",
        """
        tasks:
          dies:
            cmd: echo up; while test ! -e go; do sleep 0.02; done; echo out of luck >&2; exit 3
            service: {ready: {log: ^up$}}
          runs: {cmd: 'echo runs >> trace; touch go; sleep 300', deps: [dies]}
          waits: {cmd: echo waits >> trace, deps: [dies, runs]}
          other: {cmd: echo other >> trace}
        """,
    )
    done = scratch.rush("-k", "waits", "other", env=env_of(token, port))
    assert done.code == 1
    assert "dies  exit code 3, after it was ready" in done.err
    assert "runs  `dies` failed while it was needed" in done.err
    assert "out of luck" in done.err
    assert sorted(trace(scratch)) == ["other", "runs"]
    assert not alive(token)


def test_one_that_ignores_sigterm_is_killed_with_what_it_forked_after_the_grace_period(
    scratch: Scratch, token: str, port: int
) -> None:
    """Children in its session and in sessions of their own, all deaf."""
    scratch.write(
        ".rush",
        """
        tasks:
          deaf:
            cmd: |
              trap '' TERM INT
              (trap '' TERM INT; while :; do sleep 1; done) &
              setsid sh -c "trap '' TERM INT; while :; do sleep 1; done" &
              echo up
              while :; do sleep 1; done
            service: {ready: {log: up}}
          test: {cmd: echo test >> trace, deps: [deaf]}
        """,
    )
    begun = time.monotonic()
    done = scratch.rush("--grace", "0.5", "test", env=env_of(token, port))
    assert done.code == 0, done.all
    assert 0.5 < time.monotonic() - begun < 15
    assert "`deaf`: did not end when it was told to, and was killed" in done.err
    assert trace(scratch) == ["test"]
    assert not alive(token)


def test_one_that_forks_workers_is_ended_as_a_whole(scratch: Scratch, token: str, port: int) -> None:
    scratch.write(
        "server.py",
        """
        import http.server, os
        server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler)
        for _ in range(3):
            if os.fork() == 0:
                break
        server.serve_forever()
        """,
    )
    scratch.write(
        ".rush",
        f"""
        tasks:
          forks: {{cmd: exec python3 server.py, service: {{ready: {{port: "${{PORT}}", timeout: 20s}}}}}}
          test: {{cmd: {ASK}, deps: [forks]}}
        """,
    )
    done = scratch.rush("test", env=env_of(token, port))
    assert done.code == 0, done.all
    assert not alive(token)
    assert not answers(port)


def test_one_that_goes_into_the_background_has_failed_and_its_daemon_is_ended(
    scratch: Scratch, token: str, port: int
) -> None:
    scratch.write(
        ".rush",
        """
        tasks:
          daemon: {cmd: "setsid sleep 300 & sleep 0.2", service: {ready: {port: "${PORT}", timeout: 20s}}}
          test: {cmd: echo test >> trace, deps: [daemon]}
        """,
    )
    done = scratch.rush("test", env=env_of(token, port))
    assert done.code == 1
    assert f"daemon  ended by itself, with exit code 0, before it was ready (port {port})" in done.err
    assert trace(scratch) == []
    assert not alive(token)


@pytest.mark.core
def test_a_port_that_somebody_else_has_is_said_and_the_service_is_not_started(
    scratch: Scratch, token: str, port: int
) -> None:
    """Readiness is not taken from a foreign process."""
    scratch.write(
        ".rush",
        """
        tasks:
          web: {cmd: echo web >> trace; sleep 300, service: {ready: {port: "${PORT}"}}}
          site: {cmd: echo site >> trace; sleep 300, service: {ready: {http: "http://localhost:${PORT}/x"}}}
          test: {cmd: echo test >> trace, deps: [web]}
          more: {cmd: echo more >> trace, deps: [site]}
        """,
    )
    with socket.socket() as foreign:
        foreign.bind(("127.0.0.1", port))
        foreign.listen()
        done = scratch.rush("-k", "test", "more", env=env_of(token, port))
    assert done.code == 1
    own = f"(pid {os.getpid()})"
    assert f"web  port {port} is already in use by `" in done.err
    assert f"{own}, before the service was started" in done.err
    assert f"site  the port of http://localhost:{port}/x is already in use" in done.err
    assert trace(scratch) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_that_was_asked_for_stays_up_until_it_is_told_to_end(
    scratch: Scratch, token: str, port: int, number: int, code: int
) -> None:
    scratch.write(
        ".rush",
        f"""
        tasks:
          web: {{cmd: {SERVER}, service: {{ready: {{port: "${{PORT}}", timeout: 20s}}}}}}
          second: {{cmd: echo second >> trace; sleep 300, service: true}}
          test: {{cmd: echo test >> trace, deps: [web]}}
          up: {{deps: [web, second, test]}}
        """,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "up"],
        cwd=scratch.root,
        env=environment(env_of(token, port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: answers(port) and len(trace(scratch)) == 2, "the services")
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(number)
        errors = process.communicate(timeout=20)[1]
    finally:
        process.kill()
    assert process.returncode == code, errors
    assert "up: web, second; Ctrl-C ends the run" in errors
    assert sorted(trace(scratch)) == ["second", "test"]
    assert not alive(token)


def test_one_that_was_asked_for_and_dies_ends_the_run_with_1(scratch: Scratch, token: str, port: int) -> None:
    scratch.write(".rush", "tasks: {web: {cmd: sleep 0.3; exit 7, service: true}}")
    done = scratch.rush("web", env=env_of(token, port))
    assert done.code == 1
    assert "web  exit code 7, after it was ready" in done.err


def test_nothing_is_left_when_the_runner_is_killed(scratch: Scratch, token: str, port: int) -> None:
    scratch.write(
        ".rush",
        f"""
        tasks:
          web: {{cmd: "(setsid sleep 300 &); {SERVER}", service: {{ready: {{port: "${{PORT}}", timeout: 20s}}}}}}
          test: {{cmd: echo test >> trace; sleep 300, deps: [web]}}
        """,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "test"],
        cwd=scratch.root,
        env=environment(env_of(token, port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: trace(scratch) == ["test"], "the test")
    process.kill()
    process.wait()
    until(lambda: not alive(token), "the end of all that was left")


def test_a_stop_ends_those_that_need_it_before_it(scratch: Scratch, token: str, port: int) -> None:
    """A test that cleans up when it is told to end still has its database."""
    scratch.write(
        ".rush",
        f"""
        tasks:
          web: {{cmd: {SERVER}, service: {{ready: {{port: "${{PORT}}", timeout: 20s}}}}}}
          test:
            cmd: |
              trap 'sleep 0.3; {ASK} > cleaned; exit 1' TERM INT
              echo test >> trace
              while :; do sleep 0.05; done
            deps: [web]
        """,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "test"],
        cwd=scratch.root,
        env=environment(env_of(token, port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: trace(scratch) == ["test"], "the test")
    process.terminate()
    assert process.wait(20) == 143
    assert (scratch.root / "cleaned").read_text().strip() == "200"
    assert not alive(token)


@pytest.mark.core
def test_a_dependant_from_the_cache_starts_no_service(scratch: Scratch, token: str, port: int) -> None:
    """What it is does not count for the key; with `strategy: key` it does."""
    text = """
        tasks:
          web: {{cmd: 'echo web >> trace; sleep 300 # {mark}', service: true}}
          test: {{cmd: echo test >> trace, deps: [{dep}], inputs: [in]}}
        """
    scratch.write("in", "1")
    scratch.write(".rush", text.format(mark="one", dep="web"))
    env = env_of(token, port)
    assert scratch.rush("test", env=env).code == 0
    assert sorted(trace(scratch)) == ["test", "web"]
    scratch.write(".rush", text.format(mark="two", dep="web"))
    again = scratch.rush("-v", "test", env=env)
    assert again.code == 0
    assert len(trace(scratch)) == 2
    assert "web  skipped: nothing that ran needed it" in again.err
    scratch.write(".rush", text.format(mark="three", dep="{task: web, strategy: key}"))
    scratch.rush("test", env=env)
    scratch.write(".rush", text.format(mark="four", dep="{task: web, strategy: key}"))
    scratch.rush("test", env=env)
    assert len(trace(scratch)) == 6
    scratch.rush("test", env=env)
    assert len(trace(scratch)) == 6


def test_services_and_their_readiness_in_python_and_toml(scratch: Scratch, token: str, port: int) -> None:
    """A function is a service in a process of its own."""
    scratch.write(
        "tasks.py",
        """
        import os, http.server
        from taskrush import Ready, command, task

        @task(service=Ready(port=os.environ["PORT"], timeout="20s"))
        def web() -> None:
            address = ("127.0.0.1", int(os.environ["PORT"]))
            http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()

        log = command("echo here; sleep 300", service=Ready(log="here"))

        @task(deps=[web, log])
        def test() -> None:
            import urllib.request
            print(urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/").status)
        """,
    )
    scratch.write(
        "sub/taskrush.toml",
        """
        [tasks.dies]
        cmd = "sleep 300"
        service = { ready = { command = "test -e there", interval = "20ms" } }

        [tasks.make]
        cmd = "touch there"

        [tasks.test]
        cmd = "echo fine"
        deps = ["dies", "make"]
        """,
    )
    done = scratch.rush("test", env=env_of(token, port))
    assert done.code == 0, done.all
    assert "200" in done.out
    done = scratch.rush("test", cwd="sub", env=env_of(token, port))
    assert done.code == 0, done.all
    assert not alive(token)


def test_with_a_shared_slot_a_task_that_waits_for_a_service_gives_its_slot_back(
    scratch: Scratch, token: str, port: int
) -> None:
    """One slot, a jobserver, and a service that needs a task of its own: nobody waits for anybody in a circle."""
    scratch.write(
        ".rush",
        """
        defaults: {jobserver: true}
        tasks:
          build: echo build >> trace
          web: {cmd: echo web >> trace; exec sleep 300, deps: [build], service: true}
          first: {cmd: echo first >> trace, deps: [web]}
          second: {cmd: echo second >> trace; exit 1, deps: [web], retry: {attempts: 2, delay: 10ms}}
        """,
    )
    done = scratch.rush("-j1", "-k", "first", "second", env=env_of(token, port), timeout=30)
    assert done.code == 1, done.all
    assert sorted(trace(scratch)) == ["build", "first", "second", "second", "web"]
    assert not alive(token)
