"""What functions print is their task's output, if a run asks for it, and nobody else's."""

import os
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush import Project, Record, RunStarted, TaskOutput, TaskSet, run, task


class Heard:
    """The output of each task, by stream."""

    def __init__(self) -> None:
        self.streams: Dict[str, bytes] = {}
        self.events: List[Any] = []

    def on_record(self, record: Record) -> None:
        event = record.event
        if isinstance(event, TaskOutput):
            key = f"{event.task} {event.stream}"
            self.streams[key] = self.streams.get(key, b"") + event.data
            self.events.append(event.data)


def start(*things: Any, capture_prints: bool = True) -> Heard:
    heard = Heard()
    names = [one.id for one in TaskSet(things).tasks]
    assert Project.of(TaskSet(things)).run(names, subscribers=[heard], capture_prints=capture_prints).ok
    return heard


@pytest.mark.core
def test_text_bytes_and_commands_come_in_order(capsysbinary: "pytest.CaptureFixture[bytes]") -> None:
    """Both streams, bytes that are no text, unfinished lines and lone surrogates; `run` comes after earlier prints."""

    @task
    def body() -> None:
        print("a", 1, end=" ")
        sys.stdout.buffer.write(b"\xff\n")
        sys.stdout.write("\udcfe ")
        sys.stdout.write("\ud800 ")
        run(["echo", "command"])
        print("unfinished", end="")
        print("err", file=sys.stderr)
        assert not sys.stdout.isatty()
        assert sys.stdout.encoding == "utf-8"
        sys.stdout.writelines(["x\n", "y\n"])

    heard = start(body)
    assert heard.streams == {
        "body stdout": b"a 1 \xff\n\xfe \\ud800 command\nunfinishedx\ny\n",
        "body stderr": b"err\n",
    }
    assert b"a 1 \xff\n" in heard.events  # whole lines, not the pieces in which `print` writes
    assert capsysbinary.readouterr().out == b""


@pytest.mark.core
def test_nothing_is_caught_unasked(capsysbinary: "pytest.CaptureFixture[bytes]") -> None:
    """The library's default leaves the streams alone."""

    @task
    def body() -> None:
        print("seen")

    assert start(body, capture_prints=False).streams == {}
    assert capsysbinary.readouterr().out == b"seen\n"


def test_a_task_that_has_the_terminal_writes_to_it(capsysbinary: "pytest.CaptureFixture[bytes]") -> None:
    """A question without a line end is seen before it is answered: nothing of an interactive task is held back."""

    @task(interactive=True)
    def ask() -> None:
        print("name? ", end="")

    seen: List[bytes] = []

    class Listener:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, TaskOutput):
                seen.append(record.event.data)

    assert Project.of(TaskSet([ask])).run("ask", subscribers=[Listener()], capture_prints=True).ok
    assert (capsysbinary.readouterr().out, seen) == (b"name? ", [])


def test_outside_of_tasks_printing_is_as_ever_and_the_streams_come_back(
    capsysbinary: "pytest.CaptureFixture[bytes]",
) -> None:
    """While a run catches prints, other code prints to the real stream; afterwards that is in its place again."""
    before = (sys.stdout, sys.stderr)
    go, printed = threading.Event(), threading.Event()

    @task
    def body() -> None:
        go.set()
        assert printed.wait(10)
        print("inside")

    heard = Heard()
    project = Project.of(TaskSet([body]))
    with project.start("body", subscribers=[heard], capture_prints=True) as following:
        assert go.wait(10)
        print("outside")
        sys.stdout.buffer.write(b"bytes\n")
        printed.set()
        assert following.result().ok
    assert heard.streams == {"body stdout": b"inside\n"}
    assert capsysbinary.readouterr().out == b"outside\nbytes\n"
    assert (sys.stdout, sys.stderr) == before


def test_two_runs_at_once_do_not_mix(capsysbinary: "pytest.CaptureFixture[bytes]") -> None:
    """Each run hears its own functions; one that did not ask prints to the real stream meanwhile."""
    barrier = threading.Barrier(3, timeout=10)

    def body(name: str) -> Any:
        def function() -> None:
            for number in range(20):
                barrier.wait()
                print(name, number)

        return task(name=name)(function)

    heard = [Heard(), Heard(), Heard()]
    follows = [
        Project.of(TaskSet([body(name)])).start(name, subscribers=[one], capture_prints=name != "c")
        for name, one in zip("abc", heard)
    ]
    assert all(one.result().ok for one in follows)
    lines = {name: b"".join(f"{name} {number}\n".encode() for number in range(20)) for name in "abc"}
    assert [one.streams for one in heard] == [{"a stdout": lines["a"]}, {"b stdout": lines["b"]}, {}]
    assert capsysbinary.readouterr().out == lines["c"]


def test_a_run_inside_a_task_has_its_own_output() -> None:
    """A function may run another project; what prints there is heard there."""
    inner = Heard()

    @task
    def leaf() -> None:
        print("leaf")

    @task
    def body() -> None:
        print("before")
        assert Project.of(TaskSet([leaf])).run("leaf", subscribers=[inner], capture_prints=True).ok
        print("after")

    assert start(body).streams == {"body stdout": b"before\nafter\n"}
    assert inner.streams == {"leaf stdout": b"leaf\n"}


def test_a_thread_with_the_context_of_its_task_is_heard(capsysbinary: "pytest.CaptureFixture[bytes]") -> None:
    """Threads that a function starts print to the real stream unless they are given its context."""
    import contextvars

    @task
    def body() -> None:
        for target in (contextvars.copy_context().run, lambda work: work()):
            thread = threading.Thread(target=target, args=(lambda: print("thread"),))
            thread.start()
            thread.join()

    assert start(body).streams == {"body stdout": b"thread\n"}
    assert capsysbinary.readouterr().out == b"thread\n"


def test_asking_is_harmless_without_functions(capsysbinary: "pytest.CaptureFixture[bytes]", tmp_path: Path) -> None:
    """A run of commands alone replaces nothing."""
    seen = []
    real = sys.stdout

    class Look:
        def on_record(self, record: Record) -> None:
            if isinstance(record.event, (RunStarted, TaskOutput)):
                seen.append(sys.stdout)

    from taskrush import Task

    project = Project.of([Task(id="a", action="echo a")], str(tmp_path))  # type: ignore[arg-type]
    assert project.run("a", subscribers=[Look()], capture_prints=True).ok
    assert seen == [real, real]
    assert os.getcwd() != str(tmp_path)
