"""`python -m tests.benchmarks.profiles`: where the time of four commands goes, as Markdown.

    python -m tests.benchmarks.profiles                    of this checkout
    python -m tests.benchmarks.profiles --source DIR       of another one, for instance a worktree of an older commit
    python -m tests.benchmarks.profiles --title After --into docs/decisions/0031-speed-is-shown.md

py-spy takes samples of the Python stack, a thousand a second, of several runs; strace counts system calls in a run of
its own. Both slow a command down: shares and counts are what to read, the CPU time beside them is measured without.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tests.benchmarks.cases import independent
from tests.benchmarks.file_peers import FILE_PEERS
from tests.benchmarks.files import many_outputs, small_files
from tests.benchmarks.measure import Command, Sample, run
from tests.benchmarks.peers import EVERYTHING, PEERS, environment
from tests.benchmarks.table import milliseconds
from tests.guards.traced import trace

ROOT = Path(__file__).parents[2]
START = "import sys\nfrom taskrush_cli.main import main\nsys.exit(main())\n"
FRAME = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(:\d+)?\)$")
SHOWN = 8
RATE = 1000


class Subject(NamedTuple):
    """One command whose profile is taken."""

    name: str
    title: str
    words: Tuple[str, ...]
    prepare: Callable[[Path], None]
    before: Callable[[Path], None] = lambda folder: None


def tasks(count: int) -> Callable[[Path], None]:
    ours = next(peer for peer in PEERS if peer.name == "taskrush")
    return lambda folder: ours.prepare(folder, independent(count))


def with_files(make: Callable[[Path], object]) -> Callable[[Path], None]:
    ours = next(peer for peer in FILE_PEERS if peer.name == "taskrush")

    def prepare(folder: Path) -> None:
        folder.mkdir(parents=True)
        ours.prepare(folder, make(folder), None)  # type: ignore[arg-type]

    return prepare


def lose_outputs(folder: Path) -> None:
    for made in (folder / "t").glob("*/out"):
        shutil.rmtree(made)


ALL = ("run", "-j2", EVERYTHING)
SUBJECTS = (
    Subject("idle", "1,000 tasks up to date, 10 inputs each", ALL, with_files(lambda at: small_files(at, 1000, 10))),
    Subject("one", "One task of 10", ("run", "-j2", "t0000"), tasks(10)),
    Subject("wide", "1,000 independent `/bin/true`", ALL, tasks(1000)),
    Subject(
        "restore",
        "200 tasks with 20 outputs of 64 KiB restored",
        ALL,
        with_files(lambda at: many_outputs(at, 200, 20)),
        lose_outputs,
    ),
)


class Profile(NamedTuple):
    """What was found of one command. Stacks are from the outermost frame to the innermost."""

    subject: Subject
    plain: List[Sample]
    stacks: Mapping[str, int]
    calls: Mapping[str, int]


def profiled(subject: Subject, source: Path, home: Path, runs: int) -> Profile:
    """Build the work, let it settle, and measure it three ways."""
    folder = home / subject.name
    subject.prepare(folder)
    start = home / "start.py"
    start.write_text(START)
    env = {**environment(home), "PYTHONPATH": str(source), "TASKRUSH_CACHE_DIR": str(home / "cache")}
    words = [sys.executable, str(start), *subject.words]
    command = Command(words, folder, lambda: subject.before(folder))
    for _ in range(2):
        run(Command(words, folder), env)
        time.sleep(2.1)  # what is younger than two seconds is read again
    plain = [run(command, env) for _ in range(runs)]
    stacks: Counter[str] = Counter()
    for _ in range(runs):
        subject.before(folder)
        stacks.update(sampled(words, folder, env, home / "stacks"))
    subject.before(folder)
    return Profile(subject, plain, stacks, trace(words, folder, env).by_name())


def sampled(words: Sequence[str], folder: Path, env: Mapping[str, str], out: Path) -> Dict[str, int]:
    spy = shutil.which("py-spy", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    if spy is None:
        raise SystemExit("py-spy is not installed")
    record = [spy, "record", "-r", str(RATE), "-f", "raw", "-o", str(out), "--", *words]
    subprocess.run(record, cwd=folder, env=dict(env), capture_output=True, check=True)
    found: Counter[str] = Counter()
    for line in out.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if stack:  # else the process was between two states
            found[stack] += int(count)
    return found


def functions(stacks: Mapping[str, int]) -> Dict[str, int]:
    """Samples by the innermost function."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found["`{}` {}".format(*_frame(stack.rpartition(";")[2]))] += count
    return dict(found.most_common())


