"""Lets what is said in any thread be heard in the one that turns the carrier, and slows down who says too much.

It does not know what is said, nor by whom.
"""

from __future__ import annotations

from taskrush._builtin import Lock, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Semaphore
    from typing import Callable, Optional

    from taskrush.execute.carrier import Carrier
    from taskrush.protocols import OnOutput

QUEUE_LIMIT = 256  # pieces of output that threads may be ahead of the subscribers


class Turns:
    """The way into the thread that calls `begin`. Once `is_over` nobody waits any more."""

    def __init__(self, carrier: Carrier, is_over: Callable[[], bool]) -> None:
        self._carrier = carrier
        self._is_over = is_over
        self._room: Optional[Semaphore] = None
        self._making = Lock()
        self._thread = 0

    def begin(self) -> None:
        """The calling thread is the one that turns the carrier."""
        self._thread = get_ident()

    def in_turn(self, hear: OnOutput) -> OnOutput:
        """`hear` for use in any thread: called in turn, and whoever is far ahead of the subscribers waits."""

        def on_output(stream: str, data: bytes) -> None:
            if get_ident() == self._thread:
                hear(stream, data)
                return
            room = self._room or self._make_room()
            while not room.acquire(timeout=1.0):
                if self._is_over():
                    return

            def tell() -> None:
                room.release()
                hear(stream, data)

            self._carrier.post(tell)

        return on_output

    def _make_room(self) -> Semaphore:
        """Made when there is a second thread, which most runs do without."""
        from threading import Semaphore

        with self._making:
            self._room = self._room or Semaphore(QUEUE_LIMIT)
            return self._room
