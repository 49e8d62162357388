"""What may stand for a run, or for a task of one, where a word is being completed. Only loaded for such words."""

from __future__ import annotations

import time

from taskrush.report.history_db import HistoryDatabase
from taskrush_cli.past import LAST, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Tuple

    from taskrush.model.history import PastRun

SHOWN = 30


def candidates(root: str, command: str, current: str) -> Iterator[Tuple[str, str]]:
    """Runs, the newest first; for `log` runs with a `/`, and behind it the tasks of the run."""
    history = HistoryDatabase(root)
    word, slash, _ = current.partition("/")
    if command == "log" and slash:
        last = LAST.fullmatch(word)
        back = int(last.group(1) or 0) if last else 0
        runs = history.runs(limit=back + 1)[back:] if last else [run for run in history.runs() if run.run == word]
        for run in runs:
            for task in history.tasks(run=run.run):
                yield f"{word}/{task.task}", task.state
        return
    end = "/" if command == "log" else ""
    for number, run in enumerate(history.runs(limit=SHOWN)):
        name = "last" if number == 0 else f"last~{number}"
        if number < 3:
            yield name + end, _told(run)
    for run in history.runs(limit=SHOWN):
        yield run.run + end, _told(run)


def _told(run: PastRun) -> str:
    at = time.strftime("%m-%d %H:%M", time.localtime(run.began_at))
    return f"{at} {state_of(run)} {' '.join(run.targets)}"
