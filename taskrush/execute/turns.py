"""Lets what is said in any thread be heard in the one that turns the carrier, and slows down who says too much.

It does not know what is said, nor by whom.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from taskrush.execute.carrier import Carrier
    from taskrush.protocols import OnOutput

QUEUE_LIMIT = 256  # pieces of output that threads may be ahead of the subscribers


class Turns:
    """The way into the thread that calls `begin`. Once `is_over` nobody waits any more."""

    def __init__(self, carrier: Carrier, is_over: Callable[[], bool]) -> None:
        self._carrier = carrier
        self._is_over = is_over
        self._room = threading.Semaphore(QUEUE_LIMIT)
        self._thread = 0

    def begin(self) -> None:
        """The calling thread is the one that turns the carrier."""
        self._thread = threading.get_ident()

    def in_turn(self, hear: OnOutput) -> OnOutput:
        """`hear` for use in any thread: called in turn, and whoever is far ahead of the subscribers waits."""

        def on_output(stream: str, data: bytes) -> None:
            if threading.get_ident() == self._thread:
                hear(stream, data)
                return
            while not self._room.acquire(timeout=1.0):
                if self._is_over():
                    return

            def tell() -> None:
                self._room.release()
                hear(stream, data)

            self._carrier.post(tell)

        return on_output
