"""The benchmark measures what it says it does."""

import os
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import Bench, Sizes, chain, main
from tests.benchmarks.measure import BrokenCommand, Command, Sample, rounds, run, sum_up
from tests.benchmarks.peers import PEERS, environment, last
from tests.benchmarks.table import Result, merged, render

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
    Bench(_new(tmp_path / "works"), {"taskrush": str(program)}, Sizes(2, 3, 3, 1), 2).verify(ours)
    with pytest.raises(BrokenCommand):
        Bench(_new(tmp_path / "skips"), {"taskrush": "/bin/true"}, Sizes(2, 3, 3, 1), 2).verify(ours)


def test_ratios_are_to_taskrush_and_fast_tools_come_first() -> None:
    figures = {"taskrush": sum_up([Sample(0.04, 0.03, 20 << 20)]), "make": sum_up([Sample(0.01, 0.01, 8 << 20)])}
    page = render([Result("Start", "What it costs.", figures)], {"make": "4.3"}, {}, ["a fact"])
    assert page.splitlines()[-2:] == [
        "| make | 10.0 ms | 10.0 ms to 10.0 ms | 0.25 | 10.0 ms | 0.33 | 8 MiB |",
        "| **taskrush** | 40.0 ms | 40.0 ms to 40.0 ms | 1.00 | 30.0 ms | 1.00 | 20 MiB |",
    ]


def test_what_was_not_measured_again_stays() -> None:
    figures = {"taskrush": sum_up([Sample(0.04, 0.03, 20 << 20)])}
    slower = {"taskrush": sum_up([Sample(0.09, 0.03, 20 << 20)])}
    old = render(
        [Result("Start", "S.", figures), Result("End", "E.", figures)], {"make": "4.2", "turbo": "2"}, {}, ["old"]
    )
    new = render([Result("End", "E.", slower, "(now)")], {"make": "4.3"}, {}, ["new"])
    page = merged(old, new, ["Start", "Middle", "End"])
    assert page == render(
        [Result("Start", "S.", figures), Result("End", "E.", slower, "(now)")],
        {"make": "4.3", "turbo": "2"},
        {},
        ["new"],
    )
    assert merged("", new, ["End"]) == new


def test_the_whole_of_it_on_one_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--rounds", "1", "--case", "version", "--peer", "make"]) == 0
    assert "| python -c pass |" in capsys.readouterr().out


def test_a_chain_has_one_end() -> None:
    assert last(chain(5)) == ["t0004"]


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
