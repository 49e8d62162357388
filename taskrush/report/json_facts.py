"""Runs as one JSON object, versioned: `{"version": 1, "runs": [{..., "tasks": [...], "attempts": [...]}]}`. Pure."""

from __future__ import annotations

import json

from taskrush.values import asdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Sequence

    from taskrush.report.spooled import Spooled

VERSION = 1


def render(runs: Sequence[Spooled]) -> str:
    """All runs with their tasks and attempts."""
    return json.dumps({"version": VERSION, "runs": [facts(one) for one in runs]}) + "\n"


def facts(one: Spooled) -> Dict[str, Any]:
    """One run as plain values; the names are those of `PastRun`, `PastTask` and `PastAttempt`."""
    run = asdict(one.run, recurse=False)
    return {
        **run,
        "targets": list(one.run.targets),
        "arguments": {task: dict(own) for task, own in one.run.arguments.items()},
        "tasks": [asdict(task, recurse=False) for task in one.tasks],
        "attempts": [asdict(attempt, recurse=False) for attempt in one.attempts],
    }
