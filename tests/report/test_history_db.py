"""The database of history: several at once, killed, damaged, of another version, too large: no question ever fails."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest

from taskrush.model.history import Keep
from taskrush.model.outcome import Outcome, State, succeeded
from taskrush.protocols import History
from taskrush.report.history_db import HistoryDatabase, open_database
from taskrush.report.history_schema import STEPS, migrate
from taskrush.report.key_parts import pack, short, unpack
from taskrush.report.log import logs_folder
from taskrush.report.spool import spools
from taskrush.wiring import open_history
from tests.report.past import AT, opened, run_name, spool_runs, story, tell

REPOSITORY = Path(__file__).parents[2]


def database(root: Path) -> Path:
    return root / ".taskrush" / "history.db"


@pytest.mark.core
def test_it_is_a_history_in_private_and_in_wal_mode(tmp_path: Path) -> None:
    """`wiring.open_history` gives one; only its user can read the file."""
    spool_runs(tmp_path, 1, 1)
    history: History = open_history(str(tmp_path), print, Keep(seconds=1e12))
    assert len(history.runs()) == 1
    assert database(tmp_path).stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(str(database(tmp_path))).execute("PRAGMA journal_mode").fetchone() == ("wal",)


WORKER = """
import sys
from pathlib import Path
from tests.report.past import opened, run_name, spool_runs
root, first = Path(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + 15):
    spool_runs(root, 1, 20, first=number)
    history, warnings = opened(root)
    assert warnings == [], warnings
    assert len(history.tasks(run=run_name(number))) == 20
