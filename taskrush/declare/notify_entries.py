"""What may stand in the `notify:` section and below a task's `notify:` key."""

from __future__ import annotations

import re

from taskrush.declare.entries import NAME, TASK_NAME, TEXT
from taskrush.declare.shapes import Anything, Made, OneOf, Shape, Text
from taskrush.declare.structures import Either, Key, ListOf, MapOf, Record
from taskrush.declare.suggest import did_you_mean
from taskrush.model.message import FIELDS, WHOLE, mentions, parse_limit
from taskrush.model.notification import CHANNEL_TYPES, EVENTS, SECURITY, Channel, Notice, Notifications

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Mapping, Node
    from taskrush.declare.shapes import Reader

_MEANT = {
    "ok": "success",
    "fail": "failure",
    "failed": "failure",
    "error": "failure",
    "fixed": "recovery",
    "recovered": "recovery",
    "first_failure": "first-failure",
    "warned": "warning",
    "all": "always",
}
_TYPES_MEANT = {"mail": "email", "smtp": "email", "msteams": "teams", "http": "webhook", "https": "webhook"}


def _template(reader: Reader, node: Node, name: str, value: str) -> Optional[str]:
    """A text with the fields that a message has; variables of the environment are in capitals."""
    return value if _known(reader, node, name, value, FIELDS) else None


def _known(reader: Reader, node: Node, name: str, text: str, fields: Any) -> bool:
    for mention in mentions(text):
        if mention not in fields and mention != mention.upper():
            hint = did_you_mean(mention, fields) or "there are " + ", ".join(f"`{field}`" for field in sorted(fields))
            reader.report(node, f"{reader.called(name)} mentions `${{{mention}}}`, which a message does not have", hint)
            return False
    return True


TEMPLATE = Made(Text("a text"), _template)


def _notice(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Notice:
    return Notice(**values, where=reader.source.where(node.items["to"].spot))


def _named(reader: Reader, node: Node, name: str, value: str) -> Notice:
    return Notice(to=(value,), where=reader.source.where(node.spot))


_ON = Key(
    names=("on",),
    elsewhere=("when", "events"),
    shape=ListOf(OneOf(*EVENTS, meant=_MEANT), least=1),
    help="when: `success`, `failure`, `recovery` (it failed the last time and is well now), `first-failure` (it was "
    "not failing before), `warning` (it failed and was allowed to), `always`; without it failure and recovery",
)
_TO = Key(
    names=("to",),
    elsewhere=("channel", "channels"),
    shape=ListOf(NAME, least=1),
    help="channels by name",
    required=True,
)
_TITLE = Key(
    names=("title",), elsewhere=("subject",), shape=TEMPLATE, help="the first line, with `${task}` and the like"
)
_BODY = Key(names=("body",), elsewhere=("message", "text"), shape=TEMPLATE, help="the text below it")
_OF = Key(
    names=("of",),
    elsewhere=("task", "tasks"),
    shape=ListOf(NAME, least=1),
    help="tasks by name or pattern; without it the rule is about the run as a whole",
)

TASK_NOTICE = Record((_TO, _ON, _TITLE, _BODY), _notice)
TASK_NOTIFY = Either(
    "a channel, a mapping or a list of these",
    value=Made(NAME, lambda reader, node, name, value: (_named(reader, node, name, value),)),
    list=ListOf(Either("a channel or a mapping", value=Made(NAME, _named), mapping=TASK_NOTICE), single=False, least=1),
    mapping=Made(TASK_NOTICE, lambda reader, node, name, value: (value,)),
)


def _limit(reader: Reader, node: Node, name: str, value: str) -> Optional[str]:
    try:
        parse_limit(value)
    except ValueError as error:
        reader.report(node, f"{reader.called(name)}: {error}")
        return None
    return value


class _Body(Shape):
    """The body of a webhook's request: a text, or anything else, which goes as JSON."""

    words = "a text, or a mapping or list that goes as JSON"

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        value = Anything().read(reader, node, name)
        fields = {**FIELDS, **dict.fromkeys(WHOLE, "")}
        if value is None:
            reader.wrong(node, name, self.words)
            return None
        return value if all(_known(reader, node, name, text, fields) for text in _texts(value)) else None

    def schema(self) -> Dict[str, Any]:
        return {"type": ["string", "number", "boolean", "object", "array"]}


def _texts(value: Any) -> Tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return tuple(text for item in items for text in _texts(item))


def _channel(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Optional[Channel]:
    if "from" in values:
        values["sender"] = values.pop("from")
    if values.get("type") != "desktop" and not values.get("url"):
        reader.report(
            node, f"{reader.called(name)} has no `url`", "write `url: ${VARIABLE}` to keep it out of the file"
        )
        return None
    if values.get("type") == "email" and not values.get("to"):
        reader.report(node, f"{reader.called(name)} has no `to`", "write the addresses that mail goes to")
        return None
    return Channel(**values, where=reader.source.where(node.spot))


def _bare(reader: Reader, node: Node, name: str, value: str) -> Optional[Channel]:
    where = reader.source.where(node.spot)
    if value == "desktop":
        return Channel(type="desktop", where=where)
    if "${" not in value and "://" not in value:
        reader.report(node, f"{reader.called(name)} is no URL", "write a URL, `${VARIABLE}` or `desktop`")
        return None
    return Channel(url=value, where=where)


CHANNEL = Either(
    "a URL, `desktop` or a mapping",
    value=Made(TEXT, _bare),
    mapping=Record(
        (
            Key(
                names=("type",),
                shape=OneOf(*CHANNEL_TYPES, meant=_TYPES_MEANT),
                help="`slack`, `teams`, `discord`, `email`, `desktop`, `webhook`, or `apprise` for any other service "
                "by its Apprise URL; without it the URL tells",
            ),
            Key(
                names=("url",),
                shape=TEXT,
                help="where messages go; `${NAME}` is read from the environment when something is sent, and not shown",
            ),
            Key(names=("to",), shape=ListOf(TEXT, least=1), help="the addresses that mail goes to"),
            Key(names=("from",), shape=TEXT, help="the address that mail comes from"),
            Key(
                names=("security",),
                shape=OneOf(*SECURITY),
                help="how the mail server is spoken to; by default `tls` for `smtps:`, `starttls` for `smtp:` with a "
                "user, else `none`",
            ),
            Key(
                names=("method",),
                shape=OneOf("POST", "PUT", "PATCH"),
                help="of a webhook's request",
            ),
            Key(
                names=("headers",),
                shape=MapOf(Text(empty=True), re.compile(r"[A-Za-z0-9-]+"), "the name of a header"),
                help="of a webhook's request; `${NAME}` is read from the environment",
            ),
            Key(
                names=("body",),
                shape=_Body(),
                help="of a webhook's request: a text, or a mapping that goes as JSON, with `${task}` and the like",
            ),
            Key(
                names=("limit",),
                shape=Made(Text("a number of messages in a time such as `30/1h`"), _limit),
                help="how many messages it gets in which time, all runs counted; further ones are counted and told of",
            ),
        ),
        _channel,
    ),
)


def _notifications(reader: Reader, node: Node, name: str, values: Dict[str, Any]) -> Notifications:
    return Notifications(**values)


NOTIFY = Record(
    (
        Key(
            names=("channels",),
            shape=MapOf(CHANNEL, TASK_NAME, "a name"),
            help="where messages go, by name",
        ),
        Key(
            names=("rules",),
            shape=ListOf(Record((_TO, _ON, _OF, _TITLE, _BODY), _notice)),
            help="who is told of what",
        ),
    ),
    _notifications,
)
