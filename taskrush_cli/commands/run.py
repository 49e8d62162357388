"""`taskrush TASK...`: run tasks and report as they go."""

import signal
from typing import Any

from taskrush.project import Project
from taskrush_cli.render.console import Console


def run(options: Any) -> int:
    project = Project.load(options.directory)
    plan = project.plan(options.targets, extra=options.extra)
    executor = project.executor(
        plan,
        subscribers=[Console()],
        jobs=options.jobs,
        on_failure="continue" if options.keep_going else "drain",
    )
    stops = 0

    def on_signal(number: int, frame: object) -> None:
        nonlocal stops
        stops += 1
        executor.stop(signal.Signals(number).name, exit_code=128 + number, force=stops > 1)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return executor.run().exit_code
