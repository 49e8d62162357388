"""What texts of messages and channels may mention, and filling it in: no code, and values are never looked into."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Mapping, Tuple

    from taskrush.model.notification import Channel

FIELDS = {
    "attempts": "how often the task was tried",
    "code": "the exit code, of the run where it is about the run",
    "event": "what it is about: `success`, `failure`, `recovery`, `first-failure`, `warning`, `always`",
    "host": "the name of the machine",
    "log_tail": "the last lines that the task wrote",
    "outcome": "how it ended: `succeeded`, `failed`, ...",
    "reason": "why it failed, in words",
    "run": "the run's id",
    "seconds": "how long it took",
    "summary": "one line that says it all",
    "targets": "what was asked for",
    "task": "the task's name; of the run as a whole, what was asked for",
    "workspace": "the name of the workspace's folder",
}
"""What `${NAME}` means in a message; a name in capitals is a variable of the environment."""
WHOLE = ("title", "text")
"""What the body of a webhook may mention besides: the message as it goes to any other channel."""

_MENTION = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")
_LIMIT = re.compile(r"([0-9]+)/([0-9]+(?:\.[0-9]+)?)?(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HOST = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)((?:[^/@]*@)?)([^/?#]*)")


def mentions(text: str) -> Iterator[str]:
    """The names that a text mentions as `${NAME}`."""
    return (match[1] for match in _MENTION.finditer(text))


def fill(text: str, values: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` filled in, once: what a value holds is never looked into.

    `values` come first; of the environment only names without small letters count. What is not there is empty.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2] or ""
        known = values.get(name) if name in values else environ.get(name, "") if name == name.upper() else ""
        return known or default

    return _MENTION.sub(value, text)


def parse_limit(text: str) -> Tuple[int, float]:
    """How many messages in how many seconds: `30/1h`, `5/m`. Raises `ValueError`."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is no limit such as `30/1h`")
    return int(match[1]), float(match[2] or 1) * _SECONDS[match[3]]


def secret_names(channel: Channel) -> Tuple[str, ...]:
    """The variables of the environment whose values must not be seen: of a `url` all but user and host, and headers."""
    match = _HOST.match(channel.url)
    hidden = channel.url
    if match is not None:
        user, colon, password = match[2].partition(":")
        hidden = (password if colon else user) + channel.url[match.end() :]
    return tuple(dict.fromkeys(name for text in (hidden, *channel.headers.values()) for name in mentions(text)))
