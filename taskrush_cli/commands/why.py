"""`taskrush why TASK`: what has changed since the task last ended well. Runs nothing."""

import argparse
import json
import os
import sys

from taskrush.cache.forecast import FRESH, HIT, MISS, Forecast, forecast
from taskrush.caching import cache_settings, open_cache
from taskrush.compile.select import select
from taskrush.model.fingerprint import Change

RANK = ("command", "argv", "function", "source", "constant", "argument", "extra", "input", "part", "env", "variable")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="the task to explain")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    from taskrush_cli.commands.run import overrides

    project = options.workspace.project
    task_id = select(project.graph, (options.task,))[0]
    plan = project.plan([options.task])
    settings = cache_settings(project.files, project.root, os.environ)
    warnings: list[str] = []
    cache = open_cache(project.root, settings, "", os.environ, overrides(options.settings), warnings.append)
    found = forecast(plan, cache.fingerprinter, cache.results)[task_id]
    cache.index.save()
    for message in warnings:
        print(f"warning: {message}", file=sys.stderr)
    if options.json:
        print(json.dumps(as_json(found), indent=2))
    else:
        print("\n".join(lines(found)))
    return 0


def as_json(found: Forecast) -> "dict[str, object]":
    """The documented form: keys are added, never renamed."""
    return {
        "version": 1,
        "task": found.task,
        "verdict": found.verdict,
        "reason": found.reason,
        "after": found.after,
        "key": found.key,
        "changes": [{"part": change.part, "what": change.what} for change in ranked(found)],
        "assumed": list(found.assumed),
    }


def lines(found: Forecast) -> "list[str]":
    """What a person reads."""
    shown = [f"`{found.task}` {_headline(found)}"]
    shown.extend(f"  {change}" for change in (ranked(found) if found.verdict == MISS else ()))
    shown.extend(f"  taken to be unchanged: what `{command}` prints" for command in found.assumed)
    return shown


def _headline(found: Forecast) -> str:
    if found.verdict == FRESH:
        return "would not run: its outputs are the right ones"
    if found.verdict == HIT:
        return "would not run: an earlier result would be restored"
    if found.verdict == MISS and not found.known:
        return "would run: it never ended well here"
    if found.verdict == MISS and found.changes:
        return "would run:"
    return f"may run: it {found.reason}" if found.after is not None else f"would run: {found.reason}"


def ranked(found: Forecast) -> "list[Change]":
    """The most telling kinds of change first."""

    def rank(part: str) -> int:
        kind = part.split(" ", 1)[0]
        return RANK.index(kind) if kind in RANK else len(RANK)

    return sorted(found.changes, key=lambda change: (rank(change.part), change.part))
