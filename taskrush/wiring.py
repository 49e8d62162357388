"""Puts the parts together: which runner, cache and reporter goes with which name. Loaded when first used."""

import importlib
import os
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Mapping, Optional, Sequence, Union

from taskrush.model.declaration import FileDecl
from taskrush.model.plan import Plan
from taskrush.model.task import Task
from taskrush.protocols import Memory, OnOutput, Pollable, Runner, Running
from taskrush.values import evolve

if TYPE_CHECKING:
    from taskrush.model.history import Keep
    from taskrush.protocols import History

REPORTERS = {
    "history": "taskrush.report.history:HistoryReporter",
    "jsonl": "taskrush.report.jsonl:JsonlReporter",
    "log": "taskrush.report.log:LogReporter",
}


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


class LateRunner:
    """A runner whose module is loaded with its first task."""

    def __init__(self, make: Callable[[], Runner]) -> None:
        self._make = make
        self._made: Optional[Runner] = None

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Union[Running, Pollable]:
        if self._made is None:
            self._made = self._make()
        return self._made.start(task, on_output, values)

    def interrupt(self, signum: int) -> None:
        if self._made is not None:
            self._made.interrupt(signum)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def make_runners(
    root: str,
    run_id: str,
    environ: Optional[Mapping[str, str]] = None,
    overrides: Optional[Mapping[str, str]] = None,
    capture_prints: bool = False,
) -> Dict[str, Runner]:
    """The runners of one run, by name. `environ` is what actions start from (default: this process's).

    With `capture_prints` what functions print is their task's output.
    """
    from taskrush.runners.local import LocalRunner

    local = LocalRunner(root, dict(os.environ if environ is None else environ), run_id, overrides)
    return {
        "local": local,
        "call": LateRunner(lambda: load("taskrush.runners.call:CallRunner")(local, capture_prints)),
        "process": LateRunner(lambda: load("taskrush.runners.isolated:IsolatedRunner")(local, root)),
    }


def make_memory(
    plan: Plan,
    files: Iterable[FileDecl],
    run_id: str,
    overrides: Optional[Mapping[str, str]] = None,
    modes: str = "local:rw",
    force: bool = False,
    secrets: Sequence[str] = (),
) -> Memory:
    """What a run knows of work done before; nothing is loaded for it when nothing of the plan is cached."""
    if modes == "off" or not any(task.is_cached for task in plan.tasks):
        from taskrush.cache.disabled import NoMemory

        return NoMemory()
    from taskrush import caching

    chosen = evolve(caching.parse_modes(modes), force=force)
    settings = caching.cache_settings(files, plan.root, os.environ)
    return caching.make_memory(plan, settings, run_id, os.environ, overrides, chosen, secrets)


def open_history(
    root: str, warn: Callable[[str], None] = lambda message: None, keep: "Optional[Keep]" = None
) -> "History":
    """What is remembered of the runs of a workspace, those included that go on. `warn` takes messages about trouble."""
    made: History = load("taskrush.report.history_db:HistoryDatabase")(root, warn, keep)
    return made
