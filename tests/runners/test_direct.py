"""Processes that are started without `subprocess` and without a shell: nothing of it is to be seen from outside."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from taskrush.model.outcome import Outcome
from taskrush.model.task import Task
from taskrush.runners import direct, spawn
from taskrush.runners.current import functions_under_way
from taskrush.runners.local import LocalRunner
from taskrush.testing.contracts import Heard, end_of

pytestmark = pytest.mark.skipif(not direct.AVAILABLE, reason="only where there is `posix_spawn` with a session")

LOOK = """
import json, os, signal, sys
print(json.dumps({
    "session": os.getsid(0) == os.getpid(), "group": os.getpgrp() == os.getpid(), "cwd": os.getcwd(),
    "pwd": os.environ.get("PWD"), "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1],
    "null": os.readlink("/proc/self/fd/0"), "argv": sys.argv[1:],
    # the C library's own two signals, 32 and 33, are no one else's
    "signals": [int(line.split()[1], 16) & ~(3 << 31) for line in open("/proc/self/status")
                if line.startswith(("SigIgn", "SigBlk"))],
}))
"""


def play(root: Path, action: Any, env: Optional[Dict[str, str]] = None, **fields: Any) -> Tuple[Outcome, Heard]:
    heard = Heard()
    runner = LocalRunner(str(root), os.environ if env is None else env, f"test-direct-{os.getpid()}")
    try:
        return end_of(runner.start(Task(id="t", action=action, **fields), heard, {})), heard
    finally:
        runner.close()


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """Which way each process was started. What the test runner has is left out of account: its threads, which come
    and go (only those that begin in the test's own thread count), and the descriptors that earlier tests left open."""
    found: List[str] = []
    real_start_thread, me = threading.Thread.start, threading.current_thread()
    own = [me]

    def start_thread(thread: threading.Thread) -> None:
        if threading.current_thread() is me:
            own.append(thread)
        real_start_thread(thread)

    def threads() -> List[threading.Thread]:
        return [thread for thread in own if thread is me or thread.is_alive()]

    monkeypatch.setattr(threading.Thread, "start", start_thread)
    monkeypatch.setattr(threading, "enumerate", threads)
    monkeypatch.setattr(threading, "active_count", lambda: len(threads()))
    monkeypatch.setattr(direct, "FEW", 10_000)
    real_popen, real_start = spawn._popen, direct.start

    def start(*args: Any) -> Optional[int]:
        pid = real_start(*args)
        if pid is not None:
            found.append(f"direct {args[0][0]}")
        return pid

    def popen(*args: Any) -> int:
        found.append(f"popen {args[0][0]}")
        return real_popen(*args)

    monkeypatch.setattr(direct, "start", start)
    monkeypatch.setattr(spawn, "_popen", popen)
    return found


def test_both_ways_give_a_process_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: List[str]) -> None:
    """Session, folder, descriptors, signals, words, and an inherited descriptor that is not passed on."""
    (tmp_path / "look.py").write_text(LOOK)
    monkeypatch.chdir(tmp_path)
    inherited = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    try:
        action = [sys.executable, "look.py", "a b"]
        _, first = play(tmp_path, action)
        monkeypatch.setattr(direct, "AVAILABLE", False)
        _, second = play(tmp_path, action)
    finally:
        os.close(inherited)
    assert ways == [f"direct {sys.executable}", f"popen {sys.executable}"]
    assert first.text("stdout") == second.text("stdout") != b""
    assert b'"fds": [0, 1, 2]' in first.text("stdout")


def test_another_folder_and_another_thread_go_the_long_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: List[str]
) -> None:
    """The folder of this process is what the command gets: it must be the right one, and stay so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    assert play(tmp_path, "/bin/pwd", cwd="sub")[1].text("stdout").decode() == f"{tmp_path}/sub\n"
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert play(tmp_path, "/bin/pwd")[0].ok
    finally:
        stop.set()
        other.join()
    worker = threading.Thread(target=stop.wait, name="taskrush worker 1")
    stop.clear()
    worker.start()
    try:
        assert play(tmp_path, "/bin/pwd")[0].ok
        functions_under_way.add(worker.ident or 0)
        assert play(tmp_path, "/bin/pwd")[0].ok
    finally:
        functions_under_way.clear()
        stop.set()
        worker.join()
    assert ways == ["popen /bin/pwd", "popen /bin/pwd", "direct /bin/pwd", "popen /bin/pwd"]


@pytest.mark.parametrize("available", [True, False])
def test_a_simple_command_needs_no_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: List[str], available: bool
) -> None:
    """It is found on the task's own PATH, gets what followed `--`, and sees the `PWD` that a shell would set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(direct, "AVAILABLE", available)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "show"
    program.write_text('#!/bin/sh\nprintf "%s|" "$0" "$@" "$PWD"\n')
    program.chmod(0o755)
    env = {"PATH": f"/nowhere:{tmp_path}/bin:/bin:/usr/bin", "PWD": "/"}
    _, heard = play(tmp_path, "show 'a b' c", env, extra=("$d", "e f"))
    assert heard.text("stdout").decode() == f"{program}|a b|c|$d|e f|{tmp_path}|"
    assert play(tmp_path, "env", {"PATH": env["PATH"]})[1].text("stdout").decode().count(f"PWD={tmp_path}\n") == 1
    assert len(ways) == 2
    assert all(way.endswith((" show", " env")) for way in ways)


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("no-such-program a", 127, "no-such-program: not found"),
        ("./plain", 126, "Permission denied"),
        ("./script a", 0, "script a"),
        ("/", 126, ""),
        ("./lost", 127, "not found"),
    ],
)
def test_the_shell_says_why_a_command_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int, message: str
) -> None:
    """As if there had been one from the start; it also runs scripts that do not name an interpreter."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("echo no")
    (tmp_path / "script").write_text('echo "script $1"')
    (tmp_path / "script").chmod(0o755)
    (tmp_path / "lost").write_text("#!/no/such/interpreter\n")
    (tmp_path / "lost").chmod(0o755)
    outcome, heard = play(tmp_path, command)
    assert outcome.code == code
    text = (heard.text("stderr") + heard.text("stdout")).decode().replace("No such file or directory", "not found")
    assert message in text
    monkeypatch.setattr(spawn, "simple_words", lambda command, env: None)
    again, shell = play(tmp_path, command)
    assert (outcome.code, outcome.reason) == (again.code, again.reason)
    assert heard.text("stderr") == shell.text("stderr")


def test_ignored_signals_of_python_are_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that is cut off ends by SIGPIPE, as in any shell."""
    monkeypatch.chdir(tmp_path)
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
    outcome, _ = play(tmp_path, ["/bin/sh", "-c", "kill -s PIPE $$"])
    assert outcome.code == -signal.SIGPIPE
