"""The key that makes a task a service; its shape makes the nouns of `model/service.py`."""

from __future__ import annotations

import re

from taskrush.declare.entries import COMMAND, TEXT
from taskrush.declare.shapes import Flag, Made, Text
from taskrush.declare.structures import Either, Key, Record
from taskrush.model.duration import DURATION, DURATION_WORDS
from taskrush.model.service import ADDRESS_WORDS, URL_WORDS, Ready, Service, as_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Mapping, Node
    from taskrush.declare.shapes import Reader

_OPEN = r".*\$\{.*"  # filled in later
_ADDRESS = re.compile(rf"(?:(?:\[[0-9A-Fa-f:.]+\]|[^\s:/]+):)?[0-9]{{1,5}}|{_OPEN}")
_URL = re.compile(rf"https?://[^\s/]+\S*|{_OPEN}")
_FLAG = Flag()


def _port(reader: Reader, node: Node, name: str, value: str) -> Optional[str]:
    try:
        Ready(port=value)
    except ValueError:
        reader.report(node, f"{reader.called(name)} is no port: there are 1 to 65535")
        return None
    return value


def _pattern(reader: Reader, node: Node, name: str, value: str) -> Optional[str]:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        reader.report(node, f"{reader.called(name)} is not a regular expression: {error}")
        return None
    return value


def _time(reader: Reader, node: Node, name: str, value: str) -> Optional[float]:
    try:
        return as_seconds(value)
    except ValueError:
        reader.report(node, f"{reader.called(name)} is not a time one can wait for")
        return None


def _ready(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Ready:
    return Ready(**values)


def _service(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Service:
    return Service(**values)


def _yes(reader: Reader, node: Node, name: str, value: bool) -> Optional[Service]:
    return Service() if value else None


_SECONDS = Made(Text(DURATION_WORDS, re.compile(DURATION)), _time)
READY = Record(
    (
        Key(
            names=("port",),
            elsewhere=("tcp", "address"),
            shape=Made(Text(ADDRESS_WORDS, _ADDRESS), _port),
            help="something takes connections there: `5432` or `host:5432`",
        ),
        Key(
            names=("http",),
            elsewhere=("url", "https", "http_get"),
            shape=Text(URL_WORDS, _URL),
            help="this address answers with a status of 2xx or 3xx",
        ),
        Key(
            names=("log",),
            elsewhere=("pattern", "output", "regex"),
            shape=Made(TEXT, _pattern),
            help="a regular expression that is found in a line of its output",
        ),
        Key(
            names=("command",),
            elsewhere=("cmd", "exec", "test"),
            shape=COMMAND,
            help="a command that ends with 0",
        ),
        Key(names=("timeout",), shape=_SECONDS, help="how long it may take in all; 30s"),
        Key(
            names=("interval",), elsewhere=("period", "every"), shape=_SECONDS, help="how long between two looks; 100ms"
        ),
    ),
    _ready,
    need=("port", "http", "log", "command"),
)
SERVICE_KEYS: Tuple[Key, ...] = (
    Key(
        names=("service",),
        elsewhere=("daemon", "background", "persistent", "server"),
        shape=Either(
            "`true` or a mapping",
            flag=Made(_FLAG, _yes),
            mapping=Record(
                (
                    Key(
                        names=("ready",),
                        elsewhere=("readiness", "healthcheck", "ready_when", "readiness_probe"),
                        shape=READY,
                        help="when it can be used: all of `port`, `http`, `log`, `command` that are given hold within "
                        "`timeout`; without it as soon as it runs",
                    ),
                ),
                _service,
            ),
        ),
        help="it stays up while other tasks need it: started for the first, stopped after the last; with `ready` these "
        "wait until it can be used",
        example="service: {ready: {port: 5432, timeout: 30s}}",
    ),
)
