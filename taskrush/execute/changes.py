"""Where changes of files come from: the system's own events (`watchfiles`), or looking again and again.

Both only say where to look; `WatchedFiles` tells what really changed. They know nothing of tasks.
"""

from __future__ import annotations

import os
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, List, Optional

    from taskrush.execute.watch_state import Change
    from taskrush.execute.watched_files import WatchedFiles

POLL = "poll"
NOTIFY = "notify"
INTERVAL = 0.3  # seconds between two looks when polling
STEP_MS = 50  # how often the queue of events is emptied
TICK_MS = 200  # how long to wait for events before looking again at new folders
MANY = 100  # from so many paths on, one look at everything is cheaper

if TYPE_CHECKING:
    OnChanges = Callable[[List[Change]], None]


def available() -> bool:
    """Whether events can be used: `watchfiles` is installed."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        return False
    return True


class Changes:
    """Looks at `files` in a thread of its own and hands over what changed, in order, until it is closed.

    `method` is `"notify"` or `"poll"`; events that the system refuses (too many watches) become polling.
    """

    def __init__(
        self, root: str, files: WatchedFiles, on_changes: OnChanges, method: str, interval: float = INTERVAL
    ) -> None:
        self.method = method
        self._root = root
        self._files = files
        self._on_changes = on_changes
        self._interval = interval
        self._stop = threading.Event()
        self.ready = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="taskrush watch", daemon=True)

    def start(self) -> None:
        """Begin. Once `ready` is set, everything since the last look of `files` was or will be handed over."""
        self._thread.start()

    def look(self, paths: Optional[Iterable[str]] = None) -> None:
        """Look now, in this thread; whatever was found is handed over when this returns."""
        with self._lock:
            changes = self._files.look(paths)
            if changes:
                self._on_changes(changes)

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        if self.method == NOTIFY:
            try:
                self._notify()
            except Exception:  # the system has no watches left, or no events for this file system
                self.method = POLL
        if self.method == POLL:
            self._poll()

    def _poll(self) -> None:
        self.look()
        self.ready.set()
        while not self._stop.wait(self._interval):
            self.look()

    def _notify(self) -> None:
        import watchfiles

        again: List[str] = []
        for batch in watchfiles.watch(
            self._root,
            watch_filter=None,
            debounce=200,
            step=STEP_MS,
            stop_event=self._stop,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if not self.ready.is_set():
                self.look()  # what happened before the watches were there
                self.ready.set()
                continue
            paths = sorted({self._relative(path) for _, path in batch} - {""})
            folders = [path for path in paths if os.path.isdir(os.path.join(self._root, path))]
            if paths or again:
                self.look([*paths, *again] if len(paths) < MANY else None)
            again = folders  # a new folder may have been filled before it was watched

    def _relative(self, path: str) -> str:
        relative = os.path.relpath(path, self._root).replace(os.sep, "/")
        return "" if relative == "." or relative.startswith("../") else relative
