"""Services that live on between the runs of a watch, and are lent to each run that needs them.

It knows processes, not why a service is to start again: whoever watches says `renew`. Processes are heard and ended in
a thread of its own. All methods may be called from any thread but that one.
"""

from __future__ import annotations

import threading

from taskrush._typing import cast
from taskrush.asked import Pollable
from taskrush.execute.carrier import Carrier
from taskrush.execute.task_run import runner_name
from taskrush.model.outcome import cancelled, failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, TypeVar

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task, TaskId
    from taskrush.protocols import Clock, OnOutput, Runner

if TYPE_CHECKING:
    R = TypeVar("R")
LOG_LIMIT = 4096
LEFT_UP = "left up"
PATIENCE = 5.0  # seconds beyond the grace period until a process that was killed has to be gone


class KeptServices:
    """`runners` start the processes and are closed with this. `on_death(task, outcome, log)` is told of a service that
    ended while no run used it, and what it wrote last.
    """

    def __init__(
        self,
        runners: Mapping[str, Runner],
        clock: Clock,
        grace: float = 5.0,
        on_death: Callable[[TaskId, Outcome, str], None] = lambda task, outcome, log: None,
    ) -> None:
        self._runners = runners
        self._clock = clock
        self._grace = grace
        self._on_death = on_death
        self._carrier = Carrier(clock)
        self._kept: Dict[TaskId, _Kept] = {}
        self._thread: Optional[threading.Thread] = None
        self._closed = False

    def take(self, task: Task, on_output: OnOutput) -> Optional[Lease]:
        """The service as it runs, if it can be used and is still the one declared; else the old one is ended first."""
        kept = self._kept.get(task.id)
        if kept is None or kept.outcome is not None:
            return None
        if kept.ready and not kept.stale and kept.task == task:
            return self._call(lambda: kept.lend(on_output))
        self._end([kept])
        return None

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Lease:
        """Start a service and lend it."""

        def begin() -> Lease:
            kept = self._kept[task.id] = _Kept(task, self._died)
            lease = kept.lend(on_output)
            handle = self._runners[runner_name(task)].start(task, kept.hear, values)
            kept.handle = handle
            if hasattr(handle, "descriptors"):
                self._carrier.carry(cast(Pollable, handle), kept.over)
            else:
                self._carrier.do(handle.wait, kept.over)
            return lease

        return self._call(begin)

    def renew(self, tasks: Iterable[TaskId]) -> None:
        """The next run that needs these gets new ones."""
        for task in tasks:
            kept = self._kept.get(task)
            if kept is not None:
                kept.stale = True

    def only(self, tasks: Iterable[TaskId]) -> None:
        """End all others: they are not planned any more."""
        wanted = set(tasks)
        self._end([kept for task, kept in self._kept.items() if task not in wanted])

    def close(self) -> None:
        """End all."""
        self._end(list(self._kept.values()))
        self._closed = True
        for runner in self._runners.values():
            runner.close()
        if self._thread is not None:
            self._carrier.post(lambda: None)
            self._thread.join()
        self._carrier.close()

    def hurry(self) -> None:
        """Kill what is being ended, or is to be, at once; also from a signal handler."""

        def kill() -> None:
            for kept in list(self._kept.values()):
                if kept.outcome is None:
                    kept.handle.cancel(True)

        self._carrier.post(kill)

    # Runners are interrupted and closed by each run; what is kept is none of a run's business.

    def interrupt(self, signum: int) -> None:
        """A run is being stopped."""

    # --- inside -----------------------------------------------------------------

    def _end(self, ended: List[_Kept]) -> None:
        living = [kept for kept in ended if kept.outcome is None]
        for kept in living:
            self._call(lambda kept=kept: self._tell(kept))  # type: ignore[misc]
        for kept in living:
            kept.gone.wait(self._grace + PATIENCE)
        for kept in ended:
            self._kept.pop(kept.task.id, None)

    def _tell(self, kept: _Kept) -> None:
        kept.expected = True
        kept.handle.cancel(False)
        self._carrier.at(self._clock.monotonic() + self._grace, lambda: kept.handle.cancel(True))

    def _died(self, kept: _Kept, outcome: Outcome) -> None:
        if not kept.expected and kept.lease is None:
            self._on_death(kept.task.id, outcome, kept.last_words())

    def _call(self, work: Callable[[], R]) -> R:
        """Do something in the thread of the processes and wait for what comes of it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="taskrush services", daemon=True)
            self._thread.start()
        done = threading.Event()
        found: List[Any] = []
        errors: List[BaseException] = []

        def carry_out() -> None:
            try:
                found.append(work())
            except BaseException as error:  # handed to whoever asked
                errors.append(error)
            done.set()

        self._carrier.post(carry_out)
        done.wait()
        if errors:
            raise errors[0]
        result: R = found[0]
        return result

    def _live(self) -> None:
        while not self._closed:
            self._carrier.turn()


class _Kept:
    """One service: its process, who it is lent to, and whether it was ready."""

    def __init__(self, task: Task, died: Callable[[_Kept, Outcome], None]) -> None:
        self.task = task
        self.handle: Any = None
        self.lease: Optional[Lease] = None
        self.ready = False
        self.stale = False
        self.expected = False
        self.outcome: Optional[Outcome] = None
        self.gone = threading.Event()
        self._log = b""
        self.clean: Callable[[str], str] = lambda text: text
        self._died = died

    def lend(self, on_output: OnOutput) -> Lease:
        self.lease = Lease(self, on_output)
        return self.lease

    def hear(self, stream: str, data: bytes) -> None:
        """Output goes to the run that uses it; what comes in between is only shown if the service ends."""
        self._log = (self._log + data)[-2 * LOG_LIMIT :]  # more than is shown: a secret may begin before it
        lease = self.lease
        if lease is not None:
            lease.on_output(stream, data)

    def last_words(self) -> str:
        """The end of what it wrote, without secrets."""
        return self.clean(self._log.decode("utf-8", "replace"))[-LOG_LIMIT:]

    def over(self, outcome: Optional[Outcome], error: Optional[BaseException] = None) -> None:
        """Its process has ended."""
        self.outcome = outcome if outcome is not None else failed(f"{type(error).__name__}: {error}")
        lease, warning = self.lease, getattr(self.handle, "warning", None)
        if lease is not None:
            lease.warning = warning
        self._died(self, self.outcome)
        self.gone.set()
        if lease is not None:
            lease.finish(self.outcome)


class Lease:
    """A service as one run sees it; a `Running`. Cancelling it gives it back, unless it never was ready."""

    def __init__(self, kept: _Kept, on_output: OnOutput) -> None:
        self.on_output = on_output
        self.warning: Optional[str] = None
        self._kept = kept
        self._over = threading.Event()
        self._outcome: Optional[Outcome] = None

    @property
    def ready(self) -> bool:
        """Whether it can be used already."""
        return self._kept.ready

    def mark_ready(self, clean: Callable[[str], str]) -> None:
        """It can be used. `clean` takes secrets out of what it writes when no run has it."""
        self._kept.ready = True
        self._kept.clean = clean

    def wait(self) -> Outcome:
        self._over.wait()
        assert self._outcome is not None
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        if self._kept.ready and self._kept.outcome is None:
            self._kept.lease = None
            self.finish(cancelled(LEFT_UP))
        elif self._kept.outcome is None:
            self._kept.expected = True
            self._kept.handle.cancel(force)

    def finish(self, outcome: Outcome) -> None:
        """It has ended, or was given back."""
        if self._outcome is None:
            self._outcome = outcome
            self._over.set()
