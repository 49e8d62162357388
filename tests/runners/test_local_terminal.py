"""Interactive tasks own the terminal, and it is ours again afterwards, as it was."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional

import pytest

RUNNER = """
import os, sys, termios
from taskrush import Project, Task
class Told:
    def on_record(self, record):
        name = type(record.event).__name__
        if name == "TaskStarted":
            print("started", record.event.task, flush=True)
        if name == "TaskFinished":
            print("ended", record.event.task, record.event.outcome.state.value, record.event.outcome.reason, flush=True)
tasks = [Task(id="t", action=sys.argv[1], interactive=True), Task(id="u", action="true", deps=["t"])]
project = Project.of(tasks, ".")
before = termios.tcgetattr(0)
result = project.run("u", subscribers=[Told()], jobs=4)
print("modes", termios.tcgetattr(0) == before, "foreground", os.tcgetpgrp(0) == os.getpgrp(), flush=True)
print("answer", repr(input("name? ")), flush=True)
"""
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command: str, folder: Path) -> None:
        self._start([sys.executable, "-c", RUNNER, command], folder)

    def _start(self, words: List[str], folder: Path, **env: str) -> None:
        """Not by `pty.fork`: the child of a process with threads, as this may be one, can hang at once."""
        self._fd, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *words],
            cwd=folder,
            env={**os.environ, **env},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self.pid = self.process.pid
        self.seen = ""

    def expect(self, pattern: str, patience: float = 20.0) -> "re.Match[str]":
        """Read until the pattern comes."""
        until = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end() :]
                return found
            ready, _, _ = select.select([self._fd], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"waited for {pattern!r}, saw {self.seen!r}"
            try:
                data = os.read(self._fd, 4096)
            except OSError:
                data = b""
            assert data, f"ended while waiting for {pattern!r}, saw {self.seen!r}"
            self.seen += data.decode()

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def end(self) -> Optional[int]:
        """Its exit status; by force if need be."""
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            os.close(self._fd)


def test_it_reads_from_the_terminal_and_gives_it_back(tmp_path: Path) -> None:
    """It is asked and answers; its mess with the modes is undone; the runner can read again."""
    terminal = Terminal("read -r name; echo got $name; tty; stty -echo -icanon", tmp_path)
    terminal.expect("started t")
    terminal.type("Ada\n")
    terminal.expect("got Ada")
    terminal.expect("/dev/pts/")
    terminal.expect("ended t succeeded")
    terminal.expect("ended u succeeded")
    terminal.expect("modes True foreground True")
    terminal.type("me\n")
    terminal.expect("answer 'me'")
    assert terminal.end() == 0


def test_ctrl_c_reaches_the_task_alone(tmp_path: Path) -> None:
    """As in a shell: an editor or a prompt deals with it, the run goes on."""
    terminal = Terminal("trap 'echo caught; exit 0' INT; echo ready; while :; do sleep 0.05; done", tmp_path)
    terminal.expect("ready")
    terminal.type("\x03")
    terminal.expect("caught")
    terminal.expect("ended t succeeded")
    terminal.expect("modes True foreground True")
    terminal.type("x\n")
    assert terminal.end() == 0


def test_a_task_that_ctrl_c_ends_has_failed(tmp_path: Path) -> None:
    """And says by what."""
    terminal = Terminal("echo ready; exec sleep 60", tmp_path)
    terminal.expect("ready")
    time.sleep(0.1)
    terminal.type("\x03")
    terminal.expect("ended t failed killed by SIGINT")
    terminal.expect("modes True foreground True")
    terminal.type("x\n")
    assert terminal.end() == 0


def test_ctrl_z_stops_the_runner_too_until_it_is_continued(tmp_path: Path) -> None:
    """As a shell's job: the prompt comes back, `fg` goes on with both."""
    terminal = Terminal("echo ready; read -r name; echo got $name", tmp_path)
    terminal.expect("ready")
    time.sleep(0.1)
    terminal.type("\x1a")
    until = time.monotonic() + 10
    pid, status = 0, 0
    while not pid and time.monotonic() < until:
        pid, status = os.waitpid(terminal.pid, os.WNOHANG | os.WUNTRACED)
        time.sleep(0.02)
    assert os.WIFSTOPPED(status)
    os.kill(terminal.pid, signal.SIGCONT)
    time.sleep(0.3)
    terminal.type("Ada\n")
    terminal.expect("got Ada")
    terminal.expect("ended t succeeded")
    terminal.type("x\n")
    assert terminal.end() == 0


@pytest.mark.core
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such-program"], "cannot start: `no-such-program` was not found on PATH"),
        (["cat"], None),
    ],
)
def test_without_a_terminal_it_inherits_the_streams(tmp_path: Path, words: "list[str]", told: Optional[str]) -> None:
    """What is piped to the runner is the task's input."""
    code = (
        "import sys; from taskrush import Project, Task\n"
        "result = Project.of([Task(id='t', action=sys.argv[1:], interactive=True)], '.').run('t')\n"
        "print(result['t'].reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        input="piped\n",
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.stdout == (f"{told}\n" if told else "piped\nNone\n"), done.stderr


def test_a_program_that_deals_with_ctrl_c_ends_as_it_wants(tmp_path: Path) -> None:
    """No shell stands between: dash would end by a SIGINT that its program took in its stride (a REPL does)."""
    (tmp_path / "repl.py").write_text(
        "import time\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print('again', flush=True)\n"
    )
    terminal = Terminal(f"{sys.executable} repl.py", tmp_path)
    terminal.expect("ready")
    terminal.type("\x03")
    terminal.expect("again")
    terminal.expect("ended t succeeded None")
    terminal.type("x\n")
    assert terminal.end() == 0


class Shell(Terminal):
    """A shell with job control in a terminal of its own, in which `$RUN` starts the runner."""

    def __init__(self, folder: Path) -> None:
        (folder / "run.py").write_text(RUNNER)
        words = [shutil.which("bash") or "", "--norc", "--noprofile", "-i"]
        self._start(words, folder, PS1="> ", RUN=f"{sys.executable} run.py")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control")
def test_in_the_background_it_waits_for_the_terminal(tmp_path: Path) -> None:
    """With `&` it stops when it wants to read; `fg` gives it the terminal; `bg` takes nothing from the shell."""
    shell = Shell(tmp_path)
    shell.type("$RUN 'read -r name; echo got $name; read -r name; echo got $name' &\n")
    shell.expect("started t")
    for _ in range(40):
        shell.type("jobs\n")
        if shell.expect(r"Running|Stopped").group() == "Stopped":
            break
        time.sleep(0.1)
    shell.type("fg\n")
    time.sleep(0.5)
    shell.type("Ada\n")
    shell.expect("got Ada")
    shell.type("\x1a")
    shell.expect("Stopped")
    shell.type("bg\n")
    time.sleep(0.5)
    shell.type("echo shell $((40 + 2))\n")
    shell.expect("shell 42")
    shell.type("fg\n")
    time.sleep(0.5)
    shell.type("Bob\n")
    shell.expect("got Bob")
    shell.expect("ended t succeeded")
    shell.type("x\n")
    shell.expect("answer 'x'")
    shell.type("exit\n")
    assert shell.end() is not None
