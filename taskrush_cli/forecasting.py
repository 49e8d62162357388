"""What a run would find in the cache, for the commands that show it. Runs nothing of the user's."""

from __future__ import annotations

import os

from taskrush.cache.forecast import forecast
from taskrush.caching import cache_settings, open_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Sequence, Tuple

    from taskrush.cache.forecast import Forecast
    from taskrush.model.fingerprint import Change
    from taskrush.model.plan import Plan
    from taskrush.model.task import TaskId

RANK = (
    *("command", "argv", "function", "source", "constant", "closure", "argument", "extra"),
    *("input", "part", "env", "variable", "tool", "result", "dependency"),
)


def forecasts(project: Any, plan: Plan, env: Mapping[str, str]) -> Tuple[Dict[TaskId, Forecast], Sequence[str]]:
    """A forecast for each planned task, and messages about trouble. `env` wins over what tasks declare."""
    settings = cache_settings(project.files, project.root, os.environ)
    warnings: List[str] = []
    secrets = project.vault(plan, env)
    cache = open_cache(project.root, settings, "", os.environ, env, warnings.append, secrets)
    found = forecast(plan, cache.fingerprinter, cache.results)
    cache.index.save()
    return found, warnings


def as_json(found: Forecast) -> Dict[str, object]:
    """The documented form: keys are added, never renamed."""
    return {
        "task": found.task,
        "verdict": found.verdict,
        "reason": found.reason,
        "after": found.after,
        "key": found.key,
        "changes": [{"part": change.part, "what": change.what} for change in ranked(found)],
        "assumed": list(found.assumed),
    }


def ranked(found: Forecast) -> List[Change]:
    """The most telling kinds of change first."""

    def rank(part: str) -> int:
        kind = part.split(" ", 1)[0]
        return RANK.index(kind) if kind in RANK else len(RANK)

    return sorted(found.changes, key=lambda change: (rank(change.part), change.part))
