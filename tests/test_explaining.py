"""Failures are explained as part of a run: as events, at its end, from what was logged, if there are any."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from taskrush import Cause, Evidence, Project, Task
from taskrush.events import Event, FailureExplained, Record, RunFinished, Warned
from taskrush.explaining import MOST
from taskrush.report.log import LogReporter
from taskrush.values import evolve

RULES = "import sys; sys.stderr.write(' '.join(m for m in sys.modules if 'analy' in m or 'explaining' in m))"


class Heard:
    """Takes events down."""

    def __init__(self) -> None:
        self.events: List[Event] = []

    def on_record(self, record: Record) -> None:
        self.events.append(record.event)

    @property
    def explained(self) -> List[FailureExplained]:
        return [event for event in self.events if isinstance(event, FailureExplained)]


def run(root: Path, *tasks: Task, **options: Any) -> Heard:
    heard = Heard()
    project = Project.of(tasks, root=str(root))
    project.run([task.id for task in tasks], subscribers=[LogReporter(str(root)), heard], **options)
    return heard


@pytest.mark.core
def test_what_is_known_is_told_at_the_end_of_the_run(tmp_path: Path) -> None:
    """One event for each failure, after all ends and before that of the run; in a program as on the command line."""
    good = Task(id="good", action="echo 'error: no'")
    heard = run(tmp_path, good, Task(id="bad", action="echo 'error: wheel 3'; exit 3"), on_failure="keep-going", jobs=1)
    [told] = heard.explained
    assert (told.task, told.failure.lines, told.failure.written) == ("bad", ("error: wheel 3",), 1)
    assert [type(event) for event in heard.events[-2:]] == [FailureExplained, RunFinished]


@pytest.mark.core
def test_a_run_in_which_nothing_failed_pays_nothing(tmp_path: Path) -> None:
    """No module of the analysis is loaded; in one that failed they are."""
    (tmp_path / ".rush").write_text("tasks:\n  good: {cmd: 'true', inputs: [.rush]}\n  bad: 'false'\n")

    def loaded(task: str) -> str:
        code = f"from taskrush_cli.main import main\nmain(['--output=none', '-q', {task!r}])\n{RULES}"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stderr

    assert loaded("good") == ""
    assert "taskrush.analyze.failure" in loaded("bad")


def test_a_program_brings_causes_of_its_own(tmp_path: Path) -> None:
    """A function from evidence to causes, named for one run; its words come first."""

    def knows(evidence: Evidence) -> List[Cause]:
        return [Cause(kind="tide", message=f"perhaps the tide, `{evidence.task.id}` said {evidence.lines[0]!r}")]

    [told] = run(tmp_path, Task(id="t", action="echo high; exit 1"), advisors=[knows]).explained
    assert [cause.message for cause in told.failure.causes] == ["perhaps the tide, `t` said 'high'"]


def test_without_logs_the_end_alone_is_explained(tmp_path: Path) -> None:
    """Who keeps no logs is told what the exit code says."""
    heard = Heard()
    Project.of([Task(id="t", action=["grep", "x", os.devnull])], root=str(tmp_path)).run("t", subscribers=[heard])
    [told] = heard.explained
    assert ([cause.kind for cause in told.failure.causes], told.failure.written) == (["exit-code"], 0)


def test_very_many_failures_are_not_all_looked_into(tmp_path: Path) -> None:
    """The first of them, in the order of the plan."""
    tasks = [Task(id=f"t{number:02}", action=["false"]) for number in range(MOST + 5)]
    heard = run(tmp_path, *tasks, on_failure="keep-going")
    assert [told.task for told in heard.explained] == [task.id for task in tasks[:MOST]]


def test_trouble_with_explaining_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in there is a warning; the run ends as it did."""

    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("taskrush.explaining.explain", broken)
    heard = run(tmp_path, Task(id="t", action=["false"]))
    warnings = [event.message for event in heard.events if isinstance(event, Warned)]
    assert warnings == ["failures could not be explained: RuntimeError: boom"]
    assert isinstance(heard.events[-1], RunFinished)


def test_a_damaged_history_is_no_obstacle(tmp_path: Path) -> None:
    """Then nothing is said of earlier ends."""
    (tmp_path / ".taskrush").mkdir()
    (tmp_path / ".taskrush" / "history.db").write_bytes(b"SQLite format 3\0" + b"rubbish" * 4000)
    [told] = run(tmp_path, Task(id="t", action="echo 'error: x'; exit 1")).explained
    assert (told.failure.lines, told.failure.history) == (("error: x",), None)


def test_secrets_are_in_no_explanation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by way of the output nor by way of what is looked up."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://hunter2hunter2@docker:1")
    monkeypatch.setenv("TOKEN", "hunter2hunter2")
    (tmp_path / ".rush").write_text(
        "secrets: [TOKEN, DOCKER_HOST]\ntasks:\n"
        "  t: 'echo \"error: bad token hunter2hunter2\"; echo Is the docker daemon running; exit 1'\n"
    )
    heard = Heard()
    Project.load(str(tmp_path)).run("t", subscribers=[LogReporter(str(tmp_path)), heard])
    assert heard.explained
    assert "hunter2" not in repr(heard.events)


def test_hints_of_files_and_tasks_reach_the_tasks(tmp_path: Path) -> None:
    """A task's own come first; those of the file by name, also for members of a matrix; kept files keep them."""
    (tmp_path / ".rush").write_text(
        "hints:\n  - {pattern: a, message: for all}\n  - {pattern: b, message: for some, tasks: ['de*', m]}\n"
        "tasks:\n  deploy: {cmd: x, hints: [{pattern: c, message: own}]}\n  test: x\n"
        "  m: {cmd: x, matrix: {v: [1, 2]}}\n"
    )
    for _ in range(2):
        graph = Project.load(str(tmp_path)).graph
        said = {task.id: [hint.message for hint in task.hints] for task in graph if task.action is not None}
        assert said.pop("deploy") == ["own", "for all", "for some"]
        assert said.pop("test") == ["for all"]
        assert set(map(tuple, said.values())) == {("for all", "for some")}
        assert len(said) == 2


def test_a_hint_is_not_part_of_what_a_task_is(tmp_path: Path) -> None:
    """Another hint is no reason to run again."""
    from taskrush import FailureHint

    task = Task(id="t", action="x")
    assert evolve(task, hints=(FailureHint(pattern="a", message="b"),)) == task
