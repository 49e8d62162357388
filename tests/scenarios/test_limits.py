"""Pools, mutexes, exclusive tasks, memory and make's jobserver, measured from outside on real processes."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Iterator, Optional

import pytest

if os.name != "posix":
    pytest.skip("commands are those of a POSIX shell", allow_module_level=True)

from tests.needs import needs_program
from tests.scenarios.rush import Ran, Scratch, environment

# counts how many of it run at a time: `now most`, in the file that its argument names
COUNT = """
import fcntl, os, sys, time
def change(by):
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    now, most = map(int, (os.read(file, 99) or b"0 0").split())
    os.lseek(file, 0, 0)
    os.ftruncate(file, 0)
    os.write(file, b"%d %d" % (now + by, max(most, now + by)))
    os.close(file)
change(1)
time.sleep(float(sys.argv[2]))
change(-1)
"""

HOG = """
import sys, time
data = bytearray(int(sys.argv[1]) << 20)
for place in range(0, len(data), 4096):
    data[place] = 1
time.sleep(1.2)
"""


def most(scratch: Scratch, name: str) -> int:
    """How many were counted at a time; all of them have ended."""
    now, most = (scratch.root / name).read_text().split()
    assert int(now) == 0
    return int(most)


def counting(scratch: Scratch, seconds: float = 0.15) -> str:
    scratch.write("count.py", COUNT)
    return f"{sys.executable} count.py NAME {seconds}"


@pytest.mark.core
def test_a_pool_of_two_never_holds_three(scratch: Scratch) -> None:
    """Six tasks with room for eight; a heavy one takes the whole pool, the others one place each."""
    count = counting(scratch)
    pool = count.replace("NAME", "pool")
    light = "\n".join(f"  {name}: {{cmd: {pool}, pool: database}}" for name in "abcde")
    heavy = f"  heavy: {{cmd: {pool} & {pool}; wait, pool: {{database: 2}}}}"
    scratch.write(
        ".rush", f"pools: {{database: 2}}\ntasks:\n  all: {{deps: [a, b, c, d, e, heavy]}}\n{light}\n{heavy}\n"
    )
    done = scratch.rush("-j8", "all")
    assert done.code == 0, done.all
    assert most(scratch, "pool") == 2


def test_a_mutex_lets_one_in_and_an_exclusive_task_nobody_else(scratch: Scratch) -> None:
    """Three tasks of one word go one after the other; beside the exclusive one nothing runs."""
    count = counting(scratch)
    one, every = count.replace("NAME", "mutex"), count.replace("NAME", "every")
    look = 'test "$(cut -c1 every)" = 0'
    scratch.write(
        ".rush",
        f"""
        tasks:
          all: {{deps: [a, b, c, d, alone]}}
          a: {{cmd: "{one} & {every}; wait", mutex: port}}
          b: {{cmd: "{one} & {every}; wait", mutex: port}}
          c: {{cmd: "{one} & {every}; wait", mutex: [port, disk]}}
          d: {every}
          alone:
            cmd: ['{look}', '{every}', '{look}']
            exclusive: true
            deps: [d]
        """,
    )
    done = scratch.rush("-j8", "all")
    assert done.code == 0, done.all
    assert most(scratch, "mutex") == 1


@pytest.mark.core
def test_what_can_never_fit_is_an_error_before_anything_runs(scratch: Scratch) -> None:
    """All of it at once, with places and hints."""
    scratch.write(
        ".rush",
        """
        pools: {database: 2}
        tasks:
          a: {cmd: touch ran, pool: {database: 3}}
          b: {cmd: touch ran, pool: databse}
          c: {cmd: touch ran, pool: database}
        """,
    )
    done = scratch.rush("a", "b", "c")
    assert done.code == 2
    assert ".rush:4:30: task `a` takes 3 of pool `database`, which holds 2" in done.err
    assert "hint: take at most 2, or make the pool larger at .rush:2:9" in done.err
    assert ".rush:5:29: task `b` takes from pool `databse`, which is not declared" in done.err
    assert "hint: did you mean `database`?" in done.err
    assert not (scratch.root / "ran").exists()
    assert scratch.rush("c").code == 0


def test_pools_of_python_and_of_files_are_the_same(scratch: Scratch) -> None:
    """A pool made in `tasks.py` limits tasks of both; a second size for it is an error that names both places."""
    pool = counting(scratch).replace("NAME", "pool")
    scratch.write(
        "tasks.py",
        f"""
        from taskrush import Pool, command
        database = Pool("database", 1)
        one = command({pool!r}, pool=database)
        two = command({pool!r}, pool="database")
        three = command({pool!r}, pool={{database: 1}}, priority=3)
        """,
    )
    scratch.write(
        ".rush", f"tasks:\n  four: {{cmd: {pool}, pool: database}}\n  all: {{deps: [one, two, three, four]}}\n"
    )
    done = scratch.rush("-j4", "all")
    assert done.code == 0, done.all
    assert most(scratch, "pool") == 1
    assert done.err.index("three") < done.err.index("one")
    scratch.write(".rush", f"pools: {{database: 2}}\ntasks:\n  four: {{cmd: {pool}, pool: database}}\n")
    assert "pool `database` is declared with size 1, at .rush:1:9 it is 2" in scratch.rush("four").err


# --- memory -------------------------------------------------------------------------


class MemoryGroup:
    """A control group with so much memory, of either version."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        folder.mkdir()
        old = (folder / "memory.limit_in_bytes").exists()
        (folder / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit))
        for name, value in (("memory.memsw.limit_in_bytes", str(limit)), ("memory.swap.max", "0")):
            if (folder / name).exists():
                (folder / name).write_text(value)

    def rush(self, scratch: Scratch, *arguments: str) -> Ran:
        inside = f'echo $$ > {self.folder}/cgroup.procs && exec "$@"'
        return scratch.rush(*arguments, program=("sh", "-c", inside, "sh", sys.executable, "-m", "taskrush"))


