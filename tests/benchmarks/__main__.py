"""`python -m tests.benchmarks`: measures TaskRush beside the task runners that are installed.

    python -m tests.benchmarks --quick             a minute, to see whether something got much slower
    python -m tests.benchmarks --write             the figures of docs/benchmarks.md

Every tool gets the same tasks and has to show first, with tasks that leave a mark, that it runs all of them and in
the right order. Tools are looked for beside this interpreter, in each `--bin`, and on PATH.
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

from tests.benchmarks.file_peers import FILE_PEERS, FileJob
from tests.benchmarks.files import FileBench, many_outputs, small_files
from tests.benchmarks.measure import BrokenCommand, Command, least_peak, rounds, sum_up
from tests.benchmarks.peers import EVERYTHING, PEERS, Job, Peer, environment
from tests.benchmarks.table import OURS, Result, machine, merged, render

TRUE = "/bin/true"  # by its path: a bare `true` is part of a shell
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
SLOW_ROUNDS = 3  # for cases that take seconds


class Sizes(NamedTuple):
    """How much work a measurement is, and how often it is repeated."""

    few: int
    many: int
    chain: int
    rounds: int


class Bench:
    """One measurement: the tools found, their folders, and the cases."""

    def __init__(
        self,
        home: Path,
        tools: Mapping[str, str],
        sizes: Sizes,
        jobs: int,
        bins: Sequence[str] = (),
        npm: Optional[str] = None,
        only: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.tools = tools
        self.sizes = sizes
        self.jobs = jobs
        self.peers = [peer for peer in PEERS if peer.name in tools]
        (home / "home").mkdir()
        self.env = environment(home / "home")
        self.files = FileBench(home, bins, npm, self.env, jobs, only)

    def folder(self, peer: Peer, name: str, tasks: Sequence[Job]) -> Path:
        folder = self.home / name / peer.name
        if not folder.exists():
            peer.prepare(folder, tasks)
        return folder

    def words(self, peer: Peer, *words: str) -> List[str]:
        return [self.tools[peer.name], *words]

    # --- proofs -----------------------------------------------------------------

    def verify(self, peer: Peer) -> None:
        """Raises `BrokenCommand` unless the tool runs all tasks, and a chain in its order."""
        for name, tasks in (("wide", independent(12)), ("chain", chain(12))):
            marks = self.home / "marks" / peer.name / name
            marks.mkdir(parents=True)
            touching = [job._replace(command=f"/bin/mkdir {marks / job.name}") for job in tasks]
            folder = self.folder(peer, f"verify-{name}", touching)
            words = self.words(peer, *peer.words(EVERYTHING, self.jobs))
            done = subprocess.run(
                words, cwd=folder, env=dict(self.env), capture_output=True, text=True, errors="replace", check=False
            )
            times = [(marks / job.name).stat().st_mtime_ns for job in tasks if (marks / job.name).exists()]
            if done.returncode or len(times) < len(tasks):
                raise BrokenCommand(f"ran {len(times)} of {len(tasks)} tasks: {done.stdout[-500:]}{done.stderr[-500:]}")
            if name == "chain" and times != sorted(times):
                raise BrokenCommand("does not keep a chain in order")

    def version(self, peer: Peer) -> str:
        words = self.words(peer, "--version")
        done = subprocess.run(
            words, cwd=self.home, env=dict(self.env), capture_output=True, text=True, errors="replace", check=False
        )
        line = done.stdout.partition("\n")[0]
        found = [word.lstrip("v") for word in line.split() if word.lstrip("v")[:1].isdigit()]
        return found[0] if found else line

    # --- cases ------------------------------------------------------------------

    def start(self) -> Dict[str, Command]:
        found = {peer.name: Command(self.words(peer, "--version"), self.home) for peer in self.peers}
        return {"python -c pass": Command([sys.executable, "-c", "pass"], self.home), **found}

    def listing(self, count: int) -> Dict[str, Command]:
        return {
            peer.name: Command(self.words(peer, *peer.listing), self.folder(peer, f"tasks-{count}", independent(count)))
            for peer in self.peers
            if peer.listing is not None
        }

    def listing_few(self) -> Dict[str, Command]:
        return self.listing(self.sizes.few)

    def listing_many(self) -> Dict[str, Command]:
        return self.listing(self.sizes.many)

    def loading(self) -> Dict[str, Command]:
        """TaskRush keeps a compiled form of its file: without and with it."""
        for peer in self.peers:
            if peer.name == OURS:
                folder = self.folder(peer, "loading", independent(self.sizes.many))
                words = self.words(peer, "list")
                forget = functools.partial(shutil.rmtree, folder / ".taskrush", ignore_errors=True)
                return {f"{OURS}, first time": Command(words, folder, forget), OURS: Command(words, folder)}
        return {}

    def one(self) -> Dict[str, Command]:
        tasks = independent(self.sizes.few)
        return self._running(f"tasks-{self.sizes.few}", tasks, tasks[0].name)

    def wide(self) -> Dict[str, Command]:
        return self._running(f"tasks-{self.sizes.many}", independent(self.sizes.many), EVERYTHING)

    def chained(self) -> Dict[str, Command]:
        return self._running(f"chain-{self.sizes.chain}", chain(self.sizes.chain), EVERYTHING)

    def measuring(self) -> Dict[str, Command]:
        """TaskRush alone: as it is, and without taking anything down."""
        for peer in self.peers:
            if peer.name == OURS:
                folder = self.folder(peer, f"tasks-{self.sizes.many}", independent(self.sizes.many))
                words = self.words(peer, *peer.words(EVERYTHING, self.jobs))
                return {
                    OURS: Command(words, folder),
                    f"{OURS} --no-history": Command([words[0], "--no-history", *words[1:]], folder),
                }
        return {}

    def idle(self) -> Dict[str, Command]:
        return self.files.idle("inputs", lambda folder: small_files(folder, self.sizes.many, 10), self.sizes.many)

    def changed(self) -> Dict[str, Command]:
        return self.files.changed("inputs", lambda folder: small_files(folder, self.sizes.many, 10), self.sizes.many)

    def idle_large(self) -> Dict[str, Command]:
        count = self.sizes.many * 10
        return self.files.idle("large", lambda folder: small_files(folder, count, 1), count)

    def stored(self) -> Dict[str, Command]:
        return self.files.stored("outputs", self._outputs, self.sizes.many // 5)

    def restored(self) -> Dict[str, Command]:
        return self.files.restored("outputs", self._outputs, self.sizes.many // 5)

    def idle_outputs(self) -> Dict[str, Command]:
        return self.files.idle("outputs", self._outputs, self.sizes.many // 5)

    def _outputs(self, folder: Path) -> List[FileJob]:
        return many_outputs(folder, self.sizes.many // 5, 20)

    def _running(self, name: str, tasks: Sequence[Job], target: str) -> Dict[str, Command]:
        return {
            peer.name: Command(self.words(peer, *peer.words(target, self.jobs)), self.folder(peer, name, tasks))
            for peer in self.peers
        }


def independent(count: int) -> List[Job]:
    return [Job(f"t{number:04}", TRUE) for number in range(count)]


def chain(count: int) -> List[Job]:
    return [Job(f"t{number:04}", TRUE, (f"t{number - 1:04}",) if number else ()) for number in range(count)]


class Case(NamedTuple):
    name: str
    title: str
    meaning: str
    commands: Callable[[Bench], Dict[str, Command]]
    slow: bool = False


def cases(sizes: Sizes) -> List[Case]:
    many, few, length = f"{sizes.many:,}", sizes.few, sizes.chain
    large, some = f"{sizes.many * 10:,}", sizes.many // 5
    parts = f"{some} tasks with 20 outputs of 64 KiB each"
    return [
        Case("version", "Start", "`--version`, beside the bare interpreter.", Bench.start),
        Case("list-few", f"List {few} tasks", "The command that shows all tasks.", Bench.listing_few),
        Case("list-many", f"List {many} tasks", "The same for a large file.", Bench.listing_many),
        Case("load", f"Load {many} tasks", "A file read for the first time, and as kept since.", Bench.loading),
        Case("one", f"One task of {few}", "One `/bin/true`: what a run costs at least.", Bench.one),
        Case("wide", f"{many} independent tasks", "`/bin/true` each, at most two at a time.", Bench.wide, slow=True),
        Case("chain", f"A chain of {length}", "Each task waits for the one before it.", Bench.chained, slow=True),
        Case("measuring", "What measuring costs", f"{many} times `/bin/true`, remembered or not.", Bench.measuring),
        Case("idle", f"{many} tasks up to date", "Ten small input files each; nothing runs.", Bench.idle),
        Case("changed", f"One of {many} tasks changed", "One of 10 files each is longer; one runs.", Bench.changed),
        Case("idle-large", f"{large} tasks up to date", "One input file each; nothing runs.", Bench.idle_large, True),
        Case("store", "Store results", f"{parts}: all run and are kept.", Bench.stored, True),
        Case("restore", "Restore results", f"{parts}: all are brought back, nothing runs.", Bench.restored, True),
        Case("idle-outputs", "Results in place", f"{parts}: nothing runs.", Bench.idle_outputs, True),
    ]


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument("--rounds", type=int, help="how often each command is measured")
    parser.add_argument("--case", action="append", help="only this case; may be repeated")
    parser.add_argument("--peer", action="append", help="only this tool; may be repeated")
    parser.add_argument("--bin", action="append", default=[], metavar="DIR", help="where else to look for tools")
    parser.add_argument("--npm", metavar="DIR", help="a folder with node_modules: turbo, nx, @moonrepo/cli, wireit")
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md; cases that were not measured stay"
    )
    options = parser.parse_args(arguments)
    sizes = Sizes(10, 100, 30, 3) if options.quick else Sizes(10, 1000, 300, 9)
    sizes = sizes._replace(rounds=options.rounds or sizes.rounds)
    folders = [os.path.dirname(sys.executable), *options.bin]
    wanted = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    tools = {peer.name: found for peer in wanted for found in [peer.find(folders)] if found}
    with tempfile.TemporaryDirectory(prefix="taskrush-bench-") as place:
        bench = Bench(Path(place), tools, sizes, 2, folders, options.npm, options.peer or ())
        text = measure(bench, options.case)
    print(text)
    if options.write:
        old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(merged(old, text, [case.title for case in cases(sizes)]), encoding="utf-8")
    return 0


def measure(bench: Bench, only: Optional[Sequence[str]]) -> str:
    sizes = bench.sizes
    for peer in list(bench.peers):
        try:
            bench.verify(peer)
        except BrokenCommand as error:
            sys.stderr.write(f"{peer.name} is left out: {error}\n")
            bench.peers.remove(peer)
    results: List[Result] = []
    for case in cases(sizes):
        if only and case.name not in only:
            continue
        count = min(sizes.rounds, SLOW_ROUNDS) if case.slow else sizes.rounds
        sys.stderr.write(f"{case.title}: {count} rounds\n")
        commands = case.commands(bench)
        before = os.getloadavg()[0]
        samples = rounds(commands, bench.env, count)
        taken = f"({count} rounds, load {before:.1f} to {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}.)"
        figures = {name: sum_up(found) for name, found in samples.items()}
        results.append(Result(case.title, case.meaning, figures, taken))
    command = "python -m tests.benchmarks" + (" --quick" if sizes.many < 1000 else " --write")
    facts = [
        f"Measured by `{command}` (`nox -s bench -- --write` installs the peers from PyPI) on {machine()}.",
        "Medians; each round ran every tool once. Where the load of the machine was above the number of processors, "
        'trust CPU time and the fastest run first. Figures "of TaskRush\'s" below 1 mean that the tool was faster.',
        "CPU is that of the command and of what it waited for; memory is that of the largest process, and "
        f"{least_peak(bench.env) / 2**20:.0f} MiB stands for anything smaller.",
        "Each tool had to show first that it runs every task, and a chain in its order. With files, every task leaves "
        "a mark: a run of other tasks than should have run, or without the right outputs, is no figure.",
    ]
    versions = {peer.name: bench.version(peer) for peer in bench.peers}
    for name, error in bench.files.broken.items():
        sys.stderr.write(f"{name} is left out: {error}\n")
    notes = {peer.name: peer.note for peer in bench.peers}
    for peer in FILE_PEERS:
        notes[peer.name] = "; ".join(filter(None, (notes.get(peer.name), f"with files: {peer.note}")))
    return render(results, versions, notes, facts)


if __name__ == "__main__":
    sys.exit(main())
