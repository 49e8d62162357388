"""Runs as a reporter hears of them, for the tests of history."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from taskrush.events import Event, Record, RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted
from taskrush.model.outcome import Outcome, succeeded
from taskrush.model.plan import Plan
from taskrush.model.task import Shell, Task, TaskId
from taskrush.report.history import HistoryReporter
from taskrush.report.history_db import HistoryDatabase

RUN = "20260102T030405-0a1b2c3d"
AT = 1767323045.25


def run_name(number: int) -> str:
    return f"20260102T{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{number:08x}"


def plan_of(root: Path, names: Sequence[str], arguments: Optional[Dict[str, Dict[str, Any]]] = None) -> Plan:
    given = arguments or {}
    tasks = tuple(Task(id=TaskId(name), action=Shell(("x",)), arguments=given.get(name, {})) for name in names)
    none: Tuple[Tuple[int, ...], ...] = tuple(() for _ in tasks)
    return Plan(tasks=tasks, needs=none, after=none, targets=(TaskId(names[-1]),), root=str(root))


def story(outcomes: Dict[str, Outcome], end: bool = True, code: int = 0) -> List[Event]:
    """A run in which tasks end so, one after the other; without `end` it is cut off before its last event."""
    names = tuple(TaskId(name) for name in outcomes)
    events: List[Event] = [RunStarted(targets=names[-1:], tasks=names, jobs=2)]
    for name, outcome in outcomes.items():
        if outcome.state.value not in ("fresh", "hit", "skipped"):
            events.append(TaskStarted(TaskId(name), "x", 1, "input a changed", waited_seconds=0.25, runner="local"))
            events.append(TaskOutput(TaskId(name), "stdout", b"12345"))
        events.append(TaskFinished(TaskId(name), outcome))
    if end:
        events.append(RunFinished(ok=not code, exit_code=code, seconds=1.5))
    return events


def tell(
    root: Path, events: Iterable[Event], run: str = RUN, at: float = AT, reporter: Optional[HistoryReporter] = None
) -> HistoryReporter:
    """Let a reporter hear of them, one a second."""
    told = list(events)
    if reporter is None:
        assert isinstance(told[0], RunStarted)
        reporter = HistoryReporter(plan_of(root, told[0].tasks))
    for seq, event in enumerate(told):
        reporter.on_record(Record(run, seq, at + seq, event))
    return reporter


def spool_runs(root: Path, count: int, tasks: int, first: int = 0, at: float = AT) -> None:
    """So many runs of so many tasks each, a minute apart."""
    outcomes = {f"t{number}": succeeded(code=0, seconds=0.5, cpu_user_seconds=0.25) for number in range(tasks)}
    for number in range(first, first + count):
        tell(root, story(outcomes), run_name(number), at + 60 * number)


def opened(root: Path, **options: Any) -> Tuple[HistoryDatabase, List[str]]:
    """The history, and what it complains of. Age is no reason to go unless a test says what time it is."""
    warnings: List[str] = []
    options.setdefault("now", lambda: AT)
    return HistoryDatabase(str(root), warnings.append, **options), warnings
