"""A run with nothing to do is told from what the last one saw, and only while the whole way would say the same."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskrush.cache.memory import CacheMemory
from taskrush.cache.stats import read_stats
from taskrush.model import identity
from taskrush.model.task import Task
from taskrush.unchanged import NAME
from taskrush.wiring import open_history
from taskrush_cli.main import main

RUSH = """
tasks:
  all: {deps: [lib, app, check, env]}
  lib:
    cmd: "echo lib >> ../ran; mkdir -p out/lib; cat src/lib/* > out/lib/a"
    inputs: ["src/lib/**"]
    outputs: [out/lib/]
  app:
    cmd: "echo app >> ../ran; cat out/lib/a main > app"
    inputs: [main, "more/*.txt", "!more/no.txt"]
    outputs: [app]
    deps: [lib]
  check: {cmd: "echo check >> ../ran", inputs: [main, maybe], deps: [app]}
  env: {cmd: "echo env >> ../ran; echo $FLAVOUR > out/env/made", inputs: [main], outputs: ["out/env/*"]}
"""
QUICK = 30_000_000  # ns that stand for the two seconds
WORDS = ("all", "-j2")


class Place:
    """A workspace with a cache of its own, and what ran in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "work"
        self.env: Dict[str, str] = {}

    def make(self) -> None:
        (self.root / "src/lib").mkdir(parents=True)
        (self.root / "out/env").mkdir(parents=True)
        (self.root / "more").mkdir()
        for name in ("src/lib/one", "src/lib/two", "main", "more/a.txt", "more/no.txt"):
            (self.root / name).write_text(f"{name}\n")
        (self.root / ".rush").write_text(RUSH)

    def copy(self, home: Path) -> "Place":
        """All of it elsewhere, but for what the quick way goes by; as every file is a new one, all are read."""
        shutil.copytree(self.home, home, symlinks=True)
        shutil.rmtree(home / "work" / ".taskrush" / NAME, ignore_errors=True)
        other = Place(home)
        other.env = dict(self.env)
        return other

    def run(self, *words: str) -> Tuple[List[str], List[str], int]:
        """What ran, what was said (without times) and the exit code."""
        ran = self.home / "ran"
        ran.unlink(missing_ok=True)
        before, cwd, said = dict(os.environ), os.getcwd(), io.StringIO()
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # it says whether a fixture is at work
        os.environ.update(self.env, TASKRUSH_CACHE_DIR=str(self.home / "cache"))
        try:
            os.chdir(self.root)
            with contextlib.redirect_stderr(said):
                code = main(list(words or WORDS))
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(before)
        text = re.sub(r"\d+\.\d+s", "T", said.getvalue())
        text = re.sub(r", T saved", "", text)
        return sorted(ran.read_text().split()) if ran.exists() else [], sorted(text.splitlines()), code

    @property
    def kept(self) -> List[Path]:
        folder = self.root / ".taskrush" / NAME
        return [path for path in folder.iterdir() if not path.suffix] if folder.exists() else []


def settle() -> None:
    time.sleep(QUICK / 1e9 * 1.4)


@contextlib.contextmanager
def quickened() -> Iterator[None]:
    """What is 30 ms old is old."""
    before = identity.SAFE_NS
    identity.SAFE_NS = QUICK
    try:
        yield
    finally:
        identity.SAFE_NS = before


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


def is_quick(place: Place, *words: str) -> bool:
    """Whether the next run is told without loading the graph."""
    graph = place.root / ".taskrush" / "graph"
    hidden = graph.with_suffix(".hidden")
    before = sorted(os.listdir(place.root / ".taskrush"))
    graph.rename(hidden)
    try:
        place.run(*words)
        return not graph.exists() and before != []
    finally:
        hidden.replace(graph)


# --- the same as the whole way ----------------------------------------------------------


