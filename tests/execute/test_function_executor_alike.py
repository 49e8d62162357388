"""Plans of functions run on a way of their own; all that tells it from the way of all tasks is its speed."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskrush.events import Event, RunFinished, TaskFinished, TaskStarted
from taskrush.execute.executor import Executor
from taskrush.execute.function_executor import FunctionExecutor
from taskrush.execute.functions_only import functions_only
from taskrush.model.outcome import Outcome, RunResult, State
from taskrush.model.task import Task, TaskId
from taskrush.project import Project
from taskrush.testing.fakes import RecordingSubscriber
from taskrush.values import evolve
from taskrush.wiring import SystemClock, make_runners
from tests.execute.functions import (
    dawdles,
    exits,
    exits_well,
    exits_with_words,
    fails,
    fails_by_command,
    gives_up,
    lacks_memory,
    later,
    nothing,
    takes,
    value,
)

pytestmark = pytest.mark.core


ENDS: Sequence[Callable[..., Any]] = (
    nothing,
    nothing,
    nothing,
    value,
    later,
    dawdles,
    fails,
    fails_by_command,
    exits_well,
    exits,
    exits_with_words,
    gives_up,
    lacks_memory,
)


@st.composite
def task_lists(draw: st.DrawFn, ends: Sequence[Callable[..., Any]] = ENDS) -> List[Task]:
    """Tasks that need some of those before them, receive results, run finally, may fail, or do nothing."""
    tasks: List[Task] = []
    for number in range(draw(st.integers(1, 9))):
        earlier = [task.id for task in tasks]
        some = st.lists(st.sampled_from(earlier), unique=True, max_size=3) if earlier else st.just([])
        deps = draw(some)
        bound = draw(some) if draw(st.booleans()) else []
        action: Optional[Callable[..., Any]] = draw(st.sampled_from(ends))
        if bound:
            action = takes
        elif draw(st.integers(0, 7)) == 0:
            action = None
        made = Task(
            id=TaskId(f"t{number}"),
            action=action,
            deps=deps,
            bindings={f"from_{on}": on for on in bound},
            allow_failure=draw(st.sampled_from([False, False, True, (3,)])),
        )
        tasks.append(made)
    for number in range(draw(st.integers(0, 2))):
        closed = draw(st.integers(0, len(tasks) - 1))
        closer = Task(id=TaskId(f"f{number}"), action=draw(st.sampled_from(ends)))
        tasks[closed] = evolve(tasks[closed], finally_=(*tasks[closed].finally_, closer))
        tasks.append(closer)
    return tasks


def both_ways(
    tasks: Sequence[Task], root: str, jobs: int, on_failure: str, listen: bool
) -> "List[Tuple[RunResult, List[Event]]]":
    """The same plan by the way of all tasks and by that of functions."""
    project = Project.of(tasks, root)
    plan = project.plan([task.id for task in tasks])
    assert functions_only(plan) or not any(task.action for task in tasks)
    found = []
    for quick in (False, True):
        told = RecordingSubscriber()
        options: Dict[str, Any] = {
            "subscribers": [told] if listen else [],
            "jobs": jobs,
            "on_failure": on_failure,
        }
        executor = (
            project.executor(plan, **options)
            if quick
            else Executor(plan, runners=make_runners(root, "r"), clock=SystemClock(), run_id="r", **options)
        )
        assert isinstance(executor, FunctionExecutor) == (quick and functions_only(plan))
        found.append((executor.run(), told.events))
    return found


def timeless(result: RunResult) -> Dict[TaskId, Tuple[Outcome, object, Tuple[str, ...]]]:
    """Outcomes by task with what is no part of their equality, without times."""
    return {
        task: (
            evolve(end, seconds=0.0, cpu_seconds=None, cpu_user_seconds=None, cpu_system_seconds=None),
            end.value,
            end.raised,
        )
        for task, end in result.outcomes.items()
    }


PLAYED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
POLICIES = st.sampled_from(["drain", "fail-fast", "keep-going"])


def told_alike(events: List[Event]) -> List[Event]:
    """Without what is said of causes at the end, which only a project knows."""
    return [event for event in events if type(event).__name__ != "FailureExplained"]


@PLAYED
@given(tasks=task_lists(), on_failure=POLICIES, listen=st.booleans())
def test_one_after_the_other_both_ways_tell_the_same_story(
    tmp_path_factory: pytest.TempPathFactory, tasks: List[Task], on_failure: str, listen: bool
) -> None:
    """The same outcomes in the same order, and the same events up to times."""
    root = str(tmp_path_factory.getbasetemp())
    (slow, slow_story), (quick, quick_story) = both_ways(tasks, root, 1, on_failure, listen)
    assert list(quick.outcomes) == list(slow.outcomes)
    assert timeless(quick) == timeless(slow)
    assert (quick.ok, quick.exit_code) == (slow.ok, slow.exit_code)
    assert told_alike(quick_story) == told_alike(slow_story)


# which tasks were beside one that lacked memory, and by which failure others are skipped, is a matter of timing
TIMELY = [end for end in ENDS if end is not lacks_memory]


def without_reasons(event: Event) -> Event:
    if isinstance(event, TaskFinished) and event.outcome.state is State.SKIPPED:
        return evolve(event, outcome=evolve(event.outcome, reason=None))
    return event


@PLAYED
@given(tasks=task_lists(TIMELY), jobs=st.integers(2, 4), listen=st.booleans())
def test_beside_each_other_both_ways_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, tasks: List[Task], jobs: int, listen: bool
) -> None:
    """Where a failure does not end the others, outcomes depend on no timing; each task's events come in order."""
    root = str(tmp_path_factory.getbasetemp())
    (slow, slow_story), (quick, quick_story) = both_ways(tasks, root, jobs, "keep-going", listen)
    assert (quick.ok, quick.exit_code) == (slow.ok, slow.exit_code)
    for task in tasks:
        ends = [without_reasons(TaskFinished(task.id, timeless(result)[task.id][0])) for result in (slow, quick)]
        assert ends[0] == ends[1]
        assert timeless(quick)[task.id][1:] == timeless(slow)[task.id][1:]
        own = [[one for one in story if getattr(one, "task", None) == task.id] for story in (slow_story, quick_story)]
        assert list(map(without_reasons, told_alike(own[1]))) == list(map(without_reasons, told_alike(own[0])))


