"""What a run does is remembered, to the microsecond, whatever becomes of the run."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush import Project
from taskrush.errors import TaskRushError
from taskrush.events import (
    AttemptFinished,
    Record,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskOutput,
    TaskStarted,
)
from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.model.outcome import Outcome, State, failed, skipped, succeeded
from taskrush.model.task import Task, TaskId
from taskrush.report.history import HistoryError, HistoryReporter
from taskrush.report.spool import HEAD, escape, make_room, read_lines, spool_folder, spool_path, spools, unescape
from taskrush.report.spool_lines import end_line, start_line, whole_line
from taskrush.report.spooled import understand
from tests.report.past import AT, RUN, opened, plan_of, run_name, spool_runs, story, tell

pytestmark = pytest.mark.core
A, B = TaskId("a"), TaskId("b")
USED = {
    "cpu_user_seconds": 0.123457,
    "cpu_system_seconds": 0.000001,
    "peak_bytes": 1 << 40,
    "read_bytes": 4096,
    "written_bytes": 0,
}


def host() -> str:
    return os.uname().nodename


def test_the_whole_story(tmp_path: Path) -> None:
    """Runs and tasks come back as they were, with all that was measured."""
    ended = succeeded(code=0, seconds=0.123456, key="k" * 64, outputs="o" * 64, **USED)
    fresh = Outcome(state=State.FRESH, ok=True, saved_seconds=3.5, key="f" * 64)
    tell(tmp_path, story({"a": ended, "b": fresh, "c": failed("exit code 2", code=2)}, code=1))
    history, warnings = opened(tmp_path)
    assert warnings == []
    assert history.runs() == [
        PastRun(run=RUN, began_at=AT, seconds=1.5, exit_code=1, targets=(TaskId("c"),), jobs=2, host=host(), tasks=3)
    ]
    began: Any = {"waited_seconds": 0.25, "why": "input a changed", "runner": "local", "log_bytes": 5}
    assert history.tasks() == [
        PastTask(
            run=RUN,
            task=A,
            state="succeeded",
            ok=True,
            code=0,
            began_at=AT + 1,
            seconds=0.123456,
            key="k" * 64,
            outputs="o" * 64,
            host=host(),
            **USED,
            **began,
        ),
        PastTask(run=RUN, task=B, state="fresh", ok=True, saved_seconds=3.5, key="f" * 64, host=host()),
        PastTask(
            run=RUN,
            task=TaskId("c"),
            state="failed",
            ok=False,
            code=2,
            reason="exit code 2",
            began_at=AT + 5,
            host=host(),
            **began,
        ),
    ]
    assert spools(str(tmp_path)) == []
    assert opened(tmp_path)[0].tasks() == history.tasks()


def test_attempts(tmp_path: Path) -> None:
    """Each try is there with its own end, delay and place in the log; one that succeeded at once is told as well."""
    began = RunStarted(targets=(A,), tasks=(A, B), jobs=1)
    bad = failed("exit code 1", code=1, seconds=0.25, peak_bytes=7, cpu_user_seconds=0.5)
    events = [
        began,
        TaskStarted(A, "x", 1),
        TaskOutput(A, "stdout", b"123"),
        AttemptFinished(A, 1, bad, 1.5),
        TaskStarted(A, "x", 2),
        TaskOutput(A, "stdout", b"45"),
        *story({"a": succeeded(code=0, seconds=0.5, attempts=2)})[-2:],
    ]
    tell(tmp_path, events)
    history = opened(tmp_path)[0]
    assert [task.attempts for task in history.tasks(task="a")] == [2]
    assert history.attempts(RUN, "a") == [
        PastAttempt(
            run=RUN,
            task=A,
            attempt=1,
            state="failed",
            code=1,
            reason="exit code 1",
            began_at=AT + 1,
            seconds=0.25,
            cpu_user_seconds=0.5,
            peak_bytes=7,
            delay=1.5,
        ),
        PastAttempt(run=RUN, task=A, attempt=2, state="succeeded", code=0, began_at=AT + 4, seconds=0.5),
    ]
    assert history.attempts(RUN, "b") == []


def test_one_attempt_is_one(tmp_path: Path) -> None:
    """Of a task that was tried once there is one, of one that did not run none."""
    tell(tmp_path, story({"a": succeeded(seconds=0.5), "b": skipped("no", ok=True)}))
    history = opened(tmp_path)[0]
    assert [(one.attempt, one.seconds, one.state) for one in history.attempts(RUN, "a")] == [(1, 0.5, "succeeded")]
    assert history.attempts(RUN, "b") == []


def test_questions(tmp_path: Path) -> None:
    """By time, target, end, branch, number, task; the newest first."""
    (tmp_path / ".git").mkdir()
    for number, branch in enumerate(("main", "side", "main")):
        (tmp_path / ".git" / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
        good = succeeded(seconds=float(number + 1), peak_bytes=number + 10, cpu_user_seconds=0.0)
        outcomes = {"a": good, "b" if number else "z": good}
        tell(tmp_path, story(outcomes, code=number % 2), f"2026010{number}T000000-00000000", AT + 100 * number)
    history = opened(tmp_path)[0]
    names = [run.run[:8] for run in history.runs()]
    assert names == ["20260102", "20260101", "20260100"]

    def days(**chosen: Any) -> "list[str]":
        return [run.run[7] for run in history.runs(**chosen)]

    assert days(limit=2) == ["2", "1"]
    assert days(since=AT + 100) == ["2", "1"]
    assert days(until=AT + 100) == ["0"]
    assert days(target="z") == ["0"]
    assert days(target="a") == []
    assert days(ok=False) == ["1"]
    assert days(branch="main") == ["2", "0"]
    assert days(limit=0) == []
    assert [task.run[7] for task in history.tasks(task="a")] == ["2", "1", "0"]
    assert [task.run[7] for task in history.tasks(task="a", since=AT + 1, limit=1)] == ["2"]
    assert [task.task for task in history.tasks(run="20260100T000000-00000000")] == ["a", "z"]
    assert history.durations(["a", "b", "no"]) == {"a": 2.0, "b": 2.5}
    assert history.peaks(["a", "z"]) == {"a": 12, "z": 10}
    assert history.tasks(task="'; drop table tasks --") == []


def test_only_what_ran_and_ended_well_says_how_long_it_takes(tmp_path: Path) -> None:
    """Neither failures nor what was restored counts."""
    tell(tmp_path, story({"a": failed("no", seconds=9.0), "b": Outcome(state=State.HIT, ok=True, saved_seconds=9.0)}))
    history = opened(tmp_path)[0]
    assert history.durations(["a", "b"]) == {}


def test_parameters_without_secrets(tmp_path: Path) -> None:
    """Parameters are remembered as texts, the values of secrets are not."""
    plan = plan_of(tmp_path, ["a"], {"a": {"level": 3, "token": "x-hunter22-y", "on": False, "none": None}})
    tell(tmp_path, story({"a": succeeded()}), reporter=HistoryReporter(plan, ["hunter22", "3"]))
    raw = b"".join(path.read_bytes() for path in Path(spool_folder(str(tmp_path))).iterdir())
    assert b"hunter22" not in raw
    history = opened(tmp_path)[0]
    assert history.runs()[0].arguments == {"a": {"level": "3", "token": "x-[secret]-y", "on": "false"}}
    assert b"hunter22" not in (tmp_path / ".taskrush" / "history.db").read_bytes()


def test_what_stopped_it_is_remembered(tmp_path: Path) -> None:
    """A run that was interrupted says by what."""
    events = story({"a": Outcome(state=State.CANCELLED, ok=False)}, code=130)
    tell(tmp_path, [*events[:-1], StopRequested("SIGINT", 5.0), events[-1]])
    run = opened(tmp_path)[0].runs()[0]
    assert (run.ok, run.exit_code, run.reason) == (False, 130, "SIGINT")


def test_a_run_that_goes_on_and_one_that_was_killed(tmp_path: Path) -> None:
    """While it goes on a run is `running`; when its process is gone without an end, it was interrupted."""
    reporter = tell(tmp_path, story({"a": succeeded(), "b": succeeded()}, end=False)[:-1])
    history = opened(tmp_path)[0]
    run = history.runs()[0]
    assert (run.ended, run.reason, run.seconds, run.tasks) == (False, "still running", 4.0, 2)
    assert [task.state for task in history.tasks()] == ["succeeded", "running"]
    assert spools(str(tmp_path)) == [RUN]
    reporter._spool.close()  # type: ignore[union-attr]  # as the kernel does for a process that is gone
    history = opened(tmp_path)[0]
    assert (history.runs()[0].reason, spools(str(tmp_path))) == ("the runner was killed", [])
    assert [(task.state, task.ok) for task in history.tasks()] == [("succeeded", True), ("interrupted", False)]


def test_what_was_started_is_there_a_moment_later(tmp_path: Path) -> None:
    """One line tells of a task that is soon over; one that goes on is told of as soon as nothing else happens."""
    began, start, *_ = story({"a": succeeded()})
    reporter = HistoryReporter(plan_of(tmp_path, ["a", "b"]))
    for seq, (event, after) in enumerate(
        [(began, 0.0), (start, 0.01), (TaskFinished(A, succeeded()), 0.02), (TaskStarted(B, "x"), 0.03)]
    ):
        reporter.on_record(Record(RUN, seq, AT + after, event))
    path = Path(spool_path(str(tmp_path), RUN))
    assert [line[:1] for line in path.read_bytes().splitlines()] == [b"t", b"R"]
    reporter.settle()
    assert [line[:1] for line in path.read_bytes().splitlines()] == [b"t", b"R", b"T", b"S"]
    assert [(task.task, task.state) for task in opened(tmp_path)[0].tasks()] == [("a", "succeeded"), ("b", "running")]
    reporter.on_record(Record(RUN, 4, AT + 0.04, TaskFinished(B, failed("no"))))  # a failure is there at once
    assert [line[:1] for line in path.read_bytes().splitlines()] == [b"t", b"R", b"T", b"S", b"F"]


def test_a_run_asks_for_what_is_held(tmp_path: Path) -> None:
    """A command that looks finds its own start in the spool of its run."""
    look = (
        f"for i in $(seq 100); do grep -q '^S.*look' {spool_folder(tmp_path)}/*.run && exit 0; sleep 0.05; done; exit 1"
    )
    project = Project.of([Task(id=TaskId("look"), action=look)], str(tmp_path))
    assert project.run("look", remember=True).ok


def test_spools_of_the_version_before_are_read(tmp_path: Path) -> None:
    """They have no lines that tell of a start and an end."""
    spool_runs(tmp_path, 1, 1)
    path = Path(spool_path(str(tmp_path), run_name(0)))
    head, run, *_, end = path.read_bytes().splitlines(keepends=True)
    assert head == HEAD
    start = b"S\t0\ta\t1\t2.5\t0.1\tlocal\twhy\n"
    over = b"F\t0\ta\t3.5\tsucceeded\t1\t0\t\t1.0\t0.5\t0.1\t5\t5\t5\tkey\t1\t\tout\t5\n"
    path.write_bytes(b"taskrush spool 1\n" + run + start + over + end)
    history, warnings = opened(tmp_path)
    assert warnings == []
    assert [(task.task, task.seconds, task.why) for task in history.tasks()] == [("a", 1.0, "why")]


@settings(max_examples=300, deadline=None)
@given(
    texts=st.tuples(*[st.text(st.characters(exclude_categories=("Cs",)), max_size=8)] * 3),
    counts=st.tuples(*[st.none() | st.integers(0, 1 << 50)] * 3),
    seconds=st.tuples(*[st.floats(0, 1e9)] * 4),
    code=st.none() | st.integers(-64, 255),
    log_bytes=st.integers(0, 1 << 50),
)
def test_one_line_says_what_two_say(texts: Any, counts: Any, seconds: Any, code: Optional[int], log_bytes: int) -> None:
    """Whether a start was written before its end came makes no difference to what is read back."""
    why, reason, name = texts
    start = TaskStarted(A, "x", 2, why, waited_seconds=seconds[0], runner="local")
    peak, read, written = counts
    outcome = failed(
        reason or None, code=code, seconds=seconds[1], cpu_user_seconds=seconds[2], cpu_system_seconds=seconds[3],
        peak_bytes=peak, read_bytes=read, written_bytes=written, attempts=2, saved_seconds=seconds[0],
    )  # fmt: skip
    begun = (AT, start)
    run = "R\trun\t1.5\t2\thost\ta\t\t\t\n"
    one = run + whole_line(3, name, begun, AT + 1, outcome, log_bytes)
    two = run + start_line(3, name, 2, AT, seconds[0], "local", why) + end_line(3, name, AT + 1, outcome, log_bytes)
    found = [understand(read_lines(HEAD + text.encode()) or (), live=False) for text in (one, two)]
    assert found[0] == found[1]
    assert found[0] is not None
    assert found[0].tasks[0].log_bytes == log_bytes


KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from tests.report.past import RUN, story, tell
    from taskrush.model.outcome import succeeded
    real, room = os.write, [int(sys.argv[2])]
    def write(descriptor, data):
        data = bytes(data)
        if descriptor > 2 and data[:1] in (b"t", b"R", b"S", b"T", b"F", b"E"):
            if len(data) >= room[0]:
                real(descriptor, data[:room[0]])
                os.kill(os.getpid(), signal.SIGKILL)
            room[0] -= len(data)
        return real(descriptor, data)
    os.write = write
    tell(Path(sys.argv[1]), story({"a": succeeded(code=0), "b": succeeded(code=0)}))
    """
)


