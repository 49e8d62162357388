"""`taskrush diff RUN1 RUN2`: what was different in two runs: states, durations, and what of the keys changed."""

from __future__ import annotations

import json
import os
import sys

from taskrush.model.fingerprint import Part, difference
from taskrush_cli.commands.history import run_facts, table
from taskrush_cli.past import day, open_past, run_called, state_of
from taskrush_cli.render.style import Style, count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.history import PastRun, PastTask

SHOWN = 4  # parts of a key in a line
SLOWER = 1.5  # times as long is worth a line,
SECONDS = 0.5  # if it is so much
STOOD = ("succeeded", "fresh", "hit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", nargs="?", metavar="RUN1", default="last~1", help="a run (default: the last but one)")
    parser.add_argument("now", nargs="?", metavar="RUN2", default="last", help="another one (default: the last)")
    parser.add_argument("--all", action="store_true", help="also tasks that were the same in both")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    _, history = open_past(options)
    runs = [run_called(history, options.before), run_called(history, options.now)]
    tasks = [{task.task: task for task in history.tasks(run=one.run)} for one in runs]
    parts = getattr(history, "parts", lambda key: None)
    names = [*tasks[1], *(name for name in tasks[0] if name not in tasks[1])]
    found = [_compare(name, tasks[0].get(name), tasks[1].get(name), parts) for name in names]
    if options.json:
        facts = {"version": 1, "before": run_facts(runs[0]), "now": run_facts(runs[1]), "tasks": found}
        print(json.dumps(facts, indent=2))
        return 0
    style = Style.of(sys.stdout, options.settings.color, os.environ)
    for sign, one in zip("-+", runs):
        print(style.paint(f"{sign} {_headline(one)}", "red" if sign == "-" else "green"))
    shown = [facts for facts in found if options.all or _matters(facts)]
    rows = [["task", "state", "took", "changed"], *(_row(facts) for facts in shown)]
    if shown:
        print("\n".join(table(rows, style)))
    if len(found) > len(shown):
        print(f"{count(len(found) - len(shown), 'task')} {'is' if len(found) - len(shown) == 1 else 'are'} as before")
    return 0


def _headline(run: PastRun) -> str:
    at = " ".join(text for text in (run.branch, (run.revision or "")[:7]) if text)
    facts = [day(run.began_at), state_of(run), duration(run.seconds), count(run.tasks, "task")]
    return f"{run.run}  {', '.join(facts)}{f' on {at}' if at else ''}"


def _compare(name: str, before: Optional[PastTask], now: Optional[PastTask], parts: Any) -> Dict[str, Any]:
    keys = _keys(before, now)
    changed: Optional[List[Dict[str, str]]] = None
    if keys is not None:
        changed = [] if keys[0] == keys[1] else _changes(parts(keys[0]), parts(keys[1]))
    return {
        "task": name,
        "states": [before.state if before else None, now.state if now else None],
        "seconds": [before.seconds if before else None, now.seconds if now else None],
        "reasons": [before.reason if before else None, now.reason if now else None],
        "same_key": None if keys is None else keys[0] == keys[1],
        "changes": changed,
        "same_outputs": _same_outputs(before, now),
    }


def _keys(before: Optional[PastTask], now: Optional[PastTask]) -> Optional[Tuple[str, str]]:
    if before is None or now is None or not before.key or not now.key:
        return None
    return before.key, now.key


def _same_outputs(before: Optional[PastTask], now: Optional[PastTask]) -> Optional[bool]:
    if before is None or now is None or not before.outputs or not now.outputs:
        return None
    return before.outputs == now.outputs


def _changes(before: Optional[Mapping[str, str]], now: Optional[Mapping[str, str]]) -> Optional[List[Dict[str, str]]]:
    """What of the key changed; None where that is not remembered."""
    if not before or not now:
        return None
    changes = difference(before, [Part(name, value) for name, value in now.items()])
    return [{"part": change.part, "what": change.what} for change in changes]


def _matters(facts: Dict[str, Any]) -> bool:
    before, now = facts["states"]
    if before != now and not (before in STOOD and now in STOOD):
        return True
    if facts["same_key"] is False or facts["same_outputs"] is False:
        return True
    if before == now == "succeeded":
        low, high = sorted(facts["seconds"])
        return bool(high - low >= SECONDS and high >= SLOWER * low)
    return before != now and "succeeded" in (before, now)


def _row(facts: Dict[str, Any]) -> List[str]:
    states: Sequence[Optional[str]] = facts["states"]
    shown = [state or "not there" for state in states]
    state = shown[0] if shown[0] == shown[1] else f"{shown[0]} -> {shown[1]}"
    took = " -> ".join("-" if seconds is None else duration(seconds) for seconds in facts["seconds"])
    notes = []
    if facts["changes"]:
        texts = [
            f"{one['part']} {'changed' if one['what'] == 'changed' else 'is ' + one['what']}"
            for one in facts["changes"]
        ]
        notes.append(", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""))
    elif facts["same_key"] is False:
        notes.append("its key changed")
    if facts["same_outputs"] is False:
        notes.append("made something else" if facts["same_key"] is False else "made something else of the same")
    if facts["reasons"][1] and facts["reasons"][0] != facts["reasons"][1]:
        notes.append(facts["reasons"][1].split("\n")[0])
    return [facts["task"], state, took, "; ".join(notes)]
