"""Reads what can be counted of very many tasks from the history database: few columns, and cheap objects."""

from __future__ import annotations

from taskrush.model.history import PastMeasure
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any, List, Optional, Sequence

COLUMNS = "name_id, state, took / 1e6, waited / 1e6, (cpu_user + cpu_system) / 1e6, peak_bytes, attempts, saved / 1e6"


def measures(
    database: sqlite3.Connection, runs: str, values: Sequence[Any], task: Optional[str] = None
) -> List[PastMeasure]:
    """Those of the runs that `runs` selects, of one `task` or of all. Run by run, which needs no sorting."""
    database.execute("BEGIN")  # so that all is as it was at one moment
    try:
        if task is None:
            names = {number: TaskId(name) for number, name in database.execute("SELECT id, name FROM names")}
            more = ""
        else:
            known = database.execute("SELECT id FROM names WHERE name = ?", (task,)).fetchone()
            if known is None:
                return []
            names = {known[0]: TaskId(task)}
            more = f" AND name_id = {int(known[0])}"
        text = f"SELECT {COLUMNS} FROM tasks WHERE run_id = ?{more} ORDER BY {'number' if task is None else 'run_id'}"
        found: List[PastMeasure] = []
        for run_id, run in database.execute(runs, values).fetchall():
            found += [PastMeasure(run, names[row[0]], *row[1:]) for row in database.execute(text, (run_id,))]
        return found
    finally:
        database.execute("COMMIT")
