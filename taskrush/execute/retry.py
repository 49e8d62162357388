"""Whether a failed attempt is tried again, and after how many seconds.

The algebra is tenacity's: `wait` and `stop` are asked on a `RetryCallState`. Its loop is not used, and it is imported
only when an attempt has failed. Nothing here sleeps, and no state of a task changes here.
"""

from __future__ import annotations

import os
import signal
import sys

from taskrush.execute.output_pattern import OutputPattern
from taskrush.model.duration import seconds_of
from taskrush.model.outcome import State
from taskrush.model.retry import CUSTOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Optional, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.retry import Retry
    from taskrush.protocols import Clock

_SHELL_SIGNAL = 128  # a shell exits with this and the number of the signal that ended its command


class Attempts:
    """The attempts of one task, the `number`th being under way. `root` is the workspace."""

    def __init__(self, retry: Retry, root: str, clock: Clock) -> None:
        self._retry = retry
        self._root = root
        self._clock = clock
        self._began = 0.0
        self._policy: Optional[Policy] = None
        self._on_pattern: Optional[OutputPattern] = None
        self._never_on_pattern: Optional[OutputPattern] = None
        self.number = 0

    def begin(self) -> None:
        """Another attempt starts."""
        self.number += 1
        if self.number == 1:
            self._began = self._clock.monotonic()
        retry = self._retry
        self._on_pattern = OutputPattern(retry.on_pattern) if retry.on_pattern is not None else None
        self._never_on_pattern = OutputPattern(retry.never_on_pattern) if retry.never_on_pattern is not None else None

    def hear(self, stream: str, data: bytes) -> None:
        """What the attempt writes."""
        for pattern in (self._on_pattern, self._never_on_pattern):
            if pattern is not None:
                pattern.feed(stream, data)

    def delay(self, outcome: Outcome, time_left: Optional[float] = None) -> Optional[float]:
        """How long to wait before the next attempt; None if there is none.

        `time_left` are the seconds that the task has for all of its attempts. A custom delay may raise anything.
        """
        if outcome.state is not State.FAILED or self.number >= self._retry.attempts or not self._wanted(outcome):
            return None
        if self._policy is None:
            self._policy = Policy(self._retry, self._root)
        seconds = self._policy.delay(self.number, self._began, self._clock.monotonic(), outcome)
        return None if seconds is None or (time_left is not None and seconds >= time_left) else seconds

    def _wanted(self, outcome: Outcome) -> bool:
        """Whether this kind of failure is to be tried again."""
        retry = self._retry
        if (
            (outcome.timed_out and retry.never_on_timeout)
            or (not outcome.timed_out and ended_so(outcome, retry.never_on_codes, retry.never_on_signal))
            or raised(outcome, retry.never_on_exception)
            or (self._never_on_pattern is not None and self._never_on_pattern.found())
        ):
            return False
        if retry.on_codes or retry.on_signal or retry.on_timeout or retry.on_exception:
            if outcome.timed_out:
                if not retry.on_timeout:
                    return False
            elif not (ended_so(outcome, retry.on_codes, retry.on_signal) or raised(outcome, retry.on_exception)):
                return False
        return self._on_pattern is None or self._on_pattern.found()


def ended_so(outcome: Outcome, codes: Iterable[int], signals: Iterable[str]) -> bool:
    """Whether it ended with one of these exit codes or by one of these signals, itself or as its shell tells."""
    code = outcome.code
    if code is None:
        return False
    if code in codes:
        return True
    number = -code if code < 0 else code - _SHELL_SIGNAL
    if number <= 0:
        return False
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = ""
    return any(wanted in (name, str(number)) for wanted in signals)


def raised(outcome: Outcome, names: Iterable[str]) -> bool:
    """Whether it ended by one of these exceptions or a subclass, named with its module or without."""
    return any(name in (known, known.rpartition(".")[2]) for known in outcome.raised for name in names)


