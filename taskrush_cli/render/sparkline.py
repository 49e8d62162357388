"""A line of signs as high as numbers are large. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence, Tuple

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"


def sparkline(values: Sequence[float], unicode: bool = True, scale: Optional[Tuple[float, float]] = None) -> str:
    """One sign a number, between those for the smallest and the largest, or those of the `scale`.

    Without a scale numbers that differ by less than a hundredth lie in the middle: a line is to show what matters.
    """
    signs = BLOCKS if unicode else PLAIN
    if not values:
        return ""
    low, high = scale if scale is not None else (min(values), max(values))
    if scale is None and high - low <= 0.01 * abs(high):
        return signs[3] * len(values)
    return "".join(signs[max(0, min(7, int((value - low) / (high - low) * 8)))] for value in values)
