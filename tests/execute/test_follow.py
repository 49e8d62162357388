"""Following a run: record by record, in plain and async code, with back pressure; leaving early stops it."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

from taskrush import (
    Project,
    Record,
    RunFinished,
    RunStarted,
    State,
    StopRequested,
    Task,
    TaskFinished,
    TaskOutput,
    TaskSet,
    TaskStarted,
    checkpoint,
    task,
)
from taskrush.execute.follow import Run


def project(tmp_path: Path) -> Project:
    tasks = [Task(id="a", action="echo a"), Task(id="b", action="echo b", deps=["a"])]  # type: ignore[arg-type]
    return Project.of(tasks, str(tmp_path))


def sleeper(tmp_path: Path) -> Project:
    return Project.of([Task(id="a", action=["sleep", "60"])], str(tmp_path))  # type: ignore[arg-type]


STORY = [RunStarted, *[TaskStarted, TaskOutput, TaskFinished] * 2, RunFinished]


@pytest.mark.core
def test_records_come_in_order_and_then_the_result(tmp_path: Path) -> None:
    """Iterating tells the whole story; the result is there afterwards, as often as it is asked for."""
    with project(tmp_path).start("b") as following:
        records = list(following)
        assert following.over
        assert following.result() is following.result()
    assert [type(record.event) for record in records] == STORY
    assert [record.seq for record in records] == list(range(len(records)))
    assert following.result()["b"].state is State.SUCCEEDED


@pytest.mark.core
def test_the_result_alone_needs_no_iterating(tmp_path: Path) -> None:
    """More records than may wait do not block a run that nobody reads."""
    noisy = Project.of([Task(id="a", action="i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); done")], str(tmp_path))  # type: ignore[arg-type]
    plan = noisy.plan("a")
    assert Run(lambda own: noisy.executor(plan, subscribers=own), limit=1).result().ok


def test_a_run_waits_for_a_slow_reader(tmp_path: Path) -> None:
    """At most `limit` records wait; none is lost."""
    count = 50
    handed: List[int] = []

    @task
    def body() -> None:
        for number in range(count):
            print(number, flush=True)
            handed.append(number)

    one = Project.of(TaskSet([body]), str(tmp_path))
    plan = one.plan("body")
    with Run(lambda own: one.executor(plan, subscribers=own, capture_prints=True), limit=2) as following:
        records: List[Record] = []
        for record in following:
            assert len(following._records) <= 2
            records.append(record)
    output = b"".join(record.event.data for record in records if isinstance(record.event, TaskOutput))
    assert output == b"".join(b"%d\n" % number for number in range(count))


def raise_once_started(following: Run) -> None:
    for record in following:
        if isinstance(record.event, TaskStarted):
            raise KeyError


def test_leaving_early_stops_the_run_and_waits(tmp_path: Path) -> None:
    """Whatever makes one leave: `break`, an exception; the exception goes on."""
    begun = time.monotonic()
    following = sleeper(tmp_path).start("a")
    with pytest.raises(KeyError), following:
        raise_once_started(following)
    assert following.over
    assert following.result()["a"].state is State.CANCELLED
    assert following.result().exit_code == 143
    assert time.monotonic() - begun < 30


def test_stop_is_part_of_the_story(tmp_path: Path) -> None:
    """After `stop` the records go on to the end."""
    events: List[Any] = []
    with sleeper(tmp_path).start("a") as following:
        for record in following:
            events.append(record.event)
            if isinstance(record.event, TaskStarted):
                following.stop("enough")
    stops = [event for event in events if isinstance(event, StopRequested)]
    assert [event.reason for event in stops] == ["enough"]
    assert isinstance(events[-1], RunFinished)


@pytest.mark.core
def test_async_code_follows_without_blocking_its_loop(tmp_path: Path) -> None:
    """`async for`, `await`, two runs at once, and other coroutines go on meanwhile."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def follow() -> List[type]:
        async with project(tmp_path).start("b") as following:
            events = [type(record.event) async for record in following]
            assert (await following).ok
        return events

    async def main() -> Any:
        ticking = asyncio.ensure_future(tick())
        stories = await asyncio.gather(follow(), follow())
        result = await project(tmp_path).start("b")
        ticking.cancel()
        return stories, result.ok

    assert asyncio.run(main()) == ([STORY, STORY], True)
    assert ticks > 1


def test_a_cancelled_await_stops_the_run(tmp_path: Path) -> None:
    """So that a time limit around `await` leaves nothing behind."""
    following = sleeper(tmp_path).start("a")

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_ended(following), 0.2)

    asyncio.run(main())
    assert following.result()["a"].state is State.CANCELLED


async def _ended(following: Run) -> Any:
    return await following


def test_leaving_async_code_early_stops_the_run(tmp_path: Path) -> None:
    """`async with` waits for the end without blocking."""

    async def main() -> Run:
        async with sleeper(tmp_path).start("a") as following:
            async for record in following:
                if isinstance(record.event, TaskStarted):
                    break
        return following

    following = asyncio.run(main())
    assert following.over
    assert following.result()["a"].state is State.CANCELLED


def test_runs_at_the_same_time_in_threads(tmp_path: Path) -> None:
    """Several in one process, none knowing of the others."""
    results: List[Any] = []

    def work() -> None:
        results.append([type(record.event) for record in project(tmp_path).start("b")])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results == [STORY] * 4


def test_code_that_is_in_no_file_can_declare_and_run(tmp_path: Path) -> None:
    """As in a notebook: functions from `exec`, without source."""
    scope = {"root": str(tmp_path)}
    code = (
        "from taskrush import Project, TaskSet, result_of, task\n"
        "@task\ndef one(x: int = 2) -> int:\n    return x\n"
        "@task\ndef two(x: int = result_of(one)) -> int:\n    return x + 1\n"
        "value = Project.of(TaskSet([two]), root).run('two')['two'].value\n"
    )
    exec(compile(code, "<cell 1>", "exec"), scope)
    assert scope["value"] == 3


def test_an_error_of_the_executor_is_raised_to_whoever_asks(tmp_path: Path) -> None:
    """A second run of one executor is refused; the error is not swallowed by the thread."""
    one = project(tmp_path)
    executor = one.executor(one.plan("a"))
    executor.run()
    with pytest.raises(RuntimeError):
        Run(lambda own: executor).result()
    checkpoint()  # outside of any task it does nothing
