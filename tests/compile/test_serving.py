"""What a service may not be, and what depending on one means."""

from typing import Any, Dict, List

import pytest

from taskrush import Dep, GraphError, Task, TaskSet, command, link, task
from taskrush.model.plan import asked_for
from taskrush.model.policy import Cache
from taskrush.model.retry import Retry
from taskrush.model.task import Call
from taskrush.plan.planner import make_plan

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"action": None}, "does nothing"),
        ({"interactive": True}, "cannot own the terminal"),
        ({"outputs": ["x"]}, "makes nothing that is kept"),
        ({"cache": Cache(enabled=True)}, "is never taken from the cache"),
        ({"capture": True}, "has no result"),
        ({"retry": Retry(attempts=2)}, "is not tried again"),
    ],
)
def test_what_does_not_go_together_is_said(wrong: Dict[str, Any], words: str) -> None:
    made = Task(id="web", **{"action": "x", "service": True, **wrong})
    problems = link([made])["web"].problems
    assert [words in problem.message for problem in problems] == [True]
    assert problems[0].hint


def test_a_service_is_never_cached_and_counts_only_where_its_key_was_asked_for() -> None:
    web = Task(id="web", action="x", inputs=["in"], service=True)
    graph = link(
        [web, Task(id="a", action="y", deps=["web"]), Task(id="b", action="y", deps=[Dep("web", by_key=True)])]
    )
    assert not graph["web"].is_cached
    assert [(edge.order_only, edge.by_key) for name in ("a", "b") for edge in graph.edges[graph[name].id]] == [
        (True, False),
        (False, True),
    ]


def test_a_function_is_a_service_in_a_process_of_its_own() -> None:
    @task(service=True)
    def web() -> None:
        pass

    server = command("serve", name="server", service=True)
    graph = link(TaskSet([web, server]).tasks)
    action = graph["web"].action
    assert isinstance(action, Call)
    assert action.isolate == "process"
    assert not graph["web"].problems
    assert graph["server"].service is not None


def test_asked_for_are_targets_and_what_targets_without_an_action_stand_for() -> None:
    tasks = [
        Task(id="db", action="x", service=True),
        Task(id="web", action="x", deps=["db"], service=True),
        Task(id="test", action="y", deps=["web"]),
        Task(id="inner", deps=["web"]),
        Task(id="up", deps=["inner", "test"]),
    ]

    def asked(*targets: str) -> List[str]:
        plan = make_plan(link(tasks), [link(tasks).names[name] for name in targets], ".")
        return [plan.tasks[node].id for node in asked_for(plan)]

    assert asked("test") == []
    assert asked("up") == ["web"]
    assert asked("db", "test") == ["db"]


def test_what_needs_a_group_needs_its_services() -> None:
    """They stay up for it, although the group itself is done at once."""
    tasks = [
        Task(id="db", action="x", service=True),
        Task(id="web", action="x", service=True),
        Task(id="inner", deps=["web"]),
        Task(id="up", deps=["inner", "db"]),
        Task(id="test", action="y", deps=["up"]),
        Task(id="report", action="y", deps=["test"]),
    ]
    plan = make_plan(link(tasks), [tasks[-1].id], ".")
    assert {task.id: [plan.tasks[on].id for on in needs] for task, needs in zip(plan.tasks, plan.needs)} == {
        "db": [],
        "web": [],
        "inner": ["web"],
        "up": ["db", "web", "inner"],
        "test": ["db", "web", "up"],
        "report": ["test"],
    }


def test_what_runs_after_a_service_cannot_need_it() -> None:
    tasks = [
        Task(id="db", action="x", service=True, finally_=["dump"]),
        Task(id="dump", action="y", deps=["db"]),
        Task(id="test", action="y", deps=["db"]),
    ]
    with pytest.raises(GraphError, match="task `dump` needs the service `db` and runs after its end"):
        make_plan(link(tasks), [tasks[2].id], ".")
