"""The watcher as a library: rounds on a real folder, without a command line."""

import os
import threading
import time
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Tuple

import pytest

from taskrush import TaskSet, result_of, task
from taskrush.execute.changes import POLL
from taskrush.execute.watch import Watched, Watcher
from taskrush.execute.watch_news import NotLoaded, Round, RoundStarted, SelfChanging, Watching
from taskrush.execute.watch_state import LIMIT
from taskrush.model.policy import Cache
from taskrush.model.task import Task, TaskId
from taskrush.project import Project
from taskrush.values import evolve

pytestmark = [pytest.mark.core, pytest.mark.skipif(os.name != "posix", reason="uses a POSIX shell")]


class Rounds:
    """Steps through the rounds of a watcher in this thread; gives up after a while."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._rounds = iter(watcher)

    def next(self, edit: Callable[[], object] = lambda: None) -> Round:
        """The next round that ends, after an edit."""
        edit()
        late = threading.Timer(20, self._watcher.stop)
        late.daemon = True
        late.start()
        try:
            return next(self._rounds)
        finally:
            late.cancel()

    def ran(self, edit: Callable[[], object] = lambda: None) -> Tuple[str, ...]:
        return tuple(self.next(edit).tasks)

    def close(self) -> None:
        self._rounds.close()  # type: ignore[attr-defined]


@pytest.fixture
def opened() -> Iterator[List[Rounds]]:
    found: List[Rounds] = []
    yield found
    for rounds in found:
        rounds.close()


def rounds_of(opened: List[Rounds], watcher: Watcher) -> Rounds:
    opened.append(Rounds(watcher))
    return opened[-1]


def watching(opened: List[Rounds], tmp_path: Path, tasks: Iterable[Task], *targets: str, **options: object) -> Rounds:
    project = Project.of(tasks, str(tmp_path))
    return rounds_of(opened, project.watch(targets, method=POLL, **options))


def test_rounds_tell_why_they_were_and_how_they_ended(opened: List[Rounds], tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    tasks = [
        Task(id="one", action="cat a", inputs=["a"]),
        Task(id="two", action="grep -q 1 b", inputs=["b"], deps=["one"]),
    ]
    news: List[object] = []
    rounds = watching(opened, tmp_path, tasks, "two", on_news=news.append)
    first = rounds.next()
    assert (first.number, first.tasks, first.causes, first.result.ok) == (1, ("one", "two"), {}, True)
    second = rounds.next(lambda: (tmp_path / "b").write_text("2"))
    assert (second.number, second.tasks, second.causes, second.result.ok) == (2, ("two",), {"two": ("b",)}, False)
    third = rounds.next(lambda: (tmp_path / "b").write_text("1, right again"))
    assert (third.number, third.tasks, third.result.ok) == (3, ("two",), True)
    assert news == [
        Watching(2, ("two",), POLL),
        RoundStarted(1, ("one", "two"), {}),
        RoundStarted(2, ("two",), {"two": ("b",)}),
        RoundStarted(3, ("two",), {"two": ("b",)}),
    ]


def test_results_of_tasks_that_are_left_out_still_arrive(opened: List[Rounds], tmp_path: Path) -> None:
    """What an earlier round computed is given to tasks of a later one, without computing it again."""
    calls: List[str] = []

    @task(inputs=["version"], cache=False)
    def version() -> str:
        calls.append("version")
        return (tmp_path / "version").read_text()

    @task(inputs=["source"], cache=False)
    def build(number: str = result_of(version)) -> None:
        calls.append(f"build {number} of {(tmp_path / 'source').read_text()}")

    (tmp_path / "version").write_text("7")
    (tmp_path / "source").write_text("x")
    rounds = watching(opened, tmp_path, TaskSet([version, build]).tasks, "build")
    assert rounds.ran() == ("version", "build")
    assert rounds.ran(lambda: (tmp_path / "source").write_text("y")) == ("build",)
    assert calls == ["version", "build 7 of x", "build 7 of y"]


def test_what_is_left_out_still_counts_for_the_cache(opened: List[Rounds], tmp_path: Path) -> None:
    """A round that leaves a dependency out must not find a result that was made with another state of it."""
    (tmp_path / "gen.in").write_text("old")
    (tmp_path / "use.in").write_text("1")
    tasks = [
        Task(id="gen", action="cat gen.in > gen.out", inputs=["gen.in"], outputs=["gen.out"]),
        Task(
            id="use",
            action="cat use.in gen.out > use.out",
            inputs=["use.in"],
            outputs=["use.out"],
            deps=["gen"],
        ),
    ]
    rounds = watching(opened, tmp_path, tasks, "use")
    rounds.next()
    assert rounds.ran(lambda: (tmp_path / "use.in").write_text("2")) == ("use",)
    assert rounds.ran(lambda: (tmp_path / "gen.in").write_text("new")) == ("gen", "use")
    rounds.next(lambda: (tmp_path / "use.in").write_text("1"))
    rounds.next(lambda: (tmp_path / "use.in").write_text("2"))
    assert (tmp_path / "use.out").read_text() == "2new"


def test_functions_run_again_when_their_file_changes_and_mistakes_are_told(
    opened: List[Rounds], tmp_path: Path
) -> None:
    text = (
        "from pathlib import Path\nfrom taskrush import task\n\n"
        "@task(inputs=['in'], cache=False)\n"
        "def hello():\n    (Path(__file__).parent / 'out').write_text('ONE')\n"
    )
    (tmp_path / "in").write_text("1")
    (tmp_path / "tasks.py").write_text(text)
    news: List[object] = []
    project = Project.load(str(tmp_path))
    rounds = rounds_of(opened, project.watch("hello", method=POLL, on_news=news.append))
    assert rounds.ran() == ("hello",)
    assert (tmp_path / "out").read_text() == "ONE"

    def mistake_then_right() -> None:
        def put_right() -> None:
            (tmp_path / "tasks.py").write_text(text.replace("ONE", "TWO, longer"))

        def listen(item: object) -> None:
            news.append(item)
            if isinstance(item, NotLoaded):
                put_right()

        rounds._watcher._on_news = listen
        (tmp_path / "tasks.py").write_text(text + "\nraise RuntimeError('half done')\n")

    assert rounds.next(mistake_then_right).causes == {"hello": ("tasks.py",)}
    assert (tmp_path / "out").read_text() == "TWO, longer"
    (error,) = [item.error for item in news if isinstance(item, NotLoaded)]
    assert "half done" in str(error)


def test_leaving_the_loop_ends_what_runs(tmp_path: Path) -> None:
    """Nothing is left running when a program stops to iterate, whatever a round is doing then."""
    tasks = [
        Task(id="quick", action="true"),
        Task(id="slow", action="echo $$ > pid; exec sleep 600", inputs=["pid-wanted"]),
    ]
    watcher = Project.of(tasks, str(tmp_path)).watch(["slow"], method=POLL)
    pid: List[int] = []

    def stop_once_it_runs() -> None:
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()):
            threading.Event().wait(0.01)
        pid.append(int((tmp_path / "pid").read_text()))
        watcher.stop("enough")

    helper = threading.Thread(target=stop_once_it_runs, daemon=True)
    helper.start()
    (last,) = list(watcher)
    helper.join(20)
    assert last.result.exit_code == 143
    with pytest.raises(ProcessLookupError):
        os.kill(pid[0], 0)


def test_run_again_runs_everything_once_more(opened: List[Rounds], tmp_path: Path) -> None:
    project = Project.of([Task(id="a", action="true", inputs=["x"])], str(tmp_path))
    watcher = project.watch("a", method=POLL)
    rounds = rounds_of(opened, watcher)
    assert rounds.ran() == ("a",)
    assert rounds.ran(watcher.run_again) == ("a",)


def test_a_task_that_always_changes_its_input_is_told_of_once(opened: List[Rounds], tmp_path: Path) -> None:
    news: List[object] = []
    (tmp_path / "n").write_text("x")
    (tmp_path / "other").write_text("x")
    tasks = [
        Task(id="stamp", action="echo x >> n", inputs=["n"]),
        Task(id="quiet", action="true", inputs=["other"]),
    ]
    rounds = watching(opened, tmp_path, tasks, "stamp", "quiet", on_news=news.append, on_change="finish")
    for _ in range(LIMIT + 1):
        assert "stamp" in rounds.ran()
    assert rounds.ran(lambda: (tmp_path / "other").write_text("y")) == ("quiet",)
    assert [item for item in news if isinstance(item, SelfChanging)] == [SelfChanging("stamp", "n")]


class Pausing:
    """What a watcher of one task loads: its file says what the task prints. `on_load` is called after it was read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loads: List[str] = []
        self.on_load: Callable[[int], None] = lambda number: None

    def __call__(self, again: bool) -> Watched:
        text = (self.root / "tasks.txt").read_text()
        self.loads.append(text)
        self.on_load(len(self.loads))
        project = Project.of([Task(id="say", action=f"echo {text}", inputs=["in/*"], cache=Cache(enabled=False))])
        project = evolve(project, root=str(self.root))
        return Watched(
            plan=project.plan("say"),
            task_files=("tasks.txt",),
            start=lambda part, listener, earlier: project.executor(part, subscribers=[listener]),
        )


