"""`taskrush watch TASK...` and `--watch`: run tasks, then again whatever a change affects, until told to stop.

It only shows what the watcher of the library tells, and owns the signals of the process meanwhile.
"""

from __future__ import annotations

import os
import signal
import sys

from taskrush.execute.watch_news import NotLoaded, RoundStarted, SelfChanging, ServiceEnded, Watching
from taskrush.watching import watcher
from taskrush_cli.commands.run import broken, confirm, listeners, overrides, run_options
from taskrush_cli.commands.run import run as run_once
from taskrush_cli.render.error import render_error
from taskrush_cli.render.style import Style
from taskrush_cli.signals import heard, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, List, Sequence

    from taskrush.execute.watch_news import News
    from taskrush.execute.watch_state import Causes
    from taskrush.model.plan import Plan
    from taskrush.model.settings import Settings
    from taskrush.protocols import Subscriber

SHOWN = 4  # names of one kind in a line
SHOWN_LINES = 10  # of a service that ended


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TASK", help="what to run, with the options of the tasks")


def run(options: argparse.Namespace) -> int:
    if options.settings.dry_run:
        return run_once(options)
    return watch(options)


def watch(options: argparse.Namespace) -> int:
    """Watch until a signal comes; the exit code is the signal's."""
    return _Session(options).run()


class _Session:
    """One watch under the eyes of a person."""

    def __init__(self, options: argparse.Namespace) -> None:
        settings: Settings = options.settings
        self._settings = settings
        self._style = Style.of(sys.stderr, settings.color, os.environ)
        self._stops = 0
        self._code = 0
        self._live: Any = None
        self._env = env = overrides(settings)
        project = options.workspace.under(env)
        chosen = {"only": settings.only, "arguments": options.arguments, "extra": options.extra}
        confirm(project.plan(options.targets, **chosen), settings)
        self._project = project
        os.chdir(project.root)
        self._watcher = watcher(
            project,
            options.targets,
            on_change=settings.on_change,
            on_news=self._on_news,
            method=None if settings.watch_by == "auto" else settings.watch_by,
            subscribers=self._subscribers,
            **chosen,
            **run_options(project, settings, env),
        )

    def run(self) -> int:
        with heard(self._on_signal, self._on_pause):
            try:
                for _ in self._watcher:
                    self._still()
                return self._code
            finally:
                self._still()

    def _on_signal(self, number: int, frame: object) -> None:
        self._stops += 1
        self._code = self._code or 128 + number
        self._watcher.stop(signal.Signals(number).name, force=self._stops > 1, exit_code=128 + number)

    def _on_pause(self) -> None:
        live = self._live
        self._watcher.pause(sleep if live is None else lambda: live.pause(sleep))

    def _on_broken(self, error: OSError) -> None:
        reason, code = broken(error)
        self._code = self._code or code
        self._watcher.stop(reason)

    def _subscribers(self, plan: Plan) -> Sequence[Subscriber]:
        self._still()
        found, self._live = listeners(plan, self._settings, self._on_broken, self._project.secrets(plan, self._env))
        if self._live is not None:
            self._live.start()
        return found

    def _still(self) -> None:
        """Take down the live display."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _on_news(self, news: News) -> None:
        self._still()
        if isinstance(news, NotLoaded):
            sys.stderr.write(render_error(news.error, self._style))
            self._say("waiting until that is put right", "yellow")
        elif isinstance(news, SelfChanging):
            self._say(
                f"warning: `{news.task}` changes what it reads (`{news.path}`) each time it runs; "
                "what changes while it runs no longer starts it again",
                "yellow",
            )
            self._say("hint: declare what it makes as `outputs`, or save once more when it is done", "yellow")
        elif isinstance(news, ServiceEnded):
            for line in news.log.splitlines()[-SHOWN_LINES:]:
                sys.stderr.write(f"{news.task} | {line}\n")
            again = "it is started again when it is needed"
            self._say(f"warning: service `{news.task}` ended: {news.reason}; {again}", "yellow")
        elif not self._settings.quiet:
            self._say(_line(news), "dim")

    def _say(self, text: str, *colors: str) -> None:
        sys.stderr.write(self._style.paint(text, *colors) + "\n")
        sys.stderr.flush()


def _line(news: News) -> str:
    if isinstance(news, Watching):
        how = " (polling)" if news.method == "poll" else ""
        return f"watching {news.files} file{'' if news.files == 1 else 's'} for {_some(news.targets)}{how}"
    assert isinstance(news, RoundStarted)
    if not news.causes:
        return f"running {_some(news.tasks)}" if news.number > 1 else "running everything once"
    return f"changed: {_some(_paths(news.causes))} -> {_some(news.tasks)}"


def _paths(causes: Causes) -> List[str]:
    return list(dict.fromkeys(path for paths in causes.values() for path in paths))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN + 1 else ""
    return ", ".join(names[:SHOWN] if more else names) + more
