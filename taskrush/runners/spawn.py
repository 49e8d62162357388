"""Starting one process and waiting for it: the only place that does either for a task's command.

Processes are started in a session of their own, with nothing to read, and two pipes to write to.
"""

from __future__ import annotations

import os
import sys

from taskrush.model.simple_command import simple_words
from taskrush.runners import direct
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import resource
    from typing import Dict, Mapping, Optional, Sequence, Tuple

DEFAULT_SHELL = ("/bin/sh", "-c") if os.name == "posix" else ("cmd.exe", "/d", "/s", "/c")
ALL_ARGUMENTS = ' "$@"'


@frozen
class Child:
    """A process that was started, and our ends of its output pipes."""

    pid: int
    stdout: int
    stderr: int


@frozen
class Exit:
    """How a process ended: its exit code (negative: the signal; None: it was lost), and what it and those of its
    descendants that were waited for used: processor time, storage, and the resident size of the largest one.

    Linux counts that size from what this process has when it starts the other one: a smaller one is not told.
    """

    code: Optional[int]
    user_seconds: float = 0.0
    system_seconds: float = 0.0
    peak_bytes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0


def spawn_command(words: Sequence[str], cwd: str, env: Mapping[str, str], keep: Sequence[int] = ()) -> Child:
    """As `spawn`, but without the shell where the command does not need one.

    Whatever cannot be started so is given to the shell, which says what is wrong in its own words.
    """
    plain = without_shell(words, env)
    if plain is not None:
        try:
            name = _folder_name(cwd, env)
            return spawn(plain, cwd, env if env.get("PWD") == name else {**env, "PWD": name}, keep)
        except OSError:
            pass
    return spawn(words, cwd, env, keep)


def without_shell(words: Sequence[str], env: Mapping[str, str]) -> Optional[Tuple[str, ...]]:
    """The words of the command that the default shell is given, and of what follows it as `"$@"`."""
    if tuple(words[:2]) != DEFAULT_SHELL or len(words) < 3:
        return None
    command = words[2]
    if len(words) == 3:
        return simple_words(command, env)
    if not command.endswith(ALL_ARGUMENTS):
        return None
    plain = simple_words(command[: -len(ALL_ARGUMENTS)], env)
    return None if plain is None else (*plain, *words[4:])


def _folder_name(cwd: str, env: Mapping[str, str]) -> str:
    """The `PWD` that a shell would set: what it was, if it is a name of this folder."""
    name = env.get("PWD", "")
    if name == cwd:
        return name
    try:
        if name.startswith("/") and os.path.samefile(name, cwd):
            return name
        if os.getcwd() == cwd:  # the kernel's name of a folder has no links in it
            return cwd
    except OSError:
        pass
    return os.path.realpath(cwd)


def spawn(words: Sequence[str], cwd: str, env: Mapping[str, str], keep: Sequence[int] = ()) -> Child:
    """Start a command that inherits the descriptors `keep`.

    Raises `OSError` or `ValueError`; `start_error` puts those into words.
    """
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        if not words or not words[0]:
            raise ValueError("the command is empty")
        pid = direct.start(words, cwd, env, out_write, err_write, keep)
        if pid is None:
            pid = _popen(words, cwd, env, out_write, err_write, keep)
    except BaseException:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        os.close(out_write)
        os.close(err_write)
    os.set_blocking(out_read, False)
    os.set_blocking(err_read, False)
    return Child(pid, out_read, err_read)


def _popen(words: Sequence[str], cwd: str, env: Mapping[str, str], out: int, err: int, keep: Sequence[int]) -> int:
    import subprocess  # not needed on most ways

    process = subprocess.Popen(
        words,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
        close_fds=True,
        pass_fds=keep,
    )
    process.returncode = 0  # it is waited for in `reap`, not there
    return process.pid


def reap(pid: int) -> Optional[Exit]:
    """Take in the end of a process; None while it goes on."""
    if pid in _TAKEN_IN:
        return _TAKEN_IN.pop(pid)
    try:
        found, status, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:  # somebody else in this program waited for it, or SIGCHLD is ignored
        return Exit(None)
    return _exit_of(status, usage) if found else None


def _exit_of(status: int, usage: resource.struct_rusage) -> Exit:
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return Exit(
        code,
        usage.ru_utime,
        usage.ru_stime,
        usage.ru_maxrss * RSS_UNIT,
        usage.ru_inblock * BLOCK,
        usage.ru_oublock * BLOCK,
    )


_TAKEN_IN: Dict[int, Exit] = {}  # ends that a waiting thread had to take in itself
BLOCK = 512
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


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
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            else:  # macOS before Python 3.13
                _, status, usage = os.wait4(pid, 0)
                _TAKEN_IN[pid] = _exit_of(status, usage)
        except ChildProcessError:
            pass
        os.close(writer)

    import threading

    threading.Thread(target=wait, name=f"taskrush wait {pid}", daemon=True).start()
    return reader


def start_error(words: Sequence[str], cwd: str, env: Mapping[str, str], error: Exception) -> Tuple[str, int]:
    """Why a command could not be started, in words, and the exit code a shell would give."""
    if isinstance(error, ValueError):
        text = str(error)
        if "null byte" in text or "NUL" in text:
            text = "a NUL byte stands in its words, its environment or its folder"
        return f"cannot start: {text}", 127
    assert isinstance(error, OSError)
    if not os.path.isdir(cwd):
        kind = "is not a folder" if os.path.exists(cwd) else "does not exist"
        return f"cannot start: the working directory `{cwd}` {kind}", 127
    if isinstance(error, FileNotFoundError):
        if "/" in words[0] and os.path.lexists(os.path.join(cwd, words[0])):
            return f"cannot start: the interpreter of `{words[0]}` was not found", 127
        return f"cannot start: `{words[0]}` was not found" + ("" if "/" in words[0] else " on PATH"), 127
    if isinstance(error, PermissionError):
        return f"cannot start: `{words[0]}` may not be executed", 126
    if error.errno == 7:  # E2BIG
        size = sum(len(os.fsencode(word)) + 1 for word in words)
        more = sum(len(os.fsencode(name)) + len(os.fsencode(value)) + 2 for name, value in env.items())
        return f"cannot start: the command ({size} bytes) and its environment ({more} bytes) are too long", 126
    return f"cannot start: `{words[0]}`: {(error.strerror or str(error)).lower()}", 126


def describe_exit(code: Optional[int]) -> str:
    """`exit code 3` or `killed by SIGSEGV`."""
    if code is None:
        return "its exit code was lost: something else in this program waits for child processes or ignores SIGCHLD"
    if code < 0:
        from signal import Signals

        try:
            return f"killed by {Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"
