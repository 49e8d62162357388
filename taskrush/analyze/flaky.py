"""How often a task failed before, with the uncertainty of few runs. Pure arithmetic over past tasks."""

from __future__ import annotations

import math

from taskrush.model.failure import Flakiness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence, Tuple

    from taskrush.model.history import PastTask

Z = 1.959964  # 95% of a normal distribution lie within so many standard deviations
LOOK_BACK = 100  # runs that count
RAN = ("succeeded", "warned", "failed")


def wilson(hits: int, trials: int) -> Tuple[float, float]:
    """The interval that holds the true share with 95% (E. B. Wilson, 1927); good also for few trials."""
    if trials <= 0:
        return 0.0, 1.0
    share = hits / trials
    middle = share + Z * Z / (2 * trials)
    spread = Z * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    below = 1 + Z * Z / trials
    return max(0.0, min(share, (middle - spread) / below)), min(1.0, max(share, (middle + spread) / below))


def flakiness(past: Sequence[PastTask], key: Optional[str]) -> Optional[Flakiness]:
    """What past ends of a task (newest first, without this failure) say together with it; None where they say nothing.

    With the `key` of the failure, ends with the same key alone count if there was a good one among them. Without, all
    that ran count, and only if some ended well and it failed more than once.
    """
    ran = [one for one in past if one.state in RAN][:LOOK_BACK]
    same = [one for one in ran if key and one.key == key]
    if any(one.state == "succeeded" for one in same):
        return _counted(same, True)
    failed = sum(one.state != "succeeded" for one in ran)
    return _counted(ran, False) if 0 < failed < len(ran) else None


def _counted(ends: Sequence[PastTask], same_key: bool) -> Flakiness:
    failed = 1 + sum(one.state != "succeeded" for one in ends)
    low, high = wilson(failed, 1 + len(ends))
    recovered = sum(one.state == "succeeded" and (one.attempts or 1) > 1 for one in ends)
    return Flakiness(runs=1 + len(ends), failed=failed, low=low, high=high, same_key=same_key, recovered=recovered)