@pytest.fixture
def small_group() -> Iterator[MemoryGroup]:
    """320 MB for everything in it; skipped where this user may make no control groups with a limit of memory."""
    group: Optional[MemoryGroup] = None
    for place in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
        folder = Path(place, f"taskrush-test-{os.getpid()}")
        try:
            group = MemoryGroup(folder, 320 << 20)
            break
        except OSError:
            if folder.is_dir():
                folder.rmdir()
    if group is None:
        pytest.skip("this user cannot make control groups")
    yield group
    for _ in range(20):  # what has ended may still be in it for a moment
        try:
            group.folder.rmdir()
            return
        except OSError:
            time.sleep(0.1)


def test_what_is_killed_for_memory_runs_again_alone_and_nothing_else_dies(
    scratch: Scratch, small_group: MemoryGroup
) -> None:
    """Two tasks that fit alone but not beside each other: the kernel kills one, which then runs alone.

    The next run knows what they take and does not start them beside each other.
    """
    scratch.write("hog.py", HOG)
    scratch.write(
        ".rush",
        f"""
        tasks:
          all: {{deps: [big, large, small]}}
          big: {sys.executable} hog.py 220 && echo big >> trace
          large: {sys.executable} hog.py 220 && echo large >> trace
          small: sleep 1.5 && echo small >> trace
        """,
    )
    first = small_group.rush(scratch, "-j4", "all")
    assert first.code == 0, first.all
    assert first.err.count("was killed for lack of memory: it runs once more, alone") == 1
    ran = scratch.ran()
    assert sorted(ran) == ["big", "large", "small"]
    assert "small" in ran[:2]  # the one that was killed came last
    second = small_group.rush(scratch, "-v", "-j4", "all")
    assert second.code == 0, second.all
    assert "lack of memory" not in second.err
    assert "waits for memory" in second.err


