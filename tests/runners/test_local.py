"""Processes: what they are given, what is heard of them, and that nothing of them stays."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from taskrush.model.outcome import Outcome, State
from taskrush.model.task import Shell, Task
from taskrush.runners import spawn
from taskrush.runners.local import LocalRunner
from taskrush.runners.process_tree import marked
from taskrush.testing.contracts import Heard, end_of

HAS_PROC = os.path.isdir("/proc/self")
on_proc = pytest.mark.skipif(not HAS_PROC, reason="looks for processes in /proc")
_number = iter(range(10**6))


def play(root: Path, action: Any, heard: Optional[Heard] = None, **fields: Any) -> Tuple[Outcome, Heard]:
    """Run one task in a runner of its own."""
    heard = heard or Heard()
    values = fields.pop("values", {})
    overrides: Dict[str, str] = fields.pop("overrides", {})
    runner = LocalRunner(str(root), os.environ, f"test-{os.getpid()}-{next(_number)}", overrides)
    try:
        return end_of(runner.start(Task(id="t", action=action, **fields), heard, values)), heard
    finally:
        runner.close()


@pytest.mark.core
def test_environment_and_folder(tmp_path: Path) -> None:
    """Results, parameters, the task's own variables and what wins over them arrive, each over the one before."""
    (tmp_path / "sub").mkdir()
    script = 'printf "%s|" "$A" "$B" "$C" "$D" "$OUTER"; basename "$PWD"'
    _, heard = play(
        tmp_path,
        script,
        values={"A": "value", "B": "value"},
        arguments={"B": ["x", 1], "C": True},
        env={"OUTER": "${A}-${NONE:-none}", "D": "own"},
        overrides={"D": "over"},
        cwd="sub",
    )
    assert heard.text("stdout") == b"value|x 1|true|over|value-none|sub\n"


@pytest.mark.core
def test_bytes_survive(tmp_path: Path) -> None:
    """Output that is not UTF-8 arrives as it is, each stream by itself."""
    _, heard = play(tmp_path, r"printf '\377\000\200\n'; printf 'caf\351' >&2")
    assert (heard.text("stdout"), heard.text("stderr")) == (b"\xff\x00\x80\n", b"caf\xe9")


@pytest.mark.core
def test_standard_input_is_empty(tmp_path: Path) -> None:
    """A task that reads its input sees the end at once, wherever the run was started."""
    outcome, heard = play(tmp_path, "cat; echo end")
    assert (outcome.ok, heard.text("stdout")) == (True, b"end\n")


@pytest.mark.core
def test_several_commands_stop_at_the_first_failure(tmp_path: Path) -> None:
    """Each has a shell of its own; the last one gets the extra words."""
    outcome, heard = play(tmp_path, Shell(("x=1; echo one", 'echo "two$x"', "exit 4", "echo never")))
    assert (outcome.code, outcome.reason, heard.text("stdout")) == (4, "exit code 4", b"one\ntwo\n")
    outcome, heard = play(tmp_path, Shell(("echo first", "echo")), extra=("a b", "$HOME"))
    assert heard.text("stdout") == b"first\na b $HOME\n"


NUL = "cannot start: a NUL byte stands in its words, its environment or its folder"


@pytest.mark.core
@pytest.mark.parametrize(
    ("action", "fields", "reason", "code"),
    [
        (["no-such-program"], {}, "cannot start: `no-such-program` was not found on PATH", 127),
        (["./none"], {}, "cannot start: `./none` was not found", 127),
        (["./plain"], {}, "cannot start: `./plain` may not be executed", 126),
        (["./lost"], {}, "cannot start: the interpreter of `./lost` was not found", 127),
        (["true"], {"cwd": "none"}, "cannot start: the working directory `{root}/none` does not exist", 127),
        (["true"], {"cwd": "plain"}, "cannot start: the working directory `{root}/plain` is not a folder", 127),
        (["a\0b"], {}, NUL, 127),
        (["true"], {"env": {"A": "\0"}}, NUL, 127),
        ([], {}, "cannot start: the command is empty", 127),
        ([""], {}, "cannot start: the command is empty", 127),
    ],
)  # fmt: skip
def test_what_cannot_be_started_says_why(
    tmp_path: Path, action: List[str], fields: Dict[str, Any], reason: str, code: int
) -> None:
    """The message names the program or the folder; the code is the one that shells give."""
    (tmp_path / "plain").write_text("no program")
    (tmp_path / "lost").write_text("#!/no/such/interpreter\n")
    (tmp_path / "lost").chmod(0o755)
    outcome, _ = play(tmp_path, action, **fields)
    assert (outcome.state, outcome.reason, outcome.code) == (State.FAILED, reason.format(root=tmp_path), code)


