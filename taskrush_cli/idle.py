"""A run with nothing to do, told without loading what runs tasks.

The last run of this command line found everything fresh and kept what it saw (`idle_notes.py`). While `unchanged` says
that all of that is as it was, the same is said again, and the run is remembered and counted like any other. Whatever is
in doubt is left to the parser and what follows it. Nothing dear is imported here.
"""

from __future__ import annotations

import os
import sys
import time

from taskrush.declare.discover import discover
from taskrush.unchanged import Known, changed, load, note_again, question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Union

    from taskrush_cli.render.style import Style


def answer(words: List[str]) -> Union[int, Known, None]:
    """Tell that there was nothing to do, and return the exit code; else what is known of the tasks, if anything."""
    began_at, begun = time.time(), time.monotonic()
    directory = words[1] if words[:1] in (["-C"], ["--directory"]) and len(words) > 1 else "."
    try:
        found = discover(directory)
        cwd = os.getcwd()
    except Exception:  # what is wrong with the workspace is told when it is loaded
        return None
    if found is None or found.python is not None:
        return None
    name = question(words, cwd)
    kept = load(found.root, name)
    if kept is None:
        return None
    told = kept[2]
    style = _style(told["color"])
    if told["around"] != around(found.root, found.rush, style):
        return None
    checked_at = time.time_ns() + kept[0][1]
    try:
        os.chdir(found.root)
        try:
            moved = changed(kept, os.environ)
            if moved:
                return Known(kept, moved, checked_at)
            if moved is None or not _remember(found.root, told, began_at, begun):
                return None
        finally:
            os.chdir(cwd)
    except OSError:
        return None
    note_again(found.root, name)
    _say(told, style, time.monotonic() - begun)
    return 0


def around(root: str, rush: Optional[str], style: Style) -> Any:
    """What else a run and what is said of it depend on: the workspace, the machine, our streams."""
    machine = tuple(os.uname()) if hasattr(os, "uname") else sys.platform
    return (root, rush, machine, _processors(), style.color, style.unicode)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _style(color: str) -> Style:
    from taskrush_cli.render.style import Style

    return Style.of(sys.stderr, color, os.environ)


def _remember(root: str, told: Any, began_at: float, begun: float) -> bool:
    """Write the run's history; False if that is not possible, which is then told by who cannot do it either."""
    if told["run"] is None:
        return True
    from taskrush.report.revision import revision_of
    from taskrush.report.spool import SpoolWriter, make_room_sometimes, new_run_id, spool_path
    from taskrush.report.spool_lines import at_text, finish_fields, run_again

    run = new_run_id()
    spool = SpoolWriter(root, run)
    try:
        make_room_sometimes(root)
        spool.write("R", run_again(told["run"], run, began_at, *revision_of(root)), now=False)
        spool.write_block(told["tasks"].replace(b"\0", at_text(time.time()).encode()))
        spool.write("E", finish_fields(time.time(), True, 0, time.monotonic() - begun, ""))
        spool.close()
    except OSError:
        try:
            os.unlink(spool_path(root, run))
        except OSError:
            pass
        return False
    return True


def _say(told: Any, style: Style, seconds: float) -> None:
    from taskrush_cli.render.totals import totals
    from taskrush_cli.render.writing import descriptor_of, put

    text = told["lines"]
    if told["sums"] is not None:
        total, ended, saved = told["sums"]
        text += totals(style, total, ended, seconds, saved) + "\n"
    if text:
        try:
            put(sys.stderr, descriptor_of(sys.stderr), text.encode("utf-8", "surrogateescape"))
        except OSError:  # nobody reads it
            pass
