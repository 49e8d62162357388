"""How much history stays: runs go, the oldest first, when they are too old, too many rows, or too large together.

With a run go its rows and its logs, so that what history tells of can be shown. Runs that go on stay.
"""

from __future__ import annotations

import shutil

from taskrush.model.history import Keep
from taskrush.report.log import logs_folder
from taskrush.report.spool import is_held, spool_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import List, Tuple


def keep_within(database: sqlite3.Connection, root: str, keep: Keep, now: float) -> int:
    """Remove what is beyond the limits; how many runs. Raises `sqlite3.Error`."""
    gone = 0
    oldest = round((now - keep.seconds) * 1e6)
    gone += _remove(database, root, _rows(database, "SELECT id, run FROM runs WHERE began_at < ?", oldest))
    gone += _remove(database, root, _beyond(database, keep.rows))
    while _size(database) > keep.size:
        count = database.execute("SELECT count(*) FROM runs").fetchone()[0]
        some = "SELECT id, run FROM runs ORDER BY began_at LIMIT ?"
        removed = _remove(database, root, _rows(database, some, max(1, count // 10))) if count > 1 else 0
        if not removed:
            break
        gone += removed
    if gone:
        database.execute("DELETE FROM names WHERE id NOT IN (SELECT name_id FROM tasks)")
        database.execute("DELETE FROM keys WHERE seen_at < (SELECT coalesce(min(began_at), 0) FROM runs)")
        database.executescript("PRAGMA incremental_vacuum")  # `execute` would give back a single page
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return gone


def _rows(database: sqlite3.Connection, text: str, value: int) -> List[Tuple[int, str]]:
    return database.execute(text, (value,)).fetchall()


def _beyond(database: sqlite3.Connection, rows: int) -> List[Tuple[int, str]]:
    """The runs that are left when so many tasks have been counted from the newest on; the newest run stays."""
    kept = 0
    found = []
    for number, (run_id, run, tasks) in enumerate(
        database.execute("SELECT id, run, tasks FROM runs ORDER BY began_at DESC, run DESC").fetchall()
    ):
        kept += tasks
        if kept > rows and number:
            found.append((run_id, run))
    return found


def _remove(database: sqlite3.Connection, root: str, runs: List[Tuple[int, str]]) -> int:
    """Remove runs that are over, in one transaction, then their logs."""
    over = [(run_id, run) for run_id, run in runs if not _goes_on(root, run)]
    if not over:
        return 0
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id, _ in over])
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    for _, run in over:
        shutil.rmtree(logs_folder(root, run), ignore_errors=True)
    return len(over)


def _goes_on(root: str, run: str) -> bool:
    try:
        return is_held(spool_path(root, run))
    except OSError:
        return False


def _size(database: sqlite3.Connection) -> int:
    """Bytes that are in use."""
    pages, free, page = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page)


__all__ = ["Keep", "keep_within"]
