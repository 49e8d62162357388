"""Polls one handle to its end in the thread that asks, for whoever has no executor to do it."""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskrush.model.outcome import Outcome
    from taskrush.protocols import Pollable


def carry(handle: Pollable) -> Outcome:
    """Block until `handle` has an outcome."""
    while True:
        outcome = handle.outcome()
        if outcome is not None:
            handle.close()
            return outcome
        poller = select.poll()
        for descriptor in handle.descriptors():
            poller.register(descriptor, select.POLLIN | select.POLLHUP)
        deadline = handle.deadline()
        timeout = None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000 + 1)
        for descriptor, _ in poller.poll(timeout):
            handle.readable(descriptor)
        if deadline is not None and time.monotonic() >= deadline:
            handle.tick()
