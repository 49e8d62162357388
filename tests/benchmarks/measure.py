"""Runs commands and measures them, in rounds: every command once, then every command again. Knows no tool."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence

LAUNCHER = Path(__file__).with_name("launch.py")


class Sample(NamedTuple):
    """One run of a command: seconds of wall clock and of processors, bytes of its largest process."""

    wall: float
    cpu: float
    peak: int


class Command(NamedTuple):
    """What is measured. `before` and `after` are done around each run and not measured; `after` may raise
    `BrokenCommand`. Where `reports` is set, the command measures itself and prints the JSON of a sample."""

    words: Sequence[str]
    folder: Path
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    reports: bool = False


class BrokenCommand(Exception):
    """A command that does not do what it was called for."""


def run(command: Command, env: Mapping[str, str]) -> Sample:
    """Run once. Raises `BrokenCommand` for any exit code but 0."""
    command.before()
    launch = [] if command.reports else [sys.executable, "-I", "-S", str(LAUNCHER)]
    done = subprocess.run(
        [*launch, *command.words], cwd=command.folder, env=dict(env), stdout=subprocess.PIPE, check=False
    )
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    code = found.get("code", done.returncode)
    if code != 0:
        raise BrokenCommand(f"exit code {code}: {' '.join(command.words)}")
    command.after()
    return Sample(found["wall"], found["cpu"], found["peak"])


def rounds(commands: Mapping[str, Command], env: Mapping[str, str], count: int) -> Dict[str, List[Sample]]:
    """`count` samples of each command after one that warms up, interleaved so that a busy moment meets all of them.

    Of a broken command there are none.
    """
    found: Dict[str, List[Sample]] = {name: [] for name in commands}
    for number in range(count + 1):
        for name in list(found):
            try:
                sample = run(commands[name], env)
            except BrokenCommand as error:
                sys.stderr.write(f"{name} is left out: {error}\n")
                del found[name]
                continue
            if number:
                found[name].append(sample)
    return found


class Figures(NamedTuple):
    """Samples of one command summed up."""

    wall: float
    fastest: float
    slowest: float
    cpu: float
    peak: int


def sum_up(samples: Sequence[Sample]) -> Figures:
    """Medians, and the range of wall clock."""
    walls = [sample.wall for sample in samples]
    return Figures(
        wall=statistics.median(walls),
        fastest=min(walls),
        slowest=max(walls),
        cpu=statistics.median(sample.cpu for sample in samples),
        peak=int(statistics.median(sample.peak for sample in samples)),
    )


def least_peak(env: Mapping[str, str]) -> int:
    """The peak that is measured for a command that needs next to nothing: smaller ones cannot be told apart."""
    return run(Command(["/bin/true"], Path(os.sep)), env).peak
