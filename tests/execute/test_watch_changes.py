"""The contract of what sees changes, kept by events and by polling on a real folder."""

import os
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Set

import pytest

from taskrush.execute.changes import NOTIFY, POLL, Changes, available
from taskrush.execute.watch_state import Change
from taskrush.execute.watched_files import WatchedFiles

PATIENCE = 20.0  # seconds until a test gives up; nothing waits that long when all is well


class Eye:
    """Collects what is seen below a folder."""

    def __init__(self, root: Path, method: str, enters: Callable[[str], bool]) -> None:
        self.files = WatchedFiles(str(root), lambda path: not path.endswith(".tmp"), enters)
        self.files.look()
        self.now: Dict[str, Optional[str]] = dict(self.files.digests())
        self.seen: List[Change] = []
        self._news = threading.Condition()
        self.changes = Changes(str(root), self.files, self._on_changes, method, interval=0.05)
        self.changes.start()
        assert self.changes.ready.wait(PATIENCE)

    def _on_changes(self, changes: List[Change]) -> None:
        with self._news:
            for change in changes:
                assert self.now.get(change.path) != change.digest, "told twice"
                self.now[change.path] = change.digest
            self.seen.extend(changes)
            self._news.notify_all()

    def until(self, *paths: str, gone: bool = False) -> None:
        """Wait until each of these was seen to change (or to go)."""

        def done() -> bool:
            return set(paths) <= {change.path for change in self.seen if (change.digest is None) is gone}

        with self._news:
            assert self._news.wait_for(done, PATIENCE), f"never seen: {paths}; seen: {self.seen}"

    def names(self) -> Set[str]:
        with self._news:
            return {change.path for change in self.seen}

    def forget(self) -> None:
        with self._news:
            self.seen.clear()


METHODS = [
    pytest.param(NOTIFY, marks=pytest.mark.skipif(not available(), reason="needs watchfiles")),
    pytest.param(POLL, marks=pytest.mark.core),
]


@pytest.fixture(params=METHODS)
def eye(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Eye]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text("one")
    (tmp_path / "src" / "b.c").write_text("two")
    (tmp_path / "left-out").mkdir()
    found = Eye(tmp_path, request.param, lambda folder: folder != "left-out")
    assert found.changes.method == request.param
    yield found
    found.changes.close()


def test_writing_and_appending(eye: Eye, tmp_path: Path) -> None:
    (tmp_path / "src" / "a.c").write_text("other")
    eye.until("src/a.c")
    eye.forget()
    with open(tmp_path / "src" / "a.c", "a") as file:
        file.write("more")
    eye.until("src/a.c")
    assert eye.names() == {"src/a.c"}


def test_the_same_size_and_time_do_not_hide_a_change(eye: Eye, tmp_path: Path) -> None:
    path = tmp_path / "src" / "a.c"
    before = path.stat()
    path.write_text("eno")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    eye.until("src/a.c")


def test_atomic_save(eye: Eye, tmp_path: Path) -> None:
    """Written beside and renamed over: the file has changed, the name beside it is of no interest."""
    beside = tmp_path / "src" / "a.c.tmp"
    beside.write_text("new content")
    beside.replace(tmp_path / "src" / "a.c")
    eye.until("src/a.c")
    assert eye.names() == {"src/a.c"}


def test_rename_and_delete(eye: Eye, tmp_path: Path) -> None:
    (tmp_path / "src" / "a.c").rename(tmp_path / "src" / "z.c")
    eye.until("src/z.c")
    eye.until("src/a.c", gone=True)
    (tmp_path / "src" / "b.c").unlink()
    eye.until("src/b.c", gone=True)


def test_new_folders_and_files_in_them(eye: Eye, tmp_path: Path) -> None:
    deep = tmp_path / "src" / "new" / "deeper"
    deep.mkdir(parents=True)
    (deep / "first.c").write_text("1")
    eye.until("src/new/deeper/first.c")
    (deep / "second.c").write_text("2")
    eye.until("src/new/deeper/second.c")


def test_a_whole_tree_at_once_moved_in_and_taken_away(eye: Eye, tmp_path: Path) -> None:
    outside = tmp_path / "left-out" / "tree"
    names = []
    for folder in range(5):
        (outside / str(folder)).mkdir(parents=True)
        for number in range(30):
            (outside / str(folder) / f"{number}.c").write_text(f"{folder} {number}")
            names.append(f"tree/{folder}/{number}.c")
    outside.rename(tmp_path / "tree")
    eye.until(*names)
    (tmp_path / "tree").rename(outside)
    eye.until(*names, gone=True)
    assert eye.names() == set(names)


def test_touching_without_change_is_not_told(eye: Eye, tmp_path: Path) -> None:
    path = tmp_path / "src" / "a.c"
    os.utime(path)
    path.write_text("one")
    beside = tmp_path / "src" / "a.c.tmp"
    beside.write_text("one")
    beside.replace(path)
    (tmp_path / "src" / "b.c").write_text("a sign that all before was seen")
    eye.until("src/b.c")
    assert eye.names() == {"src/b.c"}


def test_links_modes_and_odd_names(eye: Eye, tmp_path: Path) -> None:
    (tmp_path / "src" / "dangling").symlink_to("nowhere")
    (tmp_path / "src" / "sp ace\nline").write_text("odd")
    eye.until("src/dangling", "src/sp ace\nline")
    (tmp_path / "src" / "a.c").chmod(0o755)
    eye.until("src/a.c")
    (tmp_path / "src" / "link").symlink_to("b.c")
    eye.until("src/link")
    eye.forget()
    (tmp_path / "src" / "dangling").unlink()
    eye.until("src/dangling", gone=True)


def test_folders_left_out_are_not_looked_into(eye: Eye, tmp_path: Path) -> None:
    (tmp_path / "left-out" / "x").write_text("x")
    (tmp_path / "src" / "b.c").write_text("sign")
    eye.until("src/b.c")
    assert eye.names() == {"src/b.c"}


def test_a_look_tells_at_once(eye: Eye, tmp_path: Path) -> None:
    """`look` has told everything when it returns."""
    (tmp_path / "src" / "a.c").write_text("just now")
    eye.changes.look()
    assert "src/a.c" in eye.names()


def test_times_of_changes_are_those_of_the_file_system(eye: Eye, tmp_path: Path) -> None:
    before = time.time()
    (tmp_path / "src" / "a.c").write_text("when")
    after = time.time()
    time.sleep(0.1)
    eye.changes.look()
    eye.until("src/a.c")
    (change,) = [change for change in eye.seen if change.path == "src/a.c"]
    assert before - 0.02 <= change.at <= after


@pytest.mark.core
def test_events_that_the_system_refuses_become_polling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    def refuse(*args: object, **options: object) -> None:
        raise OSError("no space left on device (os error 28)")

    monkeypatch.setitem(sys.modules, "watchfiles", types.SimpleNamespace(watch=refuse))
    eye = Eye(tmp_path, NOTIFY, lambda folder: True)
    try:
        (tmp_path / "a").write_text("1")
        eye.until("a")
        assert eye.changes.method == POLL
    finally:
        eye.changes.close()
