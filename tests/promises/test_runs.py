"""Promises 7, 8, 11 and 12: several runs at once, killed runs, stores that cannot be used, looking without running."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scenarios.rush import Scratch, environment


def start(scratch: Scratch, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "taskrush", *arguments],
        cwd=scratch.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_one_key_runs_once(scratch: Scratch) -> None:
    """Started three times at once, the task runs once; the others wait and take its result."""
    scratch.write("in", "1")
    scratch.write(
        ".rush",
        "tasks: {slow: {cmd: 'echo slow >> trace; sleep 1; echo made > out', inputs: [in], outputs: [out]}}",
    )
    running = [start(scratch, "slow") for _ in range(3)]
    texts = [process.communicate(timeout=60)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], texts
    assert scratch.ran() == ["slow"]
    assert scratch.text("out") == "made\n"


def test_who_waits_can_be_interrupted(scratch: Scratch) -> None:
    """Waiting for another process does not make a run deaf."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {slow: {cmd: 'touch started; sleep 8', inputs: [in]}}")
    first = start(scratch, "slow")
    until = time.monotonic() + 20
    while not (scratch.root / "started").exists() and time.monotonic() < until:
        time.sleep(0.01)
    second = start(scratch, "slow")
    time.sleep(0.7)
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=5)
    assert second.returncode == 130
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=20)


def test_two_different_runs_at_once_do_not_disturb_each_other(scratch: Scratch) -> None:
    """Both end well, and afterwards everything is fresh."""
    lines = ["tasks:"]
    for side in "ab":
        for number in range(10):
            name = f"{side}{number}"
            lines.append(
                f"  {name}: {{cmd: 'echo {name} > out-{name}', inputs: [in], outputs: [out-{name}], tags: [{side}]}}"
            )
        lines.append(f"  {side}: {{deps: [{', '.join(f'{side}{number}' for number in range(10))}]}}")
    scratch.write("in", "1")
    scratch.write(".rush", "\n".join(lines))
    for _ in range(3):
        running = [start(scratch, "a"), start(scratch, "b")]
        assert [process.wait(timeout=60) for process in running] == [0, 0]
        for process in running:
            assert process.stdout
            process.stdout.close()
    done = scratch.rush("a", "b")
    assert "20 fresh" in done.all
    assert [scratch.text(f"out-{side}{number}").strip() for side in "ab" for number in range(10)] == [
        f"{side}{number}" for side in "ab" for number in range(10)
    ]


def test_killed_at_any_moment_the_next_run_is_right(scratch: Scratch) -> None:
    """SIGKILL at random moments of a cached run: no wrong hit, no lost output."""
    kill_and_check(scratch, kills=12, tasks=40, seed=1)


@pytest.mark.soak
def test_killed_two_hundred_times(scratch: Scratch) -> None:
    """The same with 300 tasks and 200 kills, by name."""
    kill_and_check(scratch, kills=200, tasks=300, seed=2)


def kill_and_check(scratch: Scratch, kills: int, tasks: int, seed: int) -> None:
    lines = ["tasks:", f"  all: {{deps: [{', '.join(f't{number}' for number in range(tasks))}]}}"]
    for number in range(tasks):
        before = f", deps: [t{number - 7}]" if number >= 7 else ""
        inputs = "in" if number < 7 else f"in, out/{number - 7}"
        lines.append(
            f"  t{number}: {{cmd: 'cat in > out/{number}; echo {number} >> out/{number}', "
            f"inputs: [{inputs}], outputs: [out/{number}]{before}}}"
        )
    scratch.write(".rush", "\n".join(lines))
    (scratch.root / "out").mkdir()
    rnd = random.Random(seed)
    for round_number in range(kills):
        content = rnd.choice("abc")
        scratch.write("in", content)
        process = start(scratch, "all", "--output=none")
        time.sleep(rnd.uniform(0.05, 0.9))
        process.kill()
        process.communicate()
        if round_number % 4 == 3 or kills < 20:
            content = rnd.choice("abc")
            scratch.write("in", content)
            assert scratch.rush("all", "--output=none").code == 0
            for number in range(tasks):
                assert scratch.text(f"out/{number}") == f"{content}{number}\n"


