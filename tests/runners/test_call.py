"""Functions as tasks: what they get, what comes of them, and how they are stopped."""

import contextvars
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from taskrush import (
    CommandFailed,
    Outcome,
    Project,
    Record,
    State,
    TaskCancelled,
    TaskOutput,
    TaskSet,
    Warned,
    checkpoint,
    command,
    result_of,
    run,
    task,
)
from taskrush.runners.call import CallRunner
from taskrush.runners.local import LocalRunner

PATIENCE = 10.0


class Story:
    """Keeps what is told, and can react to it."""

    def __init__(self) -> None:
        self.records: List[Record] = []
        self.react: Callable[[Any], None] = lambda event: None

    def on_record(self, record: Record) -> None:
        self.records.append(record)
        self.react(record.event)

    def text(self, stream: str) -> str:
        events = [record.event for record in self.records]
        data = [event.data for event in events if isinstance(event, TaskOutput) and event.stream == stream]
        return b"".join(data).decode()


def run_one(function: Any, root: Path, **options: Any) -> Tuple[Outcome, Story]:
    story = Story()
    project = Project.of([*_tasks(function)], str(root))
    result = project.run(function.__name__.replace("_", "-"), subscribers=[story], **options)
    return result[function.__name__.replace("_", "-")], story


def _tasks(*things: Any) -> Any:
    return TaskSet(things).tasks


def run_and_stop(function: Any, root: Path, started: threading.Event, grace: float) -> Tuple[Outcome, Story, float]:
    """Run a task, stop the run once its function says that it is under way, and tell how long that took."""
    story = Story()
    project = Project.of(_tasks(function), str(root))
    executor = project.executor(project.plan("body"), subscribers=[story], grace=grace)
    at = [0.0]

    def stop() -> None:
        assert started.wait(PATIENCE)
        at[0] = time.monotonic()
        executor.stop("enough", exit_code=143)  # SIGTERM: dash may lose a SIGINT in its first millisecond

    stopper = threading.Thread(target=stop)
    stopper.start()
    result = executor.run()
    stopper.join()
    assert result.exit_code == 143
    return result["body"], story, time.monotonic() - at[0]


@pytest.mark.core
def test_arguments_results_and_extra_words_reach_the_function(tmp_path: Path) -> None:
    """Parameters by name, results of dependencies, what follows `--` as `*args`; positional-only ones too."""
    version = command("echo 1.2", name="version", capture=True)
    seen: List[Any] = []

    @task
    def build(a: int, /, b: int = 2, *rest: str, v: str = result_of(version), c: bool = False) -> None:
        seen.append((a, b, rest, v, c))

    project = Project.of(_tasks(build, version), str(tmp_path))
    assert project.run("build", arguments={"build": {"a": 1, "c": True}}, extra=["x", "y"]).ok
    assert project.run("build", arguments={"build": {"a": 1, "b": 5}}).ok
    assert seen == [(1, 2, ("x", "y"), "1.2", True), (1, 5, (), "1.2", False)]


@pytest.mark.core
def test_a_missing_result_or_place_for_words_is_said(tmp_path: Path) -> None:
    """A function is not called without the result it is bound to; words after `--` need `*args`."""

    @task
    def first() -> int:
        return 1

    @task
    def second(x: int = result_of(first)) -> None: ...

    project = Project.of(_tasks(first, second), str(tmp_path))
    running = CallRunner(LocalRunner(str(tmp_path), {}, "run")).start(project.task("second"), lambda *_: None, {})
    assert running.wait().reason == "needs the result of `first`, which is not part of this run"
    assert project.run("first", extra=["x"])["first"].reason == (
        "takes no arguments after `--`: the function has no `*args`"
    )


@pytest.mark.core
def test_async_functions_are_awaited(tmp_path: Path) -> None:
    """Each has an event loop of its own; its value counts."""
    import asyncio

    @task
    async def first() -> int:
        await asyncio.sleep(0)
        return 4

    @task
    async def body(x: int = result_of(first)) -> int:
        return x + 1

    assert run_one(body, tmp_path)[0].value == 5


@pytest.mark.core
def test_an_exception_fails_the_task_with_the_users_frames_alone(tmp_path: Path) -> None:
    """The traceback is output of the task and starts in the user's function; the reason is one line."""

    @task
    def body() -> None:
        inner()

    def inner() -> None:
        raise ValueError("boom")

    outcome, story = run_one(body, tmp_path)
    assert (outcome.state, outcome.reason) == (State.FAILED, "ValueError: boom")
    text = story.text("stderr")
    assert text.startswith("Traceback (most recent call last):\n  File ")
    assert text.count("  File ") == 2
    assert "in body" in text.splitlines()[1]
    assert text.endswith("ValueError: boom\n")
    assert "taskrush/runners" not in text.replace("tests/runners", "")


@pytest.mark.core
def test_async_exceptions_show_no_frames_of_the_event_loop(tmp_path: Path) -> None:
    """The same for async functions."""

    @task
    async def body() -> None:
        raise KeyError("k")

    outcome, story = run_one(body, tmp_path)
    assert outcome.reason == "KeyError: 'k'"
    assert story.text("stderr").count("  File ") == 1


