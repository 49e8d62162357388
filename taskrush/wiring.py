"""Puts the parts together: which runner, cache and reporter goes with which name. Loaded when first used."""

from __future__ import annotations

import os
import sys
import time

from taskrush.model.secret import placed
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

    from taskrush.model.declaration import FileDecl
    from taskrush.model.history import Keep
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task
    from taskrush.protocols import (
        Calls,
        History,
        Memory,
        OnOutput,
        Pollable,
        Runner,
        Running,
        Secrets,
        Sharing,
        Subscriber,
    )
    from taskrush.report.notify_past import Remembered
    from taskrush.supply.vault import Vault
    from taskrush.unchanged import Witness

REPORTERS = {
    "history": "taskrush.report.history:HistoryReporter",
    "jsonl": "taskrush.report.jsonl:JsonlReporter",
    "log": "taskrush.report.log:LogReporter",
}
EXPORTS = {
    "chrome-trace": "taskrush.report.chrome_trace:render",
    "csv": "taskrush.report.csv_table:render",
    "json": "taskrush.report.json_facts:render",
    "junit": "taskrush.report.junit:render",
    "otlp": "taskrush.report.otel:render",
    "prometheus": "taskrush.report.prometheus:render",
}
"""Forms in which runs leave for other tools: each makes a text of any number of them."""


def load(place: str) -> Any:
    """The object at `module:name`."""
    module, _, name = place.partition(":")
    __import__(module)
    return getattr(sys.modules[module], name)


class SystemClock:
    """The clock on the wall."""

    def now(self) -> float:
        return time.time()

    monotonic = staticmethod(time.monotonic)  # asked very often


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
    secrets: Optional[Vault] = None,
    sharing: Optional[Sharing] = None,
    measure: str = "end",
) -> Dict[str, Runner]:
    """The runners of one run, by name. `environ` is what actions start from (default: this process's).

    With `capture_prints` what functions print is their task's output.
    """
    from taskrush.runners.local import LocalRunner

    base = dict(os.environ if environ is None else environ)
    vault = (lambda task: {}) if secrets is None else secrets.environment
    local = LocalRunner(root, base, run_id, overrides, vault, sharing, measure)
    return {
        "local": local,
        "call": LateRunner(lambda: load("taskrush.runners.call:CallRunner")(local, capture_prints)),
        "process": LateRunner(lambda: load("taskrush.runners.isolated:IsolatedRunner")(local, root)),
    }


def make_calls(
    runners: Mapping[str, Runner], capture_prints: bool
) -> Callable[[Callable[[Task, str, bytes], None]], Calls]:
    """What calls the functions of a run that has nothing else, once it is known who hears what they write."""

    def make(heard: Callable[[Task, str, bytes], None]) -> Calls:
        made: Calls = load("taskrush.runners.calls:Calls")(runners["local"], capture_prints, heard)
        return made

    return make


def make_notifier(
    plan: Plan,
    files: Iterable[FileDecl],
    overrides: Optional[Mapping[str, str]] = None,
    watch: Union[bool, Remembered] = True,
    wait: float = 5.0,
    secrets: Optional[Secrets] = None,
) -> Optional[Subscriber]:
    """Tells people how this plan's run ended, or None where nobody wants to know. It is to be the last subscriber."""
    from taskrush.compile.channels import gather

    wanted = gather(files)
    if not wanted.rules and not any(task.notify for task in plan.tasks):
        return None
    made: Subscriber = load("taskrush.report.notify:Notifier")(
        plan.root,
        plan.tasks,
        wanted,
        channel_environ(plan.root, files, {**os.environ, **(overrides or {})}),
        open_history=lambda: open_history(plan.root),
        wait=wait,
        redactor=None if secrets is None else secrets.redactor,
        watch=None if isinstance(watch, bool) else watch,
    )
    return made


def channel_environ(root: str, files: Iterable[FileDecl], environ: Mapping[str, str]) -> Mapping[str, str]:
    """What channels are filled in from: the environment and, below it, the dotenv files of those who declare them."""
    found: Dict[str, str] = {}
    for path in (os.path.join(file.folder, name) for file in files if file.notify for name in file.dotenv):
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as dotenv:
                text = dotenv.read()
        except (OSError, ValueError):
            continue
        from taskrush.compile.dotenv import parse_dotenv

        found.update(parse_dotenv(text, path)[0])
    return {**found, **environ}


def make_vault(
    plan: Plan, files: Iterable[FileDecl], environ: Mapping[str, str], overrides: Mapping[str, str]
) -> Optional[Vault]:
    """The secrets of a run; None where no file and no task has any. Runs nothing and asks no keyring."""
    declared = [placed(secret, file.folder) for file in files for secret in file.secrets]
    channels = [one for file in files if file.notify is not None for one in file.notify.channels.values()]
    tasks = [task for task in plan.tasks if task.secrets]
    if not declared and not tasks and not channels:
        return None
    from taskrush.compile.dotenv import parse_dotenv
    from taskrush.supply.vault import Vault

    names = {secret.name for secret in declared}
    everywhere = {**environ, **overrides}
    also = {task.env[name] for task in plan.tasks for name in names.intersection(task.env)}
    if channels:
        from taskrush.model.message import secret_names

        around = channel_environ(plan.root, files, everywhere)
        also.update(around.get(name, "") for channel in channels for name in secret_names(channel))
    return Vault(plan.root, everywhere, declared, tasks, lambda text, path: parse_dotenv(text, path)[0], also)


def make_memory(
    plan: Plan,
    files: Iterable[FileDecl],
    run_id: str,
    overrides: Optional[Mapping[str, str]] = None,
    modes: str = "local:rw",
    force: bool = False,
    secrets: Optional[Vault] = None,
    remember: bool = False,
    witness: Optional[Witness] = None,
) -> Memory:
    """What a run knows of work done before; nothing is loaded for it when nothing of the plan is cached."""
    if modes == "off" or not any(task.is_cached for task in plan.tasks if task.uncommon):
        from taskrush.cache.disabled import NoMemory

        return NoMemory()
    from taskrush import caching

    chosen = evolve(caching.parse_modes(modes), force=force)
    settings = caching.cache_settings(files, plan.root, os.environ)
    return caching.make_memory(plan, settings, run_id, os.environ, overrides, chosen, secrets, remember, witness)


def make_priority(plan: Plan, jobs: int) -> Optional[List[float]]:
    """Which tasks go first, by how long they took before; None where nothing is known, or where it makes no odds.

    One at a time they take as long in any order, so that the declared one stays; or all of them find room at once.
    """
    if jobs == 1 or len(plan) <= jobs:
        return None
    from taskrush.execute.priority import priorities
    from taskrush.report.learnt import Learnt

    return priorities(plan, Learnt(plan.root).durations(task.id for task in plan.tasks))


def open_history(root: str, warn: Callable[[str], None] = lambda message: None, keep: Optional[Keep] = None) -> History:
    """What is remembered of the runs of a workspace, those included that go on. `warn` takes messages about trouble."""
    made: History = load("taskrush.report.history_db:HistoryDatabase")(root, warn, keep)
    return made
