"""Runs tasks by a fake runner, so that a test can look at what the executor made of them."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from taskrush.events import (
    Event,
)
from taskrush.execute.executor import Executor
from taskrush.model.outcome import Outcome, RunResult
from taskrush.model.plan import Plan
from taskrush.model.task import Task, TaskId
from taskrush.testing.fakes import FakeRunner, RecordingSubscriber, Script
from taskrush.wiring import SystemClock

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
