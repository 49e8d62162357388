"""What is shown of a run, from records alone."""

import io
from typing import List, Sequence

import pytest

from taskrush.events import (
    CHANGED,
    Event,
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
from taskrush.model.outcome import Outcome, State, failed, skipped, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from taskrush_cli.render.ci import DIALECTS
from taskrush_cli.render.console import Console
from taskrush_cli.render.output import Output
from taskrush_cli.render.style import Style

pytestmark = pytest.mark.core

A, B, C = TaskId("a"), TaskId("b"), TaskId("c")
PLAN = Plan(
    tasks=tuple(Task(id=name, action=f"run {name}") for name in (A, B, C)),
    needs=((), (), ()),
    after=((), (), ()),
    targets=(A, B, C),
)
OK = succeeded(seconds=1.0)


def shown(events: Sequence[Event], plan: Plan = PLAN, **options: object) -> List[str]:
    """The lines that a console writes; both streams go to one place."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    console = Console(plan, Output(stream, stream), Style(unicode=True), **options)  # type: ignore[arg-type]
    for number, event in enumerate(events):
        console.on_record(Record("run", number, 1000.0 + number, event))
    return raw.getvalue().decode("utf-8", "backslashreplace").splitlines()


def out(task: TaskId, text: str) -> TaskOutput:
    return TaskOutput(task, "stdout", text.encode())


def end(*states: State) -> RunFinished:
    bad = State.FAILED in states
    return RunFinished(ok=not bad, exit_code=int(bad), seconds=2.0)


def test_blocks_stay_together() -> None:
    """The oldest task writes at once; the second waits until the first ends, and then goes on writing at once."""
    assert shown(
        [
            RunStarted(targets=(A, B), tasks=(A, B, C), jobs=2),
            TaskStarted(A, "run a"),
            TaskStarted(B, "run b"),
            out(B, "b1\n"),
            out(A, "a1\n"),
            out(B, "b2\n"),
            out(A, "a2\n"),
            TaskFinished(A, OK),
            out(B, "b3\n"),
            TaskFinished(B, OK),
            end(),
        ]
    ) == [
        "▶ a  run a",
        "a1",
        "a2",
        "✓ a  1.00s",
        "▶ b  run b",
        "b1",
        "b2",
        "b3",
        "✓ b  1.00s",
        "done: 3 tasks in 2.00s (2 succeeded)",
    ]


def test_a_failure_is_repeated_only_when_something_stands_after_it() -> None:
    """The output of what failed stands at the end, once if it can."""
    story = [
        TaskStarted(A, "run a"),
        out(A, "no end of line"),
        TaskFinished(A, failed("exit code 2", seconds=1.0)),
        end(State.FAILED),
    ]
    lines = shown(story)
    assert lines == [
        "▶ a  run a",
        "no end of line",
        "✗ a  exit code 2  1.00s",
        "failed: 3 tasks in 2.00s (1 failed)",
        "hint: `taskrush a` runs it again",
    ]
    after = [TaskStarted(B, "run b"), out(B, "b\n"), TaskFinished(B, OK)]
    lines = shown([*story[:-1], *after, story[-1]])
    assert lines[-5:] == [
        "output of a:",
        "no end of line",
        "✗ a  exit code 2  1.00s",
        "failed: 3 tasks in 2.00s (1 succeeded, 1 failed)",
        "hint: `taskrush a` runs it again",
    ]


def test_a_failure_inside_a_group_is_repeated_outside() -> None:
    """Nobody has to open a group to see what failed."""
    lines = shown(
        [
            TaskStarted(A, "run a"),
            out(A, "reason\n"),
            TaskFinished(A, failed("exit code 2", seconds=1.0)),
            end(State.FAILED),
        ],
        dialect=DIALECTS["github"],
    )
    assert lines[:4] == ["::group::a", "reason", "::endgroup::", "✗ a  exit code 2  1.00s"]
    assert lines[5:8] == ["output of a:", "reason", "::error::task a failed: exit code 2"]
    assert lines.count("::group::a") == lines.count("::endgroup::") == 1


def test_lines_are_never_torn_in_stream_mode() -> None:
    """Pieces of lines are put together by task and stream; the last one is ended when the task ends."""
    events = [TaskStarted(A), TaskStarted(B), out(A, "one "), out(B, "two\n"), out(A, "line\nlast"), out(B, "x\r")]
    lines = shown([*events, TaskFinished(A, OK), TaskFinished(B, OK), end()], mode="stream")
    assert lines[:4] == ["b │ two", "a │ one line", "a │ last", "✓ a  1.00s"]


def test_modes_that_show_less() -> None:
    """`errors` shows what failed tasks wrote, `none` nothing, `quiet` only failures at all."""
    events = [
        TaskStarted(A),
        out(A, "fine\n"),
        TaskFinished(A, OK),
        TaskStarted(B),
        out(B, "bad\n"),
        TaskFinished(B, failed("exit code 1")),
        end(State.FAILED),
    ]
    assert "fine" not in shown(events, mode="errors")
    assert "bad" in shown(events, mode="errors")
    assert "bad" not in shown(events, mode="none")
    assert shown(events, quiet=True)[0] == "bad"
    assert shown([*events[:3], end()], quiet=True) == []


def test_warnings_stops_and_skips() -> None:
    """A warning closes the open block; a stop says how long it may take and what else can be done."""
    lines = shown(
        [
            TaskStarted(A, "run a"),
            out(A, "working"),
            Warned("the cache is slow", "use a faster one"),
            StopRequested("SIGINT", 5.0),
            TaskFinished(A, Outcome(state=State.CANCELLED, ok=False, reason="cancelled", seconds=1.0)),
            TaskFinished(B, skipped("only for plan9", ok=True)),
            TaskFinished(C, skipped("needs `a` was cancelled", ok=False)),
            RunFinished(ok=False, exit_code=130, seconds=2.0),
        ]
    )
    assert lines == [
        "▶ a  run a",
        "working",
        "warning: the cache is slow",
        "hint: use a faster one",
        "stopping: SIGINT; a may take 5s to end, interrupt again to end at once",
        "■ a  cancelled  1.00s",
        "- b  skipped: only for plan9",
        "interrupted: 3 tasks in 2.00s (2 skipped, 1 cancelled)",
    ]


def test_a_reason_of_several_lines_keeps_its_first_one_whole() -> None:
    """Time and place stand behind the first line, hints below it."""
    bad = failed("it cannot\nhint: do otherwise", seconds=1.0)
    events = [TaskStarted(A, "run a"), TaskFinished(A, bad), TaskStarted(B, "run b"), TaskFinished(B, bad)]
    assert shown([*events, end(State.FAILED)]) == [
        "✗ a  it cannot  1.00s",
        "hint: do otherwise",
        "✗ b  it cannot  1.00s",
        "hint: do otherwise",
        "✗ a  it cannot  1.00s",
        "hint: do otherwise",
        "✗ b  it cannot  1.00s",
        "hint: do otherwise",
        "failed: 3 tasks in 2.00s (2 failed)",
        "hint: `taskrush a b` runs them again",
    ]


def test_a_variable_that_cannot_be_computed_is_tried_again_by_what_was_asked_for() -> None:
    """Its hidden task has a name that no shell would pass on."""
    name = TaskId("a$v")
    tasks = (Task(id=name, action="false", hidden=True, capture=True), Task(id="odd name", action="x"))
    plan = Plan(tasks=tasks, needs=((), (0,)), after=((), ()), targets=(TaskId("odd name"),))
    lines = shown([TaskStarted(name, "false"), TaskFinished(name, failed("bad")), end(State.FAILED)], plan)
    assert lines[-1] == "hint: `taskrush 'odd name'` runs it again"


def test_what_a_task_with_the_terminal_is_told_to_have_written_has_no_second_header() -> None:
    """Such as the traceback of a function."""
    plan = Plan(tasks=(Task(id=A, action="x", interactive=True),), needs=((),), after=((),), targets=(A,))
    events = [TaskStarted(A, "x"), out(A, "oh\n"), TaskFinished(A, failed("no", seconds=1.0)), end(State.FAILED)]
    assert shown(events, plan) == [
        "▶ a  x",
        "oh",
        "✗ a  no  1.00s",
        "failed: 1 task in 2.00s (1 failed)",
        "hint: `taskrush a` runs it again",
    ]


def test_verbose_says_commands_and_every_reason() -> None:
    events = [
        TaskStarted(A, "first\nsecond"),
        TaskFinished(A, OK),
        TaskFinished(B, skipped("needs `x` failed", ok=False)),
        end(),
    ]
    assert shown(events, verbose=1)[:5] == [
        "▶ a",
        "  $ first",
        "  $ second",
        "✓ a  1.00s",
        "- b  skipped: needs `x` failed",
    ]


def test_a_miss_says_why_in_its_header_or_if_there_is_none_at_its_end() -> None:
    """Once, and not that something runs for the first time unless `-v` asks for it."""
    first = TaskStarted(A, "run a", reason="no earlier result")
    events = [
        first,
        out(A, "a1\n"),
        TaskFinished(A, OK),
        TaskStarted(B, "run b", reason="input b.c changed"),
        out(B, "b1\n"),
        TaskFinished(B, OK),
        TaskStarted(C, "run c", reason="env X is new"),
        TaskFinished(C, OK),
    ]
    assert shown(events) == [
        "▶ a  run a",
        "a1",
        "✓ a  1.00s",
        "▶ b  run b  (input b.c changed)",
        "b1",
        "✓ b  1.00s",
        "✓ c  (env X is new)  1.00s",
    ]
    assert shown([first, TaskFinished(A, OK)], verbose=1)[0] == "▶ a  (no earlier result)"
    assert shown(events[3:], quiet=True) == []
    assert max(map(len, shown(events[3:], width=30))) <= 30


def test_the_summary_says_what_was_saved() -> None:
    """By what was fresh and by what was restored; a moment is not worth a word."""
    fresh = Outcome(state=State.FRESH, ok=True, saved_seconds=60.0)
    hit = Outcome(state=State.HIT, ok=True, saved_seconds=5.0)
    assert shown([TaskFinished(A, fresh), TaskFinished(B, hit), end()])[-1] == (
        "done: 3 tasks in 2.00s (1 fresh, 1 hit), 1m05s saved"
    )
    moment = Outcome(state=State.FRESH, ok=True, saved_seconds=0.1)
    assert shown([TaskFinished(A, moment), TaskFinished(B, moment), end()])[-1] == "done: 3 tasks in 2.00s (2 fresh)"


def test_long_commands_fit_the_terminal() -> None:
    lines = shown([TaskStarted(A, "x" * 300), out(A, "o\n")], width=40)
    assert lines[0] == "▶ a  " + "x" * 34 + "…"


def crowd(number: int, **options: object) -> List[str]:
    """The lines of a run of so many tasks that is interrupted while all of them run."""
    names = [TaskId(f"t{index}") for index in range(number)]
    plan = Plan(
        tasks=tuple(Task(id=name, action="x") for name in names),
        needs=((),) * number,
        after=((),) * number,
        targets=tuple(names),
    )
    events: List[Event] = [TaskStarted(name, "x") for name in names]
    events += [out(name, f"said by {name}\n") for name in names]
    events.append(StopRequested("SIGINT", 5.0))
    events += [TaskFinished(name, Outcome(state=State.CANCELLED, ok=False, reason="cancelled")) for name in names]
    events.append(RunFinished(ok=False, exit_code=130, seconds=1.0))
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    console = Console(plan, Output(stream, stream), Style(unicode=True), **options)  # type: ignore[arg-type]
    for index, event in enumerate(events):
        console.on_record(Record("run", index, 1000.0, event))
    return raw.getvalue().decode().splitlines()


@pytest.mark.parametrize("mode", ["grouped", "stream", "errors", "none"])
def test_a_crowd_that_is_cancelled_is_counted(mode: str) -> None:
    """Ctrl-C while 200 tasks run gives a few lines; a few tasks are told of, and with -v all."""
    lines = crowd(200, mode=mode)
    after = lines[next(index for index, line in enumerate(lines) if line.startswith("stopping")) :]
    assert after == [
        "stopping: SIGINT; t0, t1, t2 and 197 more may take 5s to end, interrupt again to end at once",
        "interrupted: 200 tasks in 1.00s (200 cancelled)",
    ]
    assert sum("■" in line for line in crowd(3, mode=mode)) == 3
    assert sum("■" in line for line in crowd(200, mode=mode, verbose=1)) == 200


def test_a_restart_by_a_watch_is_no_interruption() -> None:
    """One line says what is ended for it; nobody reads that the run failed."""
    assert shown(
        [
            RunStarted(targets=(A,), tasks=(A,), jobs=2),
            TaskStarted(A, "run a"),
            out(A, "serving\n"),
            StopRequested(CHANGED, 5.0),
            TaskFinished(A, Outcome(state=State.CANCELLED, ok=False, reason="cancelled")),
            RunFinished(ok=False, exit_code=143, seconds=1.0),
        ]
    ) == ["▶ a  run a", "serving", "changed: ending a"]


def test_who_waits_for_a_limit_is_told_on_demand() -> None:
    """With `-v` a line says for what."""
    events = [TaskHeld(B, "pool `database`"), TaskStarted(B, "run b"), TaskFinished(B, OK), end()]
    assert "b waits for pool `database`" in shown(events, verbose=1)
    assert "b waits for pool `database`" not in shown(events)
