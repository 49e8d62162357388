"""Which known causes fit a failure: walks the tables over the evidence and puts what they find in order.

What somebody wrote under `hints:` comes first, then what the system itself said, then what it looks like. A table that
breaks loses its say, nothing else.
"""

from __future__ import annotations

import re

from taskrush.analyze.output import plain
from taskrush.model.failure import Cause
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Match, Optional, Pattern, Sequence, Tuple

    from taskrush.analyze.machine import Machine
    from taskrush.model.failure import Evidence
    from taskrush.model.policy import FailureHint
    from taskrush.protocols import Advisor

SHOWN = 2  # causes of one failure, besides those from `hints`
HINTED = 3


@frozen
class Look:
    """What a rule may look at: the evidence, this machine, and the line that it matched."""

    evidence: Evidence
    machine: Machine
    line: str = ""

    @property
    def code(self) -> Optional[int]:
        return self.evidence.outcome.code


if TYPE_CHECKING:
    Found = Optional[Cause]


@frozen
class Rule:
    """How a line looks, and what to make of it; the function may think better of it and return None."""

    pattern: Pattern[str]
    explain: Callable[[Match[str], Look], Found]


def rule(pattern: str) -> Callable[[Callable[[Match[str], Look], Found]], Rule]:
    return lambda explain: Rule(re.compile(pattern), explain)


def causes_of(
    evidence: Evidence, machine: Machine, hints: Sequence[FailureHint] = (), advisors: Sequence[Advisor] = ()
) -> Tuple[Cause, ...]:
    """The causes that fit, the likeliest first."""
    found = _hinted(evidence.lines, hints)[:HINTED]
    for advisor in advisors:
        try:
            found += [cause for cause in advisor(evidence) if isinstance(cause, Cause)]
        except Exception:  # a plugin's trouble is not this task's
            continue
    known = _known(evidence, machine)
    return (*found, *known[:SHOWN])


def _known(evidence: Evidence, machine: Machine) -> List[Cause]:
    from taskrush.analyze.ends import of_end
    from taskrush.analyze.system_causes import RULES as OF_SYSTEM
    from taskrush.analyze.tool_causes import RULES as OF_TOOLS

    look = Look(evidence, machine)
    found: Dict[str, Cause] = {}
    for cause in of_end(look):
        found.setdefault(cause.kind, cause)
    for line in dict.fromkeys(evidence.lines):
        for one in (*OF_TOOLS, *OF_SYSTEM):
            match = one.pattern.search(line)
            if match is None:
                continue
            told = one.explain(match, Look(evidence, machine, line))
            if told is not None:
                found.setdefault(told.kind, told)
                break  # a line tells of one thing
    firm = [
        cause for cause in found.values() if cause.kind not in VAGUE or (cause.certain and cause.kind != "exit-code")
    ]
    return sorted(firm or found.values(), key=lambda cause: (not cause.certain, cause.kind in VAGUE))


VAGUE = ("missing-file", "permission-denied", "signal", "exit-code", "timeout", "http")
"""Kinds that often only follow from another one."""


def _hinted(lines: Sequence[str], hints: Sequence[FailureHint]) -> List[Cause]:
    """The words of those who know the project, with what their patterns found put in."""
    found = []
    for hint in hints:
        pattern = re.compile(hint.pattern)
        match = next((match for match in map(pattern.search, lines) if match), None)
        if match is not None:
            remedy = None if hint.remedy is None else filled(hint.remedy, match)
            found.append(Cause(kind="hint", message=filled(hint.message, match), remedy=remedy, certain=True))
    return found


def filled(text: str, match: Match[str]) -> str:
    """`text` with `{1}` and `{name}` replaced by what the groups of a pattern matched; anything else stays."""
    groups = {**{str(number): value for number, value in enumerate(match.groups(), 1)}, **match.groupdict()}
    return re.sub(r"\{(\w+)\}", lambda one: plain(groups.get(one.group(1), one.group(0)) or ""), text)


def perhaps(kind: str, message: str, remedy: Optional[str] = None) -> Cause:
    return Cause(kind=kind, message=message, remedy=remedy)


def certain(kind: str, message: str, remedy: Optional[str] = None) -> Cause:
    return Cause(kind=kind, message=message, remedy=remedy, certain=True)


def quoted(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