@pytest.mark.parametrize("written", [0, 5, 17, 18, 60, 100, 150, 200, 260])
def test_killed_in_the_middle_of_a_write(tmp_path: Path, written: int) -> None:
    """Wherever SIGKILL comes, what was written whole is there, and the history goes on."""
    spool_runs(tmp_path, 1, 2, first=7)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(written)], cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == -signal.SIGKILL
    history, warnings = opened(tmp_path)
    runs = {run.run: run for run in history.runs()}
    assert len(runs) == 1 + (RUN in runs)
    if RUN in runs:
        assert (runs[RUN].ended, runs[RUN].reason) == (False, "the runner was killed")
        assert all(task.state in ("succeeded", "interrupted") for task in history.tasks(run=RUN))
    assert bool(warnings) == (RUN not in runs and written > len(HEAD))
    tell(tmp_path, story({"a": succeeded()}), "20270101T000000-00000000", AT + 1e6)
    again, warnings = opened(tmp_path)
    assert (len(again.runs()), warnings) == (len(runs) + 1, [])


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_fields_come_back(text: str) -> None:
    """Tabs, line ends and backslashes too, on one line."""
    written = escape(text)
    assert unescape(written) == text
    assert not set("\t\n\r") & set(written)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200), cut=st.integers(0, 400), at=st.integers(0, 400), live=st.booleans())
