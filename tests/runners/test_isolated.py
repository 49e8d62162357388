"""`isolate="process"`: functions in fresh interpreters, which can be killed; what cannot travel is named."""

import os
import time
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

from taskrush import Outcome, Project, Record, State, TaskOutput, TaskSet
from taskrush.declare.module import load_module
from taskrush.execute.follow import Run

TASKS = str(Path(__file__).with_name("isolated_tasks.py"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("isolated")
    (root / "sub").mkdir()
    return Project.of(TaskSet.from_module(load_module(TASKS)), str(root))


def go(project: Project, name: str, extra: Tuple[str, ...] = ()) -> Tuple[Outcome, Dict[str, bytes]]:
    heard: Dict[str, bytes] = {}

    class Listen:
        def on_record(self, record: Record) -> None:
            event = record.event
            if isinstance(event, TaskOutput):
                heard[event.stream] = heard.get(event.stream, b"") + event.data

    return project.run(name, subscribers=[Listen()], extra=extra)[name], heard


@pytest.mark.core
def test_arguments_result_folder_environment_and_output_travel(project: Project) -> None:
    """The child has the task's folder and environment; what it prints and runs is the task's output."""
    outcome, heard = go(project, "good", ("x",))
    assert outcome.state is State.SUCCEEDED, (outcome, heard)
    pid, numbers, color = outcome.value
    assert pid != os.getpid()
    assert numbers == [1, 2]
    assert type(color).__name__ == "Color"
    assert color.value == "red"
    assert heard == {"stdout": b"out child sub ('x',)\n\xff\nfrom a command\n", "stderr": b"err\n"}


def test_async_functions_run_there_too(project: Project) -> None:
    """The value of the coroutine comes back."""
    assert go(project, "awaited")[0].value == 5


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("raising", None, "ValueError: boom"),
        ("exiting", 7, "exit code 7"),
        ("killed", -9, "killed by SIGKILL"),
        ("vanishing", 0, "its process ended without a result"),
        (
            "unpicklable-result",
            None,
            "result of task `unpicklable-result` cannot be pickled: cannot pickle '_thread.lock' object\n"
            "hint: pass plain data, or leave out `isolate`",
        ),
        (
            "unpicklable-argument",
            None,
            "argument `lock` of task `unpicklable-argument` cannot be pickled: cannot pickle '_thread.lock' object\n"
            "hint: pass plain data, or leave out `isolate`",
        ),
        (
            "nested",
            None,
            "task `nested` cannot run in a process of its own: "
            "`outer.<locals>.nested` is defined inside another function\n"
            "hint: move it to the top level of its module",
        ),
        (
            "unnamed",
            None,
            "task `unnamed` cannot run in a process of its own: it is a lambda\nhint: make it a function with a name",
        ),
    ],
)
def test_every_bad_end_has_its_words(name: str, code: Optional[int], reason: str, project: Project) -> None:
    """Exceptions, exits, signals, and what cannot travel."""
    outcome, heard = go(project, name)
    assert (outcome.state, outcome.code, outcome.reason) == (State.FAILED, code, reason)
    text = heard.get("stderr", b"").decode()
    if name == "raising":
        assert text.startswith("Traceback (most recent call last):\n  File ")
        assert text.count("  File ") == 1
        assert text.endswith("ValueError: boom\n")
    else:
        assert text == ""


def stop_when_started(following: Run) -> Tuple[float, List[bytes]]:
    heard = []
    begun = time.monotonic()
    with following:
        for record in following:
            if isinstance(record.event, TaskOutput):
                heard.append(record.event.data)
                if b"started" in record.event.data:
                    begun = time.monotonic()
                    following.stop()
    return time.monotonic() - begun, heard


def test_stopping_lets_it_clean_up(project: Project) -> None:
    """SIGTERM becomes `TaskCancelled` in the function."""
    following = project.start("tidy", grace=10)
    seconds, heard = stop_when_started(following)
    assert following.result()["tidy"].state is State.CANCELLED
    assert b"".join(heard).replace(b"\n", b"") == b"startedcleaned"
    assert seconds < 5


def test_one_that_does_not_stop_is_killed(project: Project) -> None:
    """After the grace period the process is gone, unlike a thread."""
    following = project.start("stubborn", grace=0.1)
    seconds, _ = stop_when_started(following)
    assert following.result()["stubborn"].state is State.CANCELLED
    assert seconds < 5