@pytest.mark.core
def test_too_long_a_command_says_so(tmp_path: Path) -> None:
    """With the sizes, so that one knows what to cut."""
    outcome, _ = play(tmp_path, ["echo", *(["x" * 100_000] * 100)])
    assert outcome.reason is not None
    assert outcome.reason.startswith("cannot start: the command (10000105 bytes) and its environment (")
    assert outcome.code == 126


@pytest.mark.core
def test_a_signal_is_named(tmp_path: Path) -> None:
    """Not `exit code -11`."""
    outcome, _ = play(tmp_path, "kill -s SEGV $$")
    assert (outcome.reason, outcome.code) == ("killed by SIGSEGV", -11)


@pytest.mark.core
def test_processor_time_and_memory_are_measured(tmp_path: Path) -> None:
    """Of the processes that were waited for."""
    outcome, _ = play(tmp_path, [sys.executable, "-c", "x = b'x' * 80_000_000; sum(range(2_000_000))"])
    assert outcome.cpu_seconds is not None
    assert outcome.cpu_seconds > 0.01
    assert outcome.peak_bytes is not None
    assert 80_000_000 < outcome.peak_bytes < 500_000_000


@pytest.mark.core
def test_captured_output_is_the_result(tmp_path: Path) -> None:
    """Standard output without the white space around it; it is still shown."""
    outcome, heard = play(tmp_path, "echo '  abc '; echo no >&2", capture=True)
    assert (outcome.value, heard.text("stdout")) == ("abc", b"  abc \n")


@on_proc
def test_a_background_process_that_holds_the_pipe_does_not_hold_the_task(tmp_path: Path) -> None:
    """What stays in the session is ended, politely first; a stubborn one a moment later."""
    begun = time.monotonic()
    outcome, heard = play(tmp_path, "sleep 60 & echo $!")
    assert outcome.ok
    assert time.monotonic() - begun < 1
    assert _gone(int(heard.text("stdout")))
    outcome, heard = play(tmp_path, "(trap '' TERM; echo x; sleep 60; sleep 60) & sleep 0.1; echo $!")
    pid = heard.text("stdout").decode().split()[-1]
    assert time.monotonic() - begun < 5
    assert _gone(int(pid))


def _gone(pid: int) -> bool:
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            if Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@on_proc
def test_a_daemon_survives_the_end_of_its_task_but_not_an_interruption(tmp_path: Path) -> None:
    """What made itself a session of its own was meant to stay, unless the run is interrupted."""
    for interrupted in (False, True):
        run_id = f"daemon-{os.getpid()}-{interrupted}"
        runner = LocalRunner(str(tmp_path), os.environ, run_id)
        heard = Heard()
        script = "setsid sh -c 'echo $$; exec sleep 60' </dev/null 2>/dev/null & sleep 0.2"
        assert end_of(runner.start(Task(id="t", action=script), heard, {})).ok
        pid = int(heard.text("stdout"))
        assert marked(run_id) == [pid]
        if interrupted:
            runner.interrupt(signal.SIGINT)
        runner.close()
        assert marked(run_id) == ([] if interrupted else [pid])
        if not interrupted:
            os.kill(pid, signal.SIGKILL)


@on_proc
def test_cancelling_ends_daemons_too(tmp_path: Path) -> None:
    """A cancelled task leaves nothing, wherever it went."""
    run_id = f"cancel-{os.getpid()}"
    runner = LocalRunner(str(tmp_path), os.environ, run_id)
    handle: Any = runner.start(Task(id="t", action="setsid sleep 60 & sleep 61"), Heard(), {})
    time.sleep(0.3)
    assert len(marked(run_id)) == 3
    handle.cancel()
    assert end_of(handle).state is State.CANCELLED
    assert marked(run_id) == []
    runner.close()


@on_proc
def test_force_ends_what_ignores_signals(tmp_path: Path) -> None:
    """SIGKILL reaches the whole tree at once."""
    run_id = f"force-{os.getpid()}"
    runner = LocalRunner(str(tmp_path), os.environ, run_id)
    script = "trap '' INT TERM; (trap '' INT TERM; setsid sleep 60; sleep 60) & sleep 61; sleep 62"
    handle: Any = runner.start(Task(id="t", action=script), Heard(), {})
    time.sleep(0.2)
    handle.cancel()
    time.sleep(0.1)
    assert handle.outcome() is None
    handle.cancel(True)
    assert end_of(handle).state is State.CANCELLED
    assert marked(run_id) == []
    runner.close()


