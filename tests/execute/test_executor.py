"""The executor tells the whole story of a run, whatever runners, subscribers and people do to it."""

import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import pytest

from taskrush.events import (
    Event,
    Record,
    RunFinished,
    RunStarted,
    StopRequested,
    TaskFinished,
    TaskOutput,
    TaskStarted,
    Warned,
)
from taskrush.execute.executor import Executor
from taskrush.model.outcome import Outcome, RunResult, State, cancelled, failed, skipped, succeeded
from taskrush.model.plan import Plan
from taskrush.model.policy import Requirement
from taskrush.model.task import Task, TaskId
from taskrush.testing.fakes import FakeClock, FakeMemory, FakeRunner, RecordingSubscriber, Script
from taskrush.wiring import SystemClock

pytestmark = pytest.mark.core
A, B, C = TaskId("a"), TaskId("b"), TaskId("c")


def make_plan(tasks: Sequence[Task], root: str = "/", after: Optional[Dict[str, Tuple[str, ...]]] = None) -> Plan:
    """Tasks in an order in which they could run; `deps` by name, `after` for what runs in any case."""
    number = {task.id: place for place, task in enumerate(tasks)}
    return Plan(
        tasks=tuple(tasks),
        needs=tuple(tuple(number[TaskId(dep.task)] for dep in task.deps) for task in tasks),
        after=tuple(tuple(number[TaskId(name)] for name in (after or {}).get(task.id, ())) for task in tasks),
        targets=(tasks[-1].id,) if tasks else (),
        root=root,
    )


def play(
    tasks: Sequence[Task],
    scripts: Optional[Mapping[str, Union[Script, Outcome]]] = None,
    *,
    runner: Any = None,
    subscribers: Sequence[Any] = (),
    root: str = "/",
    **options: Any,
) -> "Tuple[RunResult, List[Event]]":
    """Run tasks by a fake runner; how it ended and all that was told."""
    told = RecordingSubscriber()
    executor = make_executor(tasks, scripts, runner=runner, subscribers=[*subscribers, told], root=root, **options)
    return executor.run(), told.events


def make_executor(
    tasks: Sequence[Task],
    scripts: Optional[Mapping[str, Union[Script, Outcome]]] = None,
    *,
    runner: Any = None,
    root: str = "/",
    after: Any = None,
    **options: Any,
) -> Executor:
    options.setdefault("clock", SystemClock())
    return Executor(
        make_plan(tasks, root, after),
        runners={"local": runner or FakeRunner(scripts)},
        run_id="r",
        **options,
    )


