"""`${NAME}` and `${NAME:-default}` in texts, and how values look as text."""

from __future__ import annotations

from taskrush.regex import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Mapping, Optional

_PLACEHOLDER = expression(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def substitute(text: str, env: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` filled in from `env`; unknown names without a default stay as they are."""
    if "${" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        value = env.get(match.group(1))
        if not value and match.group(2) is not None:
            return match.group(2)
        return match.group(0) if value is None else value

    return _PLACEHOLDER.sub(fill, text)


def as_text(value: object) -> Optional[str]:
    """How a value reaches a command: True is `true`, False is empty, lists are joined by spaces, None is unset."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, (list, tuple)):
        return " ".join(as_text(item) or "" for item in value)
    value = getattr(value, "value", value)  # an Enum's value
    return str(value)
