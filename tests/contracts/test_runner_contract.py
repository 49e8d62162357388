"""Every runner keeps the contract."""

import os
import sys
import time
from typing import Mapping

import pytest

from taskrush.model.outcome import failed
from taskrush.model.task import Call, Task
from taskrush.protocols import OnOutput, Runner
from taskrush.runners.body import checkpoint
from taskrush.runners.call import CallRunner
from taskrush.runners.local import LocalRunner, commands
from taskrush.runners.windows import WindowsRunning
from taskrush.testing.contracts import RunnerContract
from taskrush.testing.fakes import FakeRunner, Script

pytestmark = pytest.mark.core


class TestLocal(RunnerContract):
    """Processes of this machine."""

    def make_runner(self) -> Runner:
        return LocalRunner("/", os.environ, "contract-local")

    def make_task(self, does: str) -> Task:
        action = {"prints": "echo hello; echo oops >&2", "fails": "exit 3", "waits": "sleep 60", "raises": ["/no/such"]}
        return Task(id="t", action=action[does])


class ByThreads(LocalRunner):
    """What Windows gets, as far as another system can tell: commands carried by threads."""

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> WindowsRunning:
        return WindowsRunning(commands(task, os.environ), "/", os.environ, task, on_output)


@pytest.mark.skipif(os.name != "posix", reason="there `TestLocal` is this")
class TestByThreads(RunnerContract):
    """The branch for Windows."""

    def make_runner(self) -> Runner:
        return ByThreads("/", os.environ, "contract-threads")

    def make_task(self, does: str) -> Task:
        printing = "echo hello; echo oops >&2"
        action = {"prints": printing, "fails": "exit 3", "waits": ["sleep", "60"], "raises": ["/no/such"]}
        return Task(id="t", action=action[does])


class TestCall(RunnerContract):
    """Functions in threads."""

    def make_runner(self) -> Runner:
        return CallRunner(LocalRunner("/", os.environ, "contract-call"), capture_prints=True)

    def make_task(self, does: str) -> Task:
        def prints() -> None:
            print("hello")
            print("oops", file=sys.stderr)

        def fails() -> None:
            raise ValueError("no")

        def waits() -> None:
            for _ in range(6000):
                time.sleep(0.01)
                checkpoint()

        def raises(missing: int) -> None:
            raise AssertionError(missing)

        return Task(id="t", action=Call(locals()[does]))


class TestFake(RunnerContract):
    """The fake keeps it as well, else tests with it would prove nothing."""

    def make_runner(self) -> Runner:
        out = (("stdout", b"hello\n"), ("stderr", b"oops\n"))
        scripts = {
            "prints": Script(output=out),
            "fails": failed("no"),
            "waits": Script(holds=True),
            "raises": failed("cannot start"),
        }
        return FakeRunner(scripts)

    def make_task(self, does: str) -> Task:
        return Task(id=does)
