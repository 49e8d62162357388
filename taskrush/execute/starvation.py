"""Whether an attempt ended for lack of memory, as far as that can be told from outside, and how that is said.

What is sure is said as a fact: the kernel counted a kill, or the program itself says so. A SIGKILL that nobody here
sent is said as what it is. It decides nothing about what follows.
"""

from __future__ import annotations

from taskrush._builtin import signal
from taskrush.model.outcome import State
from taskrush.regex import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from taskrush.model.outcome import Outcome

TAIL = 4096  # bytes of standard error that are looked at
_KILLED = (-int(getattr(signal, "SIGKILL", 9)), 128 + int(getattr(signal, "SIGKILL", 9)))
_SAYS_SO = expression(
    rb"(?m)^(?:MemoryError\b.*|.*std::bad_alloc.*|.*[Cc]annot allocate memory.*|.*memory exhausted.*)$"
)
_LAST_LINES = 3


class Starvation:
    """Tells of one run's attempts whether memory was short; `kills` counts what the kernel killed for it so far."""

    def __init__(self, kills: Callable[[], int]) -> None:
        self._kills = kills
        self._seen = kills()

    def words(self, outcome: Outcome, stderr: bytes) -> str:
        """Why an attempt that we did not end seems to have lacked memory; empty where nothing points to that.

        `stderr` is the end of what it wrote to standard error.
        """
        if outcome.state is not State.FAILED:
            return ""
        if outcome.code in _KILLED:
            seen, self._seen = self._seen, self._kills()
            if self._seen > seen:
                return "was killed for lack of memory"
            return "was killed (SIGKILL, not by this run), which happens when memory is short"
        if outcome.code is None:
            return "ran out of memory (MemoryError)" if (outcome.reason or "").startswith("MemoryError") else ""
        last = b"\n".join(stderr[-TAIL:].rstrip().splitlines()[-_LAST_LINES:])
        found = _SAYS_SO.search(last)
        if found is None:
            return ""
        return f"ran out of memory ({found.group().decode('utf-8', 'replace').strip()[:80]})"
