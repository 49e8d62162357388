"""Gets the value of one secret from where it is: environment, file, command, keyring. It keeps nothing.

Whatever a command prints besides the value (its standard error) is thrown away: nobody knows what is in it.
"""

from __future__ import annotations

import os
import stat
import subprocess
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Optional, Tuple

    from taskrush.model.secret import Secret

LIMIT = 1 << 16  # bytes of a value
COMMAND_SECONDS = 120.0  # somebody may have to type a passphrase
if TYPE_CHECKING:
    Parse = Callable[[str, str], Mapping[str, str]]
    """The variables in the text of a dotenv file at a path."""


class NotToBeHad(Exception):
    """There is no value; the message says why in words that hold none."""


def from_environment(secret: Secret, environ: Mapping[str, str], root: str, parse: Parse) -> Optional[str]:
    """The variable, or what the last of its dotenv files says; None where neither has it."""
    name = secret.env or secret.name
    if environ.get(name):
        return environ[name]
    for path in reversed(secret.dotenv):
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
                value = parse(file.read(), path).get(name)
        except OSError:
            continue
        if value:
            return value
    return None


def from_file(secret: Secret, root: str) -> Tuple[Optional[str], Optional[str]]:
    """What is in the file, or None if there is no such file; and a warning about who else can read it.

    Raises `NotToBeHad`.
    """
    path = os.path.join(root, os.path.expanduser(secret.file or ""))
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(LIMIT + 1)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise NotToBeHad(f"`{secret.file}` cannot be read: {(error.strerror or str(error)).lower()}") from None
    warning = None
    if os.name == "posix" and stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        warning = f"`{secret.file}`, which has the secret `{secret.name}`, is open to others (mode {mode:03o})"
    return as_value(data), warning


def from_keyring(secret: Secret) -> Optional[str]:
    """The password in the user's keyring, or None. Raises `NotToBeHad`."""
    try:
        import keyring
    except ImportError:
        raise NotToBeHad("it needs `keyring`: pip install 'taskrush[keyring]'") from None
    try:
        value: Optional[str] = keyring.get_password(secret.keyring or "", secret.user or secret.name)
    except Exception as error:  # each back end has errors of its own
        raise NotToBeHad(f"the keyring does not give it: {type(error).__name__}") from None
    return value


class Command:
    """A command that prints a value, under way."""

    def __init__(self, secret: Secret, root: str, environ: Mapping[str, str]) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._cancelled = False
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._words = ("/bin/sh", "-c") if os.name == "posix" else ("cmd.exe", "/d", "/s", "/c")
        self._cwd = os.path.join(root, secret.folder)
        self._environ = dict(environ)

    def value(self) -> str:
        """Run it to its end. Raises `NotToBeHad`."""
        command = self._secret.command or ""
        try:
            with self._lock:
                if self._cancelled:
                    raise NotToBeHad("the run was stopped")
                self._process = subprocess.Popen(
                    [*self._words, command],
                    cwd=self._cwd,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
        except OSError as error:
            raise NotToBeHad(f"`{command}` cannot be started: {(error.strerror or str(error)).lower()}") from None
        late = threading.Event()
        timer = threading.Timer(COMMAND_SECONDS, self._expire, (late,))
        timer.daemon = True
        timer.start()
        try:
            with self._process as process:
                assert process.stdout is not None
                data = process.stdout.read(LIMIT + 1)
                if len(data) > LIMIT:
                    process.kill()
                code = process.wait()
        finally:
            timer.cancel()
        if late.is_set():
            raise NotToBeHad(f"`{command}` did not end within {COMMAND_SECONDS:.0f} s")
        if self._cancelled:
            raise NotToBeHad("the run was stopped")
        value = as_value(data)
        if code != 0:
            raise NotToBeHad(f"`{command}` exited with {code}; run it yourself to see why")
        if not value:
            raise NotToBeHad(f"`{command}` printed nothing")
        return value

    def _expire(self, late: threading.Event) -> None:
        late.set()
        self.cancel()

    def cancel(self) -> None:
        """End it."""
        with self._lock:
            self._cancelled = True
            if self._process is not None and self._process.poll() is None:
                self._process.kill()


def as_value(data: bytes) -> str:
    """The text of a value without the ends of lines at its end. Raises `NotToBeHad`."""
    if len(data) > LIMIT:
        raise NotToBeHad(f"it has more than {LIMIT >> 10} KiB")
    if b"\0" in data:
        raise NotToBeHad("it has a zero byte, which no variable can hold")
    return os.fsdecode(data.rstrip(b"\r\n"))