"""


def test_several_write_and_read_at_once(tmp_path: Path) -> None:
    """Four processes that run and look, all in one workspace: nothing is lost, nothing is there twice."""
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), str(100 * number)], cwd=REPOSITORY)
        for number in range(4)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0, 0]
    history, warnings = opened(tmp_path)
    assert warnings == []
    assert len({run.run for run in history.runs()}) == len(history.runs()) == 60
    assert len(history.tasks()) == 1200


def test_killed_while_taking_in(tmp_path: Path) -> None:
    """Readers that get SIGKILL at any moment leave a database in which no run is missing or there in part."""
    spool_runs(tmp_path, 30, 50)
    code = "import os, sys; from pathlib import Path; from tests.report.past import opened; "
    code += "os.write(1, b'x'); opened(Path(sys.argv[1]))"
    killed = 0
    for number in range(12):
        words = [sys.executable, "-c", code, str(tmp_path)]
        reader = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE)
        assert reader.stdout is not None
        assert reader.stdout.read(1) == b"x"
        time.sleep(0.004 * number)
        reader.kill()
        killed += reader.wait(30) == -signal.SIGKILL
        if killed and not spools(str(tmp_path)):
            spool_runs(tmp_path, 30, 50)
    history, warnings = opened(tmp_path)
    assert (killed > 0, warnings) == (True, [])
    assert [run.tasks for run in history.runs()] == [50] * 30
    assert len(history.tasks()) == 1500


def noise(dice: random.Random, count: int) -> bytes:
    return bytes(dice.getrandbits(8) for _ in range(count))


@pytest.mark.parametrize("seed", range(25))
def test_damage_is_set_aside_and_said(tmp_path: Path, seed: int) -> None:
    """Cut off or overwritten anywhere: either the answers are still there or a new database is begun and it is said."""
    spool_runs(tmp_path, 5, 40)
    opened(tmp_path)[0].close()
    file, dice = database(tmp_path), random.Random(seed)
    whole = file.read_bytes()
    for end in ("-wal", "-shm"):
        if os.path.exists(f"{file}{end}"):
            os.unlink(f"{file}{end}")
    at = dice.randrange(len(whole))
    if seed % 3 == 0:
        file.write_bytes(whole[:at])
    elif seed % 3 == 1:
        file.write_bytes(whole[:at] + noise(dice, 600) + whole[at + 600 :])
    else:
        file.write_bytes(noise(dice, at))
    spool_runs(tmp_path, 1, 3, first=50)
    history, warnings = opened(tmp_path)
    history.runs()
    history.tasks()
    history.durations(["t0", "t1"])
    history.attempts(run_name(50), "t0")
    aside = [path.name for path in file.parent.iterdir() if path.name.endswith(".aside")]
    assert len(aside) <= 2
    assert bool(aside) == bool([text for text in warnings if "was moved to" in text])
    spool_runs(tmp_path, 1, 3, first=51)
    assert opened(tmp_path)[0].runs()[0].run == run_name(51)


@pytest.mark.core
def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    """As a truncated one may look."""
    spool_runs(tmp_path, 1, 1)
    database(tmp_path).write_bytes(b"")
    history, warnings = opened(tmp_path)
    assert (len(history.runs()), warnings) == (1, [])


@pytest.mark.core
def test_of_a_newer_version(tmp_path: Path) -> None:
    """It is not touched but moved, and what was spooled meanwhile goes into the new one."""
    spool_runs(tmp_path, 1, 1)
    opened(tmp_path)[0].close()
    with sqlite3.connect(str(database(tmp_path))) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    spool_runs(tmp_path, 1, 1, first=1)
    history, warnings = opened(tmp_path)
    assert [run.run for run in history.runs()] == [run_name(1)]
    assert len(warnings) == 1
    assert "was made by a newer version" in warnings[0]
    aside = next(path for path in database(tmp_path).parent.iterdir() if path.name.endswith(".aside"))
    assert sqlite3.connect(str(aside)).execute("SELECT run FROM runs").fetchall() == [(run_name(0),)]


@pytest.mark.core
def test_a_database_of_every_earlier_version_becomes_the_present_one(tmp_path: Path) -> None:
    """Step by step, with its rows; a step that fails leaves everything as it was."""
    for count in range(1, len(STEPS)):
        path = tmp_path / f"{count}.db"
        old = sqlite3.connect(str(path), isolation_level=None)
        assert migrate(old, STEPS[:count])
        columns = "run, began_at, took, ok, targets, jobs, host, tasks"
        old.execute(f"INSERT INTO runs ({columns}) VALUES ('r', 1, 2, 1, 't', 1, '', 0)")
        old.close()
        now = open_database(str(path))
        assert now.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert now.execute("SELECT run, took FROM runs").fetchall() == [("r", 2)]
        with pytest.raises(sqlite3.OperationalError):
            migrate(now, (*STEPS, "CREATE TABLE other (x); CREATE TABLE runs (y)"))
        assert now.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert now.execute("SELECT name FROM sqlite_master WHERE name = 'other'").fetchall() == []


@pytest.mark.core
def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Questions have no answers, and it is said once."""
    (tmp_path / ".taskrush").write_text("no folder")
    history, warnings = opened(tmp_path)
    assert (history.runs(), history.tasks(), history.durations(["a"]), history.attempts("r", "a")) == ([], [], {}, [])
    assert len(warnings) == 1


@pytest.mark.core
def test_old_runs_go_with_their_logs(tmp_path: Path) -> None:
    """By age: of what history no longer tells of there are no logs either."""
    spool_runs(tmp_path, 10, 2)
    for number in range(10):
        Path(logs_folder(str(tmp_path), run_name(number))).mkdir(parents=True)
    history, _ = opened(tmp_path, keep=Keep(seconds=3600.0), now=lambda: AT + 3600 + 60 * 6 + 1)
    left = [run_name(number) for number in range(7, 10)]
    assert sorted(run.run for run in history.runs()) == left
    assert sorted(os.listdir(logs_folder(str(tmp_path)))) == left
    assert len(history.tasks()) == 6


@pytest.mark.core
def test_rows_are_bounded(tmp_path: Path) -> None:
    """The newest runs stay whole; one that is too large by itself stays as well."""
    spool_runs(tmp_path, 10, 4)
    assert len(opened(tmp_path, keep=Keep(rows=13))[0].runs()) == 3
    assert len(opened(tmp_path, keep=Keep(rows=2))[0].runs()) == 1


