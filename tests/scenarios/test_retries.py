"""Really flaky commands, and ones that take too long, by the command line: every condition, and its reverse."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush.report.log import attempts_of, read_log
from tests.scenarios.rush import Scratch, environment

# fails as it is told until its counter file says that it was started often enough
FLAKY = """
import os, signal, sys, time
count = int(open("count").read()) + 1 if os.path.exists("count") else 1
open("count", "w").write(str(count))
print("attempt", count, flush=True)
if count < int(sys.argv[1]):
    how, _, what = sys.argv[2].partition("=")
    if how == "code":
        sys.exit(int(what))
    if how == "signal":
        os.kill(os.getpid(), getattr(signal, what))
    if how == "says":
        for part in what[:3], what[3:]:
            sys.stderr.write(part)
            sys.stderr.flush()
            time.sleep(0.02)
        sys.exit(1)
    if how == "sleeps":
        time.sleep(60)
"""


def flaky(scratch: Scratch, retry: str, how: str, good: int = 3, more: str = "") -> Any:
    """Run a command that ends well the `good`th time."""
    scratch.write("flaky.py", FLAKY)
    command = f"{json.dumps(sys.executable)} flaky.py {good} {how!r}"
    scratch.write(".rush", f"tasks:\n  t:\n    cmd: {json.dumps(command)}\n    retry: {retry}\n    {more}\n")
    return scratch.rush("t", "--output", "json")


def count(scratch: Scratch) -> int:
    return int(scratch.text("count"))


SAID = "connection timeout"
TRIED: List[Any] = [
    ("3", "code=7", ""),
    ("{attempts: 3, on_codes: [6, 7]}", "code=7", ""),
    ("{on_codes: 7, never_on_codes: 8}", "code=7", ""),
    ("{on_pattern: 'time.?out$'}", f"says={SAID}", ""),
    ("{on_pattern: 'time.?out$', on_codes: 1}", f"says={SAID}", ""),
    ("{never_on_pattern: fatal}", f"says={SAID}", ""),
    ("{on_signal: SIGKILL}", "signal=SIGKILL", ""),
    ("{on_signal: [TERM, 9]}", "signal=SIGKILL", ""),
    ("{never_on_signal: TERM}", "signal=SIGKILL", ""),
    ("{on_timeout: true}", "sleeps", "timeout: 400ms"),
    ("{never_on_codes: 1}", "sleeps", "timeout: 400ms"),
]
ENDED: List[Any] = [
    ("1", "code=7", ""),
    ("{on_codes: [6, 8]}", "code=7", ""),
    ("{never_on_codes: 7}", "code=7", ""),
    ("{on_codes: 7, never_on_codes: 7}", "code=7", ""),
    ("{on_pattern: '^timeout'}", f"says={SAID}", ""),
    ("{on_pattern: timeout, on_codes: 2}", f"says={SAID}", ""),
    ("{never_on_pattern: timeout}", f"says={SAID}", ""),
    ("{on_signal: TERM}", "signal=SIGKILL", ""),
    ("{never_on_signal: KILL}", "signal=SIGKILL", ""),
    ("{on_codes: 7}", "sleeps", "timeout: 400ms"),
    ("{never_on_timeout: true}", "sleeps", "timeout: 400ms"),
    ("{on_exception: ValueError}", "code=1", ""),
]


@pytest.mark.parametrize(("retry", "how", "more"), TRIED)
def test_a_flaky_command_ends_well_at_last(scratch: Scratch, retry: str, how: str, more: str) -> None:
    """It was started three times, and is told to be flaky."""
    done = flaky(scratch, retry, how, more=more)
    events = [json.loads(line)["event"] for line in done.out.splitlines()]
    assert (done.code, count(scratch)) == (0, 3), done.all
    assert [event["attempt"] for event in events if event["type"] == "AttemptFinished"] == [1, 2]
    (end,) = [event["outcome"] for event in events if event["type"] == "TaskFinished"]
    assert (end["state"], end["attempts"]) == ("succeeded", 3)


@pytest.mark.parametrize(("retry", "how", "more"), ENDED)
def test_a_failure_of_another_kind_is_not_tried_again(scratch: Scratch, retry: str, how: str, more: str) -> None:
    """It was started once."""
    done = flaky(scratch, retry, how, more=more)
    assert (done.code, count(scratch)) == (1, 1), done.all


def test_what_stays_broken_is_given_up(scratch: Scratch) -> None:
    """After as many attempts as it may have; each one's output has a log of its own."""
    done = flaky(scratch, "4", "code=7", good=99)
    assert (done.code, count(scratch)) == (1, 4)
    run = json.loads(done.out.splitlines()[0])["run"]
    root = str(scratch.root)
    assert attempts_of(root, run, "t") == 4
    logs = [b"".join(data for _, data in read_log(root, run, "t", attempt)) for attempt in (1, 2, 3, 4, None)]
    assert logs == [b"attempt 1\n", b"attempt 2\n", b"attempt 3\n", b"attempt 4\n", b"attempt 4\n"]