@pytest.mark.core
def test_what_runs_out_of_memory_below_a_limit_runs_again_alone(scratch: Scratch) -> None:
    """Where no control group is to be had: `ulimit -v`, as long as somebody else runs."""
    scratch.write("hog.py", HOG.replace("time.sleep(1.2)", ""))
    scratch.write(
        ".rush",
        f"""
        tasks:
          all: {{deps: [big, other]}}
          big: |
            until test -e begun; do sleep 0.05; done
            test -e over || ulimit -v 400000
            exec {sys.executable} hog.py 1000
          other: touch begun; sleep 1; touch over; echo other >> trace
        """,
    )
    done = scratch.rush("-j2", "all")
    assert done.code == 0, done.all
    assert "warning: `big` ran out of memory (MemoryError): it runs once more, alone" in done.err
    assert scratch.ran() == ["other"]
    off = scratch.root / "over"
    off.unlink()
    (scratch.root / "begun").unlink()
    assert scratch.rush("-j2", "--memory", "off", "all").code == 1


def test_memory_that_is_asked_for_is_not_given_twice(scratch: Scratch) -> None:
    """`resources` against `--memory`: two of three gigabytes each do not fit into five, whatever the machine has."""
    memory = counting(scratch).replace("NAME", "memory")
    tasks = "\n".join(f"  t{number}: {{cmd: {memory}, resources: {{memory: 3GB}}}}" for number in range(3))
    scratch.write(".rush", f"tasks:\n  all: {{deps: [t0, t1, t2]}}\n{tasks}\n")
    assert scratch.rush("-j3", "--memory", "5GB", "all").code == 0
    assert most(scratch, "memory") == 1
    assert (
        scratch.rush("-j3", "--memory", "1GB", "t0", "t1").err.count("says that it needs 3GB of memory, and 1GB are")
        == 2
    )
    assert "is a size such as" in scratch.rush("--memory", "much", "all").err


# --- jobserver ------------------------------------------------------------------------


def makefile(scratch: Scratch, count: str, jobs: int = 6) -> None:
    names = " ".join(f"job{number}" for number in range(jobs))
    scratch.write("Makefile", f"all: {names}\n{names}: ; @{count}\n")


@pytest.mark.core
def test_four_nested_makes_never_exceed_the_slots(scratch: Scratch) -> None:
    """24 recipes of four `make -j` with `-j3`: three at a time, and not fewer for long; with a shell and without."""
    needs_program("make")
    makefile(scratch, counting(scratch, 0.1).replace("NAME", "nested"))
    scratch.write(
        ".rush",
        """
        defaults: {jobserver: true}
        tasks:
          all: {deps: [a, b, c, d]}
          a: make -j
          b: make -j8
          c: cd . && make --jobs=5 -k
          d: {argv: [make]}
        """,
    )
    done = scratch.rush("-j3", "all")
    assert done.code == 0, done.all
    assert most(scratch, "nested") == 3
    assert "jobserver" not in done.all  # make complains of nothing


def test_a_nested_make_takes_the_slots_that_nobody_needs(scratch: Scratch) -> None:
    """One task alone with `-j4`: its `make` runs four recipes at a time, although nobody said `-j` to it."""
    needs_program("make")
    makefile(scratch, counting(scratch, 0.4).replace("NAME", "nested"))
    scratch.write(".rush", "tasks:\n  a: {cmd: make, jobserver: true}\n  b: make\n")
    assert scratch.rush("-j4", "a").code == 0
    assert most(scratch, "nested") == 4
    (scratch.root / "nested").unlink()
    assert scratch.rush("-j4", "b").code == 0
    assert most(scratch, "nested") == 1


