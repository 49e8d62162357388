"""The history of a workspace in SQLite: opened, asked, and set aside where it is no good. A `History`.

Readers take what runs have spooled into it first (`history_take.py`). Write-ahead log, short transactions: any number
of processes may read and write at once. A damaged database, or one of a newer version, is moved aside with a warning
and a new one is begun; no question ever raises for that.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time

from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.report.history_keep import Keep, keep_within
from taskrush.report.history_measures import measures
from taskrush.report.history_schema import migrate
from taskrush.report.history_take import take_in, take_keys
from taskrush.statefile import FOLDER, state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar

    from taskrush.model.history import PastMeasure

NAME = "history.db"
BUSY_SECONDS = 10.0
RECENT = 10  # of a task's last good runs so many say how long it takes
TASK_COLUMNS = (
    "name_id, state, ok, code, reason, why, began_at, took, waited, cpu_user, cpu_system, peak_bytes, read_bytes, "
    "written_bytes, key, attempts, saved, outputs, log_bytes, runner, host"
)
RUN_COLUMNS = (
    "id, run, began_at, took, ok, exit_code, targets, jobs, host, revision, branch, reason, resumes, "
    "only_targets, tasks"
)
if TYPE_CHECKING:
    T = TypeVar("T")
    Warn = Callable[[str], None]


class HistoryDatabase:
    """The history of the workspace at `root`. `warn` takes messages about trouble.

    With `take` what runs have left since the last look is taken in now, and `keep` limits what stays.
    """

    def __init__(
        self,
        root: str,
        warn: Warn = lambda message: None,
        keep: Optional[Keep] = None,
        take: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._warn = warn
        self._path = os.path.join(root, FOLDER, NAME)
        self._database: Optional[sqlite3.Connection] = None
        self._over = False
        if take:
            self._ask(lambda database: take_in(database, root, warn))
            self._ask(lambda database: take_keys(database, root))
            self._ask(lambda database: keep_within(database, root, keep or Keep(), now()))

    def close(self) -> None:
        """Give the file back."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    # --- questions -----------------------------------------------------------

    def runs(
        self,
        limit: Optional[int] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        ok: Optional[bool] = None,
        branch: Optional[str] = None,
    ) -> Sequence[PastRun]:
        wanted, values = _of_runs(since, until, target, branch)
        if ok is not None:
            wanted.append("ok = ?")
            values.append(int(ok))
        text = f"SELECT {RUN_COLUMNS} FROM runs{_where(wanted)} ORDER BY began_at DESC, run DESC{_limit(limit)}"
        return self._ask(lambda database: _runs(database, text, values)) or []

    def tasks(
        self,
        run: Optional[str] = None,
        task: Optional[str] = None,
        since: Optional[float] = None,
        until: Optional[float] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastTask]:
        wanted, values = _within(since, until)
        if run is not None:
            wanted.append("run = ?")
            values.append(run)
        runs = f"SELECT id, run FROM runs{_where(wanted)} ORDER BY began_at DESC, run DESC"
        return self._ask(lambda database: _tasks(database, runs, values, task, limit)) or []

    def measures(
        self,
        since: Optional[float] = None,
        until: Optional[float] = None,
        target: Optional[str] = None,
        branch: Optional[str] = None,
        task: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> Sequence[PastMeasure]:
        wanted, values = _of_runs(since, until, target, branch)
        runs = f"SELECT id, run FROM runs{_where(wanted)} ORDER BY began_at DESC, run DESC{_limit(limit)}"
        return self._ask(lambda database: measures(database, runs, values, task)) or []

    def attempts(self, run: str, task: str) -> Sequence[PastAttempt]:
        text = (
            "SELECT r.run, n.name, a.attempt, a.state, a.code, a.reason, a.began_at, a.took, a.cpu_user, a.cpu_system, "
            "a.peak_bytes, a.read_bytes, a.written_bytes, a.delay FROM attempts a "
            "JOIN runs r ON r.id = a.run_id JOIN tasks t ON t.run_id = a.run_id AND t.number = a.number "
            "JOIN names n ON n.id = t.name_id WHERE r.run = ? AND n.name = ? ORDER BY a.attempt"
        )
        found = self._ask(lambda database: [_attempt(row) for row in database.execute(text, (run, task))])
        return found or [_only_attempt(one) for one in self.tasks(run=run, task=task) if one.began_at is not None]

    def durations(self, tasks: Iterable[str]) -> Mapping[TaskId, float]:
        return {task: statistics.median(found) / 1e6 for task, found in self._recent("took", tasks).items()}

    def peaks(self, tasks: Iterable[str]) -> Mapping[TaskId, int]:
        return {task: int(max(found)) for task, found in self._recent("peak_bytes", tasks).items()}

    def parts(self, key: str) -> Optional[Mapping[str, str]]:
        """What a key was made of, by name; None where that is not known."""
        from taskrush.report.key_parts import unpack

        row = self._ask(lambda database: database.execute("SELECT parts FROM keys WHERE key = ?", (key,)).fetchone())
        return unpack(row[0]) if row else None

    def _recent(self, column: str, tasks: Iterable[str]) -> Dict[TaskId, List[float]]:
        text = (
            f"SELECT t.{column} FROM tasks t WHERE t.name_id = (SELECT id FROM names WHERE name = ?) "
            f"AND t.state = 'succeeded' AND t.{column} IS NOT NULL ORDER BY t.run_id DESC LIMIT {RECENT}"
        )
        found: Dict[TaskId, List[float]] = {}

        def look(database: sqlite3.Connection) -> None:
            for task in tasks:
                rows = database.execute(text, (task,)).fetchall()
                if rows:
                    found[TaskId(task)] = [float(row[0]) for row in rows]

        self._ask(look)
        return found

    # --- the file ------------------------------------------------------------

    def _ask(self, ask: Callable[[sqlite3.Connection], T]) -> Optional[T]:
        """The answer; after damage once more, of a new database. None where there is no use in asking."""
        for _ in range(2):
            if self._over:
                return None
            try:
                return ask(self._opened())
            except sqlite3.OperationalError as error:
                if _is_damage(error):
                    self._set_aside(f"is damaged ({error})")
                    continue
                self._give_up(str(error))
            except sqlite3.DatabaseError as error:
                self._set_aside(f"is damaged ({error})")
            except _Newer:
                self._set_aside("was made by a newer version")
            except (OSError, OverflowError) as error:
                self._give_up(str(error))
        return None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            state_folder(self._root)
            self._database = open_database(self._path)
        return self._database

    def _give_up(self, why: str) -> None:
        """For as long as this object lives: the next process may have more luck."""
        self.close()
        self._over = True
        self._warn(f"the history cannot be used: {self._path}: {why}")

    def _set_aside(self, why: str) -> None:
        self.close()
        aside = f"{self._path}.{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.aside"
        try:
            os.replace(self._path, aside)
            for end in ("-wal", "-shm"):
                if os.path.exists(self._path + end):
                    os.replace(self._path + end, aside + end)
        except FileNotFoundError:  # somebody else has done it
            return
        except OSError as error:
            self._give_up(f"{why}, and cannot be moved: {error.strerror or error}")
            return
        self._warn(f"the history {why}; it was moved to {aside} and a new one begun")


class _Newer(Exception):
    """The database has steps that are not known here."""


def open_database(path: str) -> sqlite3.Connection:
    """Open or make a database. Raises `sqlite3.Error`, `_Newer`."""
    if not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only heard before there are tables
        database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
        if not migrate(database):
            raise _Newer()
    except BaseException:
        database.close()
        raise
    return database


def _is_damage(error: sqlite3.OperationalError) -> bool:
    """Other troubles (busy, read-only, full) go by; this one does not."""
    text = str(error)
    return "malformed" in text or "no such table" in text or "no such column" in text or "disk I/O" in text


def _within(since: Optional[float], until: Optional[float]) -> Tuple[List[str], List[Any]]:
    wanted: List[str] = []
    values: List[Any] = []
    for sign, moment in ((">=", since), ("<", until)):
        if moment is not None:
            wanted.append(f"began_at {sign} ?")
            values.append(max(-(2**62), min(2**62, round(moment * 1e6))))
    return wanted, values


def _of_runs(
    since: Optional[float], until: Optional[float], target: Optional[str], branch: Optional[str]
) -> Tuple[List[str], List[Any]]:
    wanted, values = _within(since, until)
    if target is not None:
        wanted.append("instr(char(31) || targets || char(31), char(31) || ? || char(31)) > 0")
        values.append(target)
    if branch is not None:
        wanted.append("branch = ?")
        values.append(branch)
    return wanted, values


def _where(wanted: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(wanted)}" if wanted else ""


def _limit(limit: Optional[int]) -> str:
    return "" if limit is None else f" LIMIT {max(0, int(limit))}"


def _runs(database: sqlite3.Connection, text: str, values: Sequence[Any]) -> List[PastRun]:
    rows = database.execute(text, values).fetchall()
    return [_run(row, _parameters(database, row[0])) for row in rows]


def _parameters(database: sqlite3.Connection, run_id: int) -> Dict[str, Dict[str, str]]:
    found: Dict[str, Dict[str, str]] = {}
    for task, name, value in database.execute("SELECT task, name, value FROM parameters WHERE run_id = ?", (run_id,)):
        found.setdefault(task, {})[name] = value
    return found


def _run(row: Sequence[Any], arguments: Mapping[str, Mapping[str, str]]) -> PastRun:
    _, run, began_at, took, ok, exit_code, targets, jobs, host, revision, branch, reason, resumes, only, tasks = row
    return PastRun(
        run=run,
        began_at=began_at / 1e6,
        seconds=took / 1e6,
        ok=bool(ok),
        exit_code=exit_code,
        targets=tuple(TaskId(name) for name in targets.split("\x1f") if name),
        jobs=jobs,
        arguments=arguments,
        host=host,
        revision=revision,
        branch=branch,
        reason=reason,
        resumes=resumes,
        only=bool(only),
        tasks=tasks,
    )


def _tasks(
    database: sqlite3.Connection, runs: str, values: Sequence[Any], task: Optional[str], limit: Optional[int]
) -> List[PastTask]:
    """Run by run, which needs no sorting and can stop at the limit."""
    names: Dict[int, TaskId] = {}
    text = f"SELECT {TASK_COLUMNS} FROM tasks WHERE run_id = ?"
    database.execute("BEGIN")  # so that all is as it was at one moment
    try:
        if task is not None:
            known = database.execute("SELECT id FROM names WHERE name = ?", (task,)).fetchone()
            if known is None:
                return []
            text += f" AND name_id = {int(known[0])}"
        found: List[PastTask] = []
        for run_id, run in database.execute(runs, values).fetchall():
            room = "" if limit is None else _limit(limit - len(found))
            for row in database.execute(f"{text} ORDER BY number{room}", (run_id,)):
                name = names.get(row[0])
                if name is None:
                    name = _name(database, row[0])
                    names[row[0]] = name
                found.append(_task(run, name, row))
            if limit is not None and len(found) >= limit:
                break
        return found
    finally:
        database.execute("COMMIT")


def _name(database: sqlite3.Connection, number: int) -> TaskId:
    return TaskId(database.execute("SELECT name FROM names WHERE id = ?", (number,)).fetchone()[0])


def _task(run: str, name: TaskId, row: Sequence[Any]) -> PastTask:
    _, state, ok, code, reason, why, began_at, took, waited, user, system, peak, read, written, key, *rest = row
    attempts, saved, outputs, log_bytes, runner, host = rest
    return PastTask(
        run=run,
        task=name,
        state=state,
        ok=ok == 1,
        code=code,
        reason=reason,
        why=why,
        began_at=_time(began_at),
        seconds=took / 1e6,
        waited_seconds=_time(waited),
        cpu_user_seconds=_time(user),
        cpu_system_seconds=_time(system),
        peak_bytes=peak,
        read_bytes=read,
        written_bytes=written,
        key=key,
        attempts=attempts,
        saved_seconds=_time(saved),
        outputs=outputs,
        log_bytes=log_bytes,
        runner=runner,
        host=host,
    )


def _attempt(row: Sequence[Any]) -> PastAttempt:
    return PastAttempt(
        run=row[0],
        task=TaskId(row[1]),
        attempt=row[2],
        state=row[3],
        code=row[4],
        reason=row[5],
        began_at=_time(row[6]),
        seconds=row[7] / 1e6,
        cpu_user_seconds=_time(row[8]),
        cpu_system_seconds=_time(row[9]),
        peak_bytes=row[10],
        read_bytes=row[11],
        written_bytes=row[12],
        delay=_time(row[13]),
    )


def _only_attempt(task: PastTask) -> PastAttempt:
    """Of a task that was tried once its row says it all."""
    return PastAttempt(
        run=task.run,
        task=task.task,
        attempt=task.attempts,
        state=task.state,
        code=task.code,
        reason=task.reason,
        began_at=task.began_at,
        seconds=task.seconds,
        cpu_user_seconds=task.cpu_user_seconds,
        cpu_system_seconds=task.cpu_system_seconds,
        peak_bytes=task.peak_bytes,
        read_bytes=task.read_bytes,
        written_bytes=task.written_bytes,
    )


def _time(microseconds: Optional[int]) -> Optional[float]:
    return None if microseconds is None else microseconds / 1e6
