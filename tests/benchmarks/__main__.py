"""`python -m tests.benchmarks`: measures TaskRush beside the task runners that are installed.

    python -m tests.benchmarks --quick                     a minute, to see whether something got much slower
    python -m tests.benchmarks --save one.json             some minutes; the figures are kept for another run
    python -m tests.benchmarks --write --compare one.json  the figures of docs/benchmarks.md, beside those

Every tool gets the same tasks and has to show first, with tasks that leave a mark, that it runs all of them and in
the right order. Tools are looked for beside this interpreter, in each `--bin`, and on PATH; what is missing is said.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional, Sequence, Tuple

from tests.benchmarks import texts
from tests.benchmarks.bars import judge, summary
from tests.benchmarks.cases import Bench, Sizes, cases
from tests.benchmarks.file_peers import FILE_PEERS
from tests.benchmarks.measure import BrokenCommand, Figures, least_peak, rounds, sum_up
from tests.benchmarks.peers import PEERS
from tests.benchmarks.table import Report, Result, from_json, machine, merged, render, to_json

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
DATA = PAGE.with_suffix(".json")
WHOLE = Sizes(10, 1000, 300, 5, 15)
QUICK = Sizes(10, 100, 30, 3, 3)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument("--rounds", type=int, help="how often each command is measured")
    parser.add_argument("--case", action="append", help="only this case; may be repeated")
    parser.add_argument("--peer", action="append", help="only this tool; may be repeated")
    parser.add_argument("--bin", action="append", default=[], metavar="DIR", help="where else to look for tools")
    parser.add_argument("--npm", metavar="DIR", help="a folder with node_modules: turbo, nx, @moonrepo/cli, wireit")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures, for --compare")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the figures of another run as well")
    parser.add_argument(
        "--write", action="store_true", help="write docs/benchmarks.md; cases that were not measured stay"
    )
    options = parser.parse_args(arguments)
    sizes = QUICK if options.quick else WHOLE
    if options.rounds:
        sizes = sizes._replace(rounds=options.rounds, quick_rounds=options.rounds)
    folders = [os.path.dirname(sys.executable), *options.bin]
    wanted = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    tools = {peer.name: found for peer in wanted for found in [peer.find(folders)] if found}
    if options.quick and options.write:
        parser.error("what --quick measures is too small for the page")
    before = from_json(options.compare.read_text(encoding="utf-8")) if options.compare else None
    old = from_json(DATA.read_text(encoding="utf-8")) if options.write and DATA.exists() else Report({})
    with tempfile.TemporaryDirectory(prefix="taskrush-bench-") as place:
        bench = Bench(Path(place), tools, sizes, folders, options.npm, options.peer or ())
        peak = least_peak(bench.env)

        def keep(report: Report) -> str:
            """A run that is stopped leaves what it has measured so far."""
            if options.save:
                options.save.write_text(to_json(report), encoding="utf-8")
            whole = merged(old, report, [case.name for case in cases(sizes)])
            text = page(whole, before, peak, sizes)
            if options.write:
                DATA.write_text(to_json(whole), encoding="utf-8")
                PAGE.write_text(text, encoding="utf-8")
            return text

        print(keep(measure(bench, options.case, keep)))
    return 0


def measure(bench: Bench, only: Optional[Sequence[str]], keep: Callable[[Report], object]) -> Report:
    """Every case, or only some; what there is so far is given to `keep` after each."""
    missing = absent(bench)
    if missing:
        sys.stderr.write(f"not found: {', '.join(missing)}\n")
    for peer in list(bench.peers):
        sys.stderr.write(f"{peer.name}: {bench.tools[peer.name]}\n")
        try:
            bench.verify(peer)
        except BrokenCommand as error:
            sys.stderr.write(f"{peer.name} is left out: {error}\n")
            bench.peers.remove(peer)
    results: Dict[str, Result] = {}
    for case in cases(bench.sizes):
        if only and case.name not in only:
            continue
        count = bench.sizes.rounds if case.slow else bench.sizes.quick_rounds
        sys.stderr.write(f"{case.title}: {count} rounds")
        sys.stderr.flush()
        begun = time.monotonic()
        commands = case.commands(bench)
        built = time.monotonic()
        before = os.getloadavg()[0]
        samples = rounds(commands, bench.env, count)
        taken = f"({count} rounds, load {before:.1f} to {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}.)"
        sys.stderr.write(f", {built - begun:.0f} s to build, {time.monotonic() - built:.0f} s to measure\n")
        figures = {name: sum_up(found) for name, found in samples.items() if found}
        for name, seconds in case.bound(bench).items():
            figures[name] = Figures(seconds, seconds, seconds, 0.0, 0)
        results[case.name] = Result(case.title, case.meaning, figures, taken)
        keep(Report(results, bench.versions(), machine(), missing))
    for name, error in bench.files.broken.items():
        sys.stderr.write(f"{name} is left out: {error}\n")
    return Report(results, bench.versions(), machine(), missing)


def absent(bench: Bench) -> Tuple[str, ...]:
    """The tools that would be measured if they were here."""
    names = dict.fromkeys([*(peer.name for peer in PEERS), *(peer.name for peer in FILE_PEERS)])
    found = {*bench.tools, *bench.files.programs()}
    return tuple(name for name in names if name not in found and (not bench.only or name in bench.only))


def page(report: Report, before: Optional[Report], peak: int, sizes: Sizes) -> str:
    """What a person reads."""
    titles = {case.name: case.title for case in cases(sizes)}
    judged = judge(_figures(report))
    table = summary(titles, judged, judge(_figures(before)) if before else [])
    notes = {peer.name: peer.note for peer in PEERS}
    for peer in FILE_PEERS:
        notes[peer.name] = "; ".join(filter(None, (notes.get(peer.name), f"with files: {peer.note}")))
    return render(report, [*table, *texts.under_bars(report, before)], notes, texts.facts(report, peak))


def _figures(report: Report) -> Mapping[str, Mapping[str, Figures]]:
    return {name: result.figures for name, result in report.results.items()}


if __name__ == "__main__":
    sys.exit(main())
