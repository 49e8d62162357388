"""GNU make's jobserver: slots as bytes in a pipe that several programs share, served here or found in the environment.

Whoever wants to do more than one thing at a time reads a byte for each further one and writes it back when that is
over; the first one is covered by having been started. Protocol: https://www.gnu.org/software/make/manual, "POSIX
Jobserver". Nothing in here blocks, and nothing knows tasks.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import weakref

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

TOKEN = b"+"
MOST = 4096  # a pipe holds at least so many bytes
FIRST_PASSED_ON = 100  # numbers of descriptors that scripts do not use
_AUTH = re.compile(r"--jobserver-(?:auth|fds)=(\S+)")
_OWN_WORDS = re.compile(r"(?:^|\s)(?:--jobserver-(?:auth|fds|style)=\S+|-j *[0-9]*(?=\s|$)|--jobs(?:=[0-9]+)?(?=\s|$))")


class Auth(NamedTuple):
    """How a jobserver is reached: the path of a named pipe, or two inherited descriptors."""

    path: Optional[str] = None
    descriptors: Tuple[int, int] = (-1, -1)

    def __str__(self) -> str:
        return f"fifo:{self.path}" if self.path is not None else "{},{}".format(*self.descriptors)


def auth_in(makeflags: str) -> Optional[Auth]:
    """The jobserver that `MAKEFLAGS` names; the last one counts."""
    found = _AUTH.findall(makeflags)
    if not found:
        return None
    text = found[-1]
    if text.startswith("fifo:"):
        return Auth(text[len("fifo:") :])
    reader, _, writer = text.partition(",")
    return Auth(descriptors=(int(reader), int(writer))) if reader.isdigit() and writer.isdigit() else None


def without_jobserver(makeflags: str) -> str:
    """`MAKEFLAGS` without a jobserver and without `-j`."""
    return _OWN_WORDS.sub("", makeflags)


def with_jobserver(makeflags: str, auth: Auth, slots: int) -> str:
    """`MAKEFLAGS` with this jobserver. Single letters stand first, without a dash: else a space does."""
    return f"{without_jobserver(makeflags).rstrip()} -j{slots} --jobserver-auth={auth}"


class Tokens:
    """The slots of a run as others can take them, too. `limit` is the most that one task may ask for."""

    def __init__(self, reader: int, writer: int, limit: int, implicit: int = 0) -> None:
        self.descriptor = reader
        self.limit = limit
        self._writer = writer
        self._implicit = implicit  # slots that are ours without a token
        self._implicit_taken = 0
        self._read: List[bytes] = []

    @property
    def taken(self) -> int:
        return self._implicit_taken + len(self._read)

    def take(self) -> bool:
        """Take a slot if there is one."""
        if self._implicit_taken < self._implicit:
            self._implicit_taken += 1
            return True
        try:
            token = os.read(self.descriptor, 1)
        except (BlockingIOError, InterruptedError):
            return False
        if not token:
            return False
        self._read.append(token)
        return True

    def give(self, count: int = 1) -> None:
        """Give slots back: those with a token first, each the byte it was."""
        for _ in range(count):
            if self._read:
                os.write(self._writer, self._read.pop())
            elif self._implicit_taken:
                self._implicit_taken -= 1

    def settle(self) -> None:
        """Nobody else has a slot now: put right what others lost or invented."""

    def close(self) -> None:
        self.give(self.taken)
        for descriptor in {self.descriptor, self._writer}:
            os.close(descriptor)


class Served(Tokens):
    """A jobserver of our own: a named pipe in a folder that only this user can enter.

    `auth` names it to programs that open the pipe by its path, `inherited` to those that must inherit descriptors.
    """

    def __init__(self, slots: int) -> None:
        slots = max(1, min(slots, MOST))
        self.folder = tempfile.mkdtemp(prefix="taskrush-jobs-")
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        path = os.path.join(self.folder, "slots")
        os.mkfifo(path, 0o600)
        own = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        super().__init__(own, own, slots)
        self.auth = Auth(path)
        self._slots = slots
        self._inherited: Tuple[int, ...] = ()
        os.write(own, TOKEN * slots)

    @property
    def inherited(self) -> Auth:
        """The pipe by descriptors; they are opened when first asked for, with descriptions of their own: a child may
        change whether reading blocks."""
        if not self._inherited:
            import fcntl

            assert self.auth.path is not None
            ends = []
            for _ in range(2):
                descriptor = os.open(self.auth.path, os.O_RDWR)
                ends.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD, FIRST_PASSED_ON))
                os.close(descriptor)
            self._inherited = tuple(ends)
        return Auth(descriptors=(self._inherited[0], self._inherited[1]))

    def settle(self) -> None:
        """Tokens that a killed program had taken are put back, and such that nobody had taken are taken away."""
        try:
            there = len(os.read(self.descriptor, MOST))
        except BlockingIOError:
            there = 0
        wanted = self._slots - self.taken
        if there or wanted:
            os.write(self._writer, TOKEN * wanted)

    def close(self) -> None:
        for descriptor in self._inherited:
            os.close(descriptor)
        super().close()
        self._remove()


class Unreachable(Exception):
    """`MAKEFLAGS` names a jobserver that this process cannot reach."""


def join(auth: Auth, limit: int) -> Tokens:
    """Share the slots of a jobserver above us, one of which is ours. Raises `Unreachable`.

    Each end is opened anew, so that not blocking is our own affair.
    """
    try:
        if auth.path is not None:
            own = os.open(auth.path, os.O_RDWR | os.O_NONBLOCK)
            if not stat.S_ISFIFO(os.fstat(own).st_mode):
                os.close(own)
                raise Unreachable
            return Tokens(own, own, limit, implicit=1)
        if not all(stat.S_ISFIFO(os.fstat(descriptor).st_mode) for descriptor in auth.descriptors):
            raise Unreachable
        reader, writer = (f"/proc/self/fd/{descriptor}" for descriptor in auth.descriptors)
        reading = os.open(reader, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return Tokens(reading, os.open(writer, os.O_WRONLY), limit, implicit=1)
        except OSError:
            os.close(reading)
            raise
    except OSError:  # make closes them for recipes without `+` or `$(MAKE)`
        raise Unreachable from None
