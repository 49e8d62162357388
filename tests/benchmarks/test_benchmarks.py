"""The benchmark measures what it says it does."""

import os
import sys
from pathlib import Path
from typing import List

import pytest

from tests.benchmarks.__main__ import absent, main
from tests.benchmarks.bars import BARS, Bar, judge, summary, verdict
from tests.benchmarks.cases import MANY_JOBS, Bench, Sizes, cases, chain, layers, lower_bound
from tests.benchmarks.measure import BrokenCommand, Command, Figures, Sample, rounds, run, sum_up
from tests.benchmarks.peers import PEERS, Job, environment, last
from tests.benchmarks.table import Report, Result, from_json, merged, render, table, to_json

pytestmark = pytest.mark.skipif(os.name != "posix", reason="measures by wait4")


def test_a_command_is_measured_with_its_children_and_a_failure_is_no_figure(tmp_path: Path) -> None:
    """CPU counts what the command waited for; exit codes other than 0 are refused."""
    env = environment(tmp_path)
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'for i in range(3000000): pass'])"
    sample = run(Command([sys.executable, "-c", busy], tmp_path), env)
    assert 0.02 < sample.cpu <= sample.wall * 2
    assert sample.peak > 4 << 20
    with pytest.raises(BrokenCommand):
        run(Command(["/bin/false"], tmp_path), env)


def test_rounds_are_interleaved_and_the_first_is_not_counted(tmp_path: Path) -> None:
    order = []
    commands = {
        "a": Command(["/bin/true"], tmp_path, lambda: order.append("a")),
        "b": Command(["/bin/true"], tmp_path, lambda: order.append("b")),
    }
    found = rounds(commands, environment(tmp_path), 2)
    assert order == ["a", "b"] * 3
    assert {name: len(samples) for name, samples in found.items()} == {"a": 2, "b": 2}


def test_a_tool_that_skips_tasks_is_found_out(tmp_path: Path) -> None:
    ours = next(peer for peer in PEERS if peer.name == "taskrush")
    program = tmp_path / "taskrush"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m taskrush "$@"\n')
    program.chmod(0o755)
    Bench(_new(tmp_path / "works"), {"taskrush": str(program)}, Sizes(2, 3, 3, 1, 1)).verify(ours)
    with pytest.raises(BrokenCommand):
        Bench(_new(tmp_path / "skips"), {"taskrush": "/bin/true"}, Sizes(2, 3, 3, 1, 1)).verify(ours)


def figures(wall: float, cpu: float, peak: int = 20 << 20) -> Figures:
    return sum_up([Sample(wall, cpu, peak)])


def test_ratios_are_to_taskrush_and_fast_tools_come_first() -> None:
    """What is calculated has neither CPU nor memory."""
    rows = {"taskrush": figures(0.04, 0.03), "make": figures(0.01, 0.01, 8 << 20), "lower bound": figures(0.02, 0, 0)}
    assert table(rows)[2:] == [
        "| make | 10.0 ms | 10.0 ms to 10.0 ms | 0.25 | 10.0 ms | 0.33 | 8 MiB |",
        "| lower bound | 20.0 ms |  | 0.50 |  |  |  |",
        "| **taskrush** | 40.0 ms | 40.0 ms to 40.0 ms | 1.00 | 30.0 ms | 1.00 | 20 MiB |",
    ]


def test_bars_are_judged_by_wall_and_by_cpu() -> None:
    """Beside a peer, by what is more, alone, and by memory; what was not measured is no success."""
    rows = {"taskrush": figures(0.04, 0.03), "make": figures(0.02, 0.03), "taskrush, before": figures(0.03, 0.03)}
    found = {found.bar: found for found in judge({bar.case: rows for bar in BARS})}
    wide = next(bar for bar in BARS if bar.case == "wide" and bar.peer == "make")
    assert (found[wide].wall, found[wide].cpu) == (2.0, 1.0)
    assert (verdict(wide, 2.0), verdict(wide, 1.5), verdict(wide, 1.0)) == ("**no**", "yes", "stretch")
    memory = next(bar for bar in BARS if bar.kind == "bytes")
    assert found[memory].wall == 20 << 20
    assert all(found[bar].missing for bar in BARS if bar.peer == "ninja")
    more = Bar("wide", "taskrush, before", 0.015, kind="more")
    lines = summary({"wide": "Wide"}, [found[wide]], [])
    assert lines[2:] == ["| Wide | make | 2.00 | 1.00 | 1.60 | 1.10 | **no** | stretch |"]
    assert verdict(more, 0.01) == "yes"


def test_every_bar_has_its_case() -> None:
    assert {bar.case for bar in BARS} <= {case.name for case in cases(Sizes(2, 10, 3, 1, 1))}


def test_what_was_not_measured_again_stays() -> None:
    """A page is made of the figures that are kept, with whatever an earlier run measured and this one did not."""
    quick, slow = Result("Start", "S.", {"taskrush": figures(0.04, 0.03)}), Result("End", "E.", {}, "(now)")
    old = Report({"start": quick, "end": slow._replace(taken="(then)")}, {"make": "4.2", "turbo": "2"}, "old")
    new = Report({"end": slow}, {"make": "4.3"}, "new", ("just",))
    both = merged(old, new, ["start", "middle", "end"])
    assert both == Report({"start": quick, "end": slow}, {"make": "4.3", "turbo": "2"}, "new", ("just",))
    assert from_json(to_json(both)) == both
    page = render(both, ["| bars |"], {"make": "times"}, {"": ["Words."], "How": ["- so"]})
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        "# Benchmarks",
        "## How",
        "## The bars",
        "## The tools",
        "## Start",
        "## End",
    ]


def test_a_missing_tool_is_said(tmp_path: Path) -> None:
    """Of those that were asked for, if some were."""
    assert {"poe", "moon"} <= set(absent(Bench(_new(tmp_path / "all"), {}, Sizes(2, 3, 3, 1, 1))))
    assert absent(Bench(_new(tmp_path / "one"), {}, Sizes(2, 3, 3, 1, 1), only=("poe",))) == ("poe",)


def test_layers_have_a_lower_bound() -> None:
    """All hands are busy where there are enough layers; the longest path counts where there are few."""
    equal, few = layers(200, varied=False), layers(20, varied=False)
    assert lower_bound(equal) == pytest.approx(200 * 0.05 / MANY_JOBS)
    assert lower_bound(few) == pytest.approx(20 * 0.05 / MANY_JOBS)
    assert lower_bound(chain_of_sleeps(9)) == pytest.approx(0.9)
    assert layers(200, varied=True) == layers(200, varied=True)


def test_the_whole_of_it_on_one_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures that are kept can be shown beside those of another run."""
    words = ["--quick", "--rounds", "1", "--case", "version", "--peer", "make", "--peer", "taskrush"]
    assert main([*words, "--save", str(tmp_path / "one.json")]) == 0
    assert "wall, CPU of another run" not in capsys.readouterr().out
    assert main([*words, "--compare", str(tmp_path / "one.json")]) == 0
    found = capsys.readouterr()
    assert "| bare Python |" in found.out
    assert "not measured" in found.out
    assert "wall, CPU of another run" in found.out
    assert "make: " in found.err


def test_a_chain_has_one_end() -> None:
    assert last(chain(5)) == ["t0004"]


def chain_of_sleeps(count: int) -> List[Job]:
    return [job._replace(command="/bin/sleep 0.1") for job in chain(count)]


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
