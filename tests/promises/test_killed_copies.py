"""Promises 4 and 8 where so much is copied that workers help: runs killed in the middle, and objects damaged."""

import os
import random
import shutil
import time
from pathlib import Path
from typing import Dict

import pytest

from tests.promises.test_runs import start
from tests.scenarios.rush import Scratch

TASKS, FILES, SIZE = 24, 12, 65536
MAKE = """\
import sys
name, word = sys.argv[1], open("in").read().strip()
import os
os.makedirs(f"out/{name}", exist_ok=True)
for number in range(%d):
    with open(f"out/{name}/{number}-{word}", "w") as file:
        file.write(f"{name} {number} {word} ".ljust(%d, word))
"""


def write(scratch: Scratch) -> None:
    scratch.write("make.py", MAKE % (FILES, SIZE))
    lines = [
        "cache: {backends: [{type: local, path: .rush-cache}]}",
        "tasks:",
        f"  all: {{deps: [{', '.join(f't{number}' for number in range(TASKS))}]}}",
    ]
    for number in range(TASKS):
        command = f"python3 -S -E make.py t{number}"
        lines.append(f"  t{number}: {{cmd: '{command}', inputs: [in, make.py], outputs: ['out/t{number}/*']}}")
    scratch.write(".rush", "\n".join(lines))


def content(root: Path) -> Dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def right(word: str) -> Dict[str, bytes]:
    return {
        f"t{task}/{number}-{word}": f"t{task} {number} {word} ".ljust(SIZE, word).encode()
        for task in range(TASKS)
        for number in range(FILES)
    }


def kill_and_check(scratch: Scratch, rounds: int, seed: int) -> None:
    """Runs of changing inputs are killed while they store or restore; what ends well then is right, file by file."""
    write(scratch)
    rnd = random.Random(seed)
    for number in range(rounds):
        word = rnd.choice("ab")
        scratch.write("in", word)
        if rnd.random() < 0.5:
            shutil.rmtree(scratch.root / "out", ignore_errors=True)
        process = start(scratch, "all", "--output=none", "-j2")
        time.sleep(rnd.uniform(0.1, 1.2))
        process.kill()
        process.communicate()
        if number % 3 == 2:
            word = rnd.choice("ab")
            scratch.write("in", word)
            done = scratch.rush("all", "--output=none", "-j2")
            assert done.code == 0, done.all
            assert content(scratch.root / "out") == right(word)


def test_killed_while_files_are_copied_the_next_run_is_right(scratch: Scratch) -> None:
    """Never a wrong hit, and never half a file or a mixture of two results taken as whole."""
    kill_and_check(scratch, rounds=9, seed=1)


@pytest.mark.soak
def test_killed_a_hundred_times_while_files_are_copied(scratch: Scratch) -> None:
    """The same, by name."""
    kill_and_check(scratch, rounds=150, seed=2)


def test_damaged_objects_are_run_again_among_many(scratch: Scratch) -> None:
    """Damaged in place, times set back: only those tasks run whose object it is, and what is there is right."""
    write(scratch)
    scratch.write("in", "a")
    assert scratch.rush("all", "-j2").code == 0
    objects = sorted(path for path in (scratch.root / ".rush-cache/objects").rglob("*") if path.is_file())
    victims = [path for path in objects if path.stat().st_size == SIZE][:: TASKS * FILES // 3]
    for path in victims:
        before = path.stat()
        path.chmod(0o644)
        with open(path, "r+b") as file:
            file.write(b"X")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    shutil.rmtree(scratch.root / "out")
    done = scratch.rush("all", "-j2")
    assert done.code == 0, done.all
    assert done.all.count("is damaged") == len(victims)
    assert content(scratch.root / "out") == right("a")