def test_a_read_only_cache_fails_nothing(scratch: Scratch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The task runs, and the run says that nothing can be kept."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "objects").write_text("a file where a folder has to be")
    (folder / "incoming").write_text("and another one")
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {make: {cmd: 'echo made > out', inputs: [in], outputs: [out]}}")
    done = scratch.rush("make", env={"TASKRUSH_CACHE_DIR": str(folder)})
    assert done.code == 0
    assert "not kept" in done.err
    assert scratch.text("out") == "made\n"


def test_a_full_disk_fails_nothing(scratch: Scratch) -> None:
    """Storing into a file system of 64 KiB: the task ends well, and the next run is right too."""
    if os.getuid() != 0:
        pytest.skip("mounting a small file system takes root")
    place = scratch.root.parent / (scratch.root.name + "-small")
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        scratch.write("in", "1")
        scratch.write(
            ".rush", "tasks: {make: {cmd: 'echo make >> trace; seq 100000 > out', inputs: [in], outputs: [out]}}"
        )
        for _ in range(2):
            done = scratch.rush("make", env={"TASKRUSH_CACHE_DIR": str(place)})
            assert done.code == 0
            assert scratch.text("out").splitlines()[-1] == "100000"
        assert "not kept" in done.err or scratch.ran() == ["make", "make"]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_looking_runs_nothing(scratch: Scratch) -> None:
    """`list`, `--dry-run`, `graph`, `why` and `cache status` start no command of the user's."""
    scratch.write("in", "1")
    scratch.write(
        ".rush",
        """
        vars: {version: {cmd: 'echo var >> trace; echo 1'}}
        tasks:
          make:
            cmd: 'echo make >> trace; echo ${version} > out'
            inputs: [in]
            outputs: [out]
            if: echo condition >> trace
            requires: ['echo requires >> trace']
        """,
    )
    for arguments in (["list"], ["--dry-run", "make"], ["graph"], ["why", "make"], ["cache", "status"], ["check"]):
        done = scratch.rush(*arguments)
        assert done.code == 0, done.all
    assert scratch.ran() == []


def test_a_long_chain_of_cached_tasks(scratch: Scratch) -> None:
    """Keys follow from keys without recursion; the second run finds all of it fresh."""
    chain(scratch, 1500)


@pytest.mark.soak
def test_a_chain_of_ten_thousand_cached_tasks(scratch: Scratch) -> None:
    """The same with 10,000, by name."""
    chain(scratch, 10_000)


def chain(scratch: Scratch, count: int) -> None:
    lines = ["tasks:", "  t0: {cmd: ':', inputs: [in]}"]
    lines += [f"  t{number}: {{cmd: ':', inputs: [in], deps: [t{number - 1}]}}" for number in range(1, count)]
    scratch.write("in", "1")
    scratch.write(".rush", "\n".join(lines))
    assert scratch.rush(f"t{count - 1}", "--output=none").code == 0
    assert f"{count} fresh" in scratch.rush(f"t{count - 1}").all


def test_force_no_cache_and_modes(scratch: Scratch) -> None:
    """What a run may do with the cache is chosen by flag."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {make: {cmd: 'echo make >> trace; echo made > out', inputs: [in], outputs: [out]}}")
    steps = [
        (["--cache=local:r"], 1),  # nothing there, and nothing is kept
        (["--cache=local:r"], 1),
        ([], 1),
        ([], 0),
        (["--force"], 1),
        (["--no-cache"], 1),
        (["--cache=local:w"], 1),
        (["--cache=off"], 1),
        ([], 0),
    ]
    for number, (flags, runs) in enumerate(steps):
        assert scratch.rush("make", *flags).code == 0
        assert len(scratch.ran()) == runs, (number, flags)


def test_much_output_is_capped_in_the_log(scratch: Scratch) -> None:
    """The stored log keeps head and tail, and says what it left out."""
    scratch.write("in", "1")
    scratch.write(".rush", "tasks: {loud: {cmd: 'echo first; yes | head -c 40000000; echo last', inputs: [in]}}")
    scratch.rush("loud", "--output=none")
    shutil.rmtree(scratch.root / ".taskrush")
    done = scratch.rush("loud")
    assert "first" in done.out
    assert done.out.endswith("last\n")
    assert "bytes of output left out here" in done.all
    assert len(done.out) < 20_000_000
    total = sum(path.stat().st_size for path in Path(os.environ["TASKRUSH_CACHE_DIR"]).rglob("*") if path.is_file())
    assert total < 20_000_000