@PLAYED
@given(tasks=task_lists(), jobs=st.integers(2, 4), on_failure=POLICIES)
def test_beside_each_other_the_rules_hold(
    tmp_path_factory: pytest.TempPathFactory, tasks: List[Task], jobs: int, on_failure: str
) -> None:
    """One end for each task, no start before what it needs has ended well, and never more than `jobs` at once."""
    project = Project.of(tasks, str(tmp_path_factory.getbasetemp()))
    plan = project.plan([task.id for task in tasks])
    told = RecordingSubscriber()
    result = project.executor(plan, subscribers=[told], jobs=jobs, on_failure=on_failure).run()
    ends: Dict[TaskId, Outcome] = {}
    running = set()
    number = {task.id: node for node, task in enumerate(plan.tasks)}
    for event in told.events:
        if isinstance(event, TaskStarted):
            needs = [plan.tasks[on].id for on in plan.needs[number[event.task]]]
            assert all(ends[on].ok for on in needs)
            assert all(plan.tasks[on].id in ends for on in plan.after[number[event.task]])
            running.add(event.task)
            assert len(running) <= jobs
        elif isinstance(event, TaskFinished):
            assert event.task not in ends
            running.discard(event.task)
            ends[event.task] = event.outcome
    assert set(ends) == set(result.outcomes) == set(number)
    assert told.events[-1] == RunFinished(ok=result.ok, exit_code=result.exit_code, seconds=0.0)
