"""`python -m tests.benchmarks.growth`: how time and memory of TaskRush grow with the number of tasks and of files.

    python -m tests.benchmarks.growth --write              some minutes: the figures and plots of docs/growth.md
    python -m tests.benchmarks.growth --write --resume     goes on where a run was stopped; measures what is missing
    python -m tests.benchmarks.growth --write --large      also what takes longer: 100,000 tasks run, a million files

Figures are kept as soon as they are there. What is drawn, and what a slope is, stands in `growth_page.py`.
"""

import argparse
import functools
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from tests.benchmarks import functions
from tests.benchmarks.growth_page import Line, Lines, Point, from_json, page, plots, to_json
from tests.benchmarks.measure import Command, Sample, run, sum_up
from tests.benchmarks.peers import EVERYTHING, PEERS, environment
from tests.benchmarks.table import OURS, machine

DOCS = Path(__file__).parents[2] / "docs"
DATA, PAGE, IMAGES = DOCS / "growth.json", DOCS / "growth.md", DOCS / "images"
IN_A_FOLDER = 100
TASKS_OF_FILES = 10
ENOUGH = 6.0  # seconds after which a point is measured no more
RUNS = 5


class Subject(NamedTuple):
    """One line of a plot. `words` are the command line; `before` is done before each run and not measured.

    `warm`: how often it is run before it is measured; `reports`: it measures itself.
    """

    line: Line
    sizes: Tuple[int, ...]
    large: Tuple[int, ...]
    prepare: Callable[[Path, int], None]
    words: Callable[[str, int], List[str]]
    before: Callable[[Path], None] = lambda folder: None
    warm: int = 1
    reports: bool = False


def trivial(folder: Path, count: int) -> None:
    """Tasks that do nothing, and one that needs them all."""
    _tasks(folder, [f"t{number:06}: /bin/true" for number in range(count)])


def with_a_file(folder: Path, count: int) -> None:
    """Tasks that look at one file each."""
    for number in range(count):
        path = folder / f"d{number // IN_A_FOLDER}" / f"f{number}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n")
    rows = [(number, f"d{number // IN_A_FOLDER}/f{number}") for number in range(count)]
    _tasks(folder, [f"t{number:06}: {{cmd: /bin/true, inputs: [{path}]}}" for number, path in rows])


def many_files(folder: Path, count: int) -> None:
    """A few tasks that look at many files."""
    for number in range(count):
        path = folder / f"p{number % TASKS_OF_FILES}" / f"d{number // IN_A_FOLDER // TASKS_OF_FILES}" / f"f{number}"
        if number < TASKS_OF_FILES or not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{number}\n" * 20)
    _tasks(folder, [f"t{part}: {{cmd: /bin/true, inputs: ['p{part}/**']}}" for part in range(TASKS_OF_FILES)])


def _tasks(folder: Path, lines: Sequence[str]) -> None:
    names = ", ".join(line.partition(":")[0] for line in lines)
    text = "".join(f"  {line}\n" for line in [f"{EVERYTHING}: {{deps: [{names}]}}", *lines])
    (folder / ".rush").write_text(f"tasks:\n{text}")


def nothing(folder: Path, count: int) -> None:
    """Work that needs no files."""


def forget(folder: Path) -> None:
    shutil.rmtree(folder / ".taskrush", ignore_errors=True)


def listing(program: str, count: int) -> List[str]:
    return [program, "list"]


def running(program: str, count: int) -> List[str]:
    return [program, "run", "-j2", EVERYTHING]


def calling(program: str, count: int) -> List[str]:
    return [sys.executable, functions.__file__, "taskrush", str(count)]


FROM_100 = (100, 1000, 10_000)
SUBJECTS = (
    Subject(
        Line("load", "tasks", "load a `.rush`, first time", 0), (*FROM_100, 100_000), (), trivial, listing, forget, 0
    ),
    Subject(Line("list", "tasks", "list", 1), (*FROM_100, 100_000), (), trivial, listing, warm=2),
    Subject(Line("idle", "tasks", "nothing to do", 2), FROM_100, (100_000,), with_a_file, running, warm=3),
    Subject(Line("run", "tasks", "run `/bin/true`", 3), FROM_100, (), trivial, running),
    Subject(
        Line("functions", "tasks", "call functions", 4),
        (*FROM_100, 100_000),
        (),
        nothing,
        calling,
        warm=0,
        reports=True,
    ),
    Subject(
        Line("files", "files", "nothing to do", 2), (1000, 10_000, 100_000), (1_000_000,), many_files, running, warm=3
    ),
    Subject(
        Line("first", "files", "first look", 0), (1000, 10_000, 100_000), (1_000_000,), many_files, running, forget, 0
    ),
)


def measured(subject: Subject, size: int, program: str, home: Path) -> Point:
    """One point: the median of some runs, of fewer where each takes long."""
    work = home / f"{subject.prepare.__name__}-{size}"
    if not work.exists():
        work.mkdir()
        subject.prepare(work, size)
    env = environment(home)
    forgetting = functools.partial(subject.before, work)
    command = Command(subject.words(program, size), work, forgetting, reports=subject.reports)
    for _ in range(subject.warm):
        run(Command(command.words, work), env)
        time.sleep(2.1)  # what is younger than two seconds is read again
    samples: List[Sample] = []
    while len(samples) < RUNS and sum(sample.wall for sample in samples) < ENOUGH:
        samples.append(run(command, env))
    found = sum_up(samples)
    return Point(size, found.wall, found.cpu, found.peak, min(sample.cpu for sample in samples), len(samples))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    parser.add_argument("--write", action="store_true", help="keep the figures, and write docs/growth.md and its plots")
    parser.add_argument("--resume", action="store_true", help="keep what was measured before, and measure the rest")
    parser.add_argument("--large", action="store_true", help="also the sizes that take long")
    parser.add_argument("--line", action="append", choices=[subject.line.name for subject in SUBJECTS])
    parser.add_argument("--most", type=int, default=1_000_000, metavar="N", help="no size above this")
    parser.add_argument("--data", type=Path, default=DATA, metavar="FILE", help="where the figures are kept")
    options = parser.parse_args(arguments)
    ours = next(peer for peer in PEERS if peer.name == OURS)
    program = ours.find([os.path.dirname(sys.executable)])
    if program is None:
        parser.error("there is no `taskrush` beside this interpreter")
    lines: Dict[Line, Tuple[Point, ...]] = {}
    if (options.resume or options.line) and options.data.exists():
        lines = from_json(options.data.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="taskrush-growth-") as place:
        for subject in SUBJECTS:
            if options.line and subject.line.name not in options.line:
                continue
            points = {point.size: point for point in lines.get(subject.line, ()) if options.resume}
            for size in (*subject.sizes, *(subject.large if options.large else ())):
                if size in points or size > options.most:
                    continue
                point = points[size] = measured(subject, size, program, Path(place))
                sys.stderr.write(f"{subject.line.name} {size:,}: {point.cpu:.3f} s, {point.peak / 2**20:.0f} MiB\n")
                lines[subject.line] = tuple(points[size] for size in sorted(points))
                if options.write:
                    options.data.write_text(to_json(lines), encoding="utf-8")
                    write(lines)
    print(text_of(lines))
    return 0


def text_of(lines: Lines) -> str:
    return page(lines, f"{machine()}, {time.strftime('%Y-%m-%d')}")


def write(lines: Lines) -> None:
    """The page, and the plots that it shows."""
    for name, picture in plots(lines).items():
        (IMAGES / name).write_text(picture, encoding="utf-8")
    PAGE.write_text(text_of(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
