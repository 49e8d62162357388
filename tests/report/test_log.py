"""Each task's output lies in a log of its own, from which both streams come back in order."""

import os
import stat
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.events import (
    AttemptFinished,
    Event,
    Record,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.execute.bus import Bus
from taskrush.model.outcome import Outcome, State, failed, succeeded
from taskrush.model.task import TaskId
from taskrush.report.log import LogReporter, attempts_of, file_name, logs_folder, read_log
from taskrush.testing.fakes import FakeClock, RecordingSubscriber

pytestmark = pytest.mark.core
RUN = "20260102T030405-0a1b2c3d"
T = TaskId("t")


def write(root: Path, pieces: List[Tuple[str, bytes]], cap: int = 1 << 20, task: str = T, end: bool = True) -> None:
    reporter = LogReporter(str(root), cap=cap)
    events: List[Event] = [TaskOutput(TaskId(task), stream, data) for stream, data in pieces]
    if end:
        events.append(TaskFinished(TaskId(task), succeeded()))
    for seq, event in enumerate(events):
        reporter.on_record(Record(RUN, seq, 0.0, event))


def joined(pieces: "List[Tuple[str, bytes]]") -> List[Tuple[str, bytes]]:
    """Neighbours of one stream as one piece."""
    found: List[Tuple[str, bytes]] = []
    for stream, data in pieces:
        if not data:
            continue
        if found and found[-1][0] == stream:
            found[-1] = (stream, found[-1][1] + data)
        else:
            found.append((stream, data))
    return found


streams = st.sampled_from(["stdout", "stderr"])


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.tuples(streams, st.binary(max_size=30)), max_size=30))
def test_both_streams_come_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, pieces: "List[Tuple[str, bytes]]"
) -> None:
    """Byte by byte, whatever they are."""
    root = tmp_path_factory.mktemp("log")
    write(root, pieces)
    assert joined(list(read_log(str(root), RUN, T))) == joined(pieces)


def test_the_raw_file_is_what_was_printed_and_private(tmp_path: Path) -> None:
    """One can read it without us; nobody else can."""
    write(tmp_path, [("stdout", b"a\n"), ("stderr", b"b\xff\n"), ("stdout", b"c\n")])
    path = tmp_path / ".taskrush/logs" / RUN / "t.log"
    assert path.read_bytes() == b"a\nb\xff\nc\n"
    assert path.with_name("t.log.index").read_text() == "o 2\ne 3\no 2\n"
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent)] == [0o600, 0o700]
    assert (tmp_path / ".taskrush/.gitignore").read_text() == "*\n"


def test_of_a_long_output_head_and_tail_are_kept(tmp_path: Path) -> None:
    """What was left out is counted in its place, and the disk never holds much more than the cap."""
    lines = [b"%07d\n" % number for number in range(100_000)]
    reporter = LogReporter(str(tmp_path), cap=40_000)
    most = 0
    for number, line in enumerate(lines):
        stream = "stderr" if number % 5 == 0 else "stdout"
        reporter.on_record(Record(RUN, number, 0.0, TaskOutput(T, stream, line)))
        if number % 1000 == 0:
            folder = Path(logs_folder(str(tmp_path), RUN))
            most = max(most, sum(path.stat().st_size for path in folder.iterdir()))
    reporter.on_record(Record(RUN, 0, 0.0, TaskFinished(T, succeeded())))
    assert most < 60_000
    pieces = list(read_log(str(tmp_path), RUN, T))
    text = b"".join(data for _, data in pieces)
    head, _, rest = text.partition(b"\n[... ")
    count, _, tail = rest.partition(b" bytes were not kept ...]\n")
    assert head.startswith(b"0000000\n0000001\n")
    assert tail.endswith(b"0099998\n0099999\n")
    assert 5_000 < len(tail) <= 20_000  # the index counts as well
    assert len(head) + int(count) + len(tail) == 800_000
    assert sorted(os.listdir(folder)) == ["t.log", "t.log.index"]
    whole = b"".join(lines)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    ends = [line for stream, data in pieces if stream == "stdout" for line in data.split() if line.endswith(b"0")]
    assert not [line for line in ends if len(line) == 7], "a line of stderr under stdout"


def test_one_huge_piece_is_cut_too(tmp_path: Path) -> None:
    """Not only many small ones."""
    write(tmp_path, [("stdout", b"x" * 1_000_000)], cap=1000)
    text = b"".join(data for _, data in read_log(str(tmp_path), RUN, T))
    assert len(text) < 1200
    assert b"bytes were not kept" in text


def test_a_log_of_a_killed_runner_is_readable(tmp_path: Path) -> None:
    """What had come is there, also without a finished index."""
    write(tmp_path, [("stderr", b"a"), ("stdout", b"b"), ("stderr", b"c")], end=False)
    assert list(read_log(str(tmp_path), RUN, T)) == [("stderr", b"a"), ("stdout", b"b"), ("stdout", b"c")]


def test_a_task_that_prints_nothing_has_no_log(tmp_path: Path) -> None:
    """And its log reads as empty."""
    write(tmp_path, [])
    assert not (tmp_path / ".taskrush").exists()
    assert list(read_log(str(tmp_path), RUN, T)) == []