def test_whatever_a_spool_holds(data: bytes, cut: int, at: int, live: bool) -> None:
    """Reading never fails: what makes no sense is left out."""
    good = (
        b"R\trun\t1.5\t2\thost\ta\ta\x1ex\x1e1\trev\tmain\n"
        b"S\t0\ta\t1\t2.5\t0.1\tlocal\twhy\n"
        b"A\t0\ta\t1\t2.5\tfailed\t1\tno\t0.1\t0.1\t0.1\t5\t5\t5\t1.0\t3\n"
        b"F\t0\ta\t3.5\tsucceeded\t1\t0\t\t1.0\t0.5\t0.1\t5\t5\t5\tkey\t1\t\tout\t5\n"
        b"T\t1\tb\t1\t2.5\t0.1\tlocal\twhy\t3.5\tsucceeded\t1\t0\t\t1.0\t0.5\t0.1\t5\t5\t5\tkey\t1\t\tout\t5\n"
        b"E\t9.0\t1\t0\t7.5\t\n"
    )
    whole = HEAD + good
    for text in (HEAD + data, whole[:cut], whole[:at] + data + whole[at:], whole[:at] + data + whole[at + len(data) :]):
        lines = read_lines(text)
        if lines is not None:
            found = understand(lines, live)
            assert found is None or len(found.tasks) == len(found.numbers)


