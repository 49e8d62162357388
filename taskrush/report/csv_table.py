"""Runs as CSV (RFC 4180), a line a task. Pure: what is remembered in, text out."""

from __future__ import annotations

import csv
import io

from taskrush.model.history import PastTask
from taskrush.values import fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from taskrush.report.spooled import Spooled

RUN = ("run_began_at", "targets", "branch", "revision")
LEADS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for the beginning of a formula


def render(runs: Sequence[Spooled]) -> str:
    """All tasks of all runs, with the names of the columns first."""
    names = [one.name for one in fields(PastTask)]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*names, *RUN])
    for one in runs:
        about = (one.run.began_at, " ".join(one.run.targets), one.run.branch, one.run.revision)
        for task in one.tasks:
            table.writerow([_cell(value) for value in (*(getattr(task, name) for name in names), *about)])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "\ufffd")  # which CSV readers stumble over
    return "'" + text if text.startswith(LEADS) else text
