"""What the executor asks about work done before: fingerprints on one side, stored results on the other.

It decides when a result may be used and when it may be kept. It knows neither how parts of a key are found nor how
results are stored. Its methods are called in threads; looking at files is done by one of them at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading

from taskrush.asked import NotAtOnce
from taskrush.cache.forecast import listed
from taskrush.cache.result_cache import Mark
from taskrush.cache.values import NotKeepable, dump_value, load_value
from taskrush.model.fingerprint import difference
from taskrush.model.graph import EdgeKind
from taskrush.model.outcome import NO_EARLIER_RESULT, Outcome, State
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, ContextManager, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.cache.locks import KeyLock
    from taskrush.cache.result_cache import LocalResultCache, Recording
    from taskrush.model.artifact import Stored
    from taskrush.model.fingerprint import Fingerprint
    from taskrush.model.graph import Edge
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Fingerprinter, OnOutput
    from taskrush.unchanged import Witness

if TYPE_CHECKING:
    Seen = Tuple[TaskId, str, float]  # a task, what was found for it, seconds saved


FEW = 100  # tasks that are looked at once more after a run


@frozen(kw_only=True)
class Modes:
    """What a run may do with the cache: use results, keep results, and with `force` run everything all the same."""

    read: bool = True
    write: bool = True
    force: bool = False


class CacheMemory:
    """The memory of one run."""

    def __init__(
        self,
        plan: Plan,
        fingerprinter: Fingerprinter,
        cache: LocalResultCache,
        modes: Modes,
        lock: Callable[[str], KeyLock],
        ask: Callable[[str], str],
        on_close: Callable[[bool, Sequence[Seen]], None] = lambda stored, seen: None,
        warnings: Optional[List[str]] = None,
        note: Callable[[Fingerprint], None] = lambda fingerprint: None,
        witness: Optional[Witness] = None,
    ) -> None:
        self._tasks = {task.id: task for task in plan.tasks}
        self._edges: Dict[TaskId, List[Edge]] = {}
        for edge in plan.edges:
            self._edges.setdefault(edge.task, []).append(edge)
        self._fingerprinter = fingerprinter
        self._cache = cache
        self._modes = modes
        self._make_lock = lock
        self._ask = ask
        self._on_close = on_close
        self._note = note
        self._witness = witness
        self._stored = False
        self._seen: List[Seen] = []
        self._warnings: List[str] = [] if warnings is None else warnings
        self._looking = threading.RLock()
        self._fingerprints: Dict[TaskId, Fingerprint] = {}
        self._made: Dict[TaskId, str] = {}
        self._kept: Dict[TaskId, str] = {}  # what was kept of tasks that ran, in one digest each
        self._locks: Dict[TaskId, KeyLock] = {}
        self._reasons: Dict[TaskId, str] = {}
        self._outcomes: Dict[TaskId, Mapping[TaskId, Outcome]] = {}
        self._closed = threading.Event()

    def covers(self, task: Task) -> bool:
        return task.is_cached

    def interrupt(self) -> None:
        """The run is being stopped: nobody waits for another process any more."""
        self._closed.set()

    def close(self) -> None:
        """The run is over."""
        self._closed.set()
        for lock in self._locks.values():
            lock.release()
        if self._witness is not None:
            self._tell(self._witness)
        self._on_close(self._stored, self._seen)

    def _tell(self, witness: Witness) -> None:
        """What tasks are fresh by now: as they were found, or, where something ran, as they are found once more."""
        known = witness.known.fresh if witness.known is not None else {}
        tasks = list(dict.fromkeys(task for task, _, _ in self._seen if task not in known))
        if any(what != State.FRESH.value for _, what, _ in self._seen):
            witness.forget()
            self._made.clear()
            witness.doubt = len(tasks) > FEW  # from here on whoever is in doubt sets it, and nobody takes it back
            for task in () if witness.doubt else tasks:
                if self._glance(self._tasks[task], self._outcomes[task], contextlib.nullcontext()) is None:
                    witness.doubt = True
        if not witness.doubt:
            self._cache.tell(witness, {task: self._fingerprints[task].key for task in tasks})

    # --- before -----------------------------------------------------------------

    def recall(self, task: Task, outcomes: Mapping[TaskId, Outcome], on_output: OnOutput) -> Optional[Outcome]:
        self._outcomes[task.id] = outcomes
        fingerprint = self.fingerprint(task, outcomes)
        if self._modes.force or not self._modes.read:
            self._reasons[task.id] = "forced" if self._modes.force else "the cache is not read in this run"
            self._take(task, fingerprint)
            return None
        found = self._recall(task, fingerprint, on_output)
        if found is None and self._take(task, fingerprint):
            found = self._recall(task, fingerprint, on_output)  # somebody else ran it meanwhile
            if found is not None:
                self._release(task)
        if found is None:
            if task.id not in self._reasons:  # else it is asked for again, before another attempt
                self._seen.append((task.id, "miss", 0.0))
            self._reasons[task.id] = self._why(task, fingerprint)
        else:
            self._seen.append((task.id, found.state.value, found.saved_seconds or 0.0))
            if found.state is State.HIT:
                self._note(fingerprint)
        return found

    def reason(self, task: Task) -> str:
        """Why the task has to run, in one line."""
        return self._reasons.get(task.id, "")

    def identity(self, task: Task) -> Tuple[Optional[str], Optional[str]]:
        found = self._fingerprints.get(task.id)
        return (found.key if found is not None else None), self._kept.get(task.id)

    def glance(self, task: Task, outcomes: Mapping[TaskId, Outcome]) -> Optional[Outcome]:
        if self._modes.force or not self._modes.read or self._fingerprinter.unanswered(task):
            return None
        found = self._known(task) or self._glance(task, outcomes, self._cache.at_once())
        if found is not None:
            self._outcomes[task.id] = outcomes
            self._seen.append((task.id, found.state.value, found.saved_seconds or 0.0))
        return found

    def _known(self, task: Task) -> Optional[Outcome]:
        """The outcome of a task of which all is as it was when it was last found fresh."""
        known = self._witness.known if self._witness is not None else None
        row = known.fresh.get(task.id) if known is not None else None
        if row is None:
            return None
        key, seconds, attempts, value = row
        return self._fresh(task, key, Mark(key, [], None, seconds, value, attempts), None)

    def _glance(
        self, task: Task, outcomes: Mapping[TaskId, Outcome], within: ContextManager[None]
    ) -> Optional[Outcome]:
        """The outcome of a task that is fresh by its mark and what `within` may be looked at."""
        if not self._looking.acquire(blocking=False):
            return None
        try:
            mark = self._cache.mark(task)
            if mark is None or mark.value is False or (mark.log is not None and not task.outputs):
                return None
            self._look_for(task.id)
            with within:
                if self.fingerprint(task, outcomes).key != mark.key:
                    return None
                return self._fresh(task, mark.key, mark, None) if self._cache.is_made(mark) else None
        except NotAtOnce:
            return None
        finally:
            self._looking.release()

    def _recall(self, task: Task, fingerprint: Fingerprint, on_output: OnOutput) -> Optional[Outcome]:
        with self._looking:
            self._look_for(task.id)
            mark = self._cache.fresh(task, fingerprint.key)
        stored = None
        if mark is None or mark.value is False:
            stored = self._cache.stored(task, fingerprint)
        found = self._fresh(task, fingerprint.key, mark, stored)
        if found is not None:
            if not task.outputs:
                self._cache.replay_log(task, on_output)
            return found
        if stored is None:
            return None
        try:
            value = load_value(stored.value) if stored.value else None
        except Exception:  # a class that is gone or has changed
            return None
        if not self._cache.restore(task, stored, on_output):
            return None
        made = stored.manifest.digest or None
        return Outcome(
            state=State.HIT,
            ok=True,
            value=value,
            saved_seconds=stored.seconds,
            attempts=stored.attempts,
            key=fingerprint.key,
            outputs=made,
        )

    def _fresh(self, task: Task, key: str, mark: Optional[Mark], stored: Optional[Stored]) -> Optional[Outcome]:
        """The outcome of a task whose outputs are there, if its value is known as well."""
        if mark is None:
            return None
        text = (stored.value if stored else None) if mark.value is False else mark.value
        if text is None and mark.value is False:
            return None
        try:
            value = load_value(str(text)) if text else None
        except Exception:  # a class that is gone or has changed
            return None
        saved, attempts = mark.seconds, mark.attempts
        return Outcome(state=State.FRESH, ok=True, value=value, saved_seconds=saved, attempts=attempts, key=key)

    def _take(self, task: Task, fingerprint: Fingerprint) -> bool:
        """Hold the key's lock; True if somebody else held it before."""
        lock = self._make_lock(fingerprint.key)
        waited = False
        while not lock.acquire():
            waited = True
            if self._closed.wait(0.02):
                return False
        self._locks[task.id] = lock
        return waited

    def _release(self, task: Task) -> None:
        lock = self._locks.pop(task.id, None)
        if lock is not None:
            lock.release()

    # --- around the action --------------------------------------------------------

    def warnings(self) -> List[str]:
        """Messages about trouble since the last call."""
        found, self._warnings[:] = list(self._warnings), []
        return found

    def begin(self, task: Task) -> MemoryRecording:
        with self._looking:
            if task.id not in self._fingerprints:
                self._outcomes[task.id] = {}
                self.fingerprint(task, {})
            self._note(self._fingerprints[task.id])
            return MemoryRecording(self, task, self._cache.begin(task))

    def finish(self, task: Task, recording: Recording, outcome: Outcome) -> Optional[str]:
        """Keep a result, if its inputs are still what they were; else a reason."""
        try:
            before = self._fingerprints[task.id]
            with self._looking:
                now = self.fingerprint(task, self._outcomes[task.id])
                if now.key != before.key:
                    recording.abandon()
                    changes = difference({part.name: part.value for part in before.parts}, now.parts)
                    return f"{listed(tuple(changes))} while it ran"
            if not self._modes.write:
                recording.abandon()
                return None
            reason = recording.finish(before, outcome, dump_value(outcome.value))
            if reason is None:
                self._stored = True
                mark = self._cache.mark(task)
                if mark is not None and mark.rows:
                    self._kept[task.id] = mark.manifest.digest
            return reason
        except NotKeepable as error:
            recording.abandon()
            return str(error)
        finally:
            self._release(task)

    def abandon(self, task: Task, recording: Recording) -> None:
        """The task did not end well."""
        recording.abandon()
        self._release(task)

    # --- fingerprints ---------------------------------------------------------------

    def fingerprint(self, task: Task, outcomes: Mapping[TaskId, Outcome]) -> Fingerprint:
        """The fingerprint of a task whose dependencies have ended, with its inputs as they are now."""
        for command in self._fingerprinter.unanswered(task):
            self._fingerprinter.answer(command, self._ask(command))
        with self._looking:
            todo = [task.id]
            while todo:  # what has no key of its own yet is identified first, without recursion
                task_id = todo[-1]
                lacking = [on for on in self._named_by_key(task_id) if on not in self._fingerprints and on != task_id]
                if lacking:
                    todo.extend(lacking)
                    continue
                todo.pop()
                one = task if task_id == task.id else self._tasks[task_id]
                upstream = self._upstream(task_id, outcomes)
                self._look_for(task_id)
                made = self._fingerprinter.fingerprint(one, upstream)
                self._fingerprints[task_id] = made
            return made

    def _look_for(self, task_id: TaskId) -> None:
        """Files that are looked at now are looked at for this task."""
        if self._witness is not None:
            self._witness.task = task_id

    def _upstream(self, task_id: TaskId, outcomes: Mapping[TaskId, Outcome]) -> Dict[str, str]:
        parts: Dict[str, str] = {}
        for edge in self._edges.get(task_id, ()):
            if edge.kind is EdgeKind.RESULT:
                outcome = outcomes.get(edge.on)
                parts[f"result {edge.on}"] = _value_text(outcome.value if outcome else None)
                if self._tasks[edge.on].outputs:
                    parts[f"dependency {edge.on}"] = self._outputs_of(self._tasks[edge.on])
            elif edge.kind is EdgeKind.NEEDS and not edge.order_only:
                on = self._tasks[edge.on]
                if on.outputs and not edge.by_key:
                    parts[f"dependency {edge.on}"] = self._outputs_of(on)
                else:  # a key says what was done, not that it failed where it may
                    ended = outcomes.get(edge.on)
                    warned = " warned" if ended is not None and ended.state is State.WARNED else ""
                    parts[f"dependency {edge.on}"] = self._fingerprints[edge.on].key + warned
        return parts

    def _named_by_key(self, task_id: TaskId) -> List[TaskId]:
        return [
            edge.on
            for edge in self._edges.get(task_id, ())
            if edge.kind is EdgeKind.NEEDS and not edge.order_only and (edge.by_key or not self._tasks[edge.on].outputs)
        ]

    def _outputs_of(self, task: Task) -> str:
        known = self._made.get(task.id)
        if known is None:
            self._look_for(task.id)
            known = self._made[task.id] = self._fingerprinter.outputs_digest(task)
        return known

    def _why(self, task: Task, fingerprint: Fingerprint) -> str:
        before = self._cache.last_parts(task)
        if before is None:
            return NO_EARLIER_RESULT
        changes = difference(before, fingerprint.parts)
        return listed(tuple(changes)) if changes else "its result is not in the cache any more"


class MemoryRecording:
    """One task that runs and may be kept."""

    def __init__(self, memory: CacheMemory, task: Task, recording: Recording) -> None:
        self._memory = memory
        self._task = task
        self._recording = recording

    def output(self, stream: str, data: bytes) -> None:
        self._recording.output(stream, data)

    def finish(self, outcome: Outcome) -> Optional[str]:
        return self._memory.finish(self._task, self._recording, outcome)

    def abandon(self) -> None:
        self._memory.abandon(self._task, self._recording)


def _value_text(value: Any) -> str:
    """What stands for another task's value in a key."""
    try:
        return hashlib.sha256(dump_value(value).encode()).hexdigest()
    except NotKeepable:
        return hashlib.sha256(repr(value).encode()).hexdigest()
