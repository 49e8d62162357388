"""Whether a line of output asks for a variable of the environment, and whether it was withheld from the task."""

# ruff: noqa: RUF001  (patterns quote what other programs print)

from __future__ import annotations

import re

from taskrush.analyze.causes import certain, perhaps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from taskrush.analyze.causes import Found, Look

_LACKS = (
    r"(?:(?:is |are |was )?(?:not set|unset|undefined|not defined|missing|required|empty)|must be set|needs to be set)"
)
_NAMES = (
    re.compile(r"\b(\w+): (?:unbound variable|parameter (?:null or )?not set)"),
    re.compile(r"KeyError: '([A-Z][A-Z0-9_]+)'"),
    re.compile(
        r"(?=.*(?i:missing|requir|need|not set|unset|undefined|must|not defined|empty|not found|expect))"
        r".*?(?i:env(?:ironment)? ?var(?:iable)?s?|variables?)[ :'\"`‘$]+([A-Z][A-Z0-9_]{2,})\b"
    ),
    re.compile(rf"\b(?!CMAKE_)([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b['\"`’]?.{{0,25}}\b{_LACKS}\b"),
    re.compile(rf"\$\{{?([A-Z][A-Z0-9_]+)\b['\"`’}}]?.{{0,25}}\b{_LACKS}\b"),
)


def asked_for(line: str) -> Optional[str]:
    """The variable that a line says is missing."""
    for pattern in _NAMES:
        found = pattern.search(line)
        if found:
            return found.group(1)
    return None


def missing_variable(line: str, look: Look) -> Found:
    """A cause if the variable is indeed not there."""
    name = asked_for(line)
    if name is None or look.machine.variable(name):
        return None
    if name in look.evidence.withheld:
        return certain(
            "withheld-variable",
            f"`{name}` is set here, but a cached task sees only the variables it declares",
            f"`pass_env: [{name}]` lets it through; `inputs: [{{env: {name}}}]` makes it count as well",
        )
    said = "KeyError" not in line or "environ" in " ".join(look.evidence.lines)
    if not said:
        return None
    return perhaps(
        "missing-variable", f"it looks as if it needs `{name}`, which is not set", "set it, or name it in `env:`"
    )