def test_every_attempt_has_a_log(tmp_path: Path) -> None:
    """The last one is read unless another is asked for, also when it wrote nothing."""
    reporter = LogReporter(str(tmp_path))
    again = failed("no")
    story: List[Event] = [
        TaskStarted(T),
        TaskOutput(T, "stdout", b"one"),
        AttemptFinished(T, 1, again, 0.0),
        TaskStarted(T, attempt=2),
        TaskOutput(T, "stderr", b"two"),
        AttemptFinished(T, 2, again, 0.0),
        TaskStarted(T, attempt=3),
        TaskFinished(T, succeeded(attempts=3)),
    ]
    for seq, event in enumerate(story):
        reporter.on_record(Record(RUN, seq, 0.0, event))
    assert attempts_of(str(tmp_path), RUN, T) == 3
    logs = [list(read_log(str(tmp_path), RUN, T, attempt)) for attempt in (1, 2, 3, None)]
    assert logs == [[("stdout", b"one")], [("stderr", b"two")], [], []]
    names = {file_name(task, attempt) for task in ("t", "T", "t+2", "t.2") for attempt in (1, 2, 12)}
    assert len(names) == 12


def test_a_result_that_came_from_elsewhere_meanwhile_spoils_no_log(tmp_path: Path) -> None:
    """What it replays is the log of the attempt that was not needed."""
    reporter = LogReporter(str(tmp_path))
    story: List[Event] = [
        TaskStarted(T),
        TaskOutput(T, "stdout", b"one"),
        AttemptFinished(T, 1, failed("no"), 0.0),
        TaskOutput(T, "stdout", b"restored"),
        TaskFinished(T, Outcome(state=State.HIT, ok=True)),
    ]
    for seq, event in enumerate(story):
        reporter.on_record(Record(RUN, seq, 0.0, event))
    logs = [list(read_log(str(tmp_path), RUN, T, attempt)) for attempt in (1, None)]
    assert logs == [[("stdout", b"one")], [("stdout", b"restored")]]


ODD = ["build", "docs:build", "a/b", "../../x", ".", "..", "", "Build", "\u00e4", "x" * 300, "a b", "a\nb", ".hidden"]


@pytest.mark.parametrize("task", ODD)
def test_names_are_safe(tmp_path: Path, task: str) -> None:
    """Odd names, long ones and ones that leave the folder are made harmless; the log is found again by the name."""
    write(tmp_path, [("stdout", task.encode())], task=task)
    assert [data for _, data in read_log(str(tmp_path), RUN, task)] == ([task.encode()] if task else [])
    folder = Path(logs_folder(str(tmp_path), RUN))
    assert all(path.is_file() for path in folder.iterdir())
    assert len(file_name(task)) < 120


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100), st.text(max_size=100))
def test_two_tasks_never_share_a_name(one: str, other: str) -> None:
    """Also where the file system does not tell cases apart."""
    assert (file_name(one).lower() == file_name(other).lower()) == (one == other)


def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    """Older ones go; what is not ours stays."""
    above = tmp_path / ".taskrush/logs"
    for number in range(9):
        (above / f"2026010{number}T000000-0000000{number}").mkdir(parents=True)
    (above / "notes").mkdir()
    reporter = LogReporter(str(tmp_path), keep=3)
    reporter.on_record(Record(RUN, 0, 0.0, RunStarted(targets=(), tasks=(), jobs=1)))
    reporter.on_record(Record(RUN, 1, 0.0, TaskOutput(T, "stdout", b"x")))
    names = sorted(path.name for path in above.iterdir())
    assert names == sorted([RUN, "20260107T000000-00000007", "20260108T000000-00000008", "notes"])


def test_logs_that_cannot_be_written_are_mentioned_once(tmp_path: Path) -> None:
    """The bus says so and goes on without them; no task is concerned."""
    (tmp_path / ".taskrush").write_text("in the way")
    told = RecordingSubscriber()
    bus = Bus(RUN, FakeClock(), [LogReporter(str(tmp_path)), told])
    bus.tell(TaskOutput(T, "stdout", b"x"))
    bus.tell(TaskOutput(T, "stdout", b"y"))
    bus.tell(RunFinished(ok=True, exit_code=0, seconds=0.0))
    warnings = [event.message for event in told.events if isinstance(event, Warned)]
    assert len(warnings) == 1
    assert warnings[0].startswith("no logs of this run: ")
    assert len(told.events) == 4


def test_a_full_disk_is_mentioned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing fails in the middle of a run."""

    def full(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taskrush.report.log._write", full)
    told = RecordingSubscriber()
    bus = Bus(RUN, FakeClock(), [LogReporter(str(tmp_path)), told])
    bus.tell(TaskOutput(T, "stdout", b"x"))
    bus.tell(TaskOutput(T, "stdout", b"y"))
    assert [event.message.rpartition(": ")[2] for event in told.events if isinstance(event, Warned)] == [
        "No space left on device"
    ]


def test_logs_are_bounded_in_size(tmp_path: Path) -> None:
    """Together, over all runs: the oldest go; what was lost of the notes on sizes only delays that."""

    def run(number: int, size: int = 1000) -> None:
        name = f"2026010{number}T000000-00000000"
        reporter = LogReporter(str(tmp_path), size=2500)
        events: List[Event] = [RunStarted(targets=(T,), tasks=(T,), jobs=1), TaskOutput(T, "stdout", b"x" * size)]
        events += [TaskFinished(T, succeeded()), RunFinished(ok=True, exit_code=0, seconds=1.0)]
        for seq, event in enumerate(events):
            reporter.on_record(Record(name, seq, 0.0, event))

    def there() -> "List[str]":
        return sorted(name[7] for name in os.listdir(logs_folder(str(tmp_path))))

    for number in range(4):
        run(number)
    assert there() == ["1", "2", "3"]
    run(4, 5000)
    run(5, 1)
    assert there() == ["5"]
    (tmp_path / ".taskrush" / "logs.sizes").write_bytes(b"\xff nonsense\n7 x\n")
    run(6)
    assert there() == ["5", "6"]