def test_slots_of_a_make_that_was_killed_are_there_again(scratch: Scratch) -> None:
    """A nested make dies with all slots in its hands; the next task's make has them."""
    needs_program("make")
    makefile(scratch, counting(scratch, 0.4).replace("NAME", "nested"))
    scratch.write("slow.mk", "all: a b c d\na b c d: ; @sleep 60\n")
    scratch.write(
        ".rush",
        """
        defaults: {jobserver: true}
        tasks:
          slow: {cmd: "make -f slow.mk & sleep 0.7; kill -9 $!; pkill -9 -P $!; exit 3", allow_failure: true}
          next: {cmd: make, deps: [slow]}
        """,
    )
    needs_program("pkill")
    done = scratch.rush("-j4", "next")
    assert done.code == 0, done.all
    assert most(scratch, "nested") == 4


def test_below_a_make_its_slots_are_ours(scratch: Scratch) -> None:
    """`make -j2` runs taskrush with `-j8` beside another recipe: never more than two things run at a time."""
    needs_program("make")
    one = counting(scratch, 0.2).replace("NAME", "below")
    tasks = "\n".join(f"  t{number}: {one}" for number in range(5))
    scratch.write(
        ".rush",
        f"tasks:\n  all: {{deps: [t0, t1, t2, t3, t4, deep]}}\n{tasks}\n"
        "  deep: {cmd: make -f deep.mk, jobserver: true}\n",
    )
    scratch.write("deep.mk", f"all: x y z\nx y z: ; @{one}\n")
    scratch.write("Makefile", f"all: rush own\nrush: ; +@{sys.executable} -m taskrush -j8 all\nown: ; @{one}\n")
    done = subprocess.run(["make", "-j2"], cwd=scratch.root, env=environment(None), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert most(scratch, "below") == 2
    assert b"jobserver" not in done.stderr
    scratch.write("Makefile", f"all: ; @{sys.executable} -m taskrush -j8 t0\n")
    done = subprocess.run(["make", "-j2"], cwd=scratch.root, env=environment(None), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"the jobserver of the `make` above cannot be reached" in done.stderr


def test_a_program_that_knows_named_pipes_shares_by_one(scratch: Scratch) -> None:
    """`jobserver: fifo`, as make 4.4, cargo and ninja 1.13 take it: here a client of twenty lines."""
    scratch.write(
        "client.py",
        textwrap.dedent(
            """
            import os, re, threading, subprocess, sys
            pipe = os.open(re.search("auth=fifo:(\\\\S+)", os.environ["MAKEFLAGS"]).group(1), os.O_RDWR)
            def job(token):
                subprocess.run([sys.executable, "count.py", "fifo", "0.15"], check=True)
                if token:
                    os.write(pipe, token)
            threads = []
            for _ in range(4):
                threads.append(threading.Thread(target=job, args=(os.read(pipe, 1),)))
                threads[-1].start()
            job(b"")
            [thread.join() for thread in threads]
            """
        ),
    )
    counting(scratch)
    tasks = "\n".join(f"  t{number}: {sys.executable} client.py" for number in range(3))
    scratch.write(".rush", f"defaults: {{jobserver: fifo}}\ntasks:\n  all: {{deps: [t0, t1]}}\n{tasks}\n")
    done = scratch.rush("-j3", "all")
    assert done.code == 0, done.all
    assert most(scratch, "fifo") <= 3


def test_a_function_that_lacks_memory_is_called_again_alone(scratch: Scratch) -> None:
    """In a thread and in a process of its own; `MemoryError` says it."""
    scratch.write(
        "tasks.py",
        """
        import os, time
        from taskrush import task

        def hungry(name):
            time.sleep(0.3)
            if not os.path.exists(name):
                open(name, "w").close()
                bytearray(1 << 60)

        @task
        def thread(): hungry("one")

        @task(isolate="process")
        def process(): hungry("two")

        @task(deps=[thread, process])
        def both(): ...
        """,
    )
    done = scratch.rush("-k", "-j3", "both")
    assert done.code == 0, done.all
    for name in ("thread", "process"):
        assert f"warning: `{name}` ran out of memory (MemoryError): it runs once more, alone" in done.err
