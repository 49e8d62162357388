"""Fills `${NAME}` and `${NAME:-default}` into texts. It knows names and values, not what the texts are for.

An empty value counts as unset where a default is given, as in a shell. Some names only get their value while running
(`later`: parameters, and variables computed by a command): what mentions them stays as it is for the runner.
"""

from __future__ import annotations

import re
from collections import ChainMap

from graphlib import CycleError, TopologicalSorter

from taskrush.compile.names import near
from taskrush.errors import Problem
from taskrush.values import define, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Dict, Iterable, List, Mapping, Optional, Tuple

    from taskrush.errors import Where

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
PLACEHOLDER = re.compile(rf"\$\{{({_NAME})(?::-((?:[^{{}}]|\{{[^{{}}]*\}})*))?\}}")
_SHELL_MENTION = re.compile(rf"\$(?:({_NAME})|\{{[#!]?({_NAME}))")


def placeholders(text: str) -> List[str]:
    """The names that a text mentions as `${NAME}`, in order."""
    if "${" not in text:
        return []
    found = []
    for match in PLACEHOLDER.finditer(text):
        found.append(match[1])
        if match[2]:
            found.extend(placeholders(match[2]))
    return found


def shell_mentions(text: str) -> List[str]:
    """The names that a shell may expand in a command: `$NAME`, `${NAME...}`."""
    return [match[1] or match[2] for match in _SHELL_MENTION.finditer(text)] if "$" in text else []


@define
class Scope:
    """Values by name, and what could not be filled in so far.

    `later` are names whose value is only known while running. `hints` are added to the hint of every unknown name;
    `unseen` says why a name means nothing here although it does elsewhere.
    """

    values: Mapping[str, str]
    later: AbstractSet[str] = frozenset()
    task: str = ""
    hints: Tuple[str, ...] = ()
    unseen: Mapping[str, str] = {}
    problems: List[Problem] = field(factory=list)

    def fill(self, text: str, where: Optional[Where] = None, owner: str = "") -> str:
        """The text with everything filled in that is known; an unknown name is a problem at `where`.

        `owner` is what mentions it, if not the task.
        """
        if "${" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            name, default = match[1], match[2]
            if name in self.later:
                return match[0]
            known = self.values.get(name)
            if known or (known is not None and default is None):
                return known
            if default is not None:
                return self.fill(default, where, owner)
            self.problems.append(self._unknown(name, where, owner or f"task `{self.task}`"))
            return match[0]

        return PLACEHOLDER.sub(value, text)

    def _unknown(self, name: str, where: Optional[Where], owner: str) -> Problem:
        close = self.unseen.get(name) or near(name, [*self.later, *self.values])
        hint = close or f"set it, or give a default: `${{{name}:-...}}`"
        if self.hints:
            hint = f"{hint}; {'; '.join(self.hints)}"
        return Problem(f"{owner} mentions `${{{name}}}`, which is not set", where, hint)


def settle(texts: Mapping[str, str], scope: Scope, places: Mapping[str, Optional[Where]]) -> Dict[str, str]:
    """The values of variables that may mention each other, in any order. Loops are problems of the scope.

    A variable that mentions itself means the value it would have without this definition.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, text in texts.items():
        sorter.add(name, *(other for other in placeholders(text) if other in texts and other != name))
    try:
        order: Iterable[str] = tuple(sorter.static_order())
    except CycleError as error:
        loop = " -> ".join(error.args[1])
        scope.problems.append(Problem(f"variables mention each other in a cycle: {loop}", places.get(error.args[1][0])))
        order = texts
    settled: Dict[str, str] = {}
    scope.values = ChainMap(settled, scope.values)  # type: ignore[arg-type]
    for name in order:
        settled[name] = scope.fill(texts[name], places.get(name), f"variable `{name}`")
    return {name: settled[name] for name in texts}
