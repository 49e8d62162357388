"""What a run would find in the cache, without running anything: fresh, hit or miss, and why.

A restored result is taken into account as if it were on disk already. What depends on a task that has to run cannot be
told: it is `after`, naming that task.
"""

from __future__ import annotations

import hashlib
import os
import posixpath

from taskrush.model.artifact import FILE, LINK
from taskrush.model.fingerprint import Fingerprint, difference
from taskrush.model.graph import EdgeKind
from taskrush.model.outcome import NO_EARLIER_RESULT
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Tuple

    from taskrush.cache.result_cache import LocalResultCache
    from taskrush.model.artifact import Manifest
    from taskrush.model.fingerprint import Change
    from taskrush.model.graph import Edge
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Previewer

FRESH = "fresh"
HIT = "hit"
MISS = "miss"
AFTER = "after"
ALWAYS = "always"
NOTHING = "nothing"


@frozen(kw_only=True)
class Forecast:
    """What a run would find for one task.

    `verdict` is `fresh`, `hit`, `miss`, `after` (it depends on what `after` makes), `always` (it is not cached) or
    `nothing` (it has nothing to do itself).
    `changes` are the differences to its last good end, empty if there was none or nothing changed; `assumed` are
    commands whose output was taken to be what it was then. `key` is what it would be looked up under.
    """

    task: TaskId
    verdict: str
    after: Optional[TaskId] = None
    changes: Tuple[Change, ...] = ()
    known: bool = False
    assumed: Tuple[str, ...] = ()
    key: str = ""

    @property
    def reason(self) -> str:
        """In one line."""
        if self.verdict == AFTER:
            return f"depends on what `{self.after}` makes"
        if self.verdict in (ALWAYS, NOTHING):
            return "not cached" if self.verdict == ALWAYS else "does nothing itself"
        if self.verdict != MISS:
            return "nothing changed" if self.verdict == FRESH else "an earlier result fits"
        if not self.known:
            return NO_EARLIER_RESULT
        return listed(self.changes) or "its result is not in the cache any more"


def listed(changes: tuple[Change, ...], limit: int = 3) -> str:
    """The first few changes in words."""
    shown = ", ".join(str(change) for change in changes[:limit])
    return f"{shown} and {len(changes) - limit} more" if len(changes) > limit else shown


def forecast(plan: Plan, fingerprinter: Previewer, cache: LocalResultCache) -> Dict[TaskId, Forecast]:
    """A forecast for every task of the plan, in its order; what the plan leaves out on demand is taken as it is."""
    planned = {task.id for task in plan.tasks}
    plan = plan.whole or plan
    upstream_edges: Dict[TaskId, List[Edge]] = {}
    for edge in plan.edges:
        upstream_edges.setdefault(edge.task, []).append(edge)
    found: Dict[TaskId, Forecast] = {}
    prints: Dict[TaskId, Fingerprint] = {}
    made: Dict[TaskId, str] = {}
    values: Dict[TaskId, str] = {}
    tasks = {task.id: task for task in plan.tasks}
    for task in plan.tasks:
        parts: Dict[str, str] = {}
        blocker: Optional[TaskId] = None
        for edge in upstream_edges.get(task.id, ()):
            if edge.kind is EdgeKind.FINALLY or edge.order_only:
                continue
            before = found[edge.on]
            content = edge.kind is not EdgeKind.NEEDS or (tasks[edge.on].outputs and not edge.by_key)
            runs = before.verdict in (MISS, ALWAYS) and content
            if runs or before.after is not None:
                blocker = blocker or before.after or edge.on
            elif edge.kind is EdgeKind.NEEDS:
                parts[f"dependency {edge.on}"] = made[edge.on] if content else prints[edge.on].key
            elif edge.kind is EdgeKind.RESULT:
                if edge.on not in values:  # it is only known once it ran
                    blocker = blocker or edge.on
                    continue
                parts[f"result {edge.on}"] = values[edge.on]
                if tasks[edge.on].outputs:
                    parts[f"dependency {edge.on}"] = made[edge.on]
        if blocker is not None:
            verdict = AFTER if task.is_cached else _uncached(task)
            found[task.id] = Forecast(task=task.id, verdict=verdict, after=blocker)
            prints[task.id] = Fingerprint((), "")
            continue
        last = cache.last_parts(task)
        assumed = _assume(task, fingerprinter, last or {})
        made_print = prints[task.id] = fingerprinter.fingerprint(task, parts)
        if task.id not in planned:
            found[task.id] = Forecast(task=task.id, verdict=FRESH)
            if task.outputs:
                made[task.id] = fingerprinter.outputs_digest(task)
            continue
        if not task.is_cached:
            found[task.id] = Forecast(task=task.id, verdict=_uncached(task))
            if task.outputs:
                made[task.id] = fingerprinter.outputs_digest(task)
            continue
        changes = tuple(difference(last, made_print.parts)) if last is not None else ()
        stored = cache.stored(task, made_print)
        mark = cache.fresh(task, made_print.key)
        verdict = FRESH if mark is not None and (mark.value is not False or stored is not None) else MISS
        if verdict == MISS and stored is not None and cache.complete(stored):
            verdict = HIT
            fingerprinter.pretend(_states(stored.manifest))
        if verdict != MISS:
            value = stored.value if stored is not None else mark.value if mark is not None else None
            values[task.id] = hashlib.sha256(str(value or "").encode()).hexdigest()
        if task.outputs and verdict != MISS:
            made[task.id] = fingerprinter.outputs_digest(task)
        found[task.id] = Forecast(
            task=task.id,
            verdict=verdict,
            changes=changes,
            known=last is not None,
            assumed=assumed,
            key=made_print.key,
        )
    return {task_id: one for task_id, one in found.items() if task_id in planned}


def _uncached(task: Task) -> str:
    return NOTHING if task.action is None else ALWAYS


def _assume(task: Task, fingerprinter: Previewer, last: Mapping[str, str]) -> tuple[str, ...]:
    """Take commands to print what they printed last, as none may be run here."""
    commands = tuple(fingerprinter.unanswered(task))
    for command in commands:
        fingerprinter.assume(command, last.get(f"tool {command}", "unknown"))
    return commands


def _states(manifest: Manifest) -> Dict[str, str]:
    """What the inputs of dependants would look like with this result on disk, as the file index would put it."""
    entries = {entry.path: entry for entry in manifest.entries}
    folders = {path.rpartition("/")[0] for path in entries}
    states = {}
    for entry in manifest.entries:
        if entry.kind == FILE:
            states[entry.path] = f"file{'+x' if entry.mode & 0o111 else ''} {entry.digest}"
        elif entry.kind == LINK:
            end = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
            there = entries.get(end)
            what = "folder" if end in folders else there.digest if there is not None else ""
            states[entry.path] = f"link {os.fsencode(entry.target).hex()} {what or 'dangling'}"
    return states
