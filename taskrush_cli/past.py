"""The history as subcommands see it: opened with the limits of the settings, and runs found by what people call them.

A run is `last`, `last~1` (the one before), its id, or the beginning or the end of its id. It loads no task.
"""

from __future__ import annotations

import os
import re
import sys
import time

from taskrush.declare.discover import RUSH_NAMES, discover
from taskrush.errors import UsageError
from taskrush.model.duration import seconds_of
from taskrush.model.history import Keep
from taskrush.model.sizes import as_bytes
from taskrush.wiring import open_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Sequence, Tuple

    from taskrush.model.history import PastRun
    from taskrush.model.settings import Settings
    from taskrush.protocols import History

LAST = re.compile(r"last(?:~([0-9]{1,6}))?")
ID = re.compile(r"[0-9TA-Fa-f-]{4,}")
_DAY = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def open_past(options: argparse.Namespace) -> Tuple[str, History]:
    """The workspace and its history. Raises `UsageError` where there is no workspace."""
    settings: Settings = options.settings
    if not os.path.isdir(settings.directory):
        raise UsageError(f"no such folder: {settings.directory}")
    found = discover(settings.directory)
    if found is None:
        names = ", ".join((*RUSH_NAMES, "tasks.py"))
        raise UsageError(f"no task file ({names}) here or in any folder above", "`taskrush init` makes one")
    return found.root, open_history(
        found.root, lambda message: print(f"warning: {message}", file=sys.stderr), keep_of(settings)
    )


def keep_of(settings: Settings) -> Keep:
    """How much history these settings let stay. Raises `UsageError`."""
    try:
        seconds = seconds_of(settings.history_keep)
    except ValueError as error:
        raise UsageError(f"setting `history_keep`: {error}") from None
    size = size_of(settings.history_size, "history_size")
    return Keep(seconds=seconds, rows=settings.history_rows or 1 << 60, size=size)


def size_of(text: str, setting: str) -> int:
    """Bytes. Raises `UsageError`."""
    try:
        return as_bytes(text)
    except ValueError as error:
        raise UsageError(f"setting `{setting}`: {error}") from None


def run_called(history: History, word: str) -> PastRun:
    """The run that `word` means. Raises `UsageError`."""
    last = LAST.fullmatch(word)
    if last:
        back = int(last.group(1) or 0)
        found: Sequence[PastRun] = history.runs(limit=back + 1)
        if len(found) > back:
            return found[back]
        if not found:
            raise UsageError(
                "no run is remembered here", "`taskrush TASK` makes one, unless `--no-history` says otherwise"
            )
        raise UsageError(f"there are not so many runs: {len(found)} {'is' if len(found) == 1 else 'are'} remembered")
    matching = (
        [run for run in history.runs() if run.run.startswith(word) or run.run.endswith(word)]
        if ID.fullmatch(word)
        else []
    )
    exact = [run for run in matching if run.run == word]
    if len(exact or matching) == 1:
        return (exact or matching)[0]
    if matching:
        names = ", ".join(run.run for run in matching[:3])
        raise UsageError(f"`{word}` may mean {len(matching)} runs: {names}{', ...' if len(matching) > 3 else ''}")
    raise UsageError(
        f"no run is called `{word}`", "`taskrush history` shows them; `last` is the last one, `last~1` the one before"
    )


def moment(text: str, option: str, now: float) -> float:
    """Seconds since 1970 of `7d` (so long ago) or of a day and time here, `2026-01-31 12:00`. Raises `UsageError`."""
    try:
        return now - seconds_of(text)
    except ValueError:
        pass
    for form in _DAY:
        try:
            return time.mktime(time.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    raise UsageError(
        f"{option} cannot be `{text}`", "write `7d` or `2h` (so long ago), or `2026-01-31` or `2026-01-31 12:00`"
    )


def day(at: float) -> str:
    """`2026-01-31 12:00:05`, here."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def state_of(run: PastRun) -> str:
    """How a run ended, in one word."""
    if run.exit_code is None:
        return "running" if run.reason == "still running" else "interrupted"
    if run.ok:
        return "ok"
    return "interrupted" if run.exit_code > 128 else "failed"
