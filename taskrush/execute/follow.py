"""`Run`: an execution that goes on in a thread of its own and is followed record by record, in plain or async code.

It decides nothing about tasks. Records wait in a bounded queue: a run whose records nobody takes stands still, so none
is lost and memory stays bounded. Asking for the result without iterating lets records go.
"""

from __future__ import annotations

import collections
import contextvars
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from types import TracebackType
    from typing import Any, Callable, Deque, Generator, Iterator, List, Optional, Sequence, Tuple, Type

    from taskrush.events import Record
    from taskrush.execute.executor import Executor
    from taskrush.model.outcome import RunResult
    from taskrush.protocols import Subscriber

QUEUE_LIMIT = 1024  # records that may wait to be taken


class Run:
    """One run under way; it has started when this exists.

    `with project.start("build") as run: for record in run: ...`, or `async with` and `async for`; leaving early stops
    the run and waits for its end. `await run` and `run.result()` give the `RunResult`. Without `with` it goes on until
    it is told to stop.
    """

    def __init__(self, make: Callable[[Sequence[Subscriber]], Executor], limit: int = QUEUE_LIMIT) -> None:
        self._records: Deque[Record] = collections.deque()
        self._limit = limit
        self._changed = threading.Condition()
        self._taken = False  # somebody iterates
        self._let_go = False  # nobody will
        self._over = False
        self._result: Optional[RunResult] = None
        self._error: Optional[BaseException] = None
        self._waiters: List[Tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._executor = make([self])
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="taskrush run", daemon=True)
        self._thread.start()

    # --- the run's side ---------------------------------------------------------

    def on_record(self, record: Record) -> None:
        """Take a record; waits while too many wait to be read."""
        with self._changed:
            while len(self._records) >= self._limit and not self._let_go:
                self._changed.wait()
            if not self._let_go:
                self._records.append(record)
            self._wake()

    def _run(self) -> None:
        try:
            self._result = self._executor.run()
        except BaseException as error:  # handed to whoever asks for the result
            self._error = error
        with self._changed:
            self._over = True
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            try:
                loop.call_soon_threadsafe(_done, future)
            except RuntimeError:  # the loop was closed meanwhile
                pass

    # --- for everyone -------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._over

    def stop(self, reason: str = "stopped", force: bool = False) -> None:
        """Start nothing more and end what runs, after the grace period by force; the exit code is that of SIGTERM, 143.

        Returns at once; from any thread.
        """
        self._executor.stop(reason, force=force)

    def result(self) -> RunResult:
        """Wait for the end. Raises only what the executor itself raised, never for a task that failed."""
        with self._changed:
            self._let_go_unless_taken()
            while not self._over:
                self._changed.wait()
        return self._get()

    def __iter__(self) -> Iterator[Record]:
        self._taken = True
        while True:
            with self._changed:
                while not self._records and not self._over:
                    self._changed.wait()
                if not self._records:
                    break
                record = self._take()
            yield record
        self._get()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._leave()
        self._thread.join()
        if kind is None:
            self._get()

    # --- in async code ------------------------------------------------------------

    def __aiter__(self) -> Run:
        self._taken = True
        return self

    async def __anext__(self) -> Record:
        while True:
            with self._changed:
                if self._records:
                    return self._take()
                if self._over:
                    break
                future = self._waiter()
            await future
        self._get()
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, None, RunResult]:
        return self._ended().__await__()

    async def __aenter__(self) -> Run:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._leave()
        await self._wait_for_end()
        if kind is None:
            self._get()

    async def _ended(self) -> RunResult:
        with self._changed:
            self._let_go_unless_taken()
        try:
            await self._wait_for_end()
        except BaseException:  # cancelled, timed out: who would stop it else?
            self._leave()
            raise
        return self._get()

    async def _wait_for_end(self) -> None:
        while True:
            with self._changed:
                if self._over:
                    return
                future = self._waiter()
            await future

    # --- inside -----------------------------------------------------------------

    def _waiter(self) -> asyncio.Future[None]:
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiters.append((loop, future))
        return future

    def _take(self) -> Record:
        record = self._records.popleft()
        self._changed.notify_all()
        return record

    def _let_go_unless_taken(self) -> None:
        if not self._taken:
            self._let_go = True
            self._records.clear()
            self._changed.notify_all()

    def _leave(self) -> None:
        """Nobody reads on: stop what still runs and let its records go."""
        with self._changed:
            if self._over:
                return
            self._let_go = True
            self._changed.notify_all()
        self._executor.stop("left early")

    def _get(self) -> RunResult:
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
