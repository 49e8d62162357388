"""What commands ask of the system, counted: no machine is too slow or too busy for that.

Most counts are differences between two sizes of the same work, so that interpreters and C libraries do not matter.
A limit that is lowered is a gain that stays; one that has to be raised wants a reason.
"""

import os
import subprocess
import time
from pathlib import Path
from typing import Dict, List

import pytest

from tests.guards.traced import OPENS, READS, STATS, WAITING, Pair, Traced, read, trace
from tests.guards.work import INPUTS, command, quiet_environment, trivial, with_files
from tests.needs import needs_tracing

FEW, MANY = 20, 50
RUN = ("run", "-j2", "all")
BARE = [command()[0], "-c", "pass"]
PIDFD = hasattr(os, "pidfd_open")  # else a thread waits for each process
OTHERS, RUNNING = 4, 40 if PIDFD else 76  # calls for each task
STARTS = [("--version", 15, 40), ("list", 50, 90), ("run t0", 240, 420)]

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="strace is a tool of Linux")


class Counted:
    """Everything that was traced, once for the module."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = quiet_environment(home)
        places = {
            **{f"idle-{count}": with_files(home / f"idle-{count}", count) for count in (FEW, MANY)},
            **{f"busy-{count}": trivial(home / f"busy-{count}", count) for count in (FEW, MANY)},
        }
        for _ in range(2):  # the second run reads again what was too young in the first
            for place in places.values():
                for words in (RUN, ("list",)):
                    subprocess.run(command(*words), cwd=place, env=self.env, capture_output=True, check=True)
            time.sleep(2.1)
        self.found: Dict[str, Traced] = {name: self.least(place) for name, place in places.items()}

    def least(self, folder: Path) -> Traced:
        """Of some tries: on a busy machine a run may come too soon for what is believed only after two seconds."""
        return min((self.trace(folder, *RUN) for _ in range(3)), key=Traced.work)

    def trace(self, folder: Path, *words: str) -> Traced:
        return trace(command(*words), folder, self.env)

    def pair(self, name: str) -> Pair:
        return Pair(self.found[f"{name}-{FEW}"], self.found[f"{name}-{MANY}"], MANY - FEW)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    needs_tracing()
    return Counted(tmp_path_factory.mktemp("counted"))


@pytest.fixture(scope="module")
def idle(counted: Counted) -> Pair:
    """Everything is up to date."""
    return counted.pair("idle")


@pytest.fixture(scope="module")
def busy(counted: Counted) -> Pair:
    """Everything runs."""
    return counted.pair("busy")


# --- nothing to do --------------------------------------------------------------


@pytest.mark.core
def test_each_input_is_looked_at_once_and_never_opened(idle: Pair) -> None:
    """One `stat` a file, for as many files as there are; content is not read again."""
    assert idle.each(lambda found: found.about(STATS, "/in/f")) == INPUTS
    assert idle.many.about(STATS, "/in/f") == INPUTS * MANY
    assert idle.many.about(OPENS | READS, "/in/f") == 0


def test_a_fresh_task_costs_few_calls_beside_its_inputs(idle: Pair) -> None:
    """Its folders, its outputs and its line on the screen; none of them is read."""
    others = idle.each(Traced.work) - INPUTS
    assert others <= OTHERS, idle.many.by_name()


def test_nothing_is_started_where_nothing_is_to_do(idle: Pair) -> None:
    """Neither programs nor processes, whatever the size."""
    assert (idle.many.programs, idle.many.processes()) == (0, 0)


# --- running --------------------------------------------------------------------


@pytest.mark.core
def test_a_simple_command_is_one_process(busy: Pair) -> None:
    """No shell, no helper for each task."""
    assert busy.each(lambda found: found.programs) == 1
    assert busy.each(Traced.processes) == 1


def test_running_a_task_costs_few_calls(busy: Pair) -> None:
    """Starting it, hearing of its end and its output. How often is waited, and written, depends on how quick others
    are: that is limited only roughly."""
    assert busy.each(lambda found: found.work(WAITING)) <= RUNNING, busy.many.by_name()
    assert busy.each(lambda found: found.count(*WAITING)) <= 40, busy.many.by_name()


@pytest.mark.skipif(not PIDFD, reason="a thread waits for each process where `pidfd_open` is unknown")
def test_no_thread_is_started_for_each_task(busy: Pair) -> None:
    threads = [found.count("clone", "clone3", "fork", "vfork") - found.processes() for found in (busy.few, busy.many)]
    assert threads[1] <= threads[0] + 2, threads


# --- starting -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "opened", "calls"), STARTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_starting_asks_little(words: str, opened: int, calls: int, counted: Counted) -> None:
    """Files opened and calls made beyond those of the bare interpreter."""
    folder = counted.home / f"busy-{MANY}"
    bare, found = trace(BARE, folder, counted.env), counted.trace(folder, *words.split())
    more = (found.count(*OPENS) - bare.count(*OPENS), found.work() - bare.work())
    assert (more[0] <= opened, more[1] <= calls) == (True, True), more


# --- the counting itself --------------------------------------------------------


LOG: List[str] = r"""
100 execve("/usr/bin/python", ["python"], 0x7ff /* 9 vars */) = 0
100 openat(AT_FDCWD</home>, "t/in/f", O_RDONLY <unfinished ...>
101 read(3</home/t/in/f>, "x", 1) = 1
100 <... openat resumed>) = 3</home/t/in/f>
100 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 102
102 dup2(5<pipe:[1]>, 1) = 1
102 execve("/nowhere/true", ["true"], 0x7ff) = -1 ENOENT (No such file or directory)
102 execve("/bin/true", ["true"], 0x7ff) = 0
102 openat(AT_FDCWD</home>, "/etc/ld.so.cache", O_RDONLY) = 3</etc/ld.so.cache>
100 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SYSVSEM}, 88) = 103
100 --- SIGCHLD {si_signo=SIGCHLD} ---
102 +++ exited with 0 +++
""".strip().splitlines()


@pytest.mark.core
def test_another_program_is_not_counted() -> None:
    """What the command does before it becomes one is, and so are its threads."""
    found = read(LOG)
    assert found.by_name() == {"execve": 3, "clone3": 2, "openat": 1, "read": 1, "dup2": 1}
    assert (found.programs, found.processes()) == (1, 1)
    assert found.about(READS, "t/in/f") == found.about(OPENS, "t/in/f") == 1
