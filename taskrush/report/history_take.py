"""Takes spools into the database: each run in a transaction of its own, again and again if need be.

Taking the same run in twice gives the same rows, so that whoever is killed between the rows and the removal of the
spool, and whoever does it at the same time, does no harm. The spool of a run that goes on stays where it is.
"""

from __future__ import annotations

import contextlib
import os
import time

from taskrush.report.key_parts import noted
from taskrush.report.spool import KEYS, is_held, read_lines, spool_folder, spool_path, spools, sweep
from taskrush.report.spooled import understand

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

    from taskrush.model.history import PastTask
    from taskrush.report.spooled import Spooled

BIGGEST = 1 << 28  # bytes; a spool beyond that is not one of ours
BETWEEN = "\x1f"


def take_in(database: sqlite3.Connection, root: str, warn: Callable[[str], None]) -> None:
    """Take in all spools of the workspace. Raises `sqlite3.Error`; what is wrong with a spool is told to `warn`."""
    sweep(root, time.time())
    for run in spools(root):
        path = spool_path(root, run)
        with whole(database):  # read in here: nobody may write an older state of it over ours
            try:
                live = is_held(path)  # asked first: what is not held now has its last line
                data = b"" if os.path.getsize(path) > BIGGEST else _content(path)
            except OSError:  # somebody else has just taken it in
                continue
            lines = read_lines(data)
            found = None if lines is None else understand(lines, live)
            good = found is not None and found.run.run == run
            if good and found is not None:
                insert(database, found)
        if live:
            continue
        try:
            if good:
                os.unlink(path)
            else:
                aside = os.path.join(spool_folder(root), run + ".aside")
                os.replace(path, aside)
                warn(f"what run {run} left for the history cannot be read; it was moved to {aside}")
        except OSError:
            continue


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


@contextlib.contextmanager
def whole(database: sqlite3.Connection) -> Iterator[None]:
    """A transaction that nobody else writes beside."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def take_keys(database: sqlite3.Connection, root: str) -> None:
    """What the keys of runs that are over were made of. Raises `sqlite3.Error`."""
    for run in spools(root, KEYS):
        path = spool_path(root, run, KEYS)
        try:
            if is_held(path):
                continue
            with whole(database):
                text = "INSERT OR REPLACE INTO keys (key, seen_at, parts) SELECT ?, max(began_at), ? FROM runs"
                database.executemany(text + " HAVING count(*)", noted(path))
            os.unlink(path)
        except OSError:
            continue


def insert(database: sqlite3.Connection, found: Spooled) -> None:
    """The rows of one run, in place of those that are there; in a transaction."""
    run = found.run
    row = (
        _micro(run.began_at),
        _micro(run.seconds),
        int(run.ok),
        run.exit_code,
        BETWEEN.join(run.targets),
        run.jobs,
        run.host,
        run.revision,
        run.branch,
        run.reason,
        len(found.tasks),
        run.resumes,
        int(run.only),
    )
    known = database.execute("SELECT id FROM runs WHERE run = ?", (run.run,)).fetchone()
    if known is None:
        values = ", ".join("?" * (len(row) + 1))
        columns = "run, began_at, took, ok, exit_code, targets, jobs, host, revision, branch, reason, tasks, "
        columns += "resumes, only_targets"
        made = database.execute(f"INSERT INTO runs ({columns}) VALUES ({values})", (run.run, *row))
        run_id = int(made.lastrowid or 0)
    else:
        run_id = known[0]
        database.execute(
            "UPDATE runs SET began_at = ?, took = ?, ok = ?, exit_code = ?, targets = ?, jobs = ?, host = ?, "
            "revision = ?, branch = ?, reason = ?, tasks = ?, resumes = ?, only_targets = ? WHERE id = ?",
            (*row, run_id),
        )
        for table in ("parameters", "tasks", "attempts"):
            database.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
    database.executemany(
        "INSERT INTO parameters VALUES (?, ?, ?, ?)",
        [(run_id, task, name, value) for task, own in run.arguments.items() for name, value in own.items()],
    )
    names = _names(database, [task.task for task in found.tasks])
    database.executemany(
        f"INSERT INTO tasks VALUES ({', '.join('?' * 23)})", _task_rows(database, found, run_id, names)
    )
    numbers = {task.task: number for number, task in zip(found.numbers, found.tasks)}
    database.executemany(
        f"INSERT INTO attempts VALUES ({', '.join('?' * 14)})",
        [
            (
                run_id,
                numbers[one.task],
                one.attempt,
                one.state,
                one.code,
                one.reason,
                _maybe(one.began_at),
                _micro(one.seconds),
                _maybe(one.cpu_user_seconds),
                _maybe(one.cpu_system_seconds),
                one.peak_bytes,
                one.read_bytes,
                one.written_bytes,
                _maybe(one.delay),
            )
            for one in found.attempts
            if one.task in numbers and (one.attempt > 1 or one.delay is not None)
        ],
    )


def _names(database: sqlite3.Connection, tasks: List[Any]) -> Dict[str, int]:
    """The numbers of names; new ones get one."""
    found: Dict[str, int] = {}
    for task in tasks:
        row = database.execute("SELECT id FROM names WHERE name = ?", (task,)).fetchone()
        made = None if row else database.execute("INSERT INTO names (name) VALUES (?)", (task,)).lastrowid
        found[task] = row[0] if row else int(made or 0)
    return found


def _task_rows(
    database: sqlite3.Connection, found: Spooled, run_id: int, names: Dict[str, int]
) -> List[Tuple[Any, ...]]:
    return [
        (
            run_id,
            number,
            names[task.task],
            task.state,
            int(task.ok),
            task.code,
            task.reason,
            task.why,
            _maybe(task.began_at),
            _micro(task.seconds),
            _maybe(task.waited_seconds),
            _maybe(task.cpu_user_seconds),
            _maybe(task.cpu_system_seconds),
            task.peak_bytes,
            task.read_bytes,
            task.written_bytes,
            task.key,
            task.attempts,
            _maybe(task.saved_seconds),
            task.outputs or _still(database, task, names[task.task]),
            task.log_bytes,
            task.runner,
            task.host,
        )
        for number, task in zip(found.numbers, found.tasks)
    ]


def _still(database: sqlite3.Connection, task: PastTask, name_id: int) -> Optional[str]:
    """What a fresh task stands for: what it made when it last had this key. Its run did not look."""
    if task.state != "fresh" or not task.key:
        return None
    text = "SELECT key, outputs FROM tasks WHERE name_id = ? AND outputs IS NOT NULL ORDER BY run_id DESC LIMIT 1"
    row = database.execute(text, (name_id,)).fetchone()
    return row[1] if row and row[0] == task.key else None


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)


def _maybe(seconds: Optional[float]) -> Optional[int]:
    return None if seconds is None else round(seconds * 1e6)
