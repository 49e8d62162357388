"""Processes that copy files for this one while it goes on: Python does such small work in one thread at a time.

They are started only once a run has copied enough to pay for them, and help wherever `copying.py` is asked; without
one, be it that none is ready or that one broke, the same is done here. A worker only writes below the store and beside
the places of what is restored, so that one that outlives this process harms nothing. It ends with its pipe.
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import threading

from taskrush.cache.confine import Unsafe
from taskrush.cache.copying import NotStorable, fetch, keep
from taskrush.cache.objects import Damaged, ObjectStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Sequence, Tuple

    from taskrush.cache.copying import Fetched, Kept, Made, Wanted
    from taskrush.cache.objects import Look

START_BYTES = 4 << 20  # copied here before a worker is started, and by each worker before another one is
SMALL = 1 << 18  # bytes: less than that is copied sooner than it is handed over
MOST = 8  # workers
BATCH = 256  # files in one message
_HEAD = 8
_PROGRAM = "import sys; sys.path[:0] = sys.argv[1:]; from taskrush.cache.copy_workers import serve; serve()"
_OURS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
_ERRORS = {"Damaged": Damaged, "NotStorable": NotStorable, "Unsafe": Unsafe}


class Broken(Exception):
    """A worker does not answer as it should."""


class Copier:
    """Copies files into a store and back for the threads of one run, here or in workers. `seed` is for quick digests;
    `most` is how many workers there may be."""

    def __init__(self, store: ObjectStore, seed: int, most: Optional[int] = None) -> None:
        self._store = store
        self._seed = seed
        self._most = workers_here(store) if most is None else most
        self._turn = threading.Condition()
        self._starting: List[Worker] = []
        self._idle: List[Worker] = []
        self._busy = 0
        self._copied = 0

    def fetch(self, rows: Sequence[Wanted]) -> Optional[List[Fetched]]:
        """As `copying.fetch`; after an error some of the places may be taken."""
        found: List[Fetched] = []
        for some in _batches(rows):
            answer = self._elsewhere(sum(row[1] for row in some), ("fetch", some, self._seed))
            if answer is None:
                answer = (fetch(self._store, some, self._seed),)
            if answer[0] is None:
                return None
            found += answer[0]
        return found

    def keep(self, root: str, rows: Sequence[Made], watch: Optional[Callable[[str, Look], Look]] = None) -> List[Kept]:
        """As `copying.keep`; what is watched is read here."""
        if watch is not None:
            return keep(self._store, root, rows, self._seed, watch)
        found: List[Kept] = []
        for some in _batches(rows):
            answer = self._elsewhere(sum(row[1][1] for row in some), ("keep", root, some, self._seed))
            found += keep(self._store, root, some, self._seed) if answer is None else answer[0]
        return found

    def close(self) -> None:
        """The run is over: let the workers end."""
        with self._turn:
            self._most = 0
            workers = self._starting + self._idle
            self._starting, self._idle = [], []
        for worker in workers:
            worker.close()

    # --- inside -----------------------------------------------------------------

    def _elsewhere(self, size: int, request: Tuple[Any, ...]) -> Optional[Tuple[Any]]:
        """What a worker answers, or None if this is to be done here. Raises what it raised there."""
        worker = self._take(size)
        if worker is None:
            return None
        try:
            kind, value = worker.ask(request)
        except Broken:
            worker.close()
            worker = None
            if request[0] == "fetch":
                _clear(request[1])  # it may have begun
            return None
        finally:
            self._give_back(worker)
        if kind == "answer":
            return (value,)
        if kind == "OSError":
            raise OSError(*value)
        raise _ERRORS[kind](value)

    def _take(self, size: int) -> Optional[Worker]:
        with self._turn:
            self._copied += size
            if not self._most or size < SMALL:
                return None
            count = len(self._starting) + len(self._idle) + self._busy
            if not self._idle and count < self._most and self._copied > START_BYTES * (count + 1):
                worker = start_worker(self._store)
                if worker is None:
                    self._most = count
                else:
                    self._starting.append(worker)
            for worker in [one for one in self._starting if one.answers]:
                self._starting.remove(worker)
                if worker.is_ready():
                    self._idle.append(worker)
                else:
                    worker.close()
                    self._most = 0
            while self._busy and not self._idle:  # sooner done than by yet another thread here
                self._turn.wait()
            if not self._idle:
                return None
            self._busy += 1
            return self._idle.pop()

    def _give_back(self, worker: Optional[Worker]) -> None:
        with self._turn:
            self._busy -= 1
            if worker is not None and self._most:
                self._idle.append(worker)
                worker = None
            elif worker is None:
                self._most = 0  # one that broke is not replaced
            self._turn.notify_all()
        if worker is not None:
            worker.close()


class Worker:
    """This side of one worker, for one thread at a time."""

    def __init__(self, pid: int, to: int, back: int) -> None:
        self._pid = pid
        self._to = to
        self._back = back

    @property
    def answers(self) -> bool:
        """Whether there is something to read from it."""
        poll = select.poll()  # unlike `select` it takes any descriptor
        poll.register(self._back, select.POLLIN)
        return bool(poll.poll(0))

    def is_ready(self) -> bool:
        """Whether it is there and takes names of files for the same bytes as this process does."""
        try:
            return bool(_receive(self._back) == _encoding())
        except (OSError, EOFError, ValueError, TypeError):
            return False

    def ask(self, request: Tuple[Any, ...]) -> Tuple[str, Any]:
        """Its answer. Raises `Broken`."""
        try:
            _send(self._to, request)
            kind, value = _receive(self._back)
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise Broken from error
        if kind == "broken":
            raise Broken
        return kind, value

    def close(self) -> None:
        """Let it end, and see that it did."""
        for descriptor in (self._to, self._back):
            os.close(descriptor)
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:  # somebody else in this program waits for all children
            pass


def workers_here(store: ObjectStore) -> int:
    """How many workers are of use: none beside one processor, where the store is not a folder, or where the program is
    not the interpreter itself but one that carries it inside."""
    program = os.path.basename(sys.executable or "")
    if getattr(sys, "frozen", False) or not program.startswith(("python", "pypy")):
        return 0
    if not (hasattr(os, "posix_spawn") and store.is_local) or os.name != "posix":
        return 0
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        count = os.cpu_count() or 1
    return min(count, MOST) if count > 1 else 0


def start_worker(store: ObjectStore) -> Optional[Worker]:
    """A worker that is about to be ready, or None if that cannot be."""
    ends: List[int] = []
    pid = 0
    try:
        ends += os.pipe()
        ends += os.pipe()
        ends.append(os.open(os.devnull, os.O_WRONLY))
        theirs, to, back, answers, null = ends
        actions = [(os.POSIX_SPAWN_DUP2, theirs, 0), (os.POSIX_SPAWN_DUP2, answers, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
        words = [sys.executable, "-I", "-S", "-c", _PROGRAM, _OURS, *(path for path in sys.path if path)]
        # a group of its own: what is typed at the terminal is not for it
        pid = os.posix_spawn(sys.executable, words, os.environ, file_actions=actions, setpgroup=0)
        _send(to, ("open", *store.settings))
        return Worker(pid, to, back)
    except OSError:
        return None
    finally:
        for descriptor in ends if not pid else (theirs, answers, null):
            os.close(descriptor)


def serve() -> None:
    """The worker: answers requests on its input until that ends."""
    try:
        _, root, compress, link = _receive(0)
        store = ObjectStore(root, compress, link)
        _send(1, _encoding())
        while True:
            _send(1, _answer(store, *_receive(0)))
    except (EOFError, OSError):
        os._exit(0)


def _answer(store: ObjectStore, what: str, *request: Any) -> Tuple[str, Any]:
    try:
        return "answer", fetch(store, *request) if what == "fetch" else keep(store, *request)
    except (Damaged, NotStorable, Unsafe) as error:
        return type(error).__name__, str(error)
    except OSError as error:
        return "OSError", (error.errno or 0, error.strerror or str(error))
    except Exception:
        return "broken", None


def _encoding() -> Tuple[str, str]:
    return sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def _batches(rows: Sequence[Any]) -> List[Sequence[Any]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _clear(rows: Sequence[Wanted]) -> None:
    for row in rows:
        try:
            os.unlink(row[3])
        except OSError:
            pass


def _send(descriptor: int, value: Any) -> None:
    data = marshal.dumps(value)
    view = memoryview(len(data).to_bytes(_HEAD, "little") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def _receive(descriptor: int) -> Any:
    """Raises `EOFError` at the end."""
    return marshal.loads(_exactly(descriptor, int.from_bytes(_exactly(descriptor, _HEAD), "little")))


def _exactly(descriptor: int, size: int) -> bytes:
    pieces: List[bytes] = []
    while size:
        data = os.read(descriptor, min(size, 1 << 20))
        if not data:
            raise EOFError
        pieces.append(data)
        size -= len(data)
    return b"".join(pieces)