def test_what_cannot_be_read_is_moved_aside(tmp_path: Path) -> None:
    """A spool of another version or without a beginning is kept for whoever can read it, and said; once."""
    spool_runs(tmp_path, 1, 1)
    folder = Path(spool_folder(str(tmp_path)))
    (folder / "20260103T000000-00000001.run").write_bytes(b"taskrush spool 9\nfuture\n")
    (folder / "20260103T000000-00000002.run").write_bytes(b"\x00" * 4096)
    history, warnings = opened(tmp_path)
    assert len(history.runs()) == 1
    assert len(warnings) == 2
    assert all("cannot be read" in text for text in warnings)
    assert sorted(path.name for path in folder.iterdir()) == [
        "20260103T000000-00000001.aside",
        "20260103T000000-00000002.aside",
    ]
    assert opened(tmp_path)[1] == []


def test_what_was_killed_before_it_was_a_spool_is_swept_away(tmp_path: Path) -> None:
    """Unless it may just be on its way."""
    spool_runs(tmp_path, 1, 1)
    folder = Path(spool_folder(str(tmp_path)))
    for name in ("old.run.new", "young.run.new"):
        (folder / name).write_bytes(b"task")
    os.utime(folder / "old.run.new", (1.0, 1.0))
    assert opened(tmp_path)[1] == []
    assert os.listdir(folder) == ["young.run.new"]


def test_spools_that_nobody_reads_are_bounded(tmp_path: Path) -> None:
    """The oldest go first, by number and by size; what goes on stays."""
    reporter = tell(tmp_path, story({"a": succeeded()}, end=False)[:-1], "20000101T000000-00000000")
    spool_runs(tmp_path, 29, 1)
    assert make_room(str(tmp_path), most=30) == 1
    assert len(spools(str(tmp_path))) == 29
    assert spools(str(tmp_path))[0] == "20000101T000000-00000000"
    size = sum(os.path.getsize(spool_path(str(tmp_path), run)) for run in spools(str(tmp_path)))
    make_room(str(tmp_path), size=size // 2)
    assert sum(os.path.getsize(spool_path(str(tmp_path), run)) for run in spools(str(tmp_path))) < size // 2
    assert reporter._spool is not None


def test_what_cannot_be_written_is_said_and_fails_nothing(tmp_path: Path) -> None:
    """The bus hears one error that a person can read."""
    (tmp_path / ".taskrush").write_text("no folder")
    reporter = HistoryReporter(plan_of(tmp_path, ["a"]))
    with pytest.raises(HistoryError, match="this run is not remembered") as caught:
        reporter.on_record(Record(RUN, 0, AT, RunStarted(targets=(A,), tasks=(A,), jobs=1)))
    assert isinstance(caught.value, TaskRushError)
