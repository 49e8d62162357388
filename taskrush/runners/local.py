"""Runs commands as processes of this machine, each in a session of its own.

It knows how a process is started, watched and ended; it does not know what a run is. Output is handed over as it
comes, in bytes. A process has ended when it has, not when its pipes have: what it leaves in its session is ended too.
"""

import os
import re
import signal
import subprocess
import threading
import time
from typing import IO, List, Mapping, Optional, Sequence, Tuple

from taskrush.model.outcome import Outcome, cancelled, failed, succeeded
from taskrush.model.task import Argv, Shell, Task
from taskrush.protocols import OnOutput
from taskrush.runners.guardian import Guardian
from taskrush.runners.process_tree import Tree

DEFAULT_SHELL = ("/bin/sh", "-c") if os.name == "posix" else ("cmd.exe", "/d", "/s", "/c")
DRAIN_SECONDS = 0.2  # how long after the end of a process its pipes may stay silent and open
CHUNK = 65536
CAPTURE_LIMIT = 1 << 20
_TAKES_ARGUMENTS = re.compile(r"\$(?:[@*1-9#]|\{[@*1-9#])")


class LocalRunner:
    """Starts the commands of one run.

    `root` is the workspace, `environ` what every action starts from, `overrides` what wins over a task's own `env`.
    """

    def __init__(
        self,
        root: str,
        environ: Mapping[str, str],
        run_id: str,
        overrides: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._root = root
        self._tree = Tree(run_id, environ)
        self._environ = {**environ, **self._tree.cookie}
        self._overrides = dict(overrides or {})
        self._guardian = Guardian(self._tree)

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> "LocalRunning":
        env = environment(self._environ, task, values, self._overrides)
        cwd = os.path.join(self._root, substitute(task.cwd, env))
        self._guardian.start()
        return LocalRunning(commands(task, env), cwd, env, task, on_output, self._tree)

    def close(self) -> None:
        self._guardian.close()


def environment(
    base: Mapping[str, str], task: Task, values: Mapping[str, object], overrides: Mapping[str, str]
) -> "dict[str, str]":
    """The environment of a task's commands: later ones win: base, results, arguments, the task's own, overrides."""
    env = dict(base)
    for source in (values, task.arguments):
        for name, value in source.items():
            text = as_text(value)
            if text is not None:
                env[name] = text
    env.update((name, substitute(value, env)) for name, value in task.env.items())
    env.update(overrides)
    return env


def as_text(value: object) -> Optional[str]:
    """How a value reaches a command: True is `true`, False is empty, lists are joined by spaces, None is unset."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, (list, tuple)):
        return " ".join(as_text(item) or "" for item in value)
    value = getattr(value, "value", value)  # an Enum's value
    return str(value)


_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def substitute(text: str, env: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}` filled in from `env`; unknown names without a default stay as they are."""
    if "${" not in text:
        return text

    def fill(match: "re.Match[str]") -> str:
        value = env.get(match.group(1))
        if not value and match.group(2) is not None:
            return match.group(2)
        return match.group(0) if value is None else value

    return _PLACEHOLDER.sub(fill, text)


def commands(task: Task, env: Mapping[str, str]) -> List[Tuple[str, ...]]:
    """The argument vectors to run one after the other. What followed `--` goes to the last one."""
    action = task.action
    if isinstance(action, Argv):
        return [tuple(substitute(word, env) for word in action.words) + task.extra]
    assert isinstance(action, Shell)
    shell = task.shell or DEFAULT_SHELL
    vectors = []
    last = len(action.commands) - 1
    for number, command in enumerate(action.commands):
        if number == last and task.extra:
            if not _TAKES_ARGUMENTS.search(command):
                command = command.rstrip("\n") + ' "$@"'
            vectors.append((*shell, command, task.id, *task.extra))
        else:
            vectors.append((*shell, command))
    return vectors


class LocalRunning:
    """The commands of one task, one after the other; a `Pollable`."""

    def __init__(
        self,
        vectors: Sequence[Tuple[str, ...]],
        cwd: str,
        env: Mapping[str, str],
        task: Task,
        on_output: OnOutput,
        tree: Tree,
    ) -> None:
        self._vectors = list(vectors)
        self._cwd = cwd
        self._env = env
        self._task = task
        self._on_output = on_output
        self._tree = tree
        self._streams: dict[int, Tuple[str, IO[bytes]]] = {}
        self._exit_fd = -1
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._outcome: Optional[Outcome] = None
        self._deadline: Optional[float] = None
        self._exited = False
        self._cancelled = False
        self._cpu = 0.0
        self._peak = 0
        self._captured: List[bytes] = []
        self._spawn()

    # --- Pollable -----------------------------------------------------------

    def descriptors(self) -> Sequence[int]:
        fds = list(self._streams)
        if self._exit_fd >= 0:
            fds.append(self._exit_fd)
        return fds

    def readable(self, descriptor: int) -> None:
        if descriptor == self._exit_fd:
            self._on_exit()
        elif descriptor in self._streams:
            self._read(descriptor)
            if self._exited and not self._streams:
                self._next()

    def deadline(self) -> Optional[float]:
        return self._deadline

    def tick(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._close_streams()
            self._next()

    def outcome(self) -> Optional[Outcome]:
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        self._cancelled = True
        process = self._process
        if process is None or self._outcome is not None:
            return
        if self._task.interactive:
            self._tree.signal_descendants(process.pid, signal.SIGKILL if force else signal.SIGTERM)
        else:
            self._tree.signal_session(process.pid, signal.SIGKILL if force else signal.SIGTERM)

    def close(self) -> None:
        self._close_streams()
        self._close_exit()

    # --- inside ---------------------------------------------------------------

    def _spawn(self) -> None:
        vector = self._vectors.pop(0)
        interactive = self._task.interactive
        pipe = None if interactive else subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                vector,
                cwd=self._cwd,
                env=self._env,
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe,
                start_new_session=not interactive,
                bufsize=0,
            )
        except OSError as error:
            what = vector[0] if error.filename == vector[0] or error.filename is None else error.filename
            self._outcome = failed(f"cannot start: {what}: {(error.strerror or str(error)).lower()}", code=127)
            return
        except ValueError as error:
            self._outcome = failed(f"cannot start: {error}", code=127)
            return
        self._exited = False
        self._exit_fd = exit_descriptor(self._process.pid)
        if not interactive:
            assert self._process.stdout and self._process.stderr
            for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
                os.set_blocking(stream.fileno(), False)
                self._streams[stream.fileno()] = (name, stream)

    def _read(self, descriptor: int) -> None:
        name, stream = self._streams[descriptor]
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            del self._streams[descriptor]
            stream.close()
            return
        if self._task.capture and name == "stdout" and sum(map(len, self._captured)) < CAPTURE_LIMIT:
            self._captured.append(data)
        self._on_output(name, data)

    def _on_exit(self) -> None:
        process = self._process
        assert process is not None
        self._close_exit()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = (
                os.waitstatus_to_exitcode(status)
                if hasattr(os, "waitstatus_to_exitcode")
                else (-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
            )
            self._cpu += usage.ru_utime + usage.ru_stime
            self._peak = max(self._peak, usage.ru_maxrss * 1024)
        except ChildProcessError:  # somebody else in this process waited for it
            process.returncode = process.returncode if process.returncode is not None else 0
        if not self._task.interactive:
            self._tree.end_leftovers(process.pid)
        self._exited = True
        for descriptor in list(self._streams):
            self._read(descriptor)
        if self._streams:
            self._deadline = time.monotonic() + DRAIN_SECONDS
        else:
            self._next()

    def _next(self) -> None:
        """One command is over: go on with the next or settle."""
        self._deadline = None
        process = self._process
        assert process is not None
        code = process.returncode
        usage = {"cpu_seconds": self._cpu, "peak_bytes": self._peak}
        if self._cancelled:
            self._outcome = cancelled("cancelled", code=code, **usage)
        elif code == 0 and self._vectors:
            self._spawn()
        elif code == 0:
            value = b"".join(self._captured).decode("utf-8", "replace").strip() if self._task.capture else None
            self._outcome = succeeded(code=0, value=value, **usage)
        else:
            self._outcome = failed(describe_exit(code), code=code, **usage)

    def _close_streams(self) -> None:
        for _, stream in self._streams.values():
            stream.close()
        self._streams.clear()

    def _close_exit(self) -> None:
        if self._exit_fd >= 0:
            os.close(self._exit_fd)
            self._exit_fd = -1


def describe_exit(code: int) -> str:
    """`exit code 3` or `killed by SIGSEGV`."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"


def exit_descriptor(pid: int) -> int:
    """A descriptor that becomes readable when the process has ended (and is not yet waited for)."""
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(pid)
        except OSError:  # an old kernel or a sandbox
            pass
    reader, writer = os.pipe()

    def wait() -> None:
        try:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass
        os.close(writer)

    threading.Thread(target=wait, name=f"taskrush wait {pid}", daemon=True).start()
    return reader
