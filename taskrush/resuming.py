"""Going on where the last run ended: what history says of it, and the plan of what is left to do.

The plan is made anew, with the same targets, parameters and words after `--`, from the files as they are now.
"""

from __future__ import annotations

import shlex

from taskrush.declare.options import convert
from taskrush.errors import UsageError
from taskrush.model.history import UNDER_WAY
from taskrush.model.outcome import Outcome, State
from taskrush.model.task import TaskId
from taskrush.plan.leftover import leftover
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.history import PastRun, PastTask
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task
    from taskrush.project import Project
    from taskrush.protocols import History

EXTRA = "--"  # the name under which history has what followed `--`
SECRET = "[secret]"
LOOKED_THROUGH = 200  # runs among which the one is looked for that another one resumes
SHOWN = 5


@frozen(kw_only=True)
class Rest:
    """What is left of `run`: a plan (without tasks where nothing is), and how those ended that it leaves out.

    `failed` are the tasks that failed then and are there still, `undone` all that did not end well. `gone` are those
    among them that no file declares any more.
    """

    run: PastRun
    plan: Plan
    earlier: Mapping[TaskId, Outcome]
    failed: Tuple[TaskId, ...]
    undone: Tuple[TaskId, ...]
    gone: Tuple[TaskId, ...]

    def words(self, failed: bool) -> str:
        """Why there is nothing to do, for a person."""
        run = f"run {self.run.run}"
        if self.gone:
            return f"nothing is left to do of {run}: {names_of(self.gone)} does not exist any more"
        if failed and self.undone:
            what = "task" if len(self.undone) == 1 else "tasks"
            return f"nothing failed in {run}, but {len(self.undone)} {what} did not run to the end"
        return f"nothing failed in {run}" if failed else f"nothing is left to do of {run}: everything ended well"


def rest(project: Project, history: History, *, failed: bool = False, targets: Sequence[str] = ()) -> Rest:
    """What the last run (of these targets) left: all that did not end well, or with `failed` only what failed.

    Raises `UsageError` where there was none, where it cannot be told what was asked for, and what planning raises.
    """
    run = _last(history, targets)
    states = _states(history, run)
    plan = planned(project, run)
    known = {task.id for task in plan.tasks}
    bad = [task for task, past in states.items() if past.state == State.FAILED.value]
    undone = tuple(task.id for task in plan.tasks if task.id not in states or not states[task.id].ok)
    broken = tuple(task for task in undone if task in bad)
    left = leftover(plan, broken if failed else undone, run.run)
    runs = {task.id for task in left.tasks}
    return Rest(
        run=run,
        plan=left,
        earlier={task: _outcome(past) for task, past in states.items() if task in known and task not in runs},
        failed=broken,
        undone=undone,
        gone=tuple(task for task in bad if task not in known),
    )


def names_of(tasks: Iterable[str]) -> str:
    """Some names for a message."""
    names = [f"`{task}`" for task in tasks]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _last(history: History, targets: Sequence[str]) -> PastRun:
    """The last run that has ended, one way or another, and had these targets among its own."""
    for run in history.runs(limit=LOOKED_THROUGH, target=targets[0] if targets else None):
        if run.reason != UNDER_WAY and all(target in run.targets for target in targets):
            return run
    if targets:
        raise UsageError(f"no run of {names_of(targets)} is remembered", f"`taskrush {shlex.quote(targets[0])}` is one")
    raise UsageError(
        "no run is remembered with which to go on", "`taskrush TASK` is one; `taskrush history` shows them"
    )


def _states(history: History, run: PastRun) -> Dict[TaskId, PastTask]:
    """How each task ended: in this run or, what it left out because it was done, in the ones that it resumes."""
    found = {past.task: past for past in history.tasks(run=run.run)}
    if run.resumes is not None:
        earlier = {past.run: past for past in history.runs(limit=LOOKED_THROUGH, until=run.began_at)}
        wanted, seen = run.resumes, {run.run}
        while wanted is not None and wanted in earlier and wanted not in seen:
            seen.add(wanted)
            for past in history.tasks(run=wanted):
                found.setdefault(past.task, past)
            wanted = earlier[wanted].resumes  # type: ignore[assignment]
    return found


def planned(project: Project, run: PastRun, targets: Sequence[TaskId] = ()) -> Plan:
    """The plan that the run, or one of these targets with its parameters, would have today."""
    for target in targets or run.targets:
        if target not in project.graph.tasks:
            hint = "run what there is now: `taskrush list` shows it"
            raise UsageError(f"the last run ({run.run}) was of `{target}`, which does not exist any more", hint)
    arguments: Dict[str, Dict[str, Any]] = {}
    extra: List[str] = []
    for name, texts in run.arguments.items():
        task = project.graph.tasks.get(TaskId(name))
        if task is None:
            continue
        for parameter, text in texts.items():
            if SECRET in text:
                what = "what followed `--`" if parameter == EXTRA else f"parameter `{parameter}`"
                raise UsageError(
                    f"{what} of task `{name}` held a secret in run {run.run}, which is not remembered",
                    f"run it with that: `taskrush {shlex.quote(name)} ...`",
                )
        extra = shlex.split(texts[EXTRA]) if EXTRA in texts else extra
        arguments[name] = _values(task, texts)
    if targets:
        texts = run.arguments.get(targets[-1], {})
        return project.plan(targets, arguments=arguments, extra=shlex.split(texts.get(EXTRA, "")))
    return project.plan(run.targets, only=run.only, arguments=arguments, extra=extra)


def _values(task: Task, texts: Mapping[str, str]) -> Dict[str, Any]:
    """The parameters that the task still has, from their texts."""
    found = {}
    for param in task.params:
        text: Optional[str] = texts.get(param.name)
        if text is not None:
            found[param.name] = convert(task, param, shlex.split(text) if param.many else [text])
    return found


def _outcome(past: PastTask) -> Outcome:
    return Outcome(
        state=State(past.state) if past.state in {state.value for state in State} else State.CANCELLED,
        ok=past.ok,
        code=past.code,
        reason=past.reason,
        seconds=past.seconds,
        attempts=past.attempts,
    )