@pytest.mark.core
def test_the_signal_of_the_interruption_is_passed_on(tmp_path: Path) -> None:
    """A task that cleans up on SIGINT sees SIGINT."""
    runner = LocalRunner(str(tmp_path), os.environ, f"signal-{os.getpid()}")
    heard = Heard()
    code = (
        "import signal,time; signal.signal(2, lambda *_: (print('int', flush=True), exit(0))); "
        "print('up', flush=True); time.sleep(60)"
    )
    handle: Any = runner.start(Task(id="t", action=[sys.executable, "-c", code]), heard, {})
    until = time.monotonic() + 10
    while b"up" not in heard.text("stdout") and time.monotonic() < until:
        time.sleep(0.02)
        for descriptor in list(handle.descriptors()):
            handle.readable(descriptor)
    runner.interrupt(signal.SIGINT)
    handle.cancel()
    assert end_of(handle).state is State.CANCELLED
    assert heard.text("stdout") == b"up\nint\n"
    runner.close()


@pytest.mark.core
def test_without_pidfd_a_thread_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Python 3.8, on macOS and in sandboxes."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    outcome, heard = play(tmp_path, "echo a; sleep 0.05; echo b; exit 3")
    assert (outcome.code, heard.text("stdout")) == (3, b"a\nb\n")


@pytest.mark.core
def test_without_pidfd_and_waitid_a_thread_takes_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS before Python 3.13."""
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    monkeypatch.delattr(os, "waitid")
    outcome, heard = play(tmp_path, "echo a; sleep 0.05; echo b; kill -s TERM $$")
    assert (outcome.code, heard.text("stdout")) == (-15, b"a\nb\n")
    assert outcome.cpu_seconds is not None
    assert not spawn._TAKEN_IN


def test_where_pidfd_is_refused_a_thread_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old kernel says ENOSYS, a sandbox EPERM."""

    def refuse(pid: int) -> int:
        raise OSError(38, "not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    assert play(tmp_path, "exit 3")[0].code == 3


def test_without_proc_the_session_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: leftovers of the process group are ended all the same."""
    monkeypatch.setattr("taskrush.runners.process_tree.PROC", str(tmp_path / "none"))
    monkeypatch.setattr("taskrush.runners.guardian.PROC", str(tmp_path / "none"))
    begun = time.monotonic()
    outcome, heard = play(tmp_path, "sleep 60 & echo $!")
    assert outcome.ok
    assert time.monotonic() - begun < 3
    assert _gone(int(heard.text("stdout"))) or not HAS_PROC


@pytest.mark.core
def test_an_exit_code_that_somebody_else_took_is_a_failure(tmp_path: Path) -> None:
    """Never taken for a success: the program around us ignores SIGCHLD."""
    code = (
        "import signal,sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from taskrush import Project, Task\n"
        "print(Project.of([Task(id='t', action=['true'])], sys.argv[1]).run('t')['t'].reason)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "its exit code was lost" in done.stdout, done.stderr


PRINTS = """
import os, resource, sys
from taskrush import Project, Task, TaskOutput
class Count:
    seen = 0
    def on_record(self, record):
        if isinstance(record.event, TaskOutput):
            self.seen += len(record.event.data)
count = Count()
project = Project.of([Task(id="t", action=f"yes | head -c {sys.argv[1]}")], sys.argv[2])
assert project.run("t", subscribers=[count]).ok
try:
    status = open("/proc/self/status").read()  # what `getrusage` says starts at the size of the parent
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * int(sys.argv[3])
print(count.seen, peak)
"""


def printed_and_peak(size: int, root: Path) -> Tuple[int, int]:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS, str(size), str(root), str(spawn.RSS_UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen, peak = done.stdout.split()
    return int(seen), int(peak)


def test_64_mebibytes_of_output_in_bounded_memory(tmp_path: Path) -> None:
    """All of it is heard, none of it is kept."""
    seen, peak = printed_and_peak(64 << 20, tmp_path)
    assert seen == 64 << 20
    assert peak < 100 << 20


@pytest.mark.soak
def test_2_gibibytes_of_output_in_bounded_memory(tmp_path: Path) -> None:
    """The same with 2 GiB."""
    seen, peak = printed_and_peak(2 << 30, tmp_path)
    assert seen == 2 << 30
    assert peak < 100 << 20


@pytest.mark.core
def test_descriptors_are_given_back(tmp_path: Path) -> None:
    """After many tasks, failed starts among them, no descriptor is left open."""

    def count() -> int:
        return len(os.listdir("/proc/self/fd")) if HAS_PROC else 0

    play(tmp_path, "true")
    gc.collect()  # what other tests have left is not counted, neither now nor when it is let go of
    before = count()
    for action in (["true"], ["no-such"], "sleep 60 & true", "exit 1"):
        play(tmp_path, action)
    assert count() <= before
