"""Which meter a way to measure stands for."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from taskrush.runners.usage import Meter


def make_meter(measure: str) -> Optional[Meter]:
    """`end`: none; `sample`: one that looks at the processes; `cgroup`: one that makes control groups, or, where that
    may not be, also looks. None where there is no `/proc`.
    """
    if measure == "end" or not sys.platform.startswith("linux"):
        return None
    if measure == "cgroup":
        from taskrush.runners.cgroup import GroupMeter, own_group

        above = own_group()
        if above is not None:
            return GroupMeter(above)
    from taskrush.runners.sampler import Sampler

    return Sampler()
