"""Many tasks and long chains, through the command line."""

import pytest

from tests.scenarios.rush import Scratch


def test_a_thousand_tasks(scratch: Scratch) -> None:
    """1,000 independent tasks all run, once each."""
    lines = [f"  t{number}: {{cmd: echo {number} >> trace}}" for number in range(1000)]
    lines.append("  all: {deps: [" + ", ".join(f"t{number}" for number in range(1000)) + "]}")
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("--output", "none", "-j4", "all")
    assert done.code == 0, done.err
    assert sorted(map(int, scratch.ran())) == list(range(1000))


def test_a_chain_of_two_thousand(scratch: Scratch) -> None:
    """A chain far deeper than Python's recursion limit loads, lists, dry-runs and runs in order."""
    lines = []
    for number in range(2000):
        cmd = f"cmd: echo {number} >> trace, " if number % 100 == 0 else ""
        lines.append(f"  t{number}: {{{cmd}deps: [{f't{number - 1}' if number else ''}]}}")
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    assert scratch.rush("list").out.count("\n") >= 2000
    assert scratch.rush("-n", "t1999").code == 0
    assert scratch.ran() == []
    done = scratch.rush("t1999", "--output", "none")
    assert done.code == 0, done.err
    assert list(map(int, scratch.ran())) == list(range(0, 2000, 100))


def test_a_large_cycle_is_named(scratch: Scratch) -> None:
    """A circle of 500 tasks is an error, not a crash."""
    lines = [f"  t{number}: {{deps: [t{(number + 1) % 500}]}}" for number in range(500)]
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("t0")
    assert done.code == 2
    assert "cycle" in done.err
    assert "Traceback" not in done.err


@pytest.mark.core
def test_much_output_of_many_tasks_stays_apart(scratch: Scratch) -> None:
    """By default the lines of one task stand together, whatever runs beside it."""
    body = "i=0; while test $i -lt 50; do echo {0}-$i; i=$((i+1)); done"
    lines = [f"  {name}: {{cmd: '{body.format(name)}'}}" for name in ("aa", "bb", "cc")]
    scratch.write(".rush", "tasks:\n" + "\n".join(lines) + "\n")
    done = scratch.rush("-j3", "aa", "bb", "cc")
    assert done.code == 0
    lines = [line for line in done.out.splitlines() if line.strip()[:3] in ("aa-", "bb-", "cc-")]
    assert len(lines) == 150
    owners = [line.strip()[:2] for line in lines]
    assert sum(left != right for left, right in zip(owners, owners[1:])) == 2
