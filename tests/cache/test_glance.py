"""What is fresh is told at a glance; whatever takes time or is not sure is not."""

import os
import time
from pathlib import Path
from typing import List, Optional

import pytest
import xxhash

from taskrush import caching
from taskrush.cache.memory import CacheMemory
from taskrush.compile.link import link
from taskrush.model.identity import identity_of
from taskrush.model.outcome import Outcome, State, succeeded
from taskrush.model.task import Task, TaskId
from taskrush.plan import file_index
from taskrush.plan.file_index import FileIndex
from taskrush.plan.planner import make_plan
from taskrush.protocols import NotAtOnce

TASK = Task(id="make", action="true", inputs=["in/*"], outputs=["out"])


def memory(root: Path, task: Task = TASK, force: bool = False) -> CacheMemory:
    plan = make_plan(link([task]), [TaskId("make")], str(root))
    settings = caching.CacheSettings(folder=str(root.parent / "store"))
    return caching.make_memory(plan, settings, "run", {}, None, caching.Modes(force=force))


def age(root: Path) -> None:
    """As if everything had been there for a while."""
    time.sleep(2.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace in which the task ended well two seconds ago, and two runs found it fresh."""
    root = tmp_path / "w"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a").write_text("a")
    made = memory(root)
    assert made.glance(TASK, {}) is None
    assert made.recall(TASK, {}, _silent) is None
    recording = made.begin(TASK)
    (root / "out").write_text("out")
    assert recording.finish(succeeded(seconds=3.0)) is None
    made.close()
    age(root)
    again = memory(root)
    assert again.glance(TASK, {}) is None  # what is young is read once more, in a thread
    found = again.recall(TASK, {}, _silent)
    assert found is not None
    assert found.state is State.FRESH
    again.close()
    return root


def _silent(stream: str, data: bytes) -> None:
    pass


def glance(root: Path, force: bool = False) -> Optional[Outcome]:
    made = memory(root, force=force)
    found = made.glance(TASK, {})
    made.close()
    return found


def test_glances(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh without reading a file; not sure after each kind of change; never when forced or while somebody looks."""
    opened: List[str] = []
    real = os.open

    def counting(path: str, *rest: object, **more: object) -> int:
        opened.append(str(path))
        return real(path, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", counting)
        found = glance(root)
    assert found == Outcome(state=State.FRESH, ok=True, saved_seconds=3.0, key=found.key)
    assert not [path for path in opened if path.endswith(("in/a", "/out")) or "/store/" in path]
    assert glance(root, force=True) is None
    made = memory(root)
    monkeypatch.setattr(file_index, "AT_ONCE", 1)
    assert made.glance(TASK, {}) is None
    monkeypatch.undo()
    with made._looking:  # this thread may look again, another one may not
        import threading

        answers: List[Optional[Outcome]] = []
        thread = threading.Thread(target=lambda: answers.append(made.glance(TASK, {})))
        thread.start()
        thread.join()
        assert answers == [None]
    assert made.glance(TASK, {}) is not None
    (root / "in" / "b").write_text("b")
    assert glance(root) is None
    (root / "in" / "b").unlink()
    assert memory(root).recall(TASK, {}, _silent) is not None
    (root / "out").write_text("OUT")
    assert glance(root) is None
    (root / "out").unlink()
    assert glance(root) is None
    restored = memory(root).recall(TASK, {}, _silent)
    assert restored is not None
    assert restored.state is State.HIT
    assert (root / "out").read_text() == "out"


def test_nothing_is_read_at_once_and_only_in_the_thread_that_has_no_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    index = FileIndex(str(tmp_path))
    with index.at_once(), pytest.raises(NotAtOnce):
        index.digest("a")
    assert index.digest("a") is not None


def test_what_somebody_else_read_is_learnt_under_the_same_rule(tmp_path: Path) -> None:
    """Old enough, it is believed; young, the quick hash saves the slow one and nothing else."""
    path = tmp_path / "a"
    path.write_text("a")
    index = FileIndex(str(tmp_path))
    quick = xxhash.xxh3_128(b"a", seed=index.seed)
    index.learn("a", identity_of(os.stat(path)), time.time_ns() + 10 * 10**9, quick.digest(), "told")
    assert index.digest("a") == "told"
    index.learn("a", identity_of(os.stat(path)), time.time_ns(), quick.digest(), "told")
    assert index.digest("a") == "told"  # read again: the same bytes
    index.learn("a", identity_of(os.stat(path)), time.time_ns(), b"other", "told")
    assert index.digest("a") != "told"
