"""`hints` of a task in Python: one or several, checked where they are given."""

from __future__ import annotations

import re

from taskrush.declare.mark import refuse
from taskrush.declare.place import place_of_caller
from taskrush.model.policy import FailureHint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Tuple, Union


def hints_given(hints: Union[FailureHint, Iterable[FailureHint]]) -> Tuple[FailureHint, ...]:
    """As a task holds them. Raises `ConfigError` at the line that gives a pattern which is none."""
    found = (hints,) if isinstance(hints, FailureHint) else tuple(hints)
    for hint in found:
        try:
            re.compile(hint.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            refuse(
                f"`{hint.pattern}` is not a regular expression: {error}",
                "escape what is meant literally",
                place_of_caller(2),
            )
    return found
