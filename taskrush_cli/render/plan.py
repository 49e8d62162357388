"""A plan as a table: in which order, what would be done, and why. Pure: nothing is run or read."""

from __future__ import annotations

from taskrush.model.graph import EdgeKind
from taskrush.model.task import Argv, Call, Shell
from taskrush_cli.render.style import count
from taskrush_cli.render.table import cut, pad, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Tuple

    from taskrush.cache.forecast import Forecast
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId
    from taskrush_cli.render.style import Style

_COLORS = {"fresh": "green", "hit": "green", "miss": "yellow"}


def render_plan(
    plan: Plan, style: Style, width: int, verbose: int = 0, found: Optional[Mapping[TaskId, Forecast]] = None
) -> List[str]:
    """The lines of `taskrush --dry-run`; `width` 0 means that lines may be as long as they like.

    `found` is what the cache has for each task, empty where it was not asked.
    """
    why = _reasons(plan)
    verdicts = {task: one.verdict for task, one in (found or {}).items() if one.verdict != "nothing"}
    rows = [
        (str(number), task.id, why[task.id], verdicts.get(task.id, ""), _action(task))
        for number, task in enumerate(plan.tasks, 1)
    ]
    sizes = [max((width_of(row[column]) for row in rows), default=0) for column in range(4)]
    before = sum(sizes) + (8 if sizes[3] else 6)
    lines = []
    for (number, task_id, reason, verdict, action), task in zip(rows, plan.tasks):
        head = f"{number:>{sizes[0]}}  "
        room = width - before if width else 0
        first, *more = action.split("\n")
        text = first + (" ..." if more and not verbose else "")
        if width:
            text = cut(text, max(room, 10), style.sign("…", "..."))
        name = style.paint(task_id, "bold") + " " * (sizes[1] - width_of(task_id))
        shown = f"{style.paint(pad(verdict, sizes[3]), _COLORS.get(verdict, 'dim'))}  " if sizes[3] else ""
        lines.append(f"{head}{name}  {style.paint(pad(reason, sizes[2]), 'dim')}  {shown}{text}".rstrip())
        indent = " " * before
        if verbose:
            lines.extend(indent + line for line in more)
        if verdict in ("miss", "after") and found:
            lines.append(f"{indent}{style.paint(found[task.id].reason, 'dim')}")
        for note in _notes(task):
            lines.append(f"{indent}{style.paint(note, 'yellow')}")
    lines.append(f"would run {_how_many(plan, verdicts)}; nothing was run")
    return lines


def _how_many(plan: Plan, verdicts: Mapping[TaskId, str]) -> str:
    if not verdicts:
        return count(len(plan), "task")
    sure = sum(verdict in ("miss", "always") for verdict in verdicts.values())
    perhaps = sum(verdict == "after" for verdict in verdicts.values())
    more = f" and perhaps {perhaps} more" if perhaps else ""
    return f"{sure} of {count(len(verdicts), 'task')}{more}"


def _reasons(plan: Plan) -> Dict[TaskId, str]:
    """Why each task is in the plan: it was asked for, or who needs it."""
    wanted: Dict[TaskId, List[Tuple[TaskId, EdgeKind]]] = {}
    for edge in plan.edges:
        if edge.kind is EdgeKind.FINALLY:
            wanted.setdefault(edge.task, []).append((edge.on, edge.kind))
        else:
            wanted.setdefault(edge.on, []).append((edge.task, edge.kind))
    found = {}
    for task in plan.tasks:
        if task.id in plan.targets:
            found[task.id] = "target"
            continue
        by = wanted.get(task.id, [])
        if not by:
            found[task.id] = "not done" if plan.resumes else ""
            continue
        names = list(dict.fromkeys(name for name, _ in by))
        verb = "runs after" if all(kind is EdgeKind.FINALLY for _, kind in by) else "needed by"
        found[task.id] = f"{verb} {', '.join(names[:2])}" + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    return found


def _action(task: Task) -> str:
    action = task.action
    if action is None:
        return "(nothing itself)"
    if isinstance(action, Call):
        values = ", ".join(f"{name}={value!r}" for name, value in task.arguments.items())
        return f"{action.name}({values})"
    assert isinstance(action, (Shell, Argv))
    given = "".join(f"{name}={value} " for name, value in task.arguments.items() if value is not None)
    extra = " -- " + " ".join(task.extra) if task.extra else ""
    return f"{given}{action}{extra}"


def _notes(task: Task) -> List[str]:
    notes = []
    if task.service is not None:
        ready = task.service.ready
        when = f"ready: {ready} (within {ready.timeout:g}s)" if ready.asks else "ready as soon as it runs"
        notes.append(f"service, up while it is needed; {when}")
    if not isinstance(task.allow_failure, bool):
        notes.append(f"may fail with {', '.join(map(str, task.allow_failure))}")
    elif task.allow_failure:
        notes.append("may fail")
    if task.condition is not None:
        notes.append(f"only if: {task.condition}")
    if task.platforms:
        notes.append(f"only on: {', '.join(task.platforms)}")
    if task.confirm is not None:
        notes.append(f"asks first: {task.confirm}")
    notes.extend(f"cannot run: {problem.message}" for problem in task.missing)
    return notes
