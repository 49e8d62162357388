"""Of the seams (`protocols.py`) the two that are asked about during a run: what can be polled, what has no time."""

from __future__ import annotations

from taskrush._typing import Protocol, runtime_checkable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence

    from taskrush.model.outcome import Outcome


class NotAtOnce(Exception):
    """What was asked for takes time, and the caller has none."""


@runtime_checkable
class Pollable(Protocol):
    """A `Running` that can be carried by one thread that polls descriptors instead of a thread of its own."""

    def descriptors(self) -> Sequence[int]:
        """What to poll for reading now; may change after each `readable`. The one that tells of the end comes last."""

    def readable(self, descriptor: int) -> None:
        """Take in what is there without blocking."""

    def deadline(self) -> Optional[float]:
        """Monotonic time at which `tick` wants to be called, or None."""

    def tick(self) -> None:
        """The deadline has passed."""

    def outcome(self) -> Optional[Outcome]:
        """How it ended, or None while it goes on."""

    def cancel(self, force: bool = False) -> None:
        """Ask it to end, or with `force` make it; at any time, more than once, from any thread."""

    def close(self) -> None:
        """Give back the descriptors; called once, after the end."""
