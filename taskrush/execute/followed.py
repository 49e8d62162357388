"""What a task that runs finally is told of the tasks it follows: variables for its commands, read by `followed()` too.

A task whose result is kept is told only what it asks for by name (`$TASKRUSH_OUTCOME` in a command, `inputs` or
`pass_env`), and that counts for its key then: a result made after a failure is none made after a success.
"""

from __future__ import annotations

import fnmatch

from taskrush.model.environment import mentioned
from taskrush.model.outcome import State
from taskrush.model.task import Call
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional

    from taskrush.model.outcome import Outcome
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId

WORST_FIRST = (State.FAILED, State.CANCELLED, State.SKIPPED, State.WARNED)
ALL = "TASKRUSH_OUTCOMES"
LONGEST_REASON = 1000
LONGEST = 60_000  # characters of a variable; systems refuse to start programs with more than 128 KiB in one


def followed_by(plan: Plan, node: int, outcomes: Mapping[TaskId, Outcome]) -> Dict[TaskId, Outcome]:
    """How the tasks ended that this one follows; those too whose failure kept one of them from running."""
    whole = plan.whole or plan  # what ended in an earlier run, and was left out of this one, is followed as well
    if whole is not plan:
        node = next((at for at, task in enumerate(whole.tasks) if task.id == plan.tasks[node].id), node)
        plan = whole
    found: Dict[TaskId, Outcome] = {}
    todo = list(plan.after[node])
    seen = set(todo)
    while todo:
        other = todo.pop(0)
        outcome = outcomes.get(plan.tasks[other].id)
        if outcome is None:
            continue
        if other in plan.after[node] or outcome.state in (State.FAILED, State.CANCELLED):
            found[plan.tasks[other].id] = outcome
        if outcome.state is State.SKIPPED and not outcome.ok:
            todo += [on for on in plan.needs[other] if on not in seen]
            seen.update(plan.needs[other])
    return found


def informed(task: Task, followed: Mapping[TaskId, Outcome]) -> Task:
    """The task with what it is told in its environment."""
    if not followed:
        return task
    told = outcome_variables(followed)
    if task.is_cached:
        asked = [*mentioned(task), *task.pass_env, *(item.env for item in task.ingredients if item.env is not None)]
        told = {name: text for name, text in told.items() if any(fnmatch.fnmatchcase(name, one) for one in asked)}
        if isinstance(task.action, Call):
            told.setdefault(ALL, "")  # so that `followed()` can say why it knows nothing
    return evolve(task, env={**told, **task.env})


def outcome_variables(followed: Mapping[TaskId, Outcome]) -> Dict[str, str]:
    """Name and text of each variable. Of several tasks the one that ended worst is told of, and all of them as JSON.

    What was fresh or restored counts as `succeeded`, and so does what was skipped by its own condition.
    """
    worst = _worst(followed)
    if worst is None:
        return {}
    task, outcome = worst
    bad = outcome.state in WORST_FIRST and not (outcome.state is State.SKIPPED and outcome.ok)
    return {
        "TASKRUSH_OUTCOME": outcome.state.value if bad else "succeeded",
        "TASKRUSH_OUTCOME_CODE": "" if outcome.code is None else str(outcome.code),
        "TASKRUSH_OUTCOME_TASK": task,
        "TASKRUSH_OUTCOME_REASON": _harmless((outcome.reason or "")[:LONGEST_REASON]) if bad else "",
        ALL: _as_json(followed),
    }


def _worst(followed: Mapping[TaskId, Outcome]) -> Optional[tuple[TaskId, Outcome]]:
    for state in WORST_FIRST:
        for task, outcome in followed.items():
            if outcome.state is state and not (state is State.SKIPPED and outcome.ok):
                return task, outcome
    return next(iter(followed.items()), None)


def _as_json(followed: Mapping[TaskId, Outcome]) -> str:
    import json  # only for those who run finally

    rows: List[tuple[TaskId, Dict[str, object]]] = []
    for task, outcome in followed.items():
        reason = None if outcome.reason is None else outcome.reason[:LONGEST_REASON]
        row = {"state": outcome.state.value, "ok": outcome.ok, "code": outcome.code, "reason": reason}
        rows.append((task, {**row, "seconds": round(outcome.seconds, 6), "attempts": outcome.attempts}))
    text = json.dumps(dict(rows))
    if len(text) > LONGEST:
        rows = [(task, {**row, "reason": None}) for task, row in rows]
        while len(text) > LONGEST:
            text = json.dumps(dict(rows))
            rows = rows[: len(rows) * 3 // 4]
    return text.replace("$", "\\u0024")  # values of `env` may hold `${NAME}`: this is none


def _harmless(text: str) -> str:
    return text.replace("\0", "").replace("${", "$ {")