def test_delays_are_kept_and_a_deadline_ends_them(scratch: Scratch) -> None:
    """By the clock on the wall."""
    begun = time.monotonic()
    assert flaky(scratch, "{attempts: 4, delay: '100ms,300ms', max_delay: 200ms}", "code=1", good=4).code == 0
    assert 0.5 <= time.monotonic() - begun < 5
    (scratch.root / "count").unlink()
    begun = time.monotonic()
    assert flaky(scratch, "{attempts: 99, delay: fixed 1h, deadline: 30m}", "code=1", good=4).code == 1
    assert (count(scratch), time.monotonic() - begun < 5) == (1, True)


def test_a_delay_of_somebodys_own(scratch: Scratch) -> None:
    """A function of a file beside the task file; that it is not there is told before anything runs."""
    scratch.write("ci/backoff.py", "def wait(attempt):\n    open('asked', 'a').write(str(attempt))\n    return 0.01\n")
    assert flaky(scratch, "{delay: 'custom ci/backoff.py:wait'}", "code=1").code == 0
    assert scratch.text("asked") == "12"
    done = flaky(scratch, "{delay: 'custom nowhere.py:wait'}", "code=1")
    assert done.code == 2
    assert "task `t` has its delay from `nowhere.py`: there is no such file" in done.err


@pytest.mark.core
def test_retries_in_toml(scratch: Scratch) -> None:
    """The same keys."""
    scratch.write("flaky.py", FLAKY)
    scratch.write(
        "taskrush.toml",
        f"""
        [tasks.t]
        argv = [{json.dumps(sys.executable)}, "flaky.py", "3", "code=7"]
        timeout = "1m"
        retry = {{attempts = 3, delay = ["1ms", 0.002], on_codes = [7]}}
        """,
    )
    done = scratch.rush("t")
    assert (done.code, count(scratch)) == (0, 3), done.all


PYTHON = """
from pathlib import Path
from taskrush import Retry, command, task

class Busy(ConnectionError): ...

def times(name: str) -> int:
    path = Path(name)
    path.write_text(path.read_text() + "x" if path.exists() else "x")
    return len(path.read_text())

@task(retry=Retry(attempts=4, delay=lambda attempt: attempt / 100, on_exception=ConnectionError))
def fetch():
    "A function that is refused twice."
    if times("fetch") < 3:
        raise Busy("try later")
    print("fetched")

@task(retry=Retry(attempts=4, on_exception=ValueError))
def other():
    times("other")
    raise Busy("try later")

@task(retry=Retry(attempts=4, on_exception=Busy), isolate="process")
def apart():
    if times("apart") < 3:
        raise Busy("try later")

@task(timeout="300ms", isolate="process", retry=Retry(attempts=2, on_timeout=True))
def stuck():
    times("stuck")
    import time
    time.sleep(60)

shell = command("test -e made || { touch made; exit 7; }", retry=Retry(attempts=2, on_codes=7), timeout=60)
"""


def test_functions_are_tried_again(scratch: Scratch) -> None:
    """By what they raise, in a thread as well as in a process of their own, which is really killed."""
    scratch.write("tasks.py", PYTHON)
    done = scratch.rush("fetch", "apart", "shell")
    assert done.code == 0, done.all
    assert [scratch.text(name) for name in ("fetch", "apart")] == ["xxx", "xxx"]
    assert scratch.rush("other").code == 1
    assert scratch.text("other") == "x"
    done = scratch.rush("stuck")
    assert (done.code, scratch.text("stuck")) == (1, "xx")
    assert "timed out after 300ms (attempt 2)" in done.err


# --- what is kept and shown -----------------------------------------------------------------


@pytest.mark.core
def test_a_kept_result_is_marked_as_retried(scratch: Scratch) -> None:
    """In the line of its end, of a fresh one and of a restored one, and in `cache show`."""
    scratch.write("in", "1")
    scratch.write(
        ".rush",
        """
        tasks:
          t:
            cmd: "test -e made || { touch made half; exit 7; }; ls; touch out"
            inputs: [in]
            outputs: [out, half]
            retry: 2
        """,
    )
    scratch.write("half.txt", "")
    done = scratch.rush("t")
    assert (done.code, "did not make its declared output `half`" in done.all) == (1, True), done.all
    (scratch.root / "made").unlink()
    text = scratch.text(".rush").replace("touch out", "touch out half")
    scratch.write(".rush", text)
    done = scratch.rush("t")
    assert done.code == 0, done.all
    assert "half\n" not in done.out, "what the first attempt made is still there for the second one"
    assert "flaky: passed on attempt 2" in done.err
    assert "fresh (passed on attempt 2)" in scratch.rush("t").err
    (scratch.root / "out").unlink()
    assert "from cache (passed on attempt 2)" in scratch.rush("t").err
    assert "flaky passed on attempt 2" in scratch.rush("cache", "show", "t").out
    assert json.loads(scratch.rush("cache", "show", "t", "--json").out)["attempts"] == 2


