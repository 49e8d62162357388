"""A run with nothing to do is told from what the last one saw, and only while the whole way would say the same."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest

from taskrush.cache.memory import CacheMemory
from taskrush.cache.stats import read_stats
from taskrush.model.task import Task
from taskrush.wiring import open_history
from tests.cli.idle_place import Place, is_quick, quickened, settle


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A workspace in which all is fresh and told quickly."""
    made = Place(tmp_path / "here")
    made.make()
    with quickened():
        settle()
        assert made.run()[0] == ["app", "check", "env", "lib"]
        settle()
        for _ in range(3):
            assert made.run()[0] == []
        assert len(made.kept) == 1
        yield made


@pytest.mark.core
def test_it_is_said_remembered_and_counted_as_the_whole_way(place: Place) -> None:
    """Lines, history and statistics are the same."""
    assert is_quick(place)
    (place.root / "more/c.txt").write_text("more")
    place.run()  # what was counted meanwhile is in the statistics now
    settle()
    for _ in range(2):
        place.run()
        settle()
    whole = place.copy(place.home.parent / "whole")
    before = counted(place), counted(whole)
    assert is_quick(place)
    assert whole.run()[0] == []
    assert place.run() == whole.run()
    runs = []
    for one in (place, whole):
        history = open_history(str(one.root))
        newest = history.runs(limit=1)[0]
        ends = history.tasks(newest.run)
        tasks = [(task.task, task.state, task.key, task.ok, task.attempts, task.saved_seconds) for task in ends]
        runs.append((newest.targets, newest.ok, newest.exit_code, newest.jobs, newest.host, tasks))
        assert newest.began_at <= newest.began_at + (newest.seconds or 0.0) < time.time()
    assert runs[0] == runs[1]
    after = counted(place), counted(whole)
    assert more(before[0], after[0]) == more(before[1], after[1]) == dict.fromkeys(before[0], (2, 0, 0))
    for one in (place, whole):
        (one.root / "maybe").write_text("there")
        assert one.run()[0] == ["check"]
    again = counted(place), counted(whole)
    assert more(after[0], again[0]) == more(after[1], again[1])
    assert more(after[0], again[0])["check"] == (0, 0, 1)


def more(before: Dict[str, List[int]], after: Dict[str, List[int]]) -> Dict[str, Tuple[int, ...]]:
    """By how much the counts have grown."""
    return {name: tuple(new - old for new, old in zip(after[name], before[name])) for name in after}


def counted(place: Place) -> Dict[str, List[int]]:
    """The statistics of the cache: fresh, hit, miss."""
    return {row.task: [row.fresh, row.hit, row.miss] for row in read_stats(str(place.root))}