def test_size_is_bounded(tmp_path: Path) -> None:
    """The file itself becomes smaller, and names and keys that nobody mentions go."""
    outcomes = {f"{'n' * 60}{number}": succeeded(key="k" * 64) for number in range(300)}
    for number in range(12):
        tell(tmp_path, story(outcomes), run_name(number), AT + number)
    opened(tmp_path)[0].close()
    before = database(tmp_path).stat().st_size
    history, _ = opened(tmp_path, keep=Keep(size=before // 3))
    left = len(history.runs())
    history.close()
    assert 1 <= left < 8
    assert database(tmp_path).stat().st_size <= before // 2


@pytest.mark.core
def test_a_run_that_goes_on_does_not_go(tmp_path: Path) -> None:
    """Whatever the limits say."""
    reporter = tell(tmp_path, story({"a": succeeded()}, end=False), run_name(1))
    history, _ = opened(tmp_path, keep=Keep(seconds=1.0, rows=0, size=1), now=lambda: AT + 1e9)
    assert [run.run for run in history.runs()] == [run_name(1)]
    assert reporter is not None


def test_a_hundred_thousand_rows(tmp_path: Path) -> None:
    """Everything that commands ask is answered well within a second."""
    for first in range(0, 1000, 250):
        spool_runs(tmp_path, 250, 100, first)
        opened(tmp_path)[0].close()
    begun = time.perf_counter()
    history, warnings = opened(tmp_path)
    spans: List[float] = []
    for ask in (
        lambda: history.runs(limit=20),
        lambda: history.runs(ok=False),
        lambda: history.runs(target="t99", limit=20),
        lambda: history.tasks(task="t5", limit=20),
        lambda: history.tasks(run=run_name(500)),
        lambda: history.tasks(task="t7"),
        lambda: history.durations([f"t{number}" for number in range(100)]),
        lambda: history.tasks(since=AT + 60 * 990),
    ):
        ask()  # type: ignore[no-untyped-call]
        spans.append(time.perf_counter() - begun)
        begun = time.perf_counter()
    assert warnings == []
    assert len(history.tasks(task="t7")) == 1000
    assert max(spans) < 0.5, spans
    assert database(tmp_path).stat().st_size < 40_000_000


@pytest.mark.core
def test_what_a_fresh_task_stands_for(tmp_path: Path) -> None:
    """Under the same key it is what was made then; under another one nobody knows."""
    made = succeeded(key="k" * 64, outputs="o" * 64)
    fresh = Outcome(state=State.FRESH, ok=True, key="k" * 64)
    other = Outcome(state=State.FRESH, ok=True, key="x" * 64)
    for number, outcome in enumerate((made, fresh, fresh, other)):
        tell(tmp_path, story({"a": outcome}), run_name(number), AT + number)
    found = opened(tmp_path)[0].tasks(task="a")
    assert [task.outputs for task in found] == [None, "o" * 64, "o" * 64, "o" * 64]


@pytest.mark.core
def test_parts_of_keys_come_back() -> None:
    """Names whole, of values what tells them apart; nothing of what is damaged."""
    packed = pack([("input src/\ta b\n", "a" * 64), ("command", "x")])
    assert unpack(packed) == {"input src/ a b ": short("a" * 64), "command": "x"}
    assert short("a" * 64) != short("a" * 63 + "b")
    assert unpack(packed[:5]) == {}
    assert unpack(b"") == {}


@pytest.mark.core
def test_the_database_can_be_opened_without_taking_anything_in(tmp_path: Path) -> None:
    """For who must not write more than needed."""
    spool_runs(tmp_path, 1, 1)
    assert HistoryDatabase(str(tmp_path), take=False).runs() == []
    assert len(spools(str(tmp_path))) == 1