def same_size(place: Place) -> None:
    path = place.root / "main"
    status = path.stat()
    path.write_bytes(bytes(byte ^ 1 if byte > 32 else byte for byte in path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(place: Place) -> None:
    os.utime(place.root / "src/lib/one")


def from_the_future(place: Place) -> None:
    later = time.time() + 3600
    os.utime(place.root / "src/lib/two", (later, later))


def remove_input(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "more/a.txt").unlink()


def add_input(place: Place) -> None:
    (place.root / "more" / f"b{len(os.listdir(place.root / 'more'))}.txt").write_text("b")


def add_what_is_left_out(place: Place) -> None:
    (place.root / "more/no.txt").write_text(f"{time.time()}")


def appear(place: Place) -> None:
    (place.root / "maybe").write_text("there")


def disappear(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "maybe").unlink()


def rename_folder(place: Place) -> None:
    if (place.root / "more").is_dir():
        (place.root / "more").rename(place.root / "less")
        shutil.copytree(place.root / "less", place.root / "more", symlinks=True)
        shutil.rmtree(place.root / "less")


def link_input(place: Place) -> None:
    path = place.root / "src/lib/one"
    if not path.is_symlink():
        path.rename(place.home / "elsewhere")
        path.symlink_to(place.home / "elsewhere")


def link_folder_of_outputs(place: Place) -> None:
    """The same files by way of a link, through which nothing of ours may go."""
    path = place.root / "out/env"
    if not path.is_symlink():
        number = len(os.listdir(place.root))
        path.rename(place.root / f"real{number}")
        path.symlink_to(f"../real{number}")


def executable(place: Place) -> None:
    (place.root / "main").chmod(0o755)


def private(place: Place) -> None:
    (place.root / "app").chmod(0o600) if (place.root / "app").exists() else None


def edit_output(place: Place) -> None:
    (place.root / "app").write_text("spoilt")


def remove_output(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "out/lib/a").unlink()


def add_output(place: Place) -> None:
    (place.root / "out/lib/extra").write_text("not ours")


def variable(place: Place) -> None:
    place.env["FLAVOUR"] = f"f{time.time_ns()}"


def passing_variable(place: Place) -> None:
    place.env["SHLVL"] = f"{time.time_ns() % 97}"


def edit_tasks(place: Place) -> None:
    path = place.root / ".rush"
    path.write_text(path.read_text().replace("inputs: [main]", "inputs: [main, .rush]"))


def another_task_file(place: Place) -> None:
    (place.root / "tasks.py").write_text("x = 1\n")


def forget_a_mark(place: Place) -> None:
    marks = sorted((place.root / ".taskrush/marks").iterdir())
    if marks:
        marks[len(marks) // 2].unlink()


def somebody_else_runs(place: Place) -> None:
    place.run("lib", "--force")


def damage(place: Place) -> None:
    for path in place.kept:
        path.write_bytes(path.read_bytes()[:-7])


def nothing(place: Place) -> None:
    pass


MUTATIONS: Tuple[Callable[[Place], None], ...] = (
    nothing,
    same_size,
    touch,
    from_the_future,
    remove_input,
    add_input,
    add_what_is_left_out,
    appear,
    disappear,
    rename_folder,
    link_input,
    link_folder_of_outputs,
    executable,
    private,
    edit_output,
    remove_output,
    add_output,
    variable,
    passing_variable,
    edit_tasks,
    another_task_file,
    forget_a_mark,
    somebody_else_runs,
    damage,
)
STEPS = st.lists(st.tuples(st.sampled_from(MUTATIONS), st.booleans(), st.integers(1, 3)), min_size=1, max_size=5)


def held_beside_the_whole_way(home: Path, steps: List[Tuple[Callable[[Place], None], bool, int]]) -> None:
    """After every change the run that may be quick does what one does that looks at everything."""
    place = Place(home / "here")
    place.make()
    with quickened():
        settle()
        place.run()
        settle()
        place.run(), place.run()
        for number, (mutate, old, times) in enumerate(steps):
            mutate(place)
            if old:
                settle()
            expected = place.copy(home / f"copy{number}").run()
            assert place.run() == expected, mutate.__name__
            for _ in range(times):
                assert place.run()[0] == place.copy(home / f"again{number}").run()[0]
                shutil.rmtree(home / f"again{number}")
                settle()


@pytest.mark.core
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: str(mutate.__name__))
def test_each_change_is_seen(mutate: Callable[[Place], None], tmp_path: Path) -> None:
    """One change, old and young, and what follows."""
    held_beside_the_whole_way(tmp_path, [(mutate, True, 2), (mutate, False, 1)])


@pytest.mark.soak
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_changes_in_any_order_are_seen(steps: List[Tuple[Callable[[Place], None], bool, int]]) -> None:
    """Several changes, one after the other."""
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        held_beside_the_whole_way(Path(home), steps)


# --- what it does ---------------------------------------------------------------------


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
