"""What tasks made, kept under their keys: is it on disk already, can it be restored, may it be stored.

The workspace keeps a mark for each task: under which key it last ended well and what it made. The mark is removed
before the task's action starts and written last, so that a run that was killed leaves a miss, never a wrong hit.
Trouble with the store is reported and never fails a task.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time

from taskrush.cache.confine import Confined, Unsafe
from taskrush.cache.copy_workers import Copier
from taskrush.cache.copying import NotStorable, identity
from taskrush.cache.leftovers import Leftovers
from taskrush.cache.log import LogWriter, replay
from taskrush.cache.marks import Marks
from taskrush.cache.objects import Damaged
from taskrush.cache.outputs import checked, collect, found_outputs, part_from_store, restore
from taskrush.model.artifact import FILE, FOLDER, LINK, Manifest, Stored
from taskrush.model.identity import identity_of
from taskrush.model.pattern import Patterns
from taskrush.model.redaction import Redactor
from taskrush.unchanged import parents
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, ContextManager, Dict, List, Mapping, Optional, Union

    from taskrush.cache.objects import ObjectStore
    from taskrush.cache.outputs import Identity
    from taskrush.model.fingerprint import Fingerprint
    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Files, OnOutput
    from taskrush.unchanged import Witness

RECORD_VERSION = 1
SHORT = 4096  # characters of a value that a mark holds
if TYPE_CHECKING:
    Warn = Callable[[str], None]


@frozen
class Mark:
    """What the workspace knows of a task's last good end.

    `rows` are the entries of its manifest as plain values. `value` is what it returned: a text, None, or False for one
    that is too long to be kept here. `attempts` is how often it was tried.
    """

    key: str
    rows: List[List[Any]]
    log: Optional[str]
    seconds: float
    value: Union[str, bool, None]
    attempts: int = 1

    @property
    def manifest(self) -> Manifest:
        return Manifest.from_json(self.rows)


class LocalResultCache:
    """Results of one workspace in one store. `warn` takes messages about trouble, `run_id` names the run in records.
    What holds one of `secrets` is not kept."""

    def __init__(
        self, root: str, store: ObjectStore, files: Files, run_id: str, warn: Warn, secrets: Optional[Redactor] = None
    ) -> None:
        self._secrets = Redactor() if secrets is None else secrets
        self._root = root
        self._store = store
        self._files = files
        self._run_id = run_id
        self._warn = warn
        self._copier = Copier(store, files.seed)
        self._marks = Marks(root, files.now)
        self._leftovers = Leftovers(root)

    def save(self) -> None:
        """The run is over: keep what makes the next one quick."""
        self._copier.close()
        self._marks.save()

    def at_once(self) -> ContextManager[None]:
        """Until this ends, what takes time raises `NotAtOnce` in the calling thread."""
        return self._files.at_once()

    def tell(self, witness: Witness, keys: Mapping[TaskId, str]) -> None:
        """What the results of tasks that were found fresh under these keys were known by, but for file contents."""
        self._marks.tell(witness, keys)
        for task_id, key in keys.items():
            mark = self._mark(task_id)
            if mark is None or mark.key != key or not self._vouched(task_id, mark.rows, witness):
                witness.doubt = True
                return
            if mark.log is not None and not mark.rows:  # what it printed is shown again
                witness.doubt = True
                return
            witness.fresh[task_id] = (mark.key, mark.seconds, mark.attempts, mark.value)

    def _vouched(self, task_id: TaskId, rows: List[List[Any]], witness: Witness) -> bool:
        """Whether plain files alone were looked at, and real folders lead to them, of which the witness is told."""
        witness.task = task_id
        try:
            for path, kind, digest, _, mode, _ in rows:
                status, known = os.lstat(f"{self._root}/{path}"), witness.files.get(path)
                if kind != FILE or known is None or known[2] != digest or known[0] != identity_of(status):
                    return False
                if stat.S_IMODE(status.st_mode) != mode:
                    return False
            for folder in parents(row[0] for row in rows):
                if folder not in witness.kinds:
                    witness.kind(folder, os.lstat(f"{self._root}/{folder}").st_mode)
                if not stat.S_ISDIR(witness.kinds[folder]):
                    return False
        except OSError:
            return False
        return True

    # --- before a task ------------------------------------------------------

    def fresh(self, task: Task, key: str) -> Optional[Mark]:
        """The task's mark if the outputs on disk are those that this key stands for, by the mark and by content."""
        mark = self.mark(task)
        return mark if mark is not None and mark.key == key and self.is_made(mark) else None

    def is_made(self, mark: Mark) -> bool:
        """Whether the outputs on disk are those of the mark, by content."""
        if not mark.rows:
            return True
        with Confined(self._root) as room:
            return all(self._is_there(row, room) for row in mark.rows)

    def stored(self, task: Task, fingerprint: Fingerprint) -> Optional[Stored]:
        """The stored result under this key, if it is sound and for this task."""
        return self.stored_under(task, fingerprint.key)

    def stored_under(self, task: Task, key: str) -> Optional[Stored]:
        """The stored result under a key, if it is sound and for this task."""
        data = self._store.get_record(key)
        if data is None:
            return None
        try:
            return read_record(data, task, key)
        except (ValueError, Unsafe, KeyError, TypeError) as error:
            self._warn(f"a stored result of `{task.id}` is not usable and counts as missing: {error}")
            self._store.delete_record(key)
            return None

    def complete(self, found: Stored) -> bool:
        """Whether all objects of a result are there (not whether they are sound)."""
        digests = [entry.digest for entry in found.manifest.entries if entry.kind == FILE]
        return all(self._store.has(digest) for digest in (*digests, *([found.log] if found.log else ())))

    def restore(self, task: Task, found: Stored, on_output: OnOutput) -> bool:
        """Make the disk hold the result and replay its log; False, with nothing changed, if that is not possible."""
        mark = self.mark(task)
        try:
            with Confined(self._root) as room:
                rows = found.manifest.to_json()
                unchanged = [row[0] for row in rows if row[1] != FOLDER and self._is_there(row, room)]
                keep = {entry.path for entry in found.manifest.entries}
                here = self._identities(task, room)
                left = self._leftovers.among(task, here)
                stale = self._stale(task, mark, left, keep)
                own = {*left, *(row[0] for row in mark.rows)} if mark is not None else set(left)
            log = self._store.get_bytes(found.log) if found.log is not None else b""
            if log is None:
                return False
            self._leftovers.note(task, {path: seen for path, seen in here.items() if path not in own})
            self.forget(task)
            if not restore(self._root, found.manifest, self._copier, stale, unchanged, self._files):
                return False
        except Damaged as error:
            self._warn(f"a stored result of `{task.id}` counts as missing: {error}")
            return False
        except (OSError, Unsafe) as error:
            self._warn(f"a stored result of `{task.id}` could not be restored: {error}")
            return False
        self._write_mark(task, found)
        self._store.touch(found.key)
        replay(log, on_output)
        return True

    def replay_log(self, task: Task, on_output: OnOutput) -> None:
        """Show again what a fresh task printed, if that is still there."""
        mark = self.mark(task)
        if mark is not None and mark.log is not None:
            try:
                log = self._store.get_bytes(mark.log)
            except Damaged:
                log = None
            replay(log or b"", on_output)

    # --- around a task --------------------------------------------------------

    def begin(self, task: Task) -> Recording:
        """The action is about to start: remove the mark and, unless the task is incremental, what it made earlier.

        Of an incremental task everything counts as made by it that its outputs match.
        """
        mark = self.mark(task)
        if task.outputs:
            part_from_store(self._root, self._files, task.outputs, mark.rows if mark else (), self._store)
        if task.incremental or not task.outputs:
            self.forget(task)
            return Recording(self, task, {})
        with Confined(self._root) as room:
            for path in self._stale(task, mark, self._leftovers.among(task, self._identities(task, room)), set()):
                room.remove(path)
            before = self._identities(task, room)
        self._leftovers.note(task, before)
        self.forget(task)  # only now: it says what there was to remove
        return Recording(self, task, before)

    def abandon(self, task: Task, before: Dict[str, Identity]) -> None:
        """The task did not end well, or is not kept: note what it made, so that the next run clears it away."""
        if task.outputs and not task.incremental:
            with Confined(self._root) as room:
                here = self._identities(task, room)
            self._leftovers.note_made(task, {path: now for path, now in here.items() if before.get(path) != now})

    def finish(
        self,
        task: Task,
        fingerprint: Fingerprint,
        before: Dict[str, Identity],
        outcome: Outcome,
        log: LogWriter,
        value: str = "",
    ) -> Optional[str]:
        """Keep the result of a task that ended well; a reason in words if it was not kept."""
        try:
            with Confined(self._root) as room:
                manifest = collect(
                    self._found(task, room), before, self._copier, self._root, self._files, self._secrets
                )
            if self._secrets.holds_text(value):
                raise NotStorable("its return value holds a secret")
            data, cut = log.close()
            if self._secrets.growing and self._secrets.holds(data):
                raise NotStorable("its output holds a secret that became known after it was printed")
            digest = self._store.put_bytes(data) if data else None
            found = Stored(
                key=fingerprint.key,
                task=task.id,
                manifest=checked(manifest, task.outputs) if manifest.entries else manifest,
                log=digest,
                log_cut=cut,
                value=value or None,
                seconds=outcome.seconds,
                attempts=outcome.attempts,
                made_at=time.time(),
                run=self._run_id,
                parts={part.name: part.value for part in fingerprint.parts},
            )
            self._store.put_record(found.key, write_record(found))
        except (NotStorable, Unsafe, OSError) as error:
            self.abandon(task, before)
            return (
                f"the cache cannot be written: {error.strerror or error}" if isinstance(error, OSError) else str(error)
            )
        self._write_mark(task, found)
        return None

    # --- marks ------------------------------------------------------------------

    def mark(self, task: Task) -> Optional[Mark]:
        """What the workspace knows of the task's last good end."""
        return self._mark(task.id)

    def _mark(self, task_id: TaskId) -> Optional[Mark]:
        value = self._marks.get(task_id)
        return Mark(*value) if value is not None and len(value) in (5, 6) else None

    def forget(self, task: Task) -> None:
        """Remove the mark."""
        self._marks.forget(task.id)

    def last_parts(self, task: Task) -> Optional[Dict[str, str]]:
        """The parts of the fingerprint of the task's last good end, by name; they outlive the mark."""
        return self._marks.parts(task.id)

    def _write_mark(self, task: Task, found: Stored) -> None:
        value: Union[str, bool, None] = found.value
        if found.value is not None and len(found.value) > SHORT:
            value = False
        mark = (found.key, found.manifest.to_json(), found.log, found.seconds, value, found.attempts)
        if self._marks.put(task.id, mark, found.parts) and task.outputs:
            self._leftovers.clear(task)

    # --- inside -------------------------------------------------------------------

    def _found(self, task: Task, room: Confined) -> Dict[str, os.stat_result]:
        return found_outputs(self._files, task.outputs, room)

    def _identities(self, task: Task, room: Confined) -> Dict[str, Identity]:
        return {path: identity(status) for path, status in self._found(task, room).items()}

    def _stale(self, task: Task, mark: Optional[Mark], left: List[str], keep: set[str]) -> List[str]:
        """What the task made earlier or left over and `keep` does not hold, deepest first; never what it also reads."""
        inputs = Patterns(task.inputs or ())
        paths = {*left, *(row[0] for row in mark.rows)} if mark is not None else set(left)
        return sorted((path for path in paths if path not in keep and not inputs.matches(path)), reverse=True)

    def _is_there(self, row: List[Any], room: Confined) -> bool:
        path, kind, digest, size, mode, target = row
        status = room.status(path)
        if status is None:
            return False
        if kind == FILE:
            return (
                stat.S_ISREG(status.st_mode)
                and (stat.S_IMODE(status.st_mode) == mode or self._is_link(mode, digest, status))
                and status.st_size == size
                and self._files.digest(path, status) == digest
            )
        if kind == LINK:
            try:
                return stat.S_ISLNK(status.st_mode) and os.readlink(os.path.join(self._root, path)) == target
            except OSError:
                return False
        return bool(kind == FOLDER and stat.S_ISDIR(status.st_mode))

    def _is_link(self, mode: int, digest: str, status: os.stat_result) -> bool:
        """Whether it is linked to its object, as is never done with what may be executed."""
        return not mode & 0o111 and self._store.is_object(digest, status)