def knows(place: Place, monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The tasks that the next run looks at once more, because something of theirs changed."""
    looked: List[str] = []
    glance = CacheMemory._glance
    with monkeypatch.context() as patch:

        def note(self: CacheMemory, task: Task, *rest: Any) -> Any:
            looked.append(task.id)
            return glance(self, task, *rest)

        patch.setattr(CacheMemory, "_glance", note)
        place.run()
    return sorted(set(looked))


@pytest.mark.core
@pytest.mark.parametrize("old", [True, False], ids=["old", "young"])
def test_of_what_did_not_change_nothing_is_looked_at(old: bool, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change concerns its tasks and their dependants; the run after it is quick."""
    for number in range(3):
        (place.root / "more/a.txt").write_text(f"{number}")
        if old:
            settle()
        assert knows(place, monkeypatch) == ["app", "check"]
        assert is_quick(place)
        assert is_quick(place)


NOT_BY_FILES = {
    "asks": '{cmd: "echo asks >> ../ran; touch o1", inputs: [main, {cmd: cat ../version}], outputs: [o1]}',
    "reads-a-part": '{cmd: "echo reads-a-part >> ../ran; touch o2", inputs: [main, "part.json#version"], '
    "outputs: [o2]}",
    "takes-all": '{cmd: "echo takes-all >> ../ran; touch o3", outputs: [o3], cache: true}',
    "prints": '{cmd: "echo prints >> ../ran; echo printed", inputs: [main]}',
    "follows": '{cmd: "echo follows >> ../ran; touch o5", inputs: [link], outputs: [o5]}',
}


@pytest.mark.parametrize("name", NOT_BY_FILES)
def test_what_files_do_not_tell_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    """Also after a run in which something ran, which looks at its tasks once more."""
    place = Place(tmp_path / "here")
    place.make()
    with open(place.root / ".rush", "a") as file:
        file.write(f"  {name}: {NOT_BY_FILES[name]}\n")
    (place.home / "version").write_text("1")
    (place.root / "part.json").write_text('{"version": 1}')
    (place.root / "link").symlink_to("../version")
    with quickened():
        settle()
        assert place.run(name)[0] == [name]
        for _ in range(3):
            settle()
            assert place.run(name)[0] == []
        assert not is_quick(place, name)
        for path in (place.root / "main", place.home / "version"):
            path.write_text("changed")
        settle()
        assert place.run(name)[0] == [name]
        settle()
        assert not is_quick(place, name)
        settle()
        (place.home / "version").write_text("2")
        (place.root / "part.json").write_text('{"version": 2}')
        (place.root / ".gitignore").write_text("more\n")
        settle()
        assert place.run(name)[0] == ([] if name == "prints" else [name])


def test_another_command_line_is_another_question(place: Place) -> None:
    """Quiet is quiet, a part is a part."""
    for words in (("all", "-q"), ("lib",), ("run", "app"), ("all", "--no-history")):
        for _ in range(2):
            place.run(*words)
        assert is_quick(place, *words), words
    assert place.run("all", "-q") == ([], [], 0)
    assert place.run("lib") == ([], ["= lib  fresh"], 0)


@pytest.mark.parametrize("words", ["all --force", "all -v", "all --no-cache", "all -e A=1", "all --output=json"])
def test_what_is_not_plain_goes_the_whole_way(words: str, place: Place) -> None:
    """Nothing is kept of it."""
    kept = place.kept
    for _ in range(2):
        place.run(*words.split())
    assert place.kept == kept


def test_damage_counts_as_absent(place: Place) -> None:
    """Cut off, empty, of somebody else, no file at all: the whole way is gone, and quickness comes back."""
    (path,) = place.kept
    good = path.read_bytes()
    for bad in (b"", good[:40], good[:-1], b"x" * len(good), good[:32] + bytes(len(good) - 32)):
        path.write_bytes(bad)
        assert place.run()[0] == []
        assert is_quick(place)
    path.unlink()
    path.mkdir()
    assert place.run()[2] == 0


def test_what_cannot_be_remembered_is_said(place: Place) -> None:
    """No history can be written: the whole way tells so."""
    shutil.rmtree(place.root / ".taskrush/spool")
    (place.root / ".taskrush/spool").write_text("")
    assert any("not remembered" in line for line in place.run()[1])


LIGHT = {
    "os", "sys", "time", "marshal", "stat", "errno", "_operator", "_signal", "gc", "__future__",
    "_sha256", "_sha2", "_hashlib", "hashlib", "_blake2", "_bisect", "_random", "_sha512", "fcntl", "posixpath",
}  # fmt: skip


def loaded(code: str, folder: Path, env: Dict[str, str]) -> Set[str]:
    """All modules after `code` in a fresh interpreter."""
    script = f"import sys\n{code}\nsys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.core
def test_nothing_dear_is_loaded(tmp_path: Path) -> None:
    """A run with nothing to do loads a few small modules."""
    place = Place(tmp_path / "here")
    place.make()
    env = {**os.environ, "TASKRUSH_CACHE_DIR": str(tmp_path / "cache")}
    quick = "from taskrush_cli.main import main\nassert main(['all', '-j2']) == 0"
    time.sleep(2.1)
    loaded(quick, place.root, env)
    time.sleep(2.1)
    for _ in range(2):
        loaded(quick, place.root, env)
    found = loaded(quick, place.root, env) - loaded("", place.root, env)
    ours = {name for name in found if name.partition(".")[0] in ("taskrush", "taskrush_cli")}
    assert found - ours <= LIGHT
    assert not {name for name in ours if name.rpartition(".")[2] in ("project", "parser", "executor", "task", "values")}
