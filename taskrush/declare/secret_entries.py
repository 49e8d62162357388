"""What may stand below `secrets`, of a file or of a task. Makes `Secret`s; it reads no value."""

from __future__ import annotations

from taskrush.declare.entries import COMMAND, TEXT, at
from taskrush.declare.nodes import Mapping
from taskrush.declare.shapes import IDENTIFIER, Flag, Made, Text
from taskrush.declare.structures import Either, Key, ListOf, MapOf, Record
from taskrush.model.secret import Secret
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader

_VARIABLE = Text("a variable name", IDENTIFIER)
_SOURCES = (
    Key(names=("env",), shape=_VARIABLE, help="a variable of the environment, if it has another name there"),
    Key(names=("file",), shape=TEXT, help="a file; line ends at its end do not count"),
    Key(names=("cmd",), shape=COMMAND, help="a command that prints it; run once, and only when a task really needs it"),
    Key(names=("keyring",), shape=TEXT, help="the service under which the keyring of the user has it"),
    Key(names=("user",), shape=TEXT, help="whose password it is there, if not that of its own name"),
    Key(names=("optional",), shape=Flag(), help="no error when there is none"),
    Key(names=("in_key",), shape=Flag(), help="whether another value is a reason to run again; `true` unless given"),
)
_ALONE = ("env", "file", "cmd", "keyring")


def _secret(reader: Reader, node: Node, name: str, value: str) -> Secret:
    return Secret(value, where=at(reader, node))


def _record(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Optional[Secret]:
    if "user" in values and "keyring" not in values:
        reader.report(node.items["user"], f"{reader.called(name)} has a `user` and no `keyring`")
        return None
    called = values.pop("name", "")
    return Secret(called, command=values.pop("cmd", None), **values, where=at(reader, node))


class _ByName(MapOf):
    """`NAME: VARIABLE` or `NAME: {file: ...}`, as a tuple of secrets."""

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        found = super().read(reader, node, name)
        if found is None or not isinstance(node, Mapping):
            return None
        return tuple(_named(key, one, reader.source.where(node.keys[key])) for key, one in found.items())


def _named(name: str, one: Secret, where: Any) -> Secret:
    """A text alone is the variable that has it."""
    return evolve(one, name=name, env=one.name or one.env, where=where)


def _alone(reader: Reader, node: Node, name: str, value: str) -> Tuple[Secret, ...]:
    return (Secret(value, where=at(reader, node)),)


SECRETS = Either(
    "a list of names or a mapping",
    value=Made(_VARIABLE, _alone),
    list=ListOf(
        Either(
            "a name or a mapping",
            value=Made(_VARIABLE, _secret),
            mapping=Record(
                (Key(names=("name",), shape=_VARIABLE, help="its name", required=True), *_SOURCES),
                _record,
                alone=_ALONE,
            ),
        ),
        single=False,
    ),
    mapping=_ByName(
        Either(
            "a variable name or a mapping",
            value=Made(_VARIABLE, _secret),
            mapping=Record(_SOURCES, _record, alone=_ALONE),
        ),
        IDENTIFIER,
        "a variable name (letters, digits and `_`)",
    ),
)
