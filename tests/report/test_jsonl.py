"""Records travel as JSON lines and come back the same; recordings of earlier versions stay readable."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.errors import UsageError
from taskrush.events import (
    FailureExplained,
    Record,
    RunFinished,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskHeld,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.model.failure import Cause, Failure, Flakiness
from taskrush.model.outcome import Outcome, State, failed, skipped, succeeded
from taskrush.model.task import TaskId
from taskrush.report.jsonl import JsonlReporter, from_line, read_records, to_line

pytestmark = pytest.mark.core
RECORDINGS = Path(__file__).parent / "recordings"

texts = st.text(max_size=20)
seconds = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | st.integers(-(2**31), 2**31)
outcomes = st.builds(
    Outcome,
    state=st.sampled_from(State),
    ok=st.booleans(),
    code=maybe,
    reason=st.none() | texts,
    seconds=seconds,
    cpu_seconds=st.none() | seconds,
    peak_bytes=maybe,
)
shares = st.floats(0, 1)
causes = st.builds(Cause, kind=texts, message=texts, remedy=st.none() | texts, certain=st.booleans())
failures = st.builds(
    Failure,
    lines=st.lists(texts, max_size=3).map(tuple),
    written=st.integers(0, 99),
    causes=st.lists(causes, max_size=2).map(tuple),
    changed=texts,
    history=st.none() | st.builds(Flakiness, runs=st.just(3), failed=st.just(1), low=shares, high=shares),
)
events = st.one_of(
    st.builds(RunStarted, targets=st.tuples(texts), tasks=st.tuples(texts, texts), jobs=st.integers(1, 99)),
    st.builds(TaskHeld, texts, texts),
    st.builds(TaskStarted, texts, texts, st.integers(1, 9)),
    st.builds(TaskOutput, texts, st.sampled_from(["stdout", "stderr"]), st.binary(max_size=40)),
    st.builds(TaskFinished, texts, outcomes),
    st.builds(StopRequested, texts, seconds),
    st.builds(Warned, texts, st.none() | texts, st.none() | texts),
    st.builds(FailureExplained, texts, failures),
    st.builds(RunFinished, ok=st.booleans(), exit_code=st.integers(0, 255), seconds=seconds),
)
records = st.builds(Record, texts, st.integers(0, 2**40), seconds, events)


@settings(max_examples=300, deadline=None)
@given(records)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    """Every event, bytes that are no text included; one line each."""
    line = to_line(record)
    assert line.count(b"\n") == 1
    assert from_line(line) == record
    assert from_line(line.decode("utf-8", "surrogatepass")) == record


def test_the_form_is_the_documented_one() -> None:
    """Golden lines: whoever changes these changes the wire form."""
    out = io.BytesIO()
    reporter = JsonlReporter(out)
    build = TaskId("build")
    for seq, event in enumerate(
        [
            TaskOutput(build, "stdout", "h\u00e9\n".encode()),
            TaskOutput(build, "stderr", b"\xff"),
            TaskFinished(build, succeeded(code=0, seconds=1.5, value=object())),
        ]
    ):
        reporter.on_record(Record("r", seq, 10.5, event))
    lines = out.getvalue().decode().splitlines()
    assert lines[:2] == [
        '{"v":1,"run":"r","seq":0,"at":10.5,"event":{"task":"build","stream":"stdout","data":"h\u00e9\\n","type":"TaskOutput"}}',
        '{"v":1,"run":"r","seq":1,"at":10.5,"event":{"task":"build","stream":"stderr","data":{"base64":"/w=="},"type":"TaskOutput"}}',
    ]
    outcome = json.loads(lines[2])["event"]["outcome"]
    assert outcome["state"] == "succeeded"
    assert (outcome["ok"], outcome["code"], outcome["seconds"]) == (True, 0, 1.5)
    assert "value" not in outcome


def test_a_recording_of_version_1_is_read() -> None:
    """Written when the form was new, with what it had then; also a type and a field of a later time."""
    with open(RECORDINGS / "v1.jsonl", "rb") as file:
        found = list(read_records(file))
    run = "20260102T030405-0a1b2c3d"
    build, test = TaskId("build"), TaskId("test")
    assert found == [
        Record(run, 0, 1767323045.0, RunStarted(targets=(test,), tasks=(build, test), jobs=2)),
        Record(run, 1, 1767323045.25, TaskStarted(build, "make")),
        Record(run, 2, 1767323045.5, TaskOutput(build, "stdout", b"hello\n")),
        Record(run, 3, 1767323045.5, TaskOutput(build, "stderr", b"\xff\xfe")),
        Record(run, 4, 1767323046.0, TaskFinished(build, failed("exit code 2", code=2, seconds=0.75))),
        Record(run, 5, 1767323046.0, TaskFinished(test, skipped("needs `build` failed", ok=False))),
        Record(run, 6, 1767323046.0, Warned("disk is nearly full", "free some")),
        Record(run, 8, 1767323046.5, StopRequested("SIGINT", 5.0)),
        Record(run, 9, 1767323046.5, RunFinished(ok=False, exit_code=130, seconds=1.5)),
    ]


@pytest.mark.parametrize("line", ["{}", "[]", "1", "null", '{"v":1}', '{"v":1,"event":{"type":"Warned"}}', "nonsense"])
def test_what_is_no_record_says_so(line: str) -> None:
    """A `ValueError`, never another kind."""
    with pytest.raises(ValueError):
        from_line(line)


KEYS = st.sampled_from(["v", "run", "seq", "at", "event", "type", "task", "data"])
leaves = st.none() | st.booleans() | st.integers() | texts
values = st.recursive(leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=6))


@settings(max_examples=200, deadline=None)
@given(values)
def test_any_json_is_a_record_or_a_value_error(value: Any) -> None:
    """Readers may be fed anything."""
    try:
        from_line(json.dumps(value))
    except (ValueError, UsageError):
        pass


def test_a_newer_version_is_refused_with_a_hint() -> None:
    """Rather than misread."""
    with pytest.raises(UsageError, match="made by a newer TaskRush"):
        from_line('{"v":2}')


def test_a_recording_that_was_cut_off_is_read_up_to_there() -> None:
    """The writer was killed; but damage in the middle is told."""
    line = to_line(Record("r", 0, 0.0, Warned("x")))
    assert len(list(read_records([line, line[:-9]]))) == 1
    with pytest.raises(ValueError):
        list(read_records([line[:-9] + b"\n", line]))
