"""What the commands of one task used, added up. It knows sums, not how they are measured."""

from typing import Any, Dict, Optional

from taskrush.runners.spawn import Exit


class Used:
    """The sum over commands that ran one after the other; of memory the peak.

    `peak_bytes` of a whole tree, where somebody watched it, counts unless a single process was seen to have more.
    """

    def __init__(self) -> None:
        self.user_seconds = 0.0
        self.system_seconds = 0.0
        self.peak_bytes = 0
        self.read_bytes = 0
        self.written_bytes = 0

    def add(self, end: Exit) -> None:
        """One more command has ended."""
        self.user_seconds += end.user_seconds
        self.system_seconds += end.system_seconds
        self.peak_bytes = max(self.peak_bytes, end.peak_bytes)
        self.read_bytes += end.read_bytes
        self.written_bytes += end.written_bytes

    def fields(self) -> Dict[str, Any]:
        """As the fields of an outcome."""
        peak: Optional[int] = self.peak_bytes or None
        return {
            "cpu_seconds": self.user_seconds + self.system_seconds,
            "cpu_user_seconds": self.user_seconds,
            "cpu_system_seconds": self.system_seconds,
            "peak_bytes": peak,
            "read_bytes": self.read_bytes,
            "written_bytes": self.written_bytes,
        }
