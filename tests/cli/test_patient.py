"""What goes to a pipe comes in few pieces, in the same order and with the same words as on a terminal."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any, List, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.events import Event, Record, RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted, Warned
from taskrush.model.outcome import failed, succeeded
from taskrush.model.task import TaskId
from taskrush_cli.render.console import Console
from taskrush_cli.render.output import Output
from taskrush_cli.render.patient import Patient
from taskrush_cli.render.style import Style
from tests.report.past import RUN, plan_of
from tests.scenarios.rush import environment

pytestmark = pytest.mark.core
NAMES = [TaskId(name) for name in "abcd"]


class Pieces(io.BytesIO):
    """Both streams as one file; how often something was written."""

    count = 0

    def write(self, data: Any) -> int:
        self.count += 1
        return super().write(data)


def told(events: Sequence[Event], patient: bool, mode: str = "grouped", settle: Sequence[int] = ()) -> Pieces:
    """What a run of these events writes; `settle` comes after these."""
    plan = plan_of(Path("/"), NAMES)
    pieces = Pieces()
    stream = io.TextIOWrapper(pieces, write_through=True)
    out = Output(stream, stream)
    console = Console(plan, out, Style(False, False), mode=mode)
    subscriber: Any = Patient(plan, console, out) if patient else console
    for number, event in enumerate(events):
        subscriber.on_record(Record(RUN, number, 1.0, event))
        if number in settle and patient:
            subscriber.settle()
    stream.detach()
    return pieces


def test_short_tasks_are_told_in_one_piece() -> None:
    """Their lines are written together when nothing happens, or with what comes next."""
    events: List[Event] = [RunStarted(targets=(NAMES[-1],), tasks=tuple(NAMES), jobs=1)]
    for name in NAMES:
        events += [TaskStarted(name, "x"), TaskFinished(name, succeeded(code=0, seconds=0.25))]
    held, waiting = told(events, patient=True), told(events, patient=True, settle=[8])
    assert held.getvalue() == b""
    assert (waiting.getvalue(), waiting.count) == (b"ok a  0.25s\nok b  0.25s\nok c  0.25s\nok d  0.25s\n", 1)
    shown = told([*events, Warned("fine")], patient=True).getvalue()
    assert shown == waiting.getvalue() + b"warning: fine\n"


@settings(max_examples=200, deadline=None)
@given(data=st.data(), mode=st.sampled_from(("grouped", "stream", "errors", "none")))
def test_nothing_is_told_otherwise(data: st.DataObject, mode: str) -> None:
    """Whatever happens, in whatever order: the same bytes in one file for both streams."""
    events: List[Event] = [RunStarted(targets=(NAMES[-1],), tasks=tuple(NAMES), jobs=4)]
    running: List[TaskId] = []
    waiting = list(NAMES)
    while running or waiting:
        choice = data.draw(st.sampled_from(["start"] * bool(waiting) + ["end", "print", "fail"] * bool(running)))
        if choice == "start":
            running.append(waiting.pop(0))
            events.append(TaskStarted(running[-1], "x"))
            continue
        name = data.draw(st.sampled_from(running))
        if choice == "print":
            text = data.draw(st.sampled_from((b"one\n", b"half", b"\n", b"two\nlines\n")))
            events.append(TaskOutput(name, data.draw(st.sampled_from(("stdout", "stderr"))), text))
            continue
        running.remove(name)
        events.append(TaskFinished(name, succeeded(code=0) if choice == "end" else failed("exit code 1", code=1)))
    events.append(RunFinished(ok=True, exit_code=0, seconds=1.0))
    settle = data.draw(st.lists(st.integers(0, len(events)), max_size=5))
    assert told(events, True, mode, settle).getvalue() == told(events, False, mode).getvalue()


def test_a_pipe_hears_of_an_end_while_others_run(tmp_path: Path) -> None:
    """Not at the end of the run, but a moment later: the second task sees what was said of the first."""
    wait = "for i in $(seq 200); do grep -q first said && exit 0; sleep 0.05; done; exit 1"
    (tmp_path / ".rush").write_text(f'tasks:\n  first: /bin/true\n  second: {{cmd: "{wait}", deps: [first]}}\n')
    with open(tmp_path / "said", "wb") as said:
        words = [sys.executable, "-m", "taskrush", "second"]
        assert subprocess.run(words, cwd=tmp_path, env=environment(), stderr=said, check=False).returncode == 0