def parts(stacks: Mapping[str, int]) -> Dict[str, int]:
    """Samples by the innermost file of TaskRush's; whatever happens while a module is imported is `imports`."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        frames = [_frame(frame) for frame in stack.split(";")]
        ours = [file for _, file in frames if file.startswith("taskrush")]
        if any(file == "<frozen importlib._bootstrap>" for _, file in frames):
            found["imports"] += count
        else:
            found[ours[-1] if ours else "the interpreter"] += count
    return dict(found.most_common())


def _frame(text: str) -> Tuple[str, str]:
    match = FRAME.match(text)
    return (match["function"], match["file"]) if match else (text, "")


def put(text: str, section: str) -> str:
    """`text` with this section in place of the one of the same title, or at its end."""
    title = section.partition("\n")[0]
    before, found, rest = text.partition(f"{title}\n")
    if not found:
        return f"{text.rstrip()}\n\n{section}"
    following = re.search(r"^## ", rest, re.MULTILINE)
    return before + section + ("\n" + rest[following.start() :] if following else "")


def page(profiles: Sequence[Profile], title: str) -> str:
    lines = [f"## {title}", ""]
    lines += ["| | wall | CPU, median | CPU, least | peak memory | system calls |", "|---|--:|--:|--:|--:|--:|"]
    for found in profiles:
        wall, cpu = (statistics.median(getattr(sample, name) for sample in found.plain) for name in ("wall", "cpu"))
        least, peak = min(sample.cpu for sample in found.plain), max(sample.peak for sample in found.plain)
        lines.append(
            f"| {found.subject.title} | {milliseconds(wall)} | {milliseconds(cpu)} | {milliseconds(least)} | "
            f"{peak / 2**20:.0f} MiB | {sum(found.calls.values()):,} |"
        )
    for found in profiles:
        whole = sum(found.stacks.values())
        lines += ["", f"### {found.subject.title}", "", f"{whole:,} samples, {sum(found.calls.values()):,} calls.", ""]
        columns = [_shares(parts(found.stacks), whole), _shares(functions(found.stacks), whole), _counts(found.calls)]
        lines += ["| part | share | function, by its own time | share | system call | count |"]
        lines += ["|---|--:|---|--:|---|--:|"]
        for row in range(max(len(column) for column in columns)):
            cells = [column[row] if row < len(column) else ("", "") for column in columns]
            lines.append(f"| {' | '.join(f'{name} | {figure}' for name, figure in cells)} |")
    return "\n".join(lines) + "\n"


def _shares(found: Mapping[str, int], whole: int) -> List[Tuple[str, str]]:
    return [(name, f"{count / whole:.0%}") for name, count in list(found.items())[:SHOWN]]


def _counts(found: Mapping[str, int]) -> List[Tuple[str, str]]:
    return [(name, f"{count:,}") for name, count in list(found.items())[:SHOWN]]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profiles")
    parser.add_argument("--source", type=Path, default=ROOT, metavar="DIR", help="the checkout to measure")
    parser.add_argument("--row", action="append", choices=[subject.name for subject in SUBJECTS])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--title", default="Profiles")
    parser.add_argument("--into", type=Path, metavar="FILE", help="a page whose section of that title is replaced")
    options = parser.parse_args(arguments)
    source = options.source.resolve()
    with tempfile.TemporaryDirectory(prefix="taskrush-profiles-") as place:
        wanted = [subject for subject in SUBJECTS if not options.row or subject.name in options.row]
        found = [profiled(subject, source, Path(place), options.runs) for subject in wanted]
    section = page(found, options.title)
    if options.into:
        options.into.write_text(put(options.into.read_text(encoding="utf-8"), section), encoding="utf-8")
    print(section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
