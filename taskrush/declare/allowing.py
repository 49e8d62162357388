"""The key `allow_failure` of a task: which of its failures are warnings. It knows the spellings, not what they lead to.

`exit_codes` is GitLab's word for the same.
"""

from __future__ import annotations

from taskrush.declare.shapes import Flag, Made, Number
from taskrush.declare.structures import Either, Key, ListOf, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Tuple, Union

    from taskrush.declare.nodes import Mapping, Node
    from taskrush.declare.shapes import Reader

_CODES = ListOf(Number(1, words="an exit code (a whole number of at least 1)"), least=1, words="a list of exit codes")


def _listed(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Union[bool, Tuple[int, ...]]:
    return tuple(values["exit_codes"])


def _several(reader: Reader, node: Node, name: str, value: Tuple[int, ...]) -> Tuple[int, ...]:
    return tuple(value)


ALLOW_FAILURE_KEY = Key(
    names=("allow_failure",),
    elsewhere=("ignore_error", "ignore_errors", "continue_on_error", "continue-on-error", "ignore_failure"),
    shape=Either(
        "`true`, `false` or exit codes",
        flag=Flag(),
        value=Made(_CODES, _several),
        list=Made(_CODES, _several),
        mapping=Record(
            (Key(names=("exit_codes",), shape=_CODES, help="only these exit codes are allowed", required=True),),
            _listed,
        ),
    ),
    help="its failure is a warning: what needs it goes on, the run may still end well, and nothing of it is kept; with "
    "exit codes only those are allowed",
    example="allow_failure: [1, 2]",
    in_defaults=True,
)