def test_an_interrupt_wakes_nobody(scratch: Scratch) -> None:
    """Ctrl-C while a task sleeps for an hour ends the run at once."""
    scratch.write(".rush", "tasks:\n  t: {cmd: exit 7, retry: {delay: 1h}}\n")
    run = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "t"],
        cwd=scratch.root,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert run.stderr is not None
    seen = b""
    while b"attempt 2 in 1h" not in seen:
        seen += os.read(run.stderr.fileno(), 4096)
    begun = time.monotonic()
    run.send_signal(signal.SIGINT)
    rest = run.communicate(timeout=20)[1]
    assert time.monotonic() - begun < 3
    assert run.returncode == 130
    assert b"not tried again: SIGINT" in rest


# --- timeouts ---------------------------------------------------------------------------------


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def ends(pid: int) -> bool:
    for _ in range(100):
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks at processes by /proc")
@pytest.mark.parametrize("stubborn", [False, True], ids=["polite", "stubborn"])
def test_a_timeout_ends_the_whole_tree(scratch: Scratch, stubborn: bool) -> None:
    """Children and what deals with SIGTERM by ignoring it, too; it is reported and exits with 1."""
    trap = "trap '' TERM; " if stubborn else ""
    scratch.write(
        ".rush",
        f"""
        tasks:
          t:
            cmd: "{trap}(sleep 60 & echo $! > child; wait) & echo $$ > parent; wait; sleep 60"
            timeout: 500ms
            inputs: []
        """,
    )
    begun = time.monotonic()
    done = scratch.rush("t", "--grace", "0.3")
    assert time.monotonic() - begun < 8
    assert done.code == 1
    assert "timed out after 500ms" in done.err
    assert all(ends(int(scratch.text(name))) for name in ("child", "parent"))
    assert scratch.rush("cache", "show", "t").code == 1, "a task that timed out was kept"


TIMEOUTS: Dict[str, Any] = {
    "attempt": ("{attempt: 300ms}", "sleep 60", "timed out after 300ms"),
    "task": ("{task: 700ms}", "sleep 0.2; exit 1", "timed out after 700ms over"),
    "idle": ("{idle: 400ms}", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; sleep 60", "no output for 400ms"),
    "graceful": ("300ms", "trap 'exit 0' TERM; sleep 60 & wait", "timed out after 300ms"),
}


@pytest.mark.core
@pytest.mark.parametrize("kind", TIMEOUTS)
def test_each_timeout_is_reported(scratch: Scratch, kind: str) -> None:
    """In words, with exit code 1, also for what ends with 0 when it is told to."""
    timeout, command, words = TIMEOUTS[kind]
    retry = "retry: {attempts: 99}" if kind == "task" else ""
    scratch.write(".rush", f"tasks:\n  t:\n    cmd: {json.dumps(command)}\n    timeout: {timeout}\n    {retry}\n")
    done = scratch.rush("t")
    assert done.code == 1
    assert words in done.err, done.err
    if kind == "idle":
        assert done.out == "1\n2\n3\n4\n5\n6\n"


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_a_run_has_its_time(scratch: Scratch, how: str) -> None:
    """As an option, a variable and a setting; what did not start is said not to have."""
    settings = "settings: {timeout: 500ms}\n" if how == "file" else ""
    scratch.write(".rush", settings + "tasks:\n  a: sleep 60\n  b: {cmd: echo no, deps: [a]}\n")
    done = scratch.rush(
        "b",
        *(["--timeout", "500ms"] if how == "flag" else []),
        env={"TASKRUSH_TIMEOUT": "0.5"} if how == "environment" else None,
    )
    assert done.code == 1
    assert "stopping: the run timed out after 500ms" in done.err
    assert "failed: 2 tasks" in done.err


def test_a_time_that_is_none(scratch: Scratch) -> None:
    """It says what one looks like."""
    scratch.write(".rush", "tasks:\n  a: sleep 60\n")
    done = scratch.rush("--timeout", "soon", "a")
    assert (done.code, "--timeout: `soon` is not a time such as `10s`" in done.err) == (2, True)


def test_a_plain_run_imports_no_tenacity(scratch: Scratch) -> None:
    """Neither does one with retries in which nothing fails."""
    scratch.write(
        ".rush", "tasks:\n  a: 'true'\n  b: {cmd: 'true', retry: 3, timeout: 10s}\n  c: {cmd: exit 1, retry: 2}\n"
    )
    for name, wanted in (("a", False), ("b", False), ("c", True)):
        done = scratch.rush(name, program=(sys.executable, "-X", "importtime", "-m", "taskrush"))
        assert ("tenacity" in done.err) is wanted
        assert ("taskrush.execute.retry" in done.err) is (name != "a")
        assert ("taskrush.execute.timeouts" in done.err) is (name == "b")
