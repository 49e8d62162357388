"""What is measured: the cases, the work of each, and the commands that the tools found here are given for it.

How often, and what becomes of the figures, is none of its business; what would be good enough stands in `bars.py`.
"""

import functools
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

from tests.benchmarks import functions
from tests.benchmarks.file_peers import FileJob
from tests.benchmarks.files import FileBench, many_outputs, one_file, small_files
from tests.benchmarks.measure import BrokenCommand, Command
from tests.benchmarks.peers import EVERYTHING, PEERS, Job, Peer, environment
from tests.benchmarks.table import BARE, BOUND, OURS

TRUE = "/bin/true"  # by its path: a bare `true` is part of a shell
JOBS = 2
MANY_JOBS = 8  # for tasks that sleep
WIDTH = 20  # of a layer of them
FIRST, STILL, FORGETFUL = f"{OURS}, first time", f"{OURS}, nothing changed", f"{OURS} --no-history"


class Sizes(NamedTuple):
    """How much work a measurement is, and how often it is repeated: what takes seconds, and what does not."""

    few: int
    many: int
    chain: int
    rounds: int
    quick_rounds: int


YOUNG = 2.1  # seconds; of a file that is younger nothing is kept, which is not what a person meets day by day


class Bench:
    """One measurement: the tools found, their folders, and the cases."""

    def __init__(
        self,
        home: Path,
        tools: Mapping[str, str],
        sizes: Sizes,
        bins: Sequence[str] = (),
        npm: Optional[str] = None,
        only: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.tools = tools
        self.sizes = sizes
        self.only = only
        self.peers = [peer for peer in PEERS if peer.name in tools]
        (home / "home").mkdir()
        self.env = environment(home / "home")
        self.files = FileBench(home, bins, npm, self.env, JOBS, only)

    def folder(self, peer: Peer, name: str, tasks: Sequence[Job]) -> Path:
        folder = self.home / name / peer.name
        if not folder.exists():
            peer.prepare(folder, tasks)
            if peer.name == OURS:
                time.sleep(YOUNG)
        return folder

    def words(self, peer: Peer, *words: str) -> List[str]:
        return [self.tools[peer.name], *words]

    def ours(self) -> List[Peer]:
        """TaskRush, unless it is left out."""
        return [peer for peer in self.peers if peer.name == OURS]

    def bare(self) -> Dict[str, Command]:
        """The interpreter alone, which everything in Python pays for."""
        return {BARE: Command([sys.executable, "-c", "pass"], self.home)}

    # --- proofs -----------------------------------------------------------------

    def verify(self, peer: Peer) -> None:
        """Raises `BrokenCommand` unless the tool runs all tasks, and a chain in its order."""
        for name, tasks in (("wide", independent(12)), ("chain", chain(12))):
            marks = self.home / "marks" / peer.name / name
            marks.mkdir(parents=True)
            touching = [job._replace(command=f"/bin/mkdir {marks / job.name}") for job in tasks]
            folder = self.folder(peer, f"verify-{name}", touching)
            words = self.words(peer, *peer.words(EVERYTHING, JOBS))
            done = subprocess.run(
                words, cwd=folder, env=dict(self.env), capture_output=True, text=True, errors="replace", check=False
            )
            times = [(marks / job.name).stat().st_mtime_ns for job in tasks if (marks / job.name).exists()]
            if done.returncode or len(times) < len(tasks):
                raise BrokenCommand(f"ran {len(times)} of {len(tasks)} tasks: {done.stdout[-500:]}{done.stderr[-500:]}")
            if name == "chain" and times != sorted(times):
                raise BrokenCommand("does not keep a chain in order")

    def version(self, words: Sequence[str]) -> str:
        done = subprocess.run(
            [*words, "--version"],
            cwd=self.home,
            env=dict(self.env),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        line = done.stdout.partition("\n")[0]
        found = [word.lstrip("v") for word in line.split() if word.lstrip("v")[:1].isdigit()]
        return found[0] if found else line

    def versions(self) -> Dict[str, str]:
        """Of every tool that was measured."""
        found = {peer.name: self.version(self.words(peer)) for peer in self.peers}
        return {**{name: self.version([program]) for name, program in self.files.programs().items()}, **found}

    # --- starting ---------------------------------------------------------------

    def start(self) -> Dict[str, Command]:
        return {
            **self.bare(),
            **{peer.name: Command(self.words(peer, "--version"), self.home) for peer in self.peers},
        }

    def listing(self, count: int) -> Dict[str, Command]:
        return {
            peer.name: Command(self.words(peer, *peer.listing), self.folder(peer, f"tasks-{count}", independent(count)))
            for peer in self.peers
            if peer.listing is not None
        }

    def listing_few(self) -> Dict[str, Command]:
        return self.listing(self.sizes.few)

    def listing_many(self) -> Dict[str, Command]:
        return {**self.bare(), **self.listing(self.sizes.many)}

    def loading(self) -> Dict[str, Command]:
        """TaskRush keeps a compiled form of its file: without and with it."""
        found: Dict[str, Command] = {}
        for peer in self.ours():
            folder = self.folder(peer, "loading", independent(self.sizes.many))
            words = self.words(peer, "list")
            forget = functools.partial(shutil.rmtree, folder / ".taskrush", ignore_errors=True)
            found = {FIRST: Command(words, folder, forget), OURS: Command(words, folder)}
        return found

    # --- running ----------------------------------------------------------------

    def one(self) -> Dict[str, Command]:
        tasks = independent(self.sizes.few)
        return {**self.bare(), **self._running(f"tasks-{self.sizes.few}", tasks, tasks[0].name, self.peers)}

    def wide(self) -> Dict[str, Command]:
        return self._running(f"tasks-{self.sizes.many}", independent(self.sizes.many))

    def chained(self) -> Dict[str, Command]:
        return self._running(f"chain-{self.sizes.chain}", chain(self.sizes.chain))

    def equal(self) -> Dict[str, Command]:
        return self._running("layers-equal", self._layers(False), jobs=MANY_JOBS)

    def varied(self) -> Dict[str, Command]:
        return self._running("layers-varied", self._layers(True), jobs=MANY_JOBS)

    def equal_bound(self) -> Dict[str, float]:
        return {BOUND: lower_bound(self._layers(False))}

    def varied_bound(self) -> Dict[str, float]:
        return {BOUND: lower_bound(self._layers(True))}

    def measuring(self) -> Dict[str, Command]:
        """TaskRush alone: as it is, and without taking anything down."""
        found: Dict[str, Command] = {}
        for peer in self.ours():
            folder = self.folder(peer, f"tasks-{self.sizes.many}", independent(self.sizes.many))
            words = self.words(peer, *peer.words(EVERYTHING, JOBS))
            found = {OURS: Command(words, folder), FORGETFUL: Command([words[0], "--no-history", *words[1:]], folder)}
        return found

    def functions(self) -> Dict[str, Command]:
        """Engines that measure themselves. doit would need half a minute for it, and so is not among them."""
        place = self.home / "functions"
        place.mkdir(exist_ok=True)
        words = [sys.executable, functions.__file__]
        count = str(self.sizes.many * 100)
        quick = [name for name in functions.ENGINES if name not in functions.SLOW]
        engines = [name for name in quick if name.startswith(OURS) or not self.only]
        return {name: Command([*words, name, count], place, reports=True) for name in engines}

    # --- with files -------------------------------------------------------------

    def idle(self) -> Dict[str, Command]:
        return self.files.idle("inputs", self._inputs, self.sizes.many)

    def changed(self) -> Dict[str, Command]:
        """Beside a copy of the workspace in which nothing changes."""
        found = self.files.changed("inputs", self._inputs, self.sizes.many)
        still = self.files.idle("still", self._inputs, self.sizes.many, (OURS,))
        return {**found, **({STILL: still[OURS]} if still else {})}

    def idle_wide(self) -> Dict[str, Command]:
        count = self.sizes.many // 10
        return self.files.idle("wide-inputs", lambda folder: small_files(folder, count, 100), count)

    def idle_large(self) -> Dict[str, Command]:
        count = self.sizes.many * 10
        return self.files.idle("large", lambda folder: one_file(folder, count), count)

    def stored(self) -> Dict[str, Command]:
        return self.files.stored("outputs", self._outputs, self.sizes.many // 5)

    def restored(self) -> Dict[str, Command]:
        return self.files.restored("outputs", self._outputs, self.sizes.many // 5)

    def idle_outputs(self) -> Dict[str, Command]:
        return self.files.idle("outputs", self._outputs, self.sizes.many // 5)

    # --- the work ---------------------------------------------------------------

    def _inputs(self, folder: Path) -> List[FileJob]:
        return small_files(folder, self.sizes.many, 10)

    def _outputs(self, folder: Path) -> List[FileJob]:
        return many_outputs(folder, self.sizes.many // 5, 20)

    def _layers(self, varied: bool) -> List[Job]:
        return layers(self.sizes.many // 5, varied)

    def _running(
        self,
        name: str,
        tasks: Sequence[Job],
        target: str = EVERYTHING,
        peers: Optional[Sequence[Peer]] = None,
        jobs: int = JOBS,
    ) -> Dict[str, Command]:
        """Of all tools that keep a limit of jobs, or of those that are given."""
        wanted = [peer for peer in self.peers if peer.parallel] if peers is None else peers
        return {
            peer.name: Command(self.words(peer, *peer.words(target, jobs)), self.folder(peer, name, tasks))
            for peer in wanted
        }


def independent(count: int) -> List[Job]:
    return [Job(f"t{number:04}", TRUE) for number in range(count)]


def chain(count: int) -> List[Job]:
    return [Job(f"t{number:04}", TRUE, (f"t{number - 1:04}",) if number else ()) for number in range(count)]


def layers(count: int, varied: bool) -> List[Job]:
    """Sleeps in layers, each of which needs one to three of the layer before."""
    rnd = random.Random(20240607)
    jobs: List[Job] = []
    for number in range(count):
        layer = number // WIDTH
        earlier = [job.name for job in jobs[(layer - 1) * WIDTH : layer * WIDTH]] if layer else []
        needs = tuple(sorted(rnd.sample(earlier, min(len(earlier), rnd.randint(1, 3)))))
        seconds = rnd.choice([0.01, 0.02, 0.05, 0.2]) if varied else 0.05
        jobs.append(Job(f"t{number:04}", f"/bin/sleep {seconds}", needs))
    return jobs


def lower_bound(jobs: Sequence[Job]) -> float:
    """Seconds below which nobody can finish these sleeps: the longest path, or all work by all hands."""
    ends: Dict[str, float] = {}
    whole = 0.0
    for job in jobs:
        seconds = float(job.command.split()[1])
        whole += seconds
        ends[job.name] = seconds + max((ends[need] for need in job.needs), default=0.0)
    return max(*ends.values(), whole / MANY_JOBS)


class Case(NamedTuple):
    """`bound` adds figures that are calculated, not measured. `slow`: it takes seconds a round."""

    name: str
    title: str
    meaning: str
    commands: Callable[[Bench], Dict[str, Command]]
    slow: bool = False
    bound: Callable[[Bench], Dict[str, float]] = lambda bench: {}


def cases(sizes: Sizes) -> List[Case]:
    many, few, length = f"{sizes.many:,}", sizes.few, sizes.chain
    large, some, hundredth = f"{sizes.many * 10:,}", sizes.many // 5, sizes.many // 10
    parts = f"{some} tasks with 20 outputs of 64 KiB each"
    sleeps = (
        f"Layers of {WIDTH}, {MANY_JOBS} jobs; each sleep needs one to three of the layer before. The lower bound is "
        "the longest path, or all work by all hands, whichever is more. TaskRush knows the times from runs before."
    )
    calls = (
        "They do nothing, in layers, with 2.5 dependencies each: built, ordered and called in one process, without the "
        "start of the interpreter. `graphlib` of the standard library only orders."
    )
    return [
        Case("version", "Start", "`--version`, beside the bare interpreter.", Bench.start),
        Case("list-few", f"List {few} tasks", "The command that shows all tasks.", Bench.listing_few),
        Case("list-many", f"List {many} tasks", "The same for a large file.", Bench.listing_many),
        Case("load", f"Load {many} tasks", "A file read for the first time, and as kept since.", Bench.loading),
        Case("one", f"One task of {few}", "One `/bin/true`: what a run costs at least.", Bench.one),
        Case("wide", f"{many} independent tasks", "`/bin/true` each, at most two at a time.", Bench.wide, True),
        Case("chain", f"A chain of {length}", "Each task waits for the one before it.", Bench.chained, True),
        Case(
            "measuring", "What measuring costs", f"{many} times `/bin/true`, remembered or not.", Bench.measuring, True
        ),
        Case("equal", f"{some} equal sleeps", f"50 ms each. {sleeps}", Bench.equal, True, Bench.equal_bound),
        Case("varied", f"{some} varied sleeps", f"10 to 200 ms. {sleeps}", Bench.varied, True, Bench.varied_bound),
        Case("functions", f"{sizes.many * 100:,} functions", f"As a library. {calls}", Bench.functions, True),
        Case("idle", f"{many} tasks up to date", "Ten small input files each; nothing runs.", Bench.idle),
        Case("changed", f"One of {many} tasks changed", "One of 10 files each is longer; one runs.", Bench.changed),
        Case(
            "idle-wide", f"{hundredth} tasks up to date", "100 small input files each; nothing runs.", Bench.idle_wide
        ),
        Case("idle-large", f"{large} tasks up to date", "One input file each; nothing runs.", Bench.idle_large, True),
        Case("store", "Store results", f"{parts}: all run and are kept.", Bench.stored, True),
        Case("restore", "Restore results", f"{parts}: all are brought back, nothing runs.", Bench.restored, True),
        Case("idle-outputs", "Results in place", f"{parts}: nothing runs.", Bench.idle_outputs),
    ]