class Recording:
    """A task that is running and may be stored: its output is kept on the way."""

    def __init__(self, cache: LocalResultCache, task: Task, before: Dict[str, Identity]) -> None:
        self._cache = cache
        self._task = task
        self._before = before
        self._log = LogWriter()

    def output(self, stream: str, data: bytes) -> None:
        """Note some output."""
        self._log.write(stream, data)

    def finish(self, fingerprint: Fingerprint, outcome: Outcome, value: str = "") -> Optional[str]:
        """The task ended well and its inputs are still those of `fingerprint`; a reason if it was not kept."""
        return self._cache.finish(self._task, fingerprint, self._before, outcome, self._log, value)

    def abandon(self) -> None:
        """The task did not end well, or its result must not be kept."""
        self._log.close()
        self._cache.abandon(self._task, self._before)


# --- records ------------------------------------------------------------------------


def write_record(found: Stored) -> bytes:
    """A record as bytes: JSON with its version and a digest over itself."""
    body: Dict[str, Any] = {"version": RECORD_VERSION, **found.to_json()}
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def read_record(data: bytes, task: Task, key: str) -> Stored:
    """The result in a record. Raises `ValueError` or `Unsafe` unless it is sound and for this task and key."""
    seal, _, text = data.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != seal:
        raise ValueError("the record is damaged")
    body = json.loads(text)
    if not isinstance(body, dict) or body.pop("version", None) != RECORD_VERSION:
        raise ValueError("the record is of another version")
    if body.get("key") != key or body.get("task") != task.id:
        raise ValueError("the record is of another task or key")
    log = body.get("log")
    if log is not None and (not isinstance(log, str) or len(log) != 64 or set(log) - set("0123456789abcdef")):
        raise ValueError("the record names no log")
    if type(body.get("attempts", 1)) is not int:
        raise ValueError("the record does not count attempts")
    manifest = Manifest.from_json(body.pop("manifest"))
    if manifest.entries:
        checked(manifest, task.outputs)
    return Stored(manifest=manifest, **body)
