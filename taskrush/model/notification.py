"""Who is told of what: channels and rules. Values only: nothing is sent here, nothing is filled in."""

from __future__ import annotations

from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, Optional, Tuple, Union

    from taskrush.errors import Where

SUCCESS, FAILURE, RECOVERY = "success", "failure", "recovery"
FIRST_FAILURE, WARNING, ALWAYS = "first-failure", "warning", "always"
EVENTS = (SUCCESS, FAILURE, RECOVERY, FIRST_FAILURE, WARNING, ALWAYS)
USUAL = (FAILURE, RECOVERY)
CHANNEL_TYPES = ("slack", "teams", "discord", "email", "desktop", "webhook", "apprise")
SECURITY = ("none", "starttls", "tls")
LIMIT = "30/1h"
"""How many messages a channel gets in which time unless it says otherwise."""


def _texts(values: Union[str, Iterable[str]]) -> Tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


@frozen(kw_only=True)
class Channel:
    """A place for messages. Texts hold `${NAME}` until something is sent: then they are read from the environment.

    `type` is one of `CHANNEL_TYPES`, None to tell it from `url`. `to` and `sender` are addresses of e-mail, `security`
    says how its server is spoken to. `method`, `headers` and `body` are those of a webhook's request; a `body` that is
    a mapping or a list goes as JSON. `limit` is how many messages it gets in which time (`30/1h`).
    """

    type: Optional[str] = None
    url: str = field(default="", repr=False)
    to: Tuple[str, ...] = field(default=(), converter=_texts)
    sender: Optional[str] = None
    security: Optional[str] = None
    method: str = "POST"
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: Any = None
    limit: str = LIMIT
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Notice:
    """Tell the channels `to` when something ends in one of the ways `on`.

    In the rules of a workspace `of` are names or patterns of tasks; without any it is about the run as a whole. Of a
    task's own `notify` it is about that task. `title` and `body` are what is said of one task or run; what they may
    mention is in `model/message.py`.
    """

    to: Tuple[str, ...] = field(converter=_texts)
    on: Tuple[str, ...] = field(default=USUAL, converter=_texts)
    of: Tuple[str, ...] = field(default=(), converter=_texts)
    title: Optional[str] = None
    body: Optional[str] = None
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Notifications:
    """The channels of a workspace by name, and its rules."""

    channels: Mapping[str, Channel] = field(factory=dict)
    rules: Tuple[Notice, ...] = ()


def as_notices(value: Any) -> Tuple[Notice, ...]:
    """What `notify=` of a task takes: the name of a channel, a `Notice`, or several. Raises `TypeError`."""
    found = []
    for one in (value,) if isinstance(value, (str, Notice)) else tuple(value or ()):
        if not isinstance(one, (str, Notice)):
            raise TypeError(f"`notify` takes names of channels and notices, not {one!r}")
        found.append(Notice(to=(one,)) if isinstance(one, str) else one)
    return tuple(found)
