"""The key `hints` of a file and of a task: what those who know the project say of failures. Knows spellings only."""

from __future__ import annotations

import re

from taskrush.declare.shapes import Made, Text
from taskrush.declare.structures import Key, ListOf, Record
from taskrush.model.policy import FailureHint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Mapping, Node
    from taskrush.declare.shapes import Reader, Shape


def _pattern(reader: Reader, node: Node, name: str, value: str) -> Optional[str]:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        reader.report(node, f"{reader.called(name)} is not a regular expression: {error}")
        return None
    return value


def _hint(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Optional[FailureHint]:
    if "pattern" not in values or "message" not in values:
        return None  # what is wrong was reported
    return FailureHint(**values, where=reader.source.where(node.spot))


_SAID: Tuple[Key, ...] = (
    Key(
        names=("pattern",),
        shape=Made(Text(), _pattern),
        help="a regular expression that is looked for in each telling line of output",
        required=True,
    ),
    Key(
        names=("message",),
        shape=Text(),
        help="what is said then; `{1}` and `{name}` are what groups of the pattern matched",
        required=True,
    ),
    Key(names=("remedy",), shape=Text(), help="what helps, in a line"),
)
_TASKS = Key(
    names=("tasks",), shape=ListOf(Text("a name")), help="the tasks that it holds for (`*` is a wildcard); else all"
)
_HELP = "what to say when a task fails and its output matches a pattern, before anything that TaskRush itself knows"


def _hints(*keys: Key) -> Shape:
    return ListOf(Record((*_SAID, *keys), _hint), words="a list of mappings")


OF_TASK = Key(
    names=("hints",),
    shape=_hints(),
    help=_HELP,
    example='hints: [{pattern: "E_(\\\\w+)", message: "the compiler is too old for {1}", remedy: "run `make tools`"}]',
    in_defaults=True,
)
OF_FILE = Key(
    names=("hints",),
    shape=_hints(_TASKS),
    help=_HELP + "; for all tasks of the file or those named in `tasks`",
    example="hints:\n  - pattern: no VPN\n    message: the build server is behind the VPN\n    remedy: run `vpn up`\n"
    "    tasks: [deploy*]",
)
