"""`taskrush profile [TASK...]`: how runs and tasks fared over a time, against other runs, and since when it is so."""

from __future__ import annotations

import gc
import os
import sys
import time

from taskrush.errors import UsageError
from taskrush.profiling import Period, find_profile, past_runs
from taskrush.values import evolve
from taskrush.wiring import EXPORTS
from taskrush_cli.past import day, moment, open_past
from taskrush_cli.render.style import Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Optional

    from taskrush.analyze.profile import Profile
    from taskrush.protocols import History

DURATION = "7d"
FORMS = ("text", "json", "html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="TASK", help="runs that were asked for it (default: all runs)")
    parser.add_argument("--duration", metavar="TIME", help=f"runs of this long until now (default: {DURATION})")
    parser.add_argument("--since", metavar="WHEN", help="only runs since then: `7d`, `2h`, `2026-01-31`")
    parser.add_argument("--until", metavar="WHEN", help="only runs before then")
    parser.add_argument("--branch", metavar="NAME", help="only runs on this branch")
    parser.add_argument(
        "--base", metavar="WHEN..WHEN", help="compare with the runs of this time (default: as long a time before)"
    )
    parser.add_argument("--base-branch", metavar="NAME", help="compare with the runs on this branch in the same time")
    parser.add_argument("--output", dest="form", choices=FORMS, default="text", help="how it is shown")
    parser.add_argument("--json", dest="form", action="store_const", const="json", help="as `--output json`")
    kinds = sorted(EXPORTS)
    parser.add_argument("--export", choices=kinds, metavar="KIND", help=f"export these runs: {', '.join(kinds)}")
    parser.add_argument("-o", dest="file", metavar="FILE", help="write into a file")
    parser.add_argument("--open", action="store_true", help="open the page of `--output html` in a browser")


def run(options: argparse.Namespace) -> int:
    collects = gc.isenabled()
    gc.disable()  # of 100,000 small values without cycles, of which looking for garbage would cost a quarter
    try:
        return _run(options)
    finally:
        if collects:
            gc.enable()


def _run(options: argparse.Namespace) -> int:
    root, history = open_past(options)
    period = _period(options, time.time())
    _known(history, options.names)
    if options.export is not None:
        from taskrush.reporting import render_of

        runs = past_runs(history, options.names, period)
        if not runs:
            raise _nothing(period)
        return _write(render_of(options.export, root)(runs), options.file)
    if options.base_branch is not None:
        period = _own_branch(options, history, period)
    base = _base(options, period)
    found = find_profile(history, options.names, period, base)
    if not found.runs:
        raise _nothing(period)
    versus = f"compared with {_words(base)} ({found.base_runs})" if found.base_runs else "no runs to compare with"
    about = f"{_words(period)} ({found.runs}); {versus}"
    if options.form == "html":
        return _page(options, root, history, period, found, about)
    from taskrush_cli.render import profile as render

    if options.form == "json":
        import json

        facts = {"version": 1, "period": _facts(period), "base": _facts(base), **render.facts_of(found)}
        return _write(json.dumps(facts) + "\n", options.file)
    style = Style.of(sys.stdout, "never" if options.file else options.settings.color, os.environ)
    lines = [style.paint(about, "dim"), "", *render.lines_of(found, style, options.settings.verbose > 0)]
    return _write("\n".join(lines) + "\n", options.file)


def _page(options: argparse.Namespace, root: str, history: History, period: Period, found: Profile, about: str) -> int:
    """The page of the last of these runs, with the profile of all."""
    from taskrush.run_page import profiled_of
    from taskrush_cli.pages import last_of, page_of_past, written

    run = last_of(history, options.names, period)
    text = page_of_past(options, root, history, run, period.since, profiled_of(found, about))
    return written(root, text, options.file, options.open)


def _period(options: argparse.Namespace, now: float) -> Period:
    """What is looked at. Raises `UsageError`."""
    if options.duration is not None and options.since is not None:
        raise UsageError("either `--duration` or `--since` says how far back to look", "leave out one of the two")
    until = now if options.until is None else moment(options.until, "--until", now)
    if options.since is not None:
        since = moment(options.since, "--since", now)
    else:
        since = moment(options.duration or DURATION, "--duration", until)
    if since >= until:
        raise UsageError("there is no time between `--since` and `--until`")
    return Period(since=since, until=until, branch=options.branch)


def _own_branch(options: argparse.Namespace, history: History, period: Period) -> Period:
    """What is looked at where another branch is the base: one branch, that of the last run unless it is said.

    Raises `UsageError` where that is the base.
    """
    last = history.runs(limit=1, since=period.since, until=period.until)
    own = period.branch or (last[0].branch if last else None)
    if own == options.base_branch:
        raise UsageError(f"`{own}` would be compared with itself", "say with `--branch` what to compare with it")
    return evolve(period, branch=own)


def _base(options: argparse.Namespace, period: Period) -> Period:
    """What it is compared with. Raises `UsageError`."""
    since, until, branch = period.since or 0.0, period.until or 0.0, period.branch
    if options.base is not None:
        begin, dots, end = options.base.partition("..")
        if not dots or not begin or not end:
            raise UsageError(f"--base cannot be `{options.base}`", "write `14d..7d`, or `2026-01-01..2026-01-31`")
        edges = sorted(moment(text, "--base", time.time()) for text in (begin, end))
        return Period(since=edges[0], until=edges[1], branch=options.base_branch or branch)
    if options.base_branch is not None:
        return Period(since=since, until=until, branch=options.base_branch)
    return Period(since=2 * since - until, until=since, branch=branch)


def _known(history: History, names: List[str]) -> None:
    for name in names:
        if not history.runs(target=name, limit=1) and not history.tasks(task=name, limit=1):
            raise UsageError(f"no run of task `{name}` is remembered", "`taskrush history` shows past runs")


def _nothing(period: Period) -> UsageError:
    return UsageError(f"no run is remembered that fits: {_words(period)}", "`--duration 90d` looks further back")


def _words(period: Period) -> str:
    on = f" on {period.branch}" if period.branch else ""
    return f"runs{on} from {day(period.since or 0.0)} to {day(period.until or 0.0)}"


def _facts(period: Period) -> Dict[str, Any]:
    return {"since": period.since, "until": period.until, "branch": period.branch}


def _write(text: Optional[str], path: Optional[str]) -> int:
    """Into a file, or to standard output. Raises `UsageError` where there is no writing."""
    if path is None or path == "-":
        sys.stdout.write(text or "")
        return 0
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text or "")
    except OSError as error:
        raise UsageError(f"-o {path}: {(error.strerror or str(error)).lower()}") from None
    return 0