def test_the_story_of_two_tasks() -> None:
    """Records are numbered and stamped; output comes between start and end; a dependant starts afterwards."""
    told = RecordingSubscriber()
    tasks = [Task(id=A, action="make a"), Task(id=B, deps=[A], action=["b", "x y"])]
    scripts = {"a": Script(output=(("stdout", b"one\n"), ("stderr", b"\xff\n")))}
    result = make_executor(tasks, scripts, subscribers=[told], clock=FakeClock()).run()
    assert told.events == [
        RunStarted(targets=(B,), tasks=(A, B), jobs=1),
        TaskStarted(A, "make a"),
        TaskOutput(A, "stdout", b"one\n"),
        TaskOutput(A, "stderr", b"\xff\n"),
        TaskFinished(A, succeeded()),
        TaskStarted(B, "b 'x y'"),
        TaskFinished(B, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]
    assert [(record.run, record.seq, record.at) for record in told.records] == [
        ("r", seq, 1_000_000_000.0) for seq in range(8)
    ]
    assert result == RunResult(run="r", ok=True, exit_code=0, seconds=0.0, outcomes={A: succeeded(), B: succeeded()})


def test_a_failure_skips_what_needs_it_and_what_ends_in_any_case_still_runs() -> None:
    """`finally` tasks run while the rest drains."""
    tasks = [Task(id=A, action="a"), Task(id=B, action="b", deps=[A]), Task(id=C, action="c")]
    _, events = play(tasks, {"a": failed("exit code 1", code=1)}, after={"c": ("a",)})
    assert events[1:] == [
        TaskStarted(A, "a"),
        TaskFinished(A, failed("exit code 1", code=1)),
        TaskFinished(B, skipped("needs `a` failed", ok=False)),
        TaskStarted(C, "c"),
        TaskFinished(C, succeeded()),
        RunFinished(ok=False, exit_code=1, seconds=0.0),
    ]


def test_an_empty_plan_is_a_good_run() -> None:
    """Nothing to do is done at once."""
    result, events = play([])
    assert result.ok
    assert [type(event) for event in events] == [RunStarted, RunFinished]


def test_results_reach_those_who_bind_them() -> None:
    """`values` are the results of the tasks that `bindings` names, for the action and for its probes."""
    runner = FakeRunner({"a": succeeded(value="wheel.whl")})
    play([Task(id=A, action="a"), Task(id=B, action="b", deps=[A], bindings={"wheel": A})], runner=runner)
    assert runner.values[B] == {"wheel": "wheel.whl"}


def test_never_more_than_jobs_at_a_time() -> None:
    """The limit holds for what really runs."""
    runner = FakeRunner()
    play([Task(id=f"t{n}", action="x") for n in range(40)], runner=runner, jobs=3)
    assert 1 <= runner.most <= 3


class Asking(FakeRunner):
    """Answers probes: a command `no` fails, everything else succeeds."""

    def start(self, task: Task, on_output: Any, values: Any) -> Any:
        self._scripts[task.id] = failed("exit code 1") if str(task.action) == "no" else succeeded()
        on_output("stdout", b"asked " + str(task.action).encode())
        return super().start(task, on_output, values)


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        (Task(id=A, action="x", condition="no"), skipped("condition does not hold: no", ok=True)),
        (Task(id=A, action="x", platforms=["plan9"]), skipped("only for plan9", ok=True)),
        (
            Task(id=A, action="x", requires=(Requirement(command="yes"), Requirement(command="no", message="log in"))),
            failed("log in"),
        ),
        (Task(id=A, action="x", requires=(Requirement(command="no"),)), failed("requirement does not hold: no")),
        (
            Task(id=A, action="x", requires=(Requirement(env="NO_SUCH_VAR"),)),
            failed("requires the environment variable NO_SUCH_VAR"),
        ),
        (Task(id=A, action="x", requires=(Requirement(file="no/file"),)), failed("requires the file no/file")),
        (
            Task(id=A, action="x", requires=(Requirement(program="no-such"),)),
            failed("requires the program no-such on PATH"),
        ),
    ],
)  # fmt: skip
def test_what_is_asked_first_decides(task: Task, outcome: Outcome) -> None:
    """Conditions skip, requirements fail; the action is not started and what probes print is not shown."""
    _, events = play([task], runner=Asking())
    assert events[1:-1] == [TaskFinished(A, outcome)]


def test_a_condition_that_holds_lets_the_task_run() -> None:
    """Questions come in order, then the action."""
    task = Task(id=A, action="go", condition="yes", requires=(Requirement(command="ready"),))
    runner = Asking()
    _, events = play([task], runner=runner)
    assert events[1:-1] == [TaskStarted(A, "go"), TaskOutput(A, "stdout", b"asked go"), TaskFinished(A, succeeded())]
    assert [name for name, _ in runner.calls] == ["start", "start", "start", "close"]


def test_stopping_while_a_question_is_asked_ends_it() -> None:
    """A probe is cancelled like an action, and the action never starts."""
    runner = FakeRunner({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="x", condition="slow")], runner=runner, subscribers=[told])
    threading.Timer(0.05, executor.stop).start()
    assert executor.run().exit_code == 143
    assert told.events[1:] == [
        StopRequested("stopped", 5.0),
        TaskFinished(A, cancelled("cancelled")),
        RunFinished(ok=False, exit_code=143, seconds=0.0),
    ]
    assert runner.calls == [("start", A), ("interrupt", 15), ("cancel", A), ("close", None)]


