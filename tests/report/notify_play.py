"""A run played to a notifier: outcomes in, messages out; nothing is sent."""

from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from taskrush import Channel, Notice, Notifications, Task, TaskId
from taskrush.events import Record, RunFinished, RunStarted, StopRequested, TaskFinished, TaskOutput
from taskrush.model.history import PastRun, PastTask
from taskrush.model.outcome import Outcome, State, failed
from taskrush.report.notify import Notifier
from taskrush.report.notify_news import Message

FRESH = Outcome(state=State.FRESH, ok=True)
WARNED = Outcome(state=State.WARNED, ok=True, code=1, reason="exit code 1")
BROKEN = failed("exit code 1", code=1)


class FakeHistory:
    """Remembers what it is told: whether tasks, and the run of their names, failed the last time."""

    def __init__(
        self, tasks: Mapping[str, str], run_ok: Optional[bool] = None, targets: Sequence[str] = ("all",)
    ) -> None:
        self._tasks = tasks
        self._runs = [] if run_ok is None else [_run("old", run_ok, targets)]
        self.closed = 0

    def runs(self, limit: Optional[int] = None, target: Optional[str] = None, **other: Any) -> Sequence[PastRun]:
        now = PastRun(run="now", began_at=3.0, targets=(TaskId("all"),))
        stopped = PastRun(run="stopped", began_at=2.0, exit_code=130, targets=(TaskId("all"),))
        other_targets = _run("other", False, ("all", "more"))
        return [now, stopped, other_targets, *self._runs]

    def tasks(self, task: Optional[str] = None, limit: Optional[int] = None, **other: Any) -> Sequence[PastTask]:
        name = TaskId(task or "")
        now = PastTask(run="now", task=name, state="failed", ok=False)
        left_out = PastTask(run="older", task=name, state="skipped", ok=False)
        found = [PastTask(run="old", task=name, state=self._tasks[name], ok=True)] if name in self._tasks else []
        return [now, left_out, *found]

    def close(self) -> None:
        self.closed += 1


def _run(name: str, ok: bool, targets: Sequence[str]) -> PastRun:
    return PastRun(run=name, began_at=1.0, ok=ok, exit_code=0 if ok else 1, targets=tuple(map(TaskId, targets)))


class Postbox:
    """Takes messages instead of sending them; `trouble` is raised, one after the other."""

    def __init__(self, *trouble: Optional[Exception]) -> None:
        self.messages: List[Message] = []
        self.tries = 0
        self._trouble = list(trouble)

    def __call__(self, channel: Channel, message: Message, environ: Mapping[str, str], seconds: float) -> None:
        self.tries += 1
        trouble = self._trouble.pop(0) if self._trouble else None
        if trouble is not None:
            raise trouble
        self.messages.append(message)


def play(
    tmp_path: Path,
    ends: Mapping[str, Outcome],
    notices: Sequence[Notice],
    history: Optional[FakeHistory] = None,
    *,
    exit_code: Optional[int] = None,
    stop: str = "",
    output: bytes = b"",
    box: Optional[Postbox] = None,
    **options: Any,
) -> List[Message]:
    """A run in which tasks end so; what `box` was told."""
    box = box or Postbox()
    options.setdefault("open_history", None if history is None else (lambda: history))
    notifier = Notifier(
        str(tmp_path / "shop"),
        [Task(id=TaskId(name)) for name in ends],
        Notifications(channels={"team": Channel(url="x")}, rules=tuple(notices)),
        {"CITY": "Rome"},
        send=box,
        **options,
    )
    ok = all(outcome.ok for outcome in ends.values()) and not stop
    code = exit_code if exit_code is not None else 0 if ok else 1
    events: List[Any] = [RunStarted(targets=(TaskId("all"),), tasks=tuple(map(TaskId, ends)), jobs=1)]
    for name, outcome in ends.items():
        events += [TaskOutput(TaskId(name), "stdout", output)] if output else []
        events.append(TaskFinished(TaskId(name), outcome))
    events += [StopRequested(stop, 1.0)] if stop else []
    events.append(RunFinished(ok=ok, exit_code=code, seconds=1.5))
    for number, event in enumerate(events):
        notifier.on_record(Record("now", number, 1000.0 + number, event))
    return box.messages


def told(messages: Sequence[Message]) -> List[Tuple[str, Optional[str]]]:
    return [(news["event"], news["task"]) for message in messages for news in message.news]
