"""`taskrush profile` after real runs, and over a long past."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Callable, Sequence

import pytest

from taskrush.report.history_db import HistoryDatabase, open_database
from taskrush_cli.main import main
from taskrush_cli.render.sparkline import sparkline
from tests.scenarios.rush import Scratch

FILE = """
tasks:
  build: {cmd: cp spec out, inputs: [spec], outputs: [out]}
  test: {cmd: 'grep good spec'}
  ci: {deps: [build, test]}
"""
DAY = 86400.0


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Three good runs and a bad one, which nobody changes any more."""
    scratch = Scratch(tmp_path_factory.mktemp("past"))
    own = {"TASKRUSH_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}
    scratch.write(".rush", FILE)
    scratch.write("spec", "good")
    for number in range(3):
        assert scratch.rush("ci", env=own).code == 0, number
    scratch.write("spec", "bad")
    assert scratch.rush("-k", "ci", env=own).code == 1
    return scratch


@pytest.fixture
def long_past(tmp_path: Path) -> Path:
    """Four weeks of runs by the hour; `slow` takes half as long again in the last three days, on revision 7..."""
    (tmp_path / ".rush").write_text("tasks: {slow: sleep 1, even: sleep 1, all: {deps: [slow, even]}}\n")
    remember(tmp_path, 28 * 24, ("slow", "even"), lambda age, name: name == "slow" and age < 3 * DAY)
    return tmp_path


def remember(root: Path, runs: int, names: Sequence[str], slow: Callable[[float, str], bool]) -> None:
    """Write runs, one an hour until now, straight into the database of a workspace."""
    HistoryDatabase(str(root)).runs(limit=1)
    database = open_database(str(root / ".taskrush" / "history.db"))
    now = time.time()
    database.execute("BEGIN")
    for place, name in enumerate(names):
        database.execute("INSERT INTO names (id, name) VALUES (?, ?)", (place + 1, name))
    for number in range(runs):
        age = (runs - number) * 3600.0 - 1800.0
        at = round((now - age) * 1e6)
        revision = "7" * 40 if age < 3 * DAY else "a" * 40
        branch = "topic" if number % 4 == 0 else "main"
        row = (number + 1, f"20260101T{number:06}-{number:08x}", at, 3_000_000 + number % 7 * 1000, revision, branch)
        database.execute(
            "INSERT INTO runs (id, run, began_at, took, revision, branch, ok, exit_code, targets, jobs, host, tasks) "
            f"VALUES (?, ?, ?, ?, ?, ?, 1, 0, 'all', 2, 'here', {len(names)})",
            row,
        )
        database.executemany(
            "INSERT INTO tasks (run_id, number, name_id, state, ok, began_at, took, waited, cpu_user, cpu_system, "
            "peak_bytes, attempts, log_bytes, runner, host) "
            "VALUES (?, ?, ?, 'succeeded', 1, ?, ?, 1000, 500000, 1000, 25000000, 1, 0, 'local', 'here')",
            [
                (number + 1, place, place + 1, at, (1_500_000 if slow(age, name) else 1_000_000) + number * 7919 % 9000)
                for place, name in enumerate(names)
            ],
        )
    database.execute("COMMIT")
    database.close()


@pytest.mark.core
def test_what_the_roadmap_promises(past: Scratch) -> None:
    """The three spellings of it."""
    week = past.rush("profile", "ci", "--duration=7d")
    assert week.code == 0, week.all
    lines = week.out.splitlines()
    assert lines[2] == "ci  4 runs"
    assert lines[3].split() == ["p50", "p90", "p95", "p99", "mean", "spread", "trend"]
    assert {"wall time", "queue wait", "CPU", "peak memory"} <= {line[2:13].strip() for line in lines}
    assert [line.split()[0] for line in lines if line.startswith("  failures")] == ["failures"]
    assert {"build", "test"} <= {line.split()[0] for line in lines[lines.index("tasks") :] if line}
    exported = json.loads(past.rush("profile", "--export=json").out)
    assert [len(run["tasks"]) for run in exported["runs"]] == [3, 3, 3, 3]
    facts = json.loads(past.rush("profile", "ci", "--output=json").out)
    assert (facts["version"], facts["runs"], facts["base_runs"]) == (1, 4, 0)
    (ci,) = facts["wholes"]
    assert ci["measures"]["failures"]["mean"] == 0.25
    build = next(one for one in facts["tasks"] if one["name"] == "build")
    assert build["measures"]["hits"]["mean"] == 0.5
    page = past.rush("profile", "ci", "--output=html")
    assert (page.code, page.out[:15].lower()) == (0, "<!doctype html>"), page.err


@pytest.mark.parametrize("kind", ["csv", "prometheus", "chrome-trace", "otlp", "junit"])
def test_exports_are_those_of_reports(kind: str, past: Scratch) -> None:
    """On standard output, or in a file; of one task only its rows."""
    if kind == "otlp":
        pytest.importorskip("opentelemetry")
    out = past.rush("profile", "build", f"--export={kind}").out
    assert past.rush("profile", "build", "--export", kind, "-o", "export").code == 0
    assert past.text("export").count("\n") == out.count("\n")
    assert "build" in out
    assert "grep" not in out
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [row["task"] for row in rows] == ["build"] * 4


@pytest.mark.core
def test_changes_and_comparisons(long_past: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Since when which task is slower, with the revision; against the week before, a time, a branch."""

    def facts(*words: str) -> "dict[str, object]":
        assert main(["-C", str(long_past), "profile", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]

    def base(found: "dict[str, object]", task: str) -> "dict[str, object]":
        tasks = found["tasks"]
        assert isinstance(tasks, list)
        return next(one for one in tasks if one["name"] == task)["measures"]["wall"]["base"]  # type: ignore[no-any-return]

    found = facts("all", "--duration=7d")
    (change,) = found["changes"]  # type: ignore[misc]
    assert (change["of"], change["name"], change["measure"]) == ("task", "slow", "wall")
    assert change["revision"] == "7" * 40
    assert time.time() - change["at"] == pytest.approx(3 * DAY, abs=3600)
    assert (change["before"], change["after"]) == (pytest.approx(1.0, rel=0.02), pytest.approx(1.5, rel=0.02))
    assert (base(found, "slow")["middle"], base(found, "even")["sure"]) == (pytest.approx(1.0, rel=0.02), False)
    found = facts("all", "--duration=2d", "--base", "10d..8d")
    assert (base(found, "slow")["sure"], base(found, "even")["sure"], found["base_runs"]) == (True, False, 48)
    found = facts("all", "--branch", "main", "--base-branch", "topic", "--duration", "2d")
    assert (found["runs"], found["base_runs"], base(found, "slow")["sure"]) == (36, 12, False)
    assert facts("all", "--base-branch", "topic", "--duration", "2d")["runs"] == 36
    assert main(["-C", str(long_past), "profile", "all", "--duration", "2d", "--base", "10d..8d", "--color=never"]) == 0
    text = capsys.readouterr().out
    assert "+50%" in text
    assert "no change of which one can be sure" in text
    assert main(["-C", str(long_past), "profile", "slow", "--duration", "7d"]) == 0
    assert " (7777777): 1.00s -> 1.50s (+50%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "no run of task `nothing` is remembered"),
        (("--duration", "soon"), "--duration cannot be `soon`"),
        (("--since", "2d", "--duration", "1d"), "either `--duration` or `--since`"),
        (("--since", "1d", "--until", "2d"), "there is no time between"),
        (("--until", "9d"), "no run is remembered that fits"),
        (("--base", "7d"), "--base cannot be `7d`"),
        (("--branch", "x", "--base-branch", "x"), "`x` would be compared with itself"),
        (("--output", "grouped"), "invalid choice"),
        (("--export", "xml"), "invalid choice"),
        (("--export", "csv", "-o", "no/such/folder"), "-o no/such/folder: no such file or directory"),
    ],
)
def test_what_cannot_be_profiled_is_said(words: "tuple[str, ...]", said: str, past: Scratch) -> None:
    """With exit code 2."""
    done = past.rush("profile", *words)
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_hundred_thousand_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`profile`, `analyze` and `history` answer within a second of processor time, many runs or many tasks.

    A machine may be four times as slow as the one where that was measured.
    """
    for runs, tasks in ((2000, 50), (200, 500)):
        root = tmp_path / str(runs)
        root.mkdir()
        names = [f"t{number}" for number in range(tasks)]
        (root / ".rush").write_text(f"tasks: {{all: {{deps: {names!r}}}, {', '.join(f'{n}: run' for n in names)}}}\n")
        remember(root, runs, names, lambda age, name: name == "t3" and age < 3 * DAY)
        for words in (["profile", "--duration", "90d"], ["history"], ["history", "t3"], ["analyze", "bottlenecks"]):
            begun = time.process_time()
            assert main(["-C", str(root), *words]) == 0
            spent = time.process_time() - begun
            assert capsys.readouterr().out
            assert spent < 4.0, (runs, words, spent)


@pytest.mark.core
def test_lines_of_signs() -> None:
    """From the lowest to the highest, in any character set; what hardly varies is flat."""
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 8, 1], unicode=False) == "_#_"
    assert sparkline([100.0, 100.5, 100.2]) == "▄▄▄"
    assert sparkline([0.0, 0.5, 1.0, 2.0], scale=(0.0, 1.0)) == "▁▅██"
    assert sparkline([0.0, 0.0], scale=(0.0, 1.0)) == "▁▁"
    assert sparkline([]) == ""