@pytest.mark.core
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (SystemExit(), (State.SUCCEEDED, 0, None)),
        (SystemExit(0), (State.SUCCEEDED, 0, None)),
        (SystemExit(3), (State.FAILED, 3, "exit code 3")),
        (SystemExit("sorry"), (State.FAILED, 1, "sorry")),
        (KeyboardInterrupt(), (State.FAILED, None, "KeyboardInterrupt")),
        (GeneratorExit("x"), (State.FAILED, None, "GeneratorExit: x")),
        (CommandFailed("make", 2), (State.FAILED, 2, "command failed with exit code 2: make")),
    ],
    ids=repr,
)
def test_whatever_is_raised_ends_the_task_and_not_the_run(
    raised: BaseException, expected: Tuple[State, int, str], tmp_path: Path
) -> None:
    """`sys.exit` as in a script, everything else fails the task."""

    @task
    def body() -> None:
        raise raised

    outcome, _ = run_one(body, tmp_path)
    assert (outcome.state, outcome.code, outcome.reason) == expected


@pytest.mark.core
def test_a_failing_command_fails_the_task_unless_it_is_asked_not_to(tmp_path: Path) -> None:
    """`run` raises for an exit code, `check=False` gives it; output is the task's, captured text is not."""

    @task(env={"WHO": "task"})
    def body() -> None:
        assert run("exit 3", check=False).code == 3
        assert run("echo caught $WHO; echo e >&2", capture=True).stdout == "caught task\n"
        assert run("echo caught $WHO", capture=True, env={"WHO": "run"}).stdout == "caught run\n"
        run(["echo", "shown"])
        run("exit 4")

    outcome, story = run_one(body, tmp_path)
    assert (outcome.code, outcome.reason) == (4, "command failed with exit code 4: exit 4")
    assert story.text("stdout") == "shown\n"


def test_context_of_the_caller_is_seen(tmp_path: Path) -> None:
    """Context variables set around a run are those of its functions."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    @task
    def body() -> str:
        return variable.get()

    token = variable.set("set")
    try:
        assert run_one(body, tmp_path)[0].value == "set"
        with Project.of(_tasks(body), str(tmp_path)).start("body") as following:
            assert following.result()["body"].value == "set"
    finally:
        variable.reset(token)


def sleeps_in_command(started: threading.Event, cleaned: List[str]) -> Any:
    @task
    def body() -> None:
        started.set()
        try:
            run("sleep 60")
        finally:
            cleaned.append("yes")

    return body


def loops(started: threading.Event, cleaned: List[str]) -> Any:
    @task
    def body() -> None:
        started.set()
        try:
            while True:
                checkpoint()
                time.sleep(0.005)
        finally:
            cleaned.append("yes")

    return body


def awaits(started: threading.Event, cleaned: List[str]) -> Any:
    import asyncio

    @task
    async def body() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append("yes")

    return body


@pytest.mark.parametrize("kind", [sleeps_in_command, loops, awaits])
def test_stopping_reaches_commands_loops_and_async_functions(kind: Any, tmp_path: Path) -> None:
    """`run` ends its command and raises, `checkpoint` raises, an async function is cancelled: all within the grace."""
    started = threading.Event()
    cleaned: List[str] = []
    outcome, _, seconds = run_and_stop(kind(started, cleaned), tmp_path, started, grace=PATIENCE)
    assert (outcome.state, cleaned) == (State.CANCELLED, ["yes"])
    assert seconds < PATIENCE / 2


def test_a_function_that_does_not_stop_is_left_behind(tmp_path: Path) -> None:
    """After the grace period the task counts as cancelled, the run ends, and a warning says what goes on."""
    started, release = threading.Event(), threading.Event()

    @task
    def body() -> None:
        started.set()
        release.wait(PATIENCE)

    outcome, story, seconds = run_and_stop(body, tmp_path, started, grace=0.05)
    release.set()
    assert outcome.state is State.CANCELLED
    assert seconds < PATIENCE / 2
    warnings = [record.event for record in story.records if isinstance(record.event, Warned)]
    assert [one.task for one in warnings] == ["body"]


def test_what_was_left_behind_ends_at_its_next_checkpoint(tmp_path: Path) -> None:
    """`checkpoint` goes on raising when nobody waits any more."""
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    @task
    def body() -> None:
        started.set()
        release.wait(PATIENCE)
        try:
            checkpoint()
        except TaskCancelled:
            ended.set()
            raise

    run_and_stop(body, tmp_path, started, grace=0.05)
    release.set()
    assert ended.wait(PATIENCE)


def test_nothing_global_changes(tmp_path: Path) -> None:
    """A run that does not ask for prints leaves `sys.stdout` alone."""
    streams = (sys.stdout, sys.stderr)
    seen: List[Any] = []

    @task
    def body() -> None:
        seen.append((sys.stdout, sys.stderr))

    run_one(body, tmp_path)
    assert seen == [streams]
