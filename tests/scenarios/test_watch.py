"""`--watch` through the real command: files are edited as people and their editors do, and what ran is read from a log.

That nothing ran is told by a later edit: what runs after it is all that runs.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import pytest

from taskrush.execute.changes import NOTIFY, POLL, available

pytestmark = pytest.mark.skipif(os.name != "posix", reason="uses a POSIX shell and signals")

PATIENCE = 30.0

TASKS = """\
defaults:
  cache: false
tasks:
  compile:
    cmd: find src -name '*.c' | sort | xargs cat > app.o && echo compile >> "$LOG"
    inputs: [src/**/*.c]
    outputs: [app.o]
  link:
    cmd: cp app.o app && echo link >> "$LOG"
    deps: [compile]
    inputs: [app.o]
    outputs: [app]
  docs:
    cmd: cat doc.md && echo docs >> "$LOG"
    inputs: [doc.md]
  all:
    deps: [link, docs]
"""


class Watch:
    """One `taskrush` that watches, and the log of what it ran."""

    def __init__(self, root: Path, method: str) -> None:
        self.root = root / "workspace"
        self.root.mkdir()
        self.log = root / "log"
        self.log.write_text("")
        self.method = method
        self.errors: List[str] = []
        self.process: Optional[subprocess.Popen[str]] = None

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("$LOG", str(self.log)))

    def start(self, *words: str, **env: str) -> "Watch":
        environ: Dict[str, str] = {**os.environ, "TASKRUSH_WATCH": self.method, **env}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "taskrush", *words],
            cwd=self.root,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line.rstrip("\n"))

    def ran(self) -> List[str]:
        return self.log.read_text().split()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        assert self.process is not None
        while not condition():
            assert self.process.poll() is None, f"it ended: {self.errors}"
            assert time.monotonic() < end, f"{what} never came; ran {self.ran()}, {self._doing()}, said {self.errors}"
            time.sleep(0.01)

    def _doing(self) -> str:
        """What the system says of its threads: whether it was stopped, what they wait for."""
        assert self.process is not None
        try:
            threads = sorted(Path(f"/proc/{self.process.pid}/task").iterdir())
            return "; ".join(
                f"{(thread / 'stat').read_text().split()[2]} {(thread / 'wchan').read_text()}" for thread in threads
            )
        except OSError as error:
            return f"in a state nobody knows ({error})"

    def expect(self, *names: str) -> None:
        """Wait until exactly these tasks have run since the last time, in any order."""
        self.until(lambda: len(self.ran()) >= len(names), f"{names}")
        assert sorted(self.ran()) == sorted(names), self.errors
        self.log.write_text("")

    def said(self, text: str, times: int = 1) -> None:
        self.until(lambda: sum(text in line for line in self.errors) >= times, text)

    def interrupt(self, number: int = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


METHODS = [
    pytest.param(NOTIFY, marks=pytest.mark.skipif(not available(), reason="needs watchfiles")),
    pytest.param(POLL),
]


@pytest.fixture(params=METHODS)
def watch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watch]:
    found = Watch(tmp_path, request.param)
    found.write(_DOT_rush=TASKS, src__a_DOT_c="a", src__b_DOT_c="b", doc_DOT_md="doc")
    yield found
    found.close()


def test_a_session_of_edits(watch: Watch) -> None:
    """Each edit runs what it affects and what follows; outputs, touches and strangers run nothing."""
    watch.start("all", "--watch")
    watch.said("watching 4 files for all")  # with app.o once it is there
    watch.expect("compile", "link", "docs")
    (watch.root / "src" / "a.c").write_text("a, changed")
    watch.expect("compile", "link")
    watch.said("changed: src/a.c -> compile, link, all")
    beside = watch.root / "src" / "tmp1234"  # an atomic save
    beside.write_text("b, changed")
    beside.replace(watch.root / "src" / "b.c")
    watch.expect("compile", "link")
    (watch.root / "src" / "new").mkdir()
    (watch.root / "src" / "new" / "c.c").write_text("c")
    watch.expect("compile", "link")
    os.utime(watch.root / "src" / "a.c")
    (watch.root / "stranger").write_text("x")
    (watch.root / "doc.md").write_text("doc, changed")
    watch.expect("docs")
    (watch.root / "src" / "new" / "c.c").rename(watch.root / "src" / "d.c")
    watch.expect("compile", "link")
    (watch.root / "src" / "d.c").unlink()
    watch.expect("compile", "link")
    assert watch.interrupt() == 130
    assert watch.ran() == []


def test_the_task_file_is_loaded_again_and_mistakes_are_waited_for(watch: Watch) -> None:
    watch.start("watch", "all")
    watch.expect("compile", "link", "docs")
    watch.write(_DOT_rush=TASKS + "  broken: [\n")
    watch.said("waiting until that is put right")
    assert any(".rush:" in line for line in watch.errors), watch.errors
    (watch.root / "doc.md").write_text("changed meanwhile")
    watch.write(_DOT_rush=TASKS.replace("cp app.o app &&", "cat app.o > app &&"))
    watch.expect("link", "docs")
    assert watch.interrupt(signal.SIGTERM) == 143


def test_a_running_task_is_restarted_and_nothing_of_it_is_left(watch: Watch) -> None:
    watch.write(
        _DOT_rush=(
            "tasks:\n  slow:\n"
            '    cmd: echo "begin $$" >> "$LOG"; sleep 600 & wait; echo end >> "$LOG"\n'
            "    inputs: [in]\n"
        ),
        **{"in": "1"},
    )
    watch.start("slow", "-w")
    watch.until(lambda: watch.ran().count("begin") == 1, "begin")
    (watch.root / "in").write_text("2")
    watch.until(lambda: watch.ran().count("begin") == 2, "another begin")
    assert "end" not in watch.ran()
    pids = [int(word) for word in watch.ran() if word.isdigit()]
    watch.until(lambda: not alive(pids[0]), "the end of the first")
    assert watch.interrupt() == 130
    assert not alive(pids[1])


def test_a_running_task_may_end_first(watch: Watch) -> None:
    watch.write(
        _DOT_rush=(
            "tasks:\n  slow:\n"
            '    cmd: echo begin >> "$LOG"; while test ! -e go; do sleep 0.02; done; echo end >> "$LOG"\n'
            "    inputs: [in]\n"
        ),
        **{"in": "1"},
    )
    watch.start("slow", "-w", "--on-change", "finish")
    watch.until(lambda: watch.ran() == ["begin"], "begin")
    (watch.root / "in").write_text("2")
    (watch.root / "go").write_text("")
    watch.until(lambda: watch.ran() == ["begin", "end", "begin", "end"], "two whole runs")
    assert watch.interrupt() == 130


def test_without_inputs_whatever_git_does_not_ignore_counts(watch: Watch) -> None:
    watch.write(_DOT_rush='tasks:\n  test:\n    cmd: echo test >> "$LOG"\n', _DOT_gitignore="*.log\nbuild/\n")
    watch.start("test", "-w")
    watch.expect("test")
    watch.write(a_DOT_log="x", build__x="x", _DOT_git__index="x", node_modules__x="x")
    watch.write(any="x")
    watch.expect("test")
    watch.said("changed: any -> test")
    watch.write(_DOT_gitignore="build/\n")
    watch.expect("test")
    watch.write(b_DOT_log="now of interest")
    watch.expect("test")


def test_a_task_that_rewrites_its_inputs_comes_to_rest(watch: Watch) -> None:
    """A formatter runs until there is nothing left to change; one that never ends changing is left alone."""
    watch.write(
        _DOT_rush=(
            "tasks:\n"
            '  fmt:\n    cmd: printf formatted > text; echo fmt >> "$LOG"\n    inputs: [text]\n'
            '  stamp:\n    cmd: date +%s%N > stamp; echo stamp >> "$LOG"\n    inputs: [stamp]\n'
            '  quiet:\n    cmd: echo quiet >> "$LOG"\n    inputs: [quiet]\n'
        ),
        text="raw",
        stamp="0",
        quiet="0",
    )
    watch.start("fmt", "stamp", "quiet", "-w", "--on-change", "finish")
    watch.said("warning: `stamp` changes what it reads")
    watch.until(lambda: "quiet" in watch.ran() and "fmt" in watch.ran(), "the others")
    watch.log.write_text("")
    watch.write(quiet="1")
    watch.expect("quiet")
    watch.write(text="raw again")
    watch.until(lambda: watch.ran()[:1] == ["fmt"], "fmt")
    assert "stamp" not in watch.ran()
    assert watch.interrupt() == 130
    assert sum("changes what it reads" in line for line in watch.errors) == 1


def test_unknown_ways_are_refused_before_anything_runs(watch: Watch) -> None:
    watch.start("all", "-w", "--on-change", "sometimes")
    assert watch.process is not None
    assert watch.process.wait(PATIENCE) == 2
    assert watch.ran() == []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