def test_a_runner_that_raises_fails_its_task_only() -> None:
    """Raising from `start` or from `wait` is a failure with the reason."""

    class Broken(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            if task.id == A:
                raise OSError("no room")
            return super().start(task, on_output, values)

    runner = Broken({"b": Script(raises=ValueError("odd"))})
    _, events = play([Task(id=A, action="a"), Task(id=B, action="b")], runner=runner, on_failure="keep-going")
    assert [event for event in events if isinstance(event, TaskFinished)] == [
        TaskFinished(A, failed("runner `local` failed: OSError: no room")),
        TaskFinished(B, failed("runner `local` failed: ValueError: odd")),
    ]


def test_an_unknown_runner_fails_its_task() -> None:
    """The message names it."""
    result, _ = play([Task(id=A, action="a", runner="moon")])
    assert result["a"].reason == "there is no runner `moon` in this run"


def test_what_cannot_listen_is_refused_before_anything_runs() -> None:
    """A function in place of a subscriber would be dropped with nobody to tell."""
    runner = FakeRunner({})
    with pytest.raises(TypeError, match="a subscriber has a method `on_record"):
        play([Task(id=A, action="a")], runner=runner, subscribers=[print])
    assert runner.calls == []


def test_a_subscriber_that_raises_is_dropped_and_the_others_are_told() -> None:
    """The run goes on; the story says who failed."""

    class Broken:
        def on_record(self, record: Record) -> None:
            if record.seq == 1:
                raise RuntimeError("full")
            assert record.seq == 0, "told again"

    _, events = play([Task(id=A, action="a")], subscribers=[Broken()])
    assert events == [
        RunStarted(targets=(A,), tasks=(A,), jobs=1),
        TaskStarted(A, "a"),
        Warned("subscriber Broken failed and was dropped: RuntimeError: full"),
        TaskFinished(A, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]


def test_who_holds_something_is_told_when_nothing_happens() -> None:
    """A moment after something was told; one that raises then is dropped as well, of which they are told in turn."""
    story: List[str] = []

    class Holds:
        def on_record(self, record: Record) -> None:
            story.append(type(record.event).__name__)

        def settle(self) -> None:
            story.append("settle")
            if story.count("settle") == 2:
                executor.stop()

    class Broken:
        def on_record(self, record: Record) -> None:
            pass

        def settle(self) -> None:
            raise RuntimeError("full")

    executor = make_executor([Task(id=A, action="a")], {"a": Script(holds=True)}, subscribers=[Holds(), Broken()])
    executor.run()
    assert story[:5] == ["RunStarted", "TaskStarted", "settle", "Warned", "settle"]


def test_who_writes_faster_than_it_is_read_waits() -> None:
    """A thread is at most a bounded number of pieces ahead of the subscribers."""
    ahead = []
    written = 0
    seen = 0

    class Slow:
        def on_record(self, record: Record) -> None:
            nonlocal seen
            if isinstance(record.event, TaskOutput):
                seen += 1
                ahead.append(written - seen)
                if seen % 100 == 0:
                    time.sleep(0.001)

    class Chatty(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            running = super().start(task, on_output, values)

            def wait() -> Outcome:
                nonlocal written
                for _ in range(5000):
                    written += 1
                    on_output("stdout", b"x")
                return succeeded()

            running.wait = wait
            return running

    play([Task(id=A, action="a")], runner=Chatty(), subscribers=[Slow()])
    assert seen == 5000
    assert max(ahead) <= 258


# --- stopping -----------------------------------------------------------------------


def test_stop_before_run_starts_nothing() -> None:
    """The run ends at once with every task cancelled."""
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a"), Task(id=B, action="b")], subscribers=[told])
    executor.stop("SIGTERM", exit_code=143)
    assert executor.run().exit_code == 143
    over = cancelled("not started: SIGTERM")
    assert told.events[1:] == [
        StopRequested("SIGTERM", 5.0),
        TaskFinished(A, over),
        TaskFinished(B, over),
        RunFinished(ok=False, exit_code=143, seconds=0.0),
    ]


def test_stop_after_run_does_nothing() -> None:
    """Late signals are harmless, also to descriptors that are somebody else's by then."""
    executor = make_executor([Task(id=A, action="a")])
    result = executor.run()
    for _ in range(3):
        executor.stop()
    assert result.exit_code == 0


def test_an_executor_runs_once() -> None:
    """Running it again is a mistake that is named."""
    executor = make_executor([])
    executor.run()
    with pytest.raises(RuntimeError, match="runs once"):
        executor.run()


def test_stop_passes_the_signal_on_then_ends_by_force_after_the_grace_period() -> None:
    """A stubborn task is told once, then forced."""
    runner = FakeRunner({"a": Script(holds=True, stubborn=True)})
    executor = make_executor([Task(id=A, action="a")], runner=runner, grace=0.1)
    threading.Timer(0.05, lambda: executor.stop("SIGTERM", 143)).start()
    begun = time.monotonic()
    assert executor.run()["a"] == attrs_like(cancelled("cancelled"), executor)
    assert 0.14 < time.monotonic() - begun < 3
    assert runner.calls == [("start", A), ("interrupt", 15), ("cancel", A), ("kill", A), ("close", None)]


def attrs_like(outcome: Outcome, executor: Executor) -> Outcome:
    """`outcome` with the time that the task really took."""
    import attrs

    return attrs.evolve(outcome, seconds=executor._outcomes[A].seconds)


def test_a_second_stop_by_force_does_not_wait() -> None:
    """As a second Ctrl-C."""
    runner = FakeRunner({"a": Script(holds=True, stubborn=True)})
    executor = make_executor([Task(id=A, action="a")], runner=runner, grace=60)
    threading.Timer(0.05, executor.stop).start()
    threading.Timer(0.1, lambda: executor.stop(force=True)).start()
    begun = time.monotonic()
    assert executor.run().exit_code == 143
    assert time.monotonic() - begun < 5


def test_fail_fast_ends_the_others_and_spares_last_wishes() -> None:
    """With `kill`, the grace period holds for what runs, and `finally` tasks still run afterwards."""
    runner = FakeRunner({"a": failed("no"), "b": Script(holds=True, stubborn=True)})
    tasks = [Task(id=B, action="b"), Task(id=A, action="a"), Task(id=C, action="c")]
    executor = make_executor(tasks, runner=runner, jobs=2, on_failure="fail-fast", grace=0.05, after={"c": ("a",)})
    result = executor.run()
    assert {name: outcome.state for name, outcome in result.outcomes.items()} == {
        B: State.CANCELLED,
        A: State.FAILED,
        C: State.SUCCEEDED,
    }
    assert result.exit_code == 1
    assert ("kill", B) in runner.calls


def test_what_cannot_be_killed_is_left_behind_with_a_word() -> None:
    """A thread that does not end does not hold the run."""

    class Deaf(FakeRunner):
        def start(self, task: Task, on_output: Any, values: Any) -> Any:
            running = super().start(task, on_output, values)
            running.cancel = lambda force=False: None
            return running

    runner = Deaf({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a")], runner=runner, subscribers=[told])
    threading.Timer(0.05, lambda: executor.stop(force=True)).start()
    executor.run()
    assert told.events[2:-1] == [
        StopRequested("stopped", 0.0),
        Warned("`a`: did not end although it was told to, and is left behind", task=A),
        TaskFinished(A, cancelled("left behind")),
    ]
    runner.release("a")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_error_in_the_thread_of_the_run_leaves_nothing_running(error: type) -> None:
    """Ctrl-C without a signal handler, or a bug: everything is ended, the story is completed, the error passed on."""
    runner = FakeRunner({"a": Script(holds=True)})

    class Interrupting:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, TaskStarted) and record.event.task == B:
                raise error

    class Passing(RecordingSubscriber):
        pass

    told = Passing()
    executor = make_executor(
        [Task(id=A, action="a"), Task(id=B, action="b"), Task(id=C, action="c")],
        runner=runner,
        jobs=2,
        subscribers=[told],
    )
    executor._bus._subscribers.append(Interrupting())
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            executor.run()
        assert told.events[-1] == RunFinished(ok=False, exit_code=130, seconds=0.0)
        assert sorted(event.task for event in told.of(TaskFinished)) == [A, B, C]  # type: ignore[attr-defined]
        assert ("kill", A) in runner.calls
    else:  # an `Exception` of a subscriber is the subscriber's own affair
        runner._scripts["a"] = Script()
        assert executor.run().ok
    assert runner.running == 0
    assert ("close", None) in runner.calls


def test_an_internal_error_ends_what_runs() -> None:
    """A bug of the executor itself is passed on, after the clean-up, with exit code 3 in the story."""
    runner = FakeRunner({"a": Script(holds=True)})
    told = RecordingSubscriber()
    executor = make_executor([Task(id=A, action="a")], runner=runner, subscribers=[told])

    def broken() -> None:
        raise AssertionError("a bug")

    executor._carrier.at(time.monotonic() + 0.05, broken)
    with pytest.raises(AssertionError, match="a bug"):
        executor.run()
    assert told.events[-1] == RunFinished(ok=False, exit_code=3, seconds=0.0)
    assert runner.running == 0


def test_stop_from_many_threads_at_any_time() -> None:
    """Whenever it comes, the run ends, each task has one end, and nothing starts after the stop was told."""
    for moment in range(12):
        told = RecordingSubscriber()
        tasks = [Task(id=f"t{n}", action="x" if n % 2 else None) for n in range(300)]
        executor = make_executor(tasks, subscribers=[told], jobs=4)
        threads = [threading.Timer(moment * 0.0015, executor.stop) for _ in range(3)]
        for thread in threads:
            thread.start()
        result = executor.run()
        for thread in threads:
            thread.join()
        assert len(result.outcomes) == len(told.of(TaskFinished)) == 300
        kinds = [type(event) for event in told.events]
        if StopRequested in kinds:
            assert TaskStarted not in kinds[kinds.index(StopRequested) :]
            assert result.exit_code == 143


# --- outputs and memory --------------------------------------------------------------


class Making(FakeRunner):
    """Makes files: the action is a list of paths."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def start(self, task: Task, on_output: Any, values: Any) -> Any:
        for name in str(task.action).split():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
        return super().start(task, on_output, values)


@pytest.mark.parametrize(
    ("outputs", "made", "lacking"),
    [
        (["dist/a.txt"], "dist/a.txt", ""),
        (["dist"], "dist/a.txt", ""),
        (["dist/*.whl", "!dist/no.whl"], "dist/a.whl", ""),
        (["out/**/*.o"], "out/deep/er/x.o", ""),
        (["a.txt", "b.txt"], "a.txt", "did not make its declared output `b.txt`"),
        (["dist/*.whl"], "dist/a.zip", "did not make its declared output `dist/*.whl`"),
        (["${name}.txt"], "x.txt", ""),
        (["${name}.txt"], "y.txt", "did not make its declared output `x.txt`"),
    ],
)
def test_a_declared_output_that_was_not_made_is_a_failure(
    tmp_path: Path, outputs: List[str], made: str, lacking: str
) -> None:
    """Literal paths, patterns and values of parameters are looked for once the action ended well."""
    task = Task(id=A, action=made, outputs=outputs, arguments={"name": "x"})
    result, _ = play([task], runner=Making(tmp_path), root=str(tmp_path))
    assert (result["a"].ok, result["a"].reason or "") == (not lacking, lacking)


def test_a_memory_is_asked_before_and_told_after(tmp_path: Path) -> None:
    """What it knows does not run and its output is there again; what it does not know is recorded and kept."""
    memory = FakeMemory()
    tasks = [Task(id=A, action="a"), Task(id=B, action="b", deps=[A])]
    scripts = {"a": Script(output=(("stdout", b"made a\n"),)), "b": failed("no")}
    play(tasks, scripts, memory=memory)
    assert memory.calls == [
        ("recall", A), ("begin", A), ("finish", A), ("recall", B), ("begin", B), ("abandon", B),
    ]  # fmt: skip
    _, events = play(tasks, memory=memory)
    assert events[1:] == [
        TaskOutput(A, "stdout", b"made a\n"),
        TaskFinished(A, Outcome(state=State.HIT, ok=True)),
        TaskStarted(B, "b", reason="no earlier result"),
        TaskFinished(B, succeeded()),
        RunFinished(ok=True, exit_code=0, seconds=0.0),
    ]


def test_trouble_with_a_memory_never_fails_a_task() -> None:
    """It is told of, and the task runs."""

    class Broken(FakeMemory):
        def recall(self, *args: Any) -> Any:
            raise OSError("disk")

        def begin(self, task: Task) -> Any:
            raise OSError("full")

    result, events = play([Task(id=A, action="a")], memory=Broken())
    assert result.ok
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "`a`: the cache failed and was not asked: OSError: disk",
        "`a`: the cache failed and will not keep the result: OSError: full",
    ]


def test_many_tasks_without_action_are_quick() -> None:
    """The loop costs microseconds a task (a floor far below the figure in the documentation)."""
    count = 20_000
    tasks = [Task(id=f"t{n}") for n in range(count)]
    begun = time.perf_counter()
    assert play(tasks, jobs=4)[0].ok
    assert count / (time.perf_counter() - begun) > 1000
