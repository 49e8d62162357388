"""The commands of one task, one after the other, as processes: started, heard, and ended with all they left behind.

A command has ended when its process has, not when its pipes have. What it leaves in its session gets SIGTERM and, a
moment later, SIGKILL; what has made itself a daemon in a session of its own is left alone, unless the task was
cancelled. Nothing in here blocks.
"""

from __future__ import annotations

import os
import time

from taskrush._builtin import signal
from taskrush.model.outcome import cancelled, failed, succeeded
from taskrush.runners.process_tree import kill_group, kill_tree, leftovers, send, sweep
from taskrush.runners.spawn import describe_exit, exit_descriptor, reap, spawn_command, start_error, without_shell
from taskrush.runners.terminal import Foreground
from taskrush.runners.usage import UNSEEN, Used, own_peak

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput
    from taskrush.runners.guardian import Guardian
    from taskrush.runners.process_tree import Tree
    from taskrush.runners.spawn import Child
    from taskrush.runners.usage import Meter

DRAIN_SECONDS = 0.2  # how long after the end of a process its pipes may stay open
LEFTOVER_SECONDS = 0.5  # how long leftovers may take to end after SIGTERM
FIRST_LOOK = 0.01  # then twice as long each time; by the second look who wants a session of its own has it
TERMINAL_LOOK = 0.2
CHUNK = 65536
LAST_READS = 64
CAPTURE_LIMIT = 1 << 20


