"""`taskrush notify test CHANNEL`: send a test message, and say whether it arrived. `list`: the channels there are.

A test counts against no limit. The exit code is 1 where the message could not be sent.
"""

from __future__ import annotations

import os
import socket
import sys
import time

from taskrush.compile.channels import gather
from taskrush.compile.names import near
from taskrush.errors import UsageError
from taskrush.model.message import secret_names
from taskrush.model.notification import Notice
from taskrush.model.redaction import Redactor
from taskrush.report.notify_news import News, compose
from taskrush.report.notify_send import NotSent, filled, kind_of, missing_names, send
from taskrush.wiring import channel_environ
from taskrush_cli.ahead import overrides
from taskrush_cli.render.table import pad, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Mapping

    from taskrush.model.notification import Channel

ACTIONS = ("test", "list")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS, help="what to do: test CHANNEL, list")
    parser.add_argument("channel", nargs="?", metavar="CHANNEL", help="for test: the channel")


def run(options: argparse.Namespace) -> int:
    project, settings = options.workspace.project, options.settings
    given = {**os.environ, **overrides(settings.directory, settings.env_file, settings.env)}
    environ = channel_environ(project.root, project.files, given)
    channels = gather(project.files).channels
    if options.action == "list":
        return _list(channels, environ)
    if not options.channel:
        raise UsageError("`taskrush notify test` needs the name of a channel", _known(channels))
    if options.channel not in channels:
        hint = near(options.channel, channels) or _known(channels)
        raise UsageError(f"there is no channel `{options.channel}`", hint)
    return _test(project.root, options.channel, channels[options.channel], environ, settings.notify_wait)


def _known(channels: Mapping[str, Channel]) -> str:
    names = ", ".join(f"`{name}`" for name in channels)
    return f"there are {names}" if names else "declare channels under `notify`"


def _list(channels: Mapping[str, Channel], environ: Mapping[str, str]) -> int:
    rows = []
    for name, channel in channels.items():
        missing = missing_names(channel.url, environ)
        kind = channel.type or ("" if missing else kind_of(filled(channel.url, environ)))
        rows.append((name, kind, f"`{missing[0]}` is not set" if missing else ""))
    widths = [max(map(width_of, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(pad(text, width) for text, width in zip(row, widths)).rstrip())
    if not rows:
        print("no channels")
    return 0


def _test(root: str, name: str, channel: Channel, environ: Mapping[str, str], seconds: float) -> int:
    text = "This is a test. Whoever reads it will be told how runs and tasks end."
    notice = Notice(to=(name,), title="[${workspace}] test of channel " + name, body=text)
    around = {
        "host": socket.gethostname(),
        "run": "test",
        "targets": "nothing",
        "workspace": os.path.basename(root),
    }
    message = compose([News(event="always", notice=notice, outcome="succeeded")], around, environ)
    redactor = Redactor(os.fsencode(environ[one]) for one in secret_names(channel) if environ.get(one))
    begun = time.monotonic()
    try:
        send(channel, message, environ, seconds)
    except NotSent as error:
        sys.stderr.write(f"error: channel `{name}`: {redactor.clean_text(error.reason)}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        return 1
    print(f"channel `{name}` took the message in {time.monotonic() - begun:.1f}s")
    return 0
