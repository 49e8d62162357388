"""The contract of `History`, as a class that pytest collects when it is subclassed in a test module.

class TestMyHistory(HistoryContract):
    def make_history(self, runs, tasks, attempts) -> History: ...
"""

from __future__ import annotations

from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Sequence

    from taskrush.protocols import History

AT = 1_700_000_000.25
A, B = TaskId("a"), TaskId("b")


def past_run(number: int, **fields: Any) -> PastRun:
    """The run of a number, a minute after the one before."""
    fields = {"seconds": 1.5, "ok": True, "exit_code": 0, "targets": (A,), "tasks": 2, "host": "here", **fields}
    return PastRun(run=f"20260101T0000{number:02}-00000000", began_at=AT + 60 * number, **fields)


def past_task(run: PastRun, task: TaskId, **fields: Any) -> PastTask:
    fields = {"state": "succeeded", "ok": True, "code": 0, "began_at": run.began_at, "host": run.host, **fields}
    return PastTask(run=run.run, task=task, **fields)


class HistoryContract:
    """What every `History` promises."""

    def make_history(
        self, runs: Sequence[PastRun], tasks: Sequence[PastTask], attempts: Sequence[PastAttempt]
    ) -> History:
        """One that remembers these; tasks of one run are in the order of its plan."""
        raise NotImplementedError

    def full(self) -> History:
        runs = [
            past_run(0, targets=(A, B), branch="main", revision="a" * 40, arguments={"a": {"level": "3"}}),
            past_run(1, ok=False, exit_code=1, branch="side", reason="SIGINT"),
            past_run(2, branch="main"),
        ]
        tasks: List[PastTask] = []
        for number, run in enumerate(runs):
            tasks.append(past_task(run, B, seconds=number + 1.0, peak_bytes=100 - number))
            tasks.append(past_task(run, A, state="failed" if number == 1 else "succeeded", seconds=9.0 - number))
        attempts = [
            PastAttempt(run=runs[0].run, task=A, attempt=2, state="succeeded", seconds=0.5),
            PastAttempt(run=runs[0].run, task=A, attempt=1, state="failed", code=1, seconds=0.25, delay=1.0),
        ]
        return self.make_history(runs, tasks, attempts)

    def numbers(self, runs: Sequence[PastRun]) -> List[int]:
        return [int(run.run[13:15]) for run in runs]

    def test_an_empty_one_has_no_answers(self) -> None:
        """And raises nothing."""
        history = self.make_history([], [], [])
        assert [*history.runs(), *history.tasks(), *history.attempts("r", "t")] == []
        assert (dict(history.durations(["a"])), dict(history.peaks(["a"]))) == ({}, {})

    def test_runs_come_back_the_newest_first(self) -> None:
        """Whole."""
        history = self.full()
        assert self.numbers(history.runs()) == [2, 1, 0]
        assert history.runs()[2] == past_run(
            0, targets=(A, B), branch="main", revision="a" * 40, arguments={"a": {"level": "3"}}
        )

    def test_runs_are_chosen(self) -> None:
        """By number, time, target, end and branch, and by several of these."""
        history = self.full()
        assert self.numbers(history.runs(limit=1)) == [2]
        assert self.numbers(history.runs(since=AT + 60)) == [2, 1]
        assert self.numbers(history.runs(until=AT + 60)) == [0]
        assert self.numbers(history.runs(target="b")) == [0]
        assert self.numbers(history.runs(ok=False)) == [1]
        assert self.numbers(history.runs(ok=True)) == [2, 0]
        assert self.numbers(history.runs(branch="main", until=AT + 120)) == [0]
        assert self.numbers(history.runs(branch="none")) == []

    def test_tasks_of_a_run_are_in_the_order_of_its_plan(self) -> None:
        """And those of all runs in the order of the runs."""
        history = self.full()
        run = history.runs()[0].run
        assert [task.task for task in history.tasks(run=run)] == [B, A]
        assert [(task.run[13:15], task.task) for task in history.tasks()] == [
            (number, name) for number in ("02", "01", "00") for name in (B, A)
        ]

    def test_tasks_are_chosen(self) -> None:
        """By run, name, time and number."""
        history = self.full()
        assert [task.seconds for task in history.tasks(task="b")] == [3.0, 2.0, 1.0]
        assert [task.seconds for task in history.tasks(task="b", since=AT + 60, limit=1)] == [3.0]
        assert [task.seconds for task in history.tasks(task="b", until=AT + 60)] == [1.0]
        assert [task.seconds for task in history.tasks(run=history.runs()[1].run, task="a")] == [8.0]
        assert len(history.tasks(limit=3)) == 3

    def test_attempts_in_order(self) -> None:
        """The first one first."""
        history = self.full()
        found = history.attempts(history.runs()[2].run, "a")
        assert [(one.attempt, one.state, one.delay) for one in found] == [(1, "failed", 1.0), (2, "succeeded", None)]

    def test_medians_and_peaks(self) -> None:
        """Of what ran and ended well; what is not known is left out."""
        history = self.full()
        assert history.durations(["a", "b", "c"]) == {A: 8.0, B: 2.0}
        assert history.peaks(["a", "b", "c"]) == {B: 100}
