"""The commands of one task on Windows, where pipes cannot be polled: threads read them.

Written, but not yet tested there. Each command is in a process group of its own, which CTRL_BREAK reaches; by force
`taskkill /T` ends its whole tree.
"""

from __future__ import annotations

import signal
import subprocess
import threading

from taskrush.model.outcome import cancelled, failed, succeeded
from taskrush.runners.spawn import describe_exit, start_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput

CHUNK = 65536
CAPTURE_LIMIT = 1 << 20
DRAIN_SECONDS = 0.2
NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
BREAK = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)


class WindowsRunning:
    """A task's commands under way; a `Running`."""

    def __init__(
        self,
        vectors: Sequence[Tuple[str, ...]],
        cwd: str,
        env: Mapping[str, str],
        task: Task,
        on_output: OnOutput,
    ) -> None:
        self._vectors = vectors
        self._cwd = cwd
        self._env = env
        self._task = task
        self._on_output = on_output
        self._lock = threading.Lock()
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._cancelled = False
        self._captured: List[bytes] = []

    def wait(self) -> Outcome:
        for words in self._vectors:
            outcome = self._run(words)
            if not outcome.ok:
                return outcome
        value = b"".join(self._captured).decode("utf-8", "replace").strip() if self._task.capture else None
        return succeeded(code=0, value=value)

    def cancel(self, force: bool = False) -> None:
        with self._lock:
            self._cancelled = True
            process = self._process
            if process is None or process.poll() is not None:
                return
        if force:
            try:
                subprocess.run(
                    ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
            except OSError:  # no such program: at least the command itself
                process.kill()
        else:
            process.send_signal(BREAK)

    def _run(self, words: Tuple[str, ...]) -> Outcome:
        pipe = None if self._task.interactive else subprocess.PIPE
        try:
            with self._lock:
                if self._cancelled:
                    return cancelled("cancelled")
                self._process = process = subprocess.Popen(
                    words,
                    cwd=self._cwd,
                    env=self._env,
                    stdin=None if self._task.interactive else subprocess.DEVNULL,
                    stdout=pipe,
                    stderr=pipe,
                    bufsize=0,
                    creationflags=0 if self._task.interactive else NEW_GROUP,
                )
        except (OSError, ValueError) as error:
            reason, code = start_error(words, self._cwd, self._env, error)
            return failed(reason, code=code)
        readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        code = process.wait()
        for reader in readers:
            reader.join(DRAIN_SECONDS)
        if self._cancelled:
            return cancelled("cancelled", code=code)
        return succeeded(code=0) if code == 0 else failed(describe_exit(code), code=code)

    def _read(self, name: str, stream: IO[bytes]) -> None:
        while True:
            data = stream.read(CHUNK)
            if not data:
                return
            if self._task.capture and name == "stdout" and sum(map(len, self._captured)) < CAPTURE_LIMIT:
                self._captured.append(data)
            self._on_output(name, data)