class LocalRunning:
    """A task's commands under way; a `Pollable`."""

    def __init__(
        self,
        vectors: Sequence[Tuple[str, ...]],
        cwd: str,
        env: Mapping[str, str],
        task: Task,
        on_output: OnOutput,
        tree: Tree,
        guardian: Guardian,
        keep: Sequence[int] = (),
        meter: Optional[Meter] = None,
    ) -> None:
        self._vectors = list(vectors)
        self._cwd = cwd
        self._env = env
        self._task = task
        self._on_output = on_output
        self._tree = tree
        self._guardian = guardian
        self._keep = keep
        self._streams: Dict[int, str] = {}
        self._exit_fd = -1
        self._pid = 0
        self._mark = ""
        self._foreground: Optional[Foreground] = None
        self._code: Optional[int] = None
        self._outcome: Optional[Outcome] = None
        self._deadline: Optional[float] = None
        self._exited_at: Optional[float] = None
        self._look_again = FIRST_LOOK
        self._left: List[int] = []
        self._cancelled = False
        self._forced = False  # killed while the run ends, which sees to what is left
        self._meter = meter
        self._used = Used(own_peak)
        self._captured: List[bytes] = []
        self._captured_size = 0
        self._start_next()

    # --- Pollable -----------------------------------------------------------

    def descriptors(self) -> Sequence[int]:
        return (*self._streams, self._exit_fd) if self._exit_fd >= 0 else tuple(self._streams)

    def readable(self, descriptor: int) -> None:
        if descriptor == self._exit_fd:
            self._look_for_end()
        elif descriptor in self._streams:
            self._read(descriptor)
            if self._exited_at is not None and not self._streams:
                self._settle()

    def deadline(self) -> Optional[float]:
        return self._deadline

    def tick(self) -> None:
        if self._deadline is None or time.monotonic() < self._deadline:
            return
        if self._exited_at is not None:
            self._settle()
        elif self._foreground is not None:
            self._foreground.look()
            self._deadline = time.monotonic() + TERMINAL_LOOK

    def outcome(self) -> Optional[Outcome]:
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        self._cancelled = True
        if self._outcome is not None or not self._pid:
            return
        if not force:
            self._tree.tell(self._pid)
        elif self._tree.ending:
            self._forced = True
            kill_group(self._pid)
        elif self._exited_at is None:
            kill_tree(self._pid, self._mark)
        else:
            sweep(self._mark)

    def sweep(self) -> None:
        """Kill what it left behind, also in sessions of its own."""
        sweep(self._mark)

    def close(self) -> None:
        self._close_streams()
        self._close_exit()
        if self._foreground is not None:
            self._foreground.give_back()
            self._foreground = None

    # --- a command ------------------------------------------------------------

    def _start_next(self) -> None:
        words = self._vectors.pop(0)
        self._mark = self._tree.new_mark()
        env = {**self._env, **self._tree.cookie(self._mark)}
        self._exited_at = None
        self._look_again = FIRST_LOOK
        try:
            if self._task.interactive:
                self._foreground = Foreground()
                self._pid = self._in_foreground(self._foreground, words, env)
                self._deadline = time.monotonic() + TERMINAL_LOOK
            else:
                started = words if self._meter is None else self._meter.wrap(words)
                child: Child = spawn_command(started, self._cwd, env, self._keep)
                self._pid = child.pid
                self._streams = {child.stdout: "stdout", child.stderr: "stderr"}
        except (OSError, ValueError) as error:
            self._pid = 0
            reason, code = start_error(words, self._cwd, env, error)
            self._outcome = failed(reason, code=code)
            return
        if self._foreground is None:
            self._tree.started(self._pid)
        self._guardian.watch(self._pid)
        if self._meter is not None:
            self._meter.watch(self._pid)
        self._exit_fd = exit_descriptor(self._pid)

    def _in_foreground(self, foreground: Foreground, words: Sequence[str], env: Mapping[str, str]) -> int:
        """Without a shell if possible: dash ends by a SIGINT that its program has dealt with."""
        plain = without_shell(words, env)
        if plain is not None:
            try:
                return foreground.start(plain, self._cwd, env)
            except OSError:
                pass
        return foreground.start(words, self._cwd, env)

    def _read(self, descriptor: int) -> bool:
        """Take in a piece of output; whether there may be more."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            del self._streams[descriptor]
            os.close(descriptor)
            return False
        stream = self._streams[descriptor]
        if self._task.capture and stream == "stdout" and self._captured_size < CAPTURE_LIMIT:
            self._captured.append(data[: CAPTURE_LIMIT - self._captured_size])
            self._captured_size += len(data)
        self._on_output(stream, data)
        return True

    def _look_for_end(self) -> None:
        end = reap(self._pid)
        if end is None:
            return
        self._tree.ended(self._pid)
        self._close_exit()
        self._code = end.code
        self._used.add(end, UNSEEN if self._meter is None else self._meter.forget(self._pid))
        if self._foreground is not None:
            self._foreground.give_back()
            self._foreground = None
        self._exited_at = time.monotonic()
        for descriptor in list(self._streams):
            self._read_rest(descriptor)
        self._left = [] if self._forced else leftovers(self._pid, self._mark)
        if self._cancelled and not self._tree.ending:
            sweep(self._mark)
        self._settle()

    def _read_rest(self, descriptor: int) -> None:
        """Take in what is in the pipe now; not for ever, as somebody else may still be writing to it."""
        for _ in range(LAST_READS):
            if not self._read(descriptor):
                return

    def _settle(self) -> None:
        """The process is over: wait, in small steps, for leftovers to end and for the pipes to close; then go on."""
        assert self._exited_at is not None
        now = time.monotonic()
        since = now - self._exited_at
        if self._left:
            self._left = leftovers(self._pid, self._mark)
            if since >= LEFTOVER_SECONDS:
                send(self._left, signal.SIGKILL)
            elif since >= FIRST_LOOK:
                send(self._left, signal.SIGTERM)
        if (self._left and since < 2 * LEFTOVER_SECONDS) or (self._streams and since < DRAIN_SECONDS):
            self._deadline = now + self._look_again
            self._look_again = min(2 * self._look_again, 0.1)
            return
        self._guardian.forget(self._pid)
        if self._streams:
            for descriptor in list(self._streams):
                self._read_rest(descriptor)
            self._close_streams()
        self._next()

    def _next(self) -> None:
        """One command is over: go on with the next or end."""
        self._deadline = None
        code = self._code
        if self._cancelled:
            self._outcome = cancelled("cancelled", code=code, **self._used.fields())
        elif code == 0 and self._vectors:
            self._start_next()
        elif code == 0:
            value = b"".join(self._captured).decode("utf-8", "replace").strip() if self._task.capture else None
            self._outcome = succeeded(code=0, value=value, **self._used.fields())
        else:
            self._outcome = failed(describe_exit(code), code=code, **self._used.fields())

    def _close_streams(self) -> None:
        for descriptor in self._streams:
            os.close(descriptor)
        self._streams.clear()

    def _close_exit(self) -> None:
        if self._exit_fd >= 0:
            os.close(self._exit_fd)
            self._exit_fd = -1
