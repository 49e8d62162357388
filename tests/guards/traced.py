"""Runs a command under `strace` and tells what it asked of the system. What is too much is decided by the tests.

Only what the command itself does counts, in all its threads and in its children until they become another program:
what `/bin/true` costs is the same for everybody. Counts of one and the same command differ little from run to run;
differences between two sizes of the same work do not depend on interpreters and C libraries.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

CALL = re.compile(r"(\d+) +(\w+)\((.*)")
STATS = frozenset(("stat", "lstat", "fstat", "newfstatat", "fstatat64", "statx", "stat64", "lstat64", "access"))
OPENS = frozenset(("open", "openat", "openat2", "creat"))
READS = frozenset(("read", "pread64", "readv", "mmap", "getdents64"))
NEW_PROCESSES = frozenset(("fork", "vfork"))
MEMORY = frozenset(("brk", "mmap", "munmap", "mprotect", "madvise", "mremap", "futex"))
SIGNALS = frozenset(("rt_sigaction", "sigaltstack"))  # the C library asks for all 64 in every new process
WAITING = frozenset(("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_ctl", "fcntl", "write"))
LIBRARIES = tuple(dict.fromkeys((sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), "/usr/", "/lib")))


class Call(NamedTuple):
    """One system call: which thread or process, its name, its arguments and result as `strace` writes them."""

    thread: int
    name: str
    rest: str

    @property
    def is_process(self) -> bool:
        """Whether it makes a process and not a thread."""
        if self.name in ("clone", "clone3"):
            return "CLONE_THREAD" not in self.rest
        return self.name in NEW_PROCESSES


class Traced(NamedTuple):
    """What a command asked of the system."""

    calls: List[Call]
    programs: int  # how many other programs were started

    def count(self, *names: str) -> int:
        return sum(call.name in names for call in self.calls)

    def by_name(self) -> Dict[str, int]:
        """How often each call was made, the most frequent first."""
        return dict(Counter(call.name for call in self.calls).most_common())

    def about(self, names: "frozenset[str]", path: str) -> int:
        """How many of these calls name a path that contains `path`, also by a descriptor."""
        return sum(call.name in names and path in call.rest for call in self.calls)

    def work(self, without: "frozenset[str]" = frozenset()) -> int:
        """How many there are without what memory, modules and the C library need: what depends on the work alone."""
        return sum(
            call.name not in MEMORY | SIGNALS | without and not any(path in call.rest for path in LIBRARIES)
            for call in self.calls
        )

    def processes(self) -> int:
        return sum(call.is_process for call in self.calls)


def trace(words: Sequence[str], folder: Path, env: Optional[Mapping[str, str]] = None) -> Traced:
    """Run to the end. Raises `CalledProcessError` where the command fails."""
    program = shutil.which("strace")
    assert program is not None
    log = folder.parent / f"{folder.name}.strace"
    command = [program, "-f", "-y", "-qq", "-o", str(log), *words]
    subprocess.run(
        command,
        cwd=folder,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    lines = log.read_text(errors="replace").splitlines()
    log.unlink()
    return read(lines)


def read(lines: Sequence[str]) -> Traced:
    """What the lines of `strace -f -o` say."""
    found: List[Call] = []
    elsewhere: Set[int] = set()  # processes that became another program
    main: Optional[int] = None
    programs = 0
    for line in lines:
        match = CALL.match(line)
        if match is None:
            continue  # the end of a call that was counted when it began, a signal, an exit
        call = Call(int(match[1]), match[2], match[3])
        if main is None:
            main = call.thread  # its first `execve` is the start of the command itself
        elif call.thread in elsewhere:
            continue
        elif call.name == "execve" and "ENOENT" not in call.rest:
            programs += 1
            if call.thread != main:
                elsewhere.add(call.thread)
        found.append(call)
    return Traced(found, programs)


class Pair(NamedTuple):
    """The same work in two sizes."""

    few: Traced
    many: Traced
    more: int  # tasks

    def each(self, count: Callable[[Traced], int]) -> float:
        """How much more of something there is for each more task."""
        return (count(self.many) - count(self.few)) / self.more
