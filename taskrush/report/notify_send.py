"""Brings one message to one channel: by Apprise to services and mail, by HTTP to a webhook, to the desktop.

Nothing that is raised or said here holds a URL: what went wrong is told in words of ours. Whoever logs for Apprise or
for the HTTP client while it works for us hears nothing of it.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import threading

from taskrush.model.message import fill
from taskrush.model.notification import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Mapping, Optional

    from taskrush.report.notify_news import Message

NEEDS = "pip install 'taskrush[notify]'"
LONGEST = 10.0  # seconds that a server may take where the run is not over yet
_ERROR = re.compile(r"error[ =:]+(\d{3})")
_KINDS = {
    "slack": ("https://hooks.slack.com/", "https://hooks.slack-gov.com/", "slack://"),
    "discord": ("https://discord.com/api/", "https://discordapp.com/api/", "discord://"),
    "email": ("smtp://", "smtps://", "mailto://", "mailtos://"),
}
_TEAMS = re.compile(r"https://[^/]*(?:\.logic\.azure\.com|\.api\.powerplatform\.com)(?::\d+)?/|workflows?://")


class NotSent(Exception):
    """A message did not arrive; `again` is whether it may do better in a moment. `hint` is what to type."""

    def __init__(self, reason: str, again: bool = False, hint: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.hint = hint


def send(channel: Channel, message: Message, environ: Mapping[str, str], seconds: float) -> None:
    """Bring a message to a channel within about so many seconds. Raises `NotSent`."""
    url = filled(channel.url, environ).strip()
    kind = channel.type or kind_of(url)
    seconds = max(0.1, min(seconds, LONGEST))
    if kind == "desktop":
        to_desktop(message, environ, seconds)
    elif kind == "webhook":
        from taskrush.report.notify_webhook import to_webhook

        headers = {name: filled(text, environ) for name, text in channel.headers.items()}
        to_webhook(url, channel, headers, message, environ, seconds)
    else:
        by_apprise(kind, url, channel, message, environ, seconds)


def filled(text: str, environ: Mapping[str, str]) -> str:
    """A text of a channel with variables of the environment. Raises `NotSent` that names one that is not set."""
    missing = missing_names(text, environ)
    if missing:
        raise NotSent(f"`{missing[0]}` is not set", hint=f"set the environment variable `{missing[0]}`")
    return fill(text, environ, environ)


def missing_names(text: str, environ: Mapping[str, str]) -> List[str]:
    """The variables that a text of a channel needs and the environment does not have."""
    needed = re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)
    return [name for name in dict.fromkeys(needed) if not environ.get(name)]


def kind_of(url: str) -> str:
    """The type of a channel that has none."""
    lower = url.lower()
    for kind, beginnings in _KINDS.items():
        if lower.startswith(beginnings):
            return kind
    if _TEAMS.match(lower):
        return "teams"
    return "webhook" if lower.startswith(("http://", "https://")) else "apprise"


# The desktop


def to_desktop(message: Message, environ: Mapping[str, str], seconds: float) -> None:
    """By `notify-send`, or what macOS has. Raises `NotSent`."""
    path = environ.get("PATH")
    if sys.platform == "darwin":
        script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        command = [shutil.which("osascript", path=path) or "osascript", "-e", script, message.title, message.text]
    elif sys.platform == "win32":
        by_apprise("apprise", "windows://", Channel(type="apprise"), message, environ, seconds)
        return
    else:
        program = shutil.which("notify-send", path=path)
        if program is None:
            raise NotSent("there is no `notify-send` on PATH", hint="on Debian and Ubuntu it is in `libnotify-bin`")
        urgency = "critical" if message.kind == "failure" else "normal"
        text = message.text.replace("&", "&amp;").replace("<", "&lt;")
        command = [program, "--app-name=TaskRush", f"--urgency={urgency}", "--", message.title, text]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotSent(f"`{os.path.basename(command[0])}` did not end in time") from None
    except OSError as error:
        raise NotSent(f"`{os.path.basename(command[0])}`: {(error.strerror or str(error)).lower()}") from None
    if done.returncode:
        raise NotSent(f"`{os.path.basename(command[0])}` ended with exit code {done.returncode}")


# Services


def by_apprise(
    kind: str, url: str, channel: Channel, message: Message, environ: Mapping[str, str], seconds: float
) -> None:
    """By the library Apprise, which knows how each service wants it. Raises `NotSent`."""
    try:
        import apprise
    except ImportError:
        raise NotSent("`apprise` is not installed", hint=NEEDS) from None
    with _Ear() as ear:
        asset = apprise.AppriseAsset(app_id="TaskRush", app_desc="TaskRush", app_url="", image_url_mask="")
        try:
            service = apprise.Apprise.instantiate(_wanted(kind, url, channel), asset=asset, suppress_exceptions=False)
        except (TypeError, ValueError):
            service = None
        wrong = service is None or (kind in _CLASSES and type(service).__name__ not in _CLASSES[kind])
        if wrong or not service:
            raise NotSent(f"its URL is not one of {_NAMES.get(kind, 'a service that Apprise knows')}")
        service.socket_connect_timeout = service.socket_read_timeout = seconds
        service.overflow_mode = apprise.OverflowMode.TRUNCATE
        try:
            sent = service.notify(
                body=message.text,
                title=message.title,
                notify_type=getattr(apprise.NotifyType, message.kind.upper()),
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # a service of Apprise may raise what it likes
            raise NotSent(f"Apprise failed: {type(error).__name__}") from None
    if not sent:
        raise _why(ear.heard)


_CLASSES = {
    "slack": ("NotifySlack",),
    "teams": ("NotifyWorkflows", "NotifyMSTeams"),
    "discord": ("NotifyDiscord",),
    "email": ("NotifyEmail",),
}
_NAMES = {
    "slack": "Slack",
    "teams": "Teams (Workflows)",
    "discord": "Discord",
    "email": "a mail server (`smtps://...`)",
}


def _wanted(kind: str, url: str, channel: Channel) -> Any:
    """What Apprise is told of a channel."""
    if kind != "email" or not url.lower().startswith(("smtp://", "smtps://")):
        return url
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    secure = url.lower().startswith("smtps:")
    user = unquote(parts.username) if parts.username else None
    security = channel.security or ("tls" if secure else "starttls" if user else "none")
    host = parts.hostname or ""
    sender = channel.sender or (user if user and "@" in user else f"taskrush@{host}")
    return {
        "schema": "mailto" if security == "none" else "mailtos",
        "host": host,
        "smtp_host": host,
        "port": parts.port,
        "user": user,
        "password": unquote(parts.password) if parts.password else None,
        "secure_mode": {"none": "insecure", "starttls": "starttls", "tls": "ssl"}[security],
        "from_addr": sender,
        "targets": list(channel.to),
        "format": "text",
    }


def _why(heard: List[str]) -> NotSent:
    """What Apprise said went wrong, in our words."""
    said = heard[-1] if heard else ""
    code = _ERROR.search(said)
    if code is not None:
        number = int(code[1])
        return NotSent(f"the server answered {number}", again=number == 429 or number >= 500)
    if "onnection error" in said or "ocket" in said:
        return NotSent("no answer from the server", again=True)
    return NotSent("it was not accepted")


class _Ear:
    """Hears what is logged for this thread by what we call, and lets nobody else hear it: URLs may be in there."""

    NAMES = ("apprise", "urllib3", "urllib3.connectionpool", "requests")

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self.heard: List[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self._thread:
            return True
        if record.name == "apprise" and record.levelno >= logging.WARNING:
            self.heard.append(record.getMessage())
        return False

    def __enter__(self) -> _Ear:
        for name in self.NAMES:
            logging.getLogger(name).addFilter(self)
        return self

    def __exit__(self, *error: object) -> None:
        for name in self.NAMES:
            logging.getLogger(name).removeFilter(self)
