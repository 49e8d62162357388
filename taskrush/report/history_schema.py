"""The tables of the history database, and how older ones become these. It knows no run.

`PRAGMA user_version` is the number of steps of `STEPS` that were made. Steps are only ever added; a database with more
of them was made by a newer version and is not touched. The tables are documented in docs/reference/history.md.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Tuple

APPLICATION = 0x54527368  # `TRsh`
STEPS: Tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL UNIQUE,
        began_at INTEGER NOT NULL,
        took INTEGER NOT NULL,
        ok INTEGER NOT NULL,
        exit_code INTEGER,
        targets TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        host TEXT NOT NULL,
        revision TEXT,
        branch TEXT,
        reason TEXT,
        tasks INTEGER NOT NULL
    );
    CREATE INDEX runs_by_time ON runs (began_at, run);
    CREATE TABLE names (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    );
    CREATE TABLE parameters (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        task TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (run_id, task, name)
    ) WITHOUT ROWID;
    CREATE TABLE tasks (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name_id INTEGER NOT NULL REFERENCES names (id),
        state TEXT NOT NULL,
        ok INTEGER NOT NULL,
        code INTEGER,
        reason TEXT,
        why TEXT,
        began_at INTEGER,
        took INTEGER NOT NULL,
        waited INTEGER,
        cpu_user INTEGER,
        cpu_system INTEGER,
        peak_bytes INTEGER,
        read_bytes INTEGER,
        written_bytes INTEGER,
        key TEXT,
        attempts INTEGER NOT NULL,
        saved INTEGER,
        outputs TEXT,
        log_bytes INTEGER NOT NULL,
        runner TEXT NOT NULL,
        host TEXT NOT NULL,
        PRIMARY KEY (run_id, number)
    ) WITHOUT ROWID;
    CREATE INDEX tasks_by_name ON tasks (name_id, run_id);
    CREATE TABLE attempts (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,
        code INTEGER,
        reason TEXT,
        began_at INTEGER,
        took INTEGER NOT NULL,
        cpu_user INTEGER,
        cpu_system INTEGER,
        peak_bytes INTEGER,
        read_bytes INTEGER,
        written_bytes INTEGER,
        delay INTEGER,
        PRIMARY KEY (run_id, number, attempt)
    ) WITHOUT ROWID;
    CREATE TABLE keys (
        key TEXT PRIMARY KEY,
        seen_at INTEGER NOT NULL,
        parts BLOB NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN resumes TEXT;
    ALTER TABLE runs ADD COLUMN only_targets INTEGER NOT NULL DEFAULT 0;
    """,
)


def migrate(database: sqlite3.Connection, steps: Tuple[str, ...] = STEPS) -> bool:
    """Make the steps that lack, each of them whole or not at all; False for a database of a newer version."""
    while True:
        done = database.execute("PRAGMA user_version").fetchone()[0]
        if done == len(steps):
            return True
        if done > len(steps):
            return False
        database.execute("BEGIN IMMEDIATE")
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] == done:  # nobody else did it meanwhile
                for statement in filter(str.strip, steps[done].split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {APPLICATION}")
                database.execute(f"PRAGMA user_version = {done + 1}")
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
