"""What tasks that run finally are told, worked out from the plan and the outcomes alone."""

import json
from typing import Dict, Mapping, Sequence, Tuple

import pytest

from taskrush.execute.followed import LONGEST, followed_by, informed, outcome_variables
from taskrush.model.outcome import Outcome, State, cancelled, failed, skipped, succeeded
from taskrush.model.plan import Plan
from taskrush.model.policy import Ingredient
from taskrush.model.task import Call, Task, TaskId

pytestmark = pytest.mark.core


def told(**outcomes: Outcome) -> Tuple[str, str, str, str]:
    """State, task, code and reason as commands see them."""
    found = outcome_variables({TaskId(name): outcome for name, outcome in outcomes.items()})
    return tuple(found[f"TASKRUSH_OUTCOME{end}"] for end in ("", "_TASK", "_CODE", "_REASON"))  # type: ignore[return-value]


WARNED = Outcome(state=State.WARNED, ok=True, code=4, reason="exit code 4")


def test_of_several_the_worst_is_told() -> None:
    """Failed before cancelled before skipped before warned; among equals the first; well-ended ones only alone."""
    assert told(a=succeeded(code=0)) == ("succeeded", "a", "0", "")
    assert told(a=Outcome(state=State.HIT, ok=True)) == ("succeeded", "a", "", "")
    assert told(a=skipped("only for macos", ok=True), b=WARNED) == ("warned", "b", "4", "exit code 4")
    assert told(a=skipped("only for macos", ok=True)) == ("succeeded", "a", "", "")
    assert told(a=WARNED, b=skipped("needs `x` failed", ok=False)) == ("skipped", "b", "", "needs `x` failed")
    assert told(a=skipped("no", ok=False), b=cancelled("stopped")) == ("cancelled", "b", "", "stopped")
    assert told(a=cancelled("stopped"), b=failed("one", code=1), c=failed("two", code=2)) == ("failed", "b", "1", "one")
    assert outcome_variables({}) == {}


def test_all_are_told_as_json() -> None:
    """With states as they are, codes, reasons, times and attempts."""
    text = outcome_variables({TaskId("a"): failed("bad", code=3, seconds=1.5), TaskId("b"): WARNED})[
        "TASKRUSH_OUTCOMES"
    ]
    assert json.loads(text) == {
        "a": {"state": "failed", "ok": False, "code": 3, "reason": "bad", "seconds": 1.5, "attempts": 1},
        "b": {"state": "warned", "ok": True, "code": 4, "reason": "exit code 4", "seconds": 0.0, "attempts": 1},
    }


def test_a_reason_is_text_and_nothing_else() -> None:
    """Neither filled in as a variable, nor cut off by a NUL, nor longer than a system lets a variable be."""
    found = outcome_variables({TaskId("a"): failed("${HOME} \0 $(date)")})
    assert found["TASKRUSH_OUTCOME_REASON"] == "$ {HOME}  $(date)"
    assert "${" not in found["TASKRUSH_OUTCOMES"]
    assert json.loads(found["TASKRUSH_OUTCOMES"])["a"]["reason"] == "${HOME} \0 $(date)"
    many = {TaskId(f"task-{number}"): failed("x" * 100_000) for number in range(3000)}
    assert max(map(len, outcome_variables(many).values())) <= LONGEST


def plan(tasks: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> Plan:
    names = list(tasks)
    return Plan(
        tasks=tuple(Task(id=TaskId(name), action="true") for name in names),
        needs=tuple(tuple(map(names.index, tasks[name])) for name in names),
        after=tuple(tuple(map(names.index, after.get(name, ()))) for name in names),
        targets=(),
    )


def test_what_kept_a_followed_task_from_running_is_told_too() -> None:
    """A group that never ran says little: the failure below it is the news; other failures are not its business."""
    shape = plan({"deep": [], "mid": ["deep"], "other": [], "group": ["mid"], "tell": []}, {"tell": ["group"]})
    outcomes: Dict[TaskId, Outcome] = {
        TaskId("deep"): failed("no", code=9),
        TaskId("mid"): skipped("needs `deep` failed", ok=False),
        TaskId("other"): failed("elsewhere"),
        TaskId("group"): skipped("needs `mid` was skipped", ok=False),
    }
    found = followed_by(shape, 4, outcomes)
    assert list(found) == ["group", "deep"]
    assert outcome_variables(found)["TASKRUSH_OUTCOME"] == "failed"
    assert outcome_variables(found)["TASKRUSH_OUTCOME_TASK"] == "deep"


def test_a_task_that_is_kept_is_told_what_it_asks_for() -> None:
    """Everything in its environment counts for its key: nothing gets there by accident."""
    end = {TaskId("a"): failed("no", code=9)}
    free = informed(Task(id=TaskId("t"), action="env"), end)
    assert len(free.env) == 5
    assert informed(Task(id=TaskId("t"), action="env", inputs=["x"]), end).env == {}
    asks = Task(id=TaskId("t"), action="echo $TASKRUSH_OUTCOME", inputs=["x"])
    assert informed(asks, end).env == {"TASKRUSH_OUTCOME": "failed"}
    declares = Task(id=TaskId("t"), action="env", inputs=["x"], ingredients=(Ingredient(env="TASKRUSH_OUTCOME_C*"),))
    assert informed(declares, end).env == {"TASKRUSH_OUTCOME_CODE": "9"}
    passes = Task(id=TaskId("t"), action="env", inputs=["x"], pass_env=["TASKRUSH_OUTCOME_TASK"])
    assert informed(passes, end).env == {"TASKRUSH_OUTCOME_TASK": "a"}
    assert informed(Task(id=TaskId("t"), action=Call(print), inputs=["x"]), end).env == {"TASKRUSH_OUTCOMES": ""}
    own = Task(id=TaskId("t"), action="env", env={"TASKRUSH_OUTCOME": "mine"})
    assert informed(own, end).env["TASKRUSH_OUTCOME"] == "mine"
