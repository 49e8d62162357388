"""What the lines of a spool say, read back; their fields and the order of these are `spool_lines.py`'s.

Readers ignore fields and letters that they do not know, and lines that are no good.
"""

from __future__ import annotations

from taskrush.model.history import INTERRUPTED, RUNNING, UNDER_WAY, PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.report.spool_lines import BETWEEN, WITHIN
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, TypeVar

    T = TypeVar("T")


@frozen(kw_only=True)
class Spooled:
    """What one spool says. `tasks` are in the order of the plan, as are `numbers`, their places in it."""

    run: PastRun
    tasks: Tuple[PastTask, ...] = ()
    numbers: Tuple[int, ...] = ()
    attempts: Tuple[PastAttempt, ...] = ()


def understand(lines: Iterable[List[str]], live: bool) -> Optional[Spooled]:
    """What the lines say; None if not even the beginning of a run is there. `live`: the run is still going on."""
    reading = Reading()
    for line in lines:
        try:
            reading.take(line)
        except (ValueError, IndexError, OverflowError):
            continue
    return reading.result(live)


class Reading:
    """Takes lines one by one."""

    def __init__(self) -> None:
        self._run: Optional[PastRun] = None
        self._latest = 0.0
        self._started: Dict[int, PastTask] = {}
        self._ended: Dict[int, PastTask] = {}
        self._attempts: Dict[Tuple[int, int], PastAttempt] = {}

    def take(self, line: List[str]) -> None:
        kind = line[0]
        if kind == "R" and self._run is None:
            self._begin(line)
        elif self._run is None:
            return
        elif kind == "S":
            self._start(line)
        elif kind == "A":
            self._attempt(line)
        elif kind == "F":
            self._end(line)
        elif kind == "T":
            self._start(line)
            self._end(["F", *line[1:3], *line[8:]])
        elif kind == "E":
            self._run = evolve(
                self._run,
                ok=line[2] == "1",
                exit_code=int(line[3]),
                seconds=_seconds(line[4]),
                reason=line[5] or None,
            )

    def _begin(self, line: List[str]) -> None:
        arguments: Dict[str, Dict[str, str]] = {}
        for entry in line[6].split(BETWEEN) if line[6] else ():
            task, name, value = entry.split(WITHIN)
            arguments.setdefault(task, {})[name] = value
        self._run = PastRun(
            run=line[1],
            began_at=_seconds(line[2]),
            jobs=_whole(line[3]),
            host=line[4],
            targets=tuple(TaskId(name) for name in line[5].split(BETWEEN) if name),
            arguments=arguments,
            revision=line[7] or None,
            branch=line[8] or None,
            resumes="".join(line[9:10]) or None,
            only="".join(line[10:11]) == "1",
        )
        self._latest = self._run.began_at

    def _start(self, line: List[str]) -> None:
        assert self._run is not None
        number, attempt, at = _whole(line[1]), _whole(line[3]), _seconds(line[4])
        self._latest = max(self._latest, at)
        self._started[number] = PastTask(
            run=self._run.run,
            task=TaskId(line[2]),
            state=RUNNING,
            ok=False,
            began_at=at,
            waited_seconds=_seconds(line[5]),
            runner=line[6],
            why=line[7] or None,
            attempts=attempt,
            host=self._run.host,
        )
        self._attempts[number, attempt] = PastAttempt(
            run=self._run.run, task=TaskId(line[2]), attempt=attempt, state=RUNNING, began_at=at
        )

    def _attempt(self, line: List[str]) -> None:
        assert self._run is not None
        number, attempt = _whole(line[1]), _whole(line[3])
        before = self._attempts.get((number, attempt))
        self._latest = max(self._latest, _seconds(line[4]))
        self._attempts[number, attempt] = PastAttempt(
            run=self._run.run,
            task=TaskId(line[2]),
            attempt=attempt,
            state=line[5],
            code=_maybe(line[6], int),
            reason=line[7] or None,
            began_at=before.began_at if before else None,
            seconds=_seconds(line[8]),
            cpu_user_seconds=_maybe(line[9], _seconds),
            cpu_system_seconds=_maybe(line[10], _seconds),
            peak_bytes=_maybe(line[11], _whole),
            read_bytes=_maybe(line[12], _whole),
            written_bytes=_maybe(line[13], _whole),
            delay=_maybe(line[14], _seconds),
        )

    def _end(self, line: List[str]) -> None:
        assert self._run is not None
        number = _whole(line[1])
        before = self._started.get(number)
        self._latest = max(self._latest, _seconds(line[3]))
        used: Dict[str, Any] = {
            "cpu_user_seconds": _maybe(line[9], _seconds),
            "cpu_system_seconds": _maybe(line[10], _seconds),
            "peak_bytes": _maybe(line[11], _whole),
            "read_bytes": _maybe(line[12], _whole),
            "written_bytes": _maybe(line[13], _whole),
        }
        task = PastTask(
            run=self._run.run,
            task=TaskId(line[2]),
            state=line[4],
            ok=line[5] == "1",
            code=_maybe(line[6], int),
            reason=line[7] or None,
            why=before.why if before else None,
            began_at=before.began_at if before else None,
            seconds=_seconds(line[8]),
            waited_seconds=before.waited_seconds if before else None,
            key=line[14] or None,
            attempts=_whole(line[15]),
            saved_seconds=_maybe(line[16], _seconds),
            outputs=line[17] or None,
            log_bytes=_whole(line[18]),
            runner=before.runner if before else "",
            host=self._run.host,
            **used,
        )
        self._ended[number] = task
        if before is not None:
            self._attempts[number, before.attempts] = PastAttempt(
                run=self._run.run,
                task=task.task,
                attempt=before.attempts,
                state=task.state,
                code=task.code,
                reason=line[7] or None,
                began_at=before.began_at,
                seconds=task.seconds,
                **used,
            )

    def result(self, live: bool) -> Optional[Spooled]:
        run = self._run
        if run is None:
            return None
        open_state = RUNNING if live else INTERRUPTED
        if run.exit_code is None:
            reason = UNDER_WAY if live else "the runner was killed"
            run = evolve(run, seconds=self._latest - run.began_at, reason=reason)
        tasks = {**self._started, **self._ended}
        numbers = tuple(sorted(tasks))
        attempts = (self._attempts[key] for key in sorted(self._attempts))
        return Spooled(
            run=evolve(run, tasks=len(numbers)),
            tasks=tuple(_closed(tasks[number], open_state) for number in numbers),
            numbers=numbers,
            attempts=tuple(evolve(one, state=open_state) if one.state == RUNNING else one for one in attempts),
        )


def _closed(task: PastTask, state: str) -> PastTask:
    return evolve(task, state=state) if task.state == RUNNING and state != RUNNING else task


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e11:  # neither nan nor what no column holds
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < 1 << 62:
        raise ValueError(text)
    return value


def _maybe(text: str, read: Callable[[str], T]) -> Optional[T]:
    return read(text) if text else None


__all__ = ["Spooled", "understand"]