class AttemptFailed(Exception):
    """What tenacity is told of an attempt; `outcome` is what it came to."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Policy:
    """A retry declaration in terms of tenacity: `wait` and `stop`."""

    def __init__(self, retry: Retry, root: str = ".") -> None:
        import tenacity

        self.wait = _wait(retry, root)
        self.stop: Any = tenacity.stop_after_attempt(retry.attempts)
        self._deadline = retry.deadline

    def delay(self, number: int, began: float, now: float, outcome: Outcome) -> Optional[float]:
        """Seconds until the next attempt after the failed `number`th one; None to give up. Times are monotonic."""
        import tenacity

        state = tenacity.RetryCallState(None, None, (), {})  # type: ignore[arg-type]
        state.attempt_number = number
        state.start_time = began
        state.outcome_timestamp = now
        future = tenacity.Future(number)
        future.set_exception(AttemptFailed(outcome))
        state.outcome = future
        seconds = max(0.0, float(self.wait(state)))
        if self.stop(state) or (self._deadline is not None and now - began + seconds >= self._deadline):
            return None
        return seconds


def _wait(retry: Retry, root: str) -> Callable[[Any], float]:
    """Seconds by state: the delay, made longer by chance, and bounded."""
    import tenacity

    base = _base(retry, root)
    most = retry.max_delay
    if retry.jitter == "full":
        return _Full(base, most)
    if retry.jitter.endswith("%"):
        base = _Stretched(base, float(retry.jitter[:-1]) / 100)
    elif retry.jitter:
        base = _Sum(base, tenacity.wait_random(0, seconds_of(retry.jitter)))
    return base if most is None else _Bounded(base, most)


def _base(retry: Retry, root: str) -> Callable[[Any], float]:
    import tenacity

    delay = retry.delay
    if callable(delay):
        return delay if isinstance(delay, tenacity.wait.wait_base) else _Called(delay)
    kind, _, rest = delay.partition(" ")
    if delay.startswith(CUSTOM):
        return _Called(load_function(root, rest))
    if kind == "exponential":
        return tenacity.wait_exponential(multiplier=seconds_of(rest) if rest else 1)
    if kind == "linear":
        return tenacity.wait_incrementing(start=seconds_of(rest), increment=seconds_of(rest))
    times = [seconds_of(text) for text in (rest if kind == "fixed" else delay).split(",")]
    return tenacity.wait_chain(*(tenacity.wait_fixed(seconds) for seconds in times))


class _Called:
    """A function that gets the number of the failed attempt."""

    def __init__(self, function: Callable[[int], float]) -> None:
        self._function = function

    def __call__(self, state: Any) -> float:
        seconds = self._function(state.attempt_number)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds < 1e12:
            raise TypeError(f"it returned {seconds!r} and not a number of seconds")
        return float(seconds)


class _Full:
    """Anything up to the delay, which is bounded first: `wait_random_exponential` for any delay."""

    def __init__(self, base: Callable[[Any], float], most: Optional[float]) -> None:
        self._base = base
        self._most = most

    def __call__(self, state: Any) -> float:
        import random

        seconds = self._base(state)
        return random.uniform(0, seconds if self._most is None else min(seconds, self._most))


class _Stretched:
    """Longer by up to a part of it."""

    def __init__(self, base: Callable[[Any], float], part: float) -> None:
        self._base = base
        self._part = part

    def __call__(self, state: Any) -> float:
        import random

        seconds = self._base(state)
        return seconds + random.uniform(0, seconds * self._part)


class _Sum:
    """One after the other."""

    def __init__(self, *waits: Callable[[Any], float]) -> None:
        self._waits = waits

    def __call__(self, state: Any) -> float:
        return sum(wait(state) for wait in self._waits)


class _Bounded:
    """Never longer than `most`."""

    def __init__(self, base: Callable[[Any], float], most: float) -> None:
        self._base = base
        self._most = most

    def __call__(self, state: Any) -> float:
        return min(self._base(state), self._most)


def load_function(root: str, place: str) -> Callable[[int], float]:
    """The function at `FILE.py:NAME`; a module that is loaded already is used. Raises what loading does."""
    import importlib.util

    path, _, name = place.rpartition(":")
    path = os.path.abspath(os.path.join(root, path))
    module = next((one for one in list(sys.modules.values()) if getattr(one, "__file__", None) == path), None)
    if module is None:
        spec = importlib.util.spec_from_file_location("taskrush_delay", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise LookupError(f"there is no function `{name}` in it")
    return found  # type: ignore[no-any-return]


__all__: Tuple[str, ...] = ("AttemptFailed", "Attempts", "Policy", "ended_so", "load_function", "raised")
