"""The carrier waits for things: descriptors, threads, timers, and messages from anywhere. It knows no task and no rule.

One thread, the one that calls `turn`, polls the descriptors of everything that has some; what blocks is done by worker
threads that are kept for the next one. Whatever is to happen, happens in `turn`, one thing at a time.

`post` may be called from any thread and from a signal handler: it takes no lock.
"""

from __future__ import annotations

import itertools
import os
import select

from taskrush._builtin import SimpleQueue, deque, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Set, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.protocols import Clock, Pollable

if TYPE_CHECKING:
    Action = Callable[[], None]
LONGEST = 86400.0  # seconds of one wait: what is due later is waited for again


class Carrier:
    """Things under way, and what is to happen when they are over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inbox: Deque[Action] = deque()
        self._poll: Optional[Poll] = Poll()
        self._awake = False
        self._by_descriptor: Dict[int, Carried] = {}
        self._timers: List[Tuple[float, int, Action]] = []
        self._number = itertools.count()
        self._workers = Workers()

    def turn(self, block: bool = True) -> None:
        """Let happen what is due; with `block`, wait until something is."""
        timeout = 0.0
        if block and not self._inbox:
            timeout = max(0.0, self._timers[0][0] - self._clock.monotonic()) if self._timers else -1.0
            timeout = min(timeout, LONGEST)
        poll = self._poll
        assert poll is not None, "closed"
        later = []
        for descriptor in poll.wait(timeout):
            carried = self._by_descriptor.get(descriptor)
            if carried is None:
                poll.calm()
            elif carried.descriptors[-1] == descriptor:  # its end: it says the rest of its output by itself
                carried.handle.readable(descriptor)
                self._look_at(carried)
            else:
                later.append((descriptor, carried))
        for descriptor, carried in later:
            if self._by_descriptor.get(descriptor) is carried:  # what came before may have closed it
                carried.handle.readable(descriptor)
                self._look_at(carried)
        self._awake = False  # before the inbox is emptied: who posts after this rings again
        while self._inbox:
            self._inbox.popleft()()
        if self._timers:
            now = self._clock.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heappop(self._timers)[2]()

    def post(self, action: Action) -> None:
        """Let `action` happen in the next turn."""
        self._inbox.append(action)
        if not self._awake:
            self._awake = True
            poll = self._poll  # held on to: its descriptors stay ours while it rings
            if poll is not None:
                poll.ring()

    def at(self, moment: float, action: Action) -> None:
        """Let `action` happen at this monotonic time."""
        heappush(self._timers, (moment, next(self._number), action))

    def carry(self, handle: Pollable, done: Callable[[Outcome], None]) -> None:
        """Poll `handle` until it has an outcome; it must not have one yet."""
        self._look_at(Carried(handle, done))

    def do(self, work: Callable[[], Any], done: Callable[[Any, Optional[BaseException]], None]) -> None:
        """Do `work` in a thread of its own and then hand what it returned or raised to `done`, in a turn."""

        self._workers.do(Work(work, done, self._workers, self.post))

    def close(self) -> None:
        """Let go of idle threads and of whatever is still carried."""
        self._workers.close()
        for carried in set(self._by_descriptor.values()):
            self._let_go(carried)
        self._timers.clear()
        self._poll = None

    def _look_at(self, carried: Carried) -> None:
        if carried.over:
            return
        outcome = carried.handle.outcome()
        if outcome is not None:
            self._let_go(carried)
            carried.done(outcome)
            return
        wanted = tuple(carried.handle.descriptors())
        before = carried.descriptors
        if wanted != before:
            self._forget([descriptor for descriptor in before if descriptor not in wanted])
            carried.descriptors = wanted
            for descriptor in wanted:
                if descriptor not in before:
                    self._by_descriptor[descriptor] = carried
                    if self._poll is not None:
                        self._poll.add(descriptor)
        deadline = carried.handle.deadline()
        if deadline != carried.deadline:
            carried.deadline = deadline
            if deadline is not None:
                self.at(deadline, lambda: self._tick(carried))

    def _tick(self, carried: Carried) -> None:
        if not carried.over:
            carried.handle.tick()
            self._look_at(carried)

    def _let_go(self, carried: Carried) -> None:
        carried.over = True
        self._forget(carried.descriptors)
        carried.handle.close()

    def _forget(self, descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            if self._by_descriptor.pop(descriptor, None) is not None and self._poll is not None:
                self._poll.remove(descriptor)


class Carried:
    """A handle that is being polled."""

    __slots__ = ("deadline", "descriptors", "done", "handle", "over")

    def __init__(self, handle: Pollable, done: Callable[[Outcome], None]) -> None:
        self.handle = handle
        self.done = done
        self.descriptors: Tuple[int, ...] = ()
        self.deadline: Optional[float] = None
        self.over = False


class Work:
    """A piece of work for a worker; the worker calls `carry_out`, then the carrier, in a turn, the object itself."""

    __slots__ = ("_done", "_error", "_post", "_value", "_work", "_workers")

    def __init__(
        self,
        work: Callable[[], Any],
        done: Callable[[Any, Optional[BaseException]], None],
        workers: Workers,
        post: Callable[[Action], None],
    ) -> None:
        self._work = work
        self._done = done
        self._workers = workers
        self._post = post
        self._value: Any = None
        self._error: Optional[BaseException] = None

    def carry_out(self) -> None:
        try:
            self._value = self._work()
        except BaseException as raised:  # whatever it is, who waits must hear of it
            self._error = raised
        self._post(self)

    def __call__(self) -> None:
        self._workers.has_room()
        self._done(self._value, self._error)


class Workers:
    """Threads that are started when all others are busy, and kept. They end with the program, whatever they do."""

    def __init__(self) -> None:
        self._work: SimpleQueue[Optional[Work]] = SimpleQueue()
        self._threads = 0
        self._busy = 0

    def do(self, work: Work) -> None:
        self._busy += 1  # counted in the carrier's thread alone
        if self._busy > self._threads:
            import threading

            self._threads += 1
            threading.Thread(target=self._live, name=f"taskrush worker {self._threads}", daemon=True).start()
        self._work.put(work)

    def has_room(self) -> None:
        """One piece of work is over."""
        self._busy -= 1

    def close(self) -> None:
        for _ in range(self._threads):
            self._work.put(None)

    def _live(self) -> None:
        while True:
            work = self._work.get()
            if work is None:
                return
            work.carry_out()
            del work  # nothing is held on to while waiting


class Poll:
    """Readable descriptors: `poll` where there is one (it costs no system call per descriptor), else `select`."""

    def __init__(self) -> None:
        self._descriptors: Set[int] = set()  # where there is no `poll`
        self._poll = select.poll() if hasattr(select, "poll") else None
        self._pair: Any = None
        self._own: Tuple[int, ...] = ()
        if os.name == "posix":
            self._own = self._in, self._out = os.pipe()
            for descriptor in self._own:
                os.set_blocking(descriptor, False)
        else:  # there `select` knows sockets only, and runners offer no descriptors
            import socket

            self._pair = socket.socketpair()
            for end in self._pair:
                end.setblocking(False)
            self._in, self._out = (end.fileno() for end in self._pair)
        self.add(self._in)

    def ring(self) -> None:
        """Make `wait` return."""
        try:
            if self._pair is None:
                os.write(self._out, b"\0")
            else:
                self._pair[1].send(b"\0")
        except OSError:  # full: then it rings already
            pass

    def calm(self) -> None:
        """Take in what `ring` sent."""
        try:
            if self._pair is None:
                os.read(self._in, 4096)
            else:
                self._pair[0].recv(4096)
        except OSError:
            pass

    def add(self, descriptor: int) -> None:
        if self._poll is not None:
            self._poll.register(descriptor, select.POLLIN)
        else:
            self._descriptors.add(descriptor)

    def remove(self, descriptor: int) -> None:
        """One that was added."""
        if self._poll is not None:
            self._poll.unregister(descriptor)
        else:
            self._descriptors.discard(descriptor)

    def __del__(self) -> None:
        """Closed with this object and not before: a late `ring` must not write to somebody else's descriptor."""
        for descriptor in self._own:
            os.close(descriptor)

    def wait(self, seconds: float) -> List[int]:
        """Those that are readable or at their end, after at most so many seconds; negative: however long it takes."""
        if self._poll is not None:
            milliseconds = None if seconds < 0 else seconds * 1000 + 0.999 if seconds else 0
            return [descriptor for descriptor, _ in self._poll.poll(milliseconds)]
        return list(select.select(list(self._descriptors), (), (), None if seconds < 0 else seconds)[0])