def test_a_task_file_that_changes_while_it_is_loaded_is_loaded_once_more(opened: List[Rounds], tmp_path: Path) -> None:
    (tmp_path / "tasks.txt").write_text("one")
    load = Pausing(tmp_path)
    load.on_load = lambda number: (tmp_path / "tasks.txt").write_text("three") if number == 2 else None
    rounds = rounds_of(opened, Watcher(load, method=POLL))
    assert rounds.ran() == ("say",)
    rounds.next(lambda: (tmp_path / "tasks.txt").write_text("two"))
    while load.loads[-1] != "three":
        rounds.next()
    assert load.loads[:3] == ["one", "two", "three"]


def test_a_file_that_comes_while_the_scope_is_renewed_is_not_taken_for_an_old_one(
    opened: List[Rounds], tmp_path: Path
) -> None:
    (tmp_path / "tasks.txt").write_text("one")
    (tmp_path / "in").mkdir()
    load = Pausing(tmp_path)

    def on_load(number: int) -> None:
        if number == 2:
            (tmp_path / "in" / "new").write_text("x")

    load.on_load = on_load
    rounds = rounds_of(opened, Watcher(load, method=POLL))
    rounds.next()
    found = rounds.next(lambda: (tmp_path / "tasks.txt").write_text("two"))
    assert "in/new" in found.causes.get(TaskId("say"), ()) or "in/new" in rounds.next().causes[TaskId("say")]


def test_a_change_counts_although_the_clock_of_the_files_lags(
    opened: List[Rounds], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stamped before the task began by one clock was changed after it by the other."""
    monkeypatch.setattr("taskrush.execute.watched_files.stamp", lambda status: max(status[8], status.st_mtime) - 0.5)
    monkeypatch.setattr("taskrush.execute.file_clock.stamp", lambda status: max(status[8], status.st_mtime) - 0.5)
    (tmp_path / "in").write_text("1")
    slow = Task(id="slow", action="touch began; while test ! -e go; do sleep 0.01; done", inputs=["in"])
    slow = evolve(slow, cache=Cache(enabled=False))

    def edit() -> None:
        while not (tmp_path / "began").exists():
            time.sleep(0.005)
        (tmp_path / "in").write_text("2")
        (tmp_path / "go").write_text("")

    watcher = Project.of([slow], str(tmp_path)).watch("slow", method=POLL, on_change="finish")
    threading.Thread(target=edit, daemon=True).start()
    rounds = rounds_of(opened, watcher)
    assert rounds.ran() == ("slow",)
    assert rounds.next().causes == {"slow": ("in",)}
