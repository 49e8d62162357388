"""How long something takes, as people write it: `500ms`, `10s`, `1m30s`, `2h`. Knows nothing of what waits so long."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

DURATION = r"(?:[0-9]{1,9}(?:\.[0-9]+)?(?:ms|[smhd]))+|[0-9]{1,9}(?:\.[0-9]+)?"
"""What a duration looks like, as a regular expression; a number alone is in seconds."""
DURATION_WORDS = "a time such as `10s`, `1m30s` or `500ms`"

_PART = r"([0-9.]+)(ms|[smhd])"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(value: Any) -> float:
    """Seconds of a text, a number of seconds or a `timedelta`. Raises `ValueError` for what is no duration."""
    if isinstance(value, str):
        import re

        text = value.strip()
        if not re.fullmatch(DURATION, text):
            raise ValueError(f"`{value}` is not {DURATION_WORDS}")
        if text[-1].isdigit():
            seconds = float(text)
        else:
            seconds = sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text))
    elif hasattr(value, "total_seconds"):
        seconds = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise ValueError(f"{value!r} is not {DURATION_WORDS}")
    if not 0 <= seconds < 1e12:
        raise ValueError(f"{value!r} is not {DURATION_WORDS}")
    return seconds


def optional_seconds(value: Any) -> Optional[float]:
    """The same where None means that nothing was said."""
    return None if value is None else seconds_of(value)


def text_of(seconds: float) -> str:
    """As short as people would write it: `1m30s`; nothing below a millisecond is told."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    whole, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    last = f"{second + rest / 1000:g}s" if second or rest else ""
    return (f"{hours}h" if hours else "") + (f"{minute}m" if minute else "") + last
