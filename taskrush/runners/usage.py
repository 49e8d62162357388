"""What the commands of one task used, added up, and who measures it. It knows sums, not how they are measured."""

from __future__ import annotations

from taskrush._typing import NamedTuple, Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence

    from taskrush.runners.spawn import Exit


class Measured(NamedTuple):
    """What a meter saw of a whole tree: the most memory that it had at a time, 0 if nobody saw it, and processor time,
    None where the kernel's own sum is as good."""

    peak_bytes: int = 0
    user_seconds: Optional[float] = None
    system_seconds: Optional[float] = None


class Meter(Protocol):
    """Measures whole trees of processes while they run. Without one, what the kernel tells at the end counts."""

    def wrap(self, words: Sequence[str]) -> Sequence[str]:
        """The command to start in place of `words`; `watch` follows, unless it cannot be started."""

    def watch(self, pid: int) -> None:
        """This process was started."""

    def forget(self, pid: int) -> Measured:
        """It has ended."""

    def close(self) -> None:
        """The run is over."""


UNSEEN = Measured()


class Used:
    """The sum over commands that ran one after the other; of memory the peak.

    The kernel's peak of a process is at least what this program had when it started the process (`floor`): where a
    meter saw the tree, a smaller one of the kernel's says nothing.
    """

    def __init__(self, floor: Callable[[], int] = lambda: 0) -> None:
        self._floor = floor
        self.user_seconds = 0.0
        self.system_seconds = 0.0
        self.peak_bytes = 0
        self.read_bytes = 0
        self.written_bytes = 0

    def add(self, end: Exit, tree: Measured = UNSEEN) -> None:
        """One more command has ended, and so its tree was seen."""
        self.user_seconds += end.user_seconds if tree.user_seconds is None else tree.user_seconds
        self.system_seconds += end.system_seconds if tree.system_seconds is None else tree.system_seconds
        single = 0 if tree.peak_bytes and end.peak_bytes <= self._floor() else end.peak_bytes
        self.peak_bytes = max(self.peak_bytes, single, tree.peak_bytes)
        self.read_bytes += end.read_bytes
        self.written_bytes += end.written_bytes

    def fields(self) -> Dict[str, Any]:
        """As the fields of an outcome."""
        return {
            "cpu_seconds": self.user_seconds + self.system_seconds,
            "cpu_user_seconds": self.user_seconds,
            "cpu_system_seconds": self.system_seconds,
            "peak_bytes": self.peak_bytes or None,
            "read_bytes": self.read_bytes,
            "written_bytes": self.written_bytes,
        }


def own_peak() -> int:
    """The most memory that this program had itself."""
    import resource

    from taskrush.runners.spawn import RSS_UNIT

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
