"""Puts the parts together: which runner, cache and reporter goes with which name. Loaded when first used."""

import importlib
import os
import time
from typing import Any, Dict, Mapping, Optional

from taskrush.protocols import Memory, Runner

REPORTERS = {"log": "taskrush.report.log:LogReporter"}


def load(place: str) -> Any:
    """The object at `module:name`."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


class SystemClock:
    """The clock on the wall."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def make_runners(
    root: str,
    run_id: str,
    environ: Optional[Mapping[str, str]] = None,
    overrides: Optional[Mapping[str, str]] = None,
) -> Dict[str, Runner]:
    """The runners of one run, by name. `environ` is what actions start from (default: this process's)."""
    from taskrush.runners.call import CallRunner
    from taskrush.runners.local import LocalRunner

    local = LocalRunner(root, dict(os.environ if environ is None else environ), run_id, overrides)
    return {"local": local, "call": CallRunner(local)}


def make_memory() -> Memory:
    """What the runs of a workspace know of work done before."""
    from taskrush.cache.disabled import NoMemory

    return NoMemory()
