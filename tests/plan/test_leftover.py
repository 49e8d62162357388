"""What of a plan is left to do, by what is done."""

from typing import Iterable, Tuple

import pytest

from taskrush.compile.link import link
from taskrush.model.plan import Plan
from taskrush.model.service import Service
from taskrush.model.task import Task, TaskId
from taskrush.plan.leftover import leftover
from taskrush.plan.planner import make_plan

pytestmark = pytest.mark.core


def plan_of(*tasks: Task, target: str = "all") -> Plan:
    return make_plan(link(tasks), (TaskId(target),))


def left(plan: Plan, *undone: str) -> Tuple[str, ...]:
    return tuple(task.id for task in leftover(plan, map(TaskId, undone), "R").tasks)


def t(name: str, deps: Iterable[str] = (), **more: object) -> Task:
    return Task(id=TaskId(name), action="true", deps=tuple(deps), **more)  # type: ignore[arg-type]


def test_what_is_done_and_cannot_be_asked_stays_out() -> None:
    """A task that nobody keeps and that ended well is not run again for those that need it."""
    plan = plan_of(t("a"), t("b", ["a"]), t("c", ["b"]), t("all", ["c"]))
    assert left(plan, "c", "all") == ("c", "all")
    assert left(plan, "b") == ("b",)
    assert left(plan) == ()


def test_the_cache_is_asked_about_what_it_keeps() -> None:
    """Kept tasks are part of it, also behind each other and behind groups: inputs may have changed since."""
    group = Task(id=TaskId("group"), deps=("kept",))
    plan = plan_of(
        t("gen"), t("deep", inputs=["x"]), t("kept", ["deep", "gen"], inputs=["y"]), group, t("all", ["group"])
    )
    assert left(plan, "all") == ("deep", "kept", "group", "all")


def test_values_have_to_be_made_again() -> None:
    """Who takes the value of a task needs that task, kept or not."""
    source = Task(id=TaskId("source"), action="echo 1", capture=True)
    taker = Task(id=TaskId("all"), action="true", bindings={"x": TaskId("source")})
    assert left(plan_of(t("before"), source, taker), "all") == ("source", "all")


def test_services_and_finally_tasks_belong_to_what_runs() -> None:
    """A service does not outlive its run, and what cleans up has to do so again, after all that it follows."""
    plan = plan_of(
        t("image"),
        t("db", ["image"], service=Service()),
        t("other"),
        t("test", ["db", "other"], finally_=["clean"]),
        t("tool"),
        t("clean", ["tool"]),
        t("all", ["test"]),
    )
    found = leftover(plan, (TaskId("test"),), "R")
    assert {task.id for task in found.tasks} == {"db", "test", "clean"}
    assert found.after[[task.id for task in found.tasks].index(TaskId("clean"))] != ()


def test_the_rest_remembers_the_whole() -> None:
    """Its targets are the old ones, so that going on twice is going on with the same; keys need what was left out."""
    plan = plan_of(t("a"), t("b", ["a"]), t("all", ["b"]))
    found = leftover(plan, (TaskId("b"),), "R")
    assert (found.targets, found.resumes, found.whole) == (("all",), "R", plan)
