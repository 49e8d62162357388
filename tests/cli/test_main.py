"""The edges of the command line: bugs, interruptions and readers that go away."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from taskrush_cli import main as entry
from tests.cli.terminal import REPOSITORY


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".rush").write_text("tasks:\n" + "".join(f"  t{n}: {{cmd: echo {n}}}\n" for n in range(2000)))
    return tmp_path


def broken(arguments: List[str]) -> int:
    raise RuntimeError("the sky is falling\nslowly")


@pytest.mark.core
def test_a_bug_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It says that it is one, and how to see more; the exit code is 3."""
    monkeypatch.setattr(entry, "_main", broken)
    assert entry.main(["list"]) == 3
    assert capsys.readouterr().err == (
        "internal error: RuntimeError: the sky is falling; this is a bug in taskrush\n"
        "hint: set TASKRUSH_DEBUG=1 to see where it happened, and please report it\n"
    )


@pytest.mark.core
@pytest.mark.parametrize(("words", "debug"), [(["-vv"], ""), (["-v", "-v"], ""), ([], "1")])
def test_a_bug_in_detail(
    words: List[str], debug: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With TASKRUSH_DEBUG or -vv there is a traceback."""
    monkeypatch.setattr(entry, "_main", broken)
    monkeypatch.setenv("TASKRUSH_DEBUG", debug)
    assert entry.main(words) == 3
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert "in broken" in text


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interruption_while_loading(project: Path, number: signal.Signals) -> None:
    """Before anything runs, Ctrl-C ends with 130 and a word."""
    (project / "tasks.py").write_text("import time\nopen('loading', 'w').close()\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, "-m", "taskrush", "t1"], stderr=subprocess.PIPE, text=True)
    while not (project / "loading").exists():
        assert process.poll() is None
    process.send_signal(number)
    _, text = process.communicate(timeout=20)
    assert (process.returncode, text) == (130, "interrupted\n")


def piped(*words: str) -> "tuple[int, str]":
    """The exit code and standard error of a command whose reader goes away after some bytes."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "taskrush", *words], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    _, text = process.communicate(timeout=30)
    return process.returncode, text


def test_a_reader_that_goes_away_ends_a_list_quietly(project: Path) -> None:
    assert piped("list", "--json") == (141, "")


def test_a_reader_that_goes_away_ends_a_run(project: Path) -> None:
    """Nobody is going to see what it does, so it does no more; the exit code says that it is not complete."""
    (project / ".rush").write_text(
        "tasks: {a: {cmd: 'while :; do echo y; sleep 0.01; done'}, b: {cmd: touch b, deps: [a]}}"
    )
    code, text = piped("b")
    assert code == 141
    assert "stopping: nobody reads the output any more" in text
    assert "Traceback" not in text
    assert not (project / "b").exists()
    assert piped("--output=json", "b") == (141, "")


@pytest.mark.core
def test_every_subcommand_is_there() -> None:
    """What the help names can be imported and used."""
    import importlib

    from taskrush_cli.commands import COMMANDS

    for name in set(COMMANDS) - {"builtin"}:
        module = importlib.import_module(f"taskrush_cli.commands.{name}")
        assert callable(module.run)
        assert callable(module.add_arguments)


def test_memory_stays_bounded(project: Path) -> None:
    """A task that writes 64 MiB while another one is shown is put aside on disk, and comes out whole."""
    (project / ".rush").write_text(
        """
tasks:
  first: {cmd: 'while ! test -e done; do sleep 0.02; done'}
  loud: {cmd: 'head -c 67108864 /dev/zero; touch done'}
"""
    )
    if not os.path.exists("/proc/self/status"):
        pytest.skip("needs /proc: what `getrusage` says of a process starts at the size of its parent")
    script = (
        "import sys\nfrom taskrush_cli.main import main\ncode = main(['-j2', 'first', 'loud'])\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0], file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert len(done.stdout) == 67108864
    assert int(done.stderr.split()[-1]) * 1024 < 60 << 20
