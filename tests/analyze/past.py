"""Runs and tasks of a made-up past, an hour apart."""

from typing import Any

from taskrush.model.history import PastMeasure, PastRun
from taskrush.model.task import TaskId

MADE = 1767323045.0


def run_of(number: int, **fields: Any) -> PastRun:
    """Run `number`, which ended well unless `fields` say otherwise."""
    fields = {"ok": True, "exit_code": 0, "seconds": 1.0, "targets": (TaskId("all"),), **fields}
    return PastRun(run=f"run-{number:04}", began_at=MADE + 3600 * number, revision=f"{number:07x}", **fields)


def task_of(number: int, name: str, **fields: Any) -> PastMeasure:
    """A task of run `number`, which ended well unless `fields` say otherwise."""
    return PastMeasure(
        **{"run": f"run-{number:04}", "task": TaskId(name), "state": "succeeded", "seconds": 0.0, **fields}
    )
