"""The lines of a spool as they are written: one place for the order of their fields.

    R run at jobs host targets arguments revision branch resumes only     the run began; U+001F between items of lists
    S number task attempt at waited runner reason            an action was started
    A number task attempt at state code reason seconds user system peak read written delay     a try failed
    F number task at state ok code reason seconds user system peak read written key attempts saved outputs log
    T number task attempt at waited runner reason, then as F from `at` on        an action that was over soon
    E at ok exit_code seconds reason                         the run is over

Later versions add fields at the end and letters. Reading them is `spooled.py`'s. Nothing dear is imported here.
"""

from __future__ import annotations

from taskrush.report.spool import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence, Tuple

    from taskrush.events import TaskStarted
    from taskrush.model.history import PastRun
    from taskrush.model.outcome import Outcome

    Begun = Tuple[float, TaskStarted]  # when an action was started

BETWEEN = "\x1f"
WITHIN = "\x1e"
_AT = {"S": 4, "F": 3}


def run_fields(run: PastRun) -> Sequence[str]:
    """The fields of `R`."""
    arguments = [
        f"{task}{WITHIN}{name}{WITHIN}{value.replace(WITHIN, ' ').replace(BETWEEN, ' ')}"
        for task, own in run.arguments.items()
        for name, value in own.items()
    ]
    return (
        run.run,
        f"{run.began_at:.6f}",
        str(run.jobs),
        run.host,
        BETWEEN.join(run.targets),
        BETWEEN.join(arguments),
        run.revision or "",
        run.branch or "",
        run.resumes or "",
        "1" if run.only else "",
    )


def start_line(number: int, task: str, attempt: int, at: float, waited: float, runner: str, reason: str) -> str:
    """The line of `S`; of this, `F` and `T` there are many, so they are written in one go."""
    reason = escape(reason) if reason else ""
    return f"S\t{number}\t{escape(task)}\t{attempt}\t{at:.6f}\t{waited:.6f}\t{runner}\t{reason}\n"


def attempt_fields(number: int, task: str, attempt: int, at: float, outcome: Outcome, delay: float) -> Sequence[str]:
    """The fields of `A`."""
    return (
        str(number),
        task,
        str(attempt),
        f"{at:.6f}",
        outcome.state.value,
        _text(outcome.code),
        outcome.reason or "",
        f"{outcome.seconds:.6f}",
        *_used(outcome).split("\t"),
        f"{delay:.6f}",
    )


def end_line(number: int, task: str, at: float, outcome: Outcome, log_bytes: int) -> str:
    """The line of `F`."""
    return f"F\t{number}\t{escape(task)}\t{_end(at, outcome, log_bytes)}"


def whole_line(number: int, task: str, begun: Begun, at: float, outcome: Outcome, log_bytes: int) -> str:
    """The line of `T`."""
    began_at, start = begun
    head = start_line(number, task, start.attempt, began_at, start.waited_seconds, start.runner, start.reason)
    return f"T{head[1:-1]}\t{_end(at, outcome, log_bytes)}"


def _end(at: float, outcome: Outcome, log_bytes: int) -> str:
    """What follows the task in the line of `F`."""
    code, saved = outcome.code, outcome.saved_seconds
    reason = escape(outcome.reason) if outcome.reason else ""
    return (
        f"{at:.6f}\t{outcome.state._value_}\t{outcome.ok:d}\t"
        f"{'' if code is None else code}\t{reason}\t{outcome.seconds:.6f}\t{_used(outcome)}\t{outcome.key or ''}\t"
        f"{outcome.attempts}\t{'' if saved is None else f'{saved:.6f}'}\t{outcome.outputs or ''}\t{log_bytes}\n"
    )


def finish_fields(at: float, ok: bool, exit_code: int, seconds: float, reason: str) -> Sequence[str]:
    """The fields of `E`."""
    return (f"{at:.6f}", "1" if ok else "0", str(exit_code), f"{seconds:.6f}", reason)


def timeless(line: str) -> Optional[str]:
    """A line of `S` or `F` with NUL in place of its time; None if there is one in it already."""
    fields = line.split("\t")
    fields[_AT[fields[0]]] = "\0"
    return None if "\0" in line else "\t".join(fields)


def at_text(at: float) -> str:
    """A time as lines have it."""
    return f"{at:.6f}"


def run_again(fields: Sequence[str], run: str, at: float, revision: Optional[str], branch: Optional[str]) -> List[str]:
    """The fields of `R` for another run like the one with these."""
    return [run, at_text(at), *fields[2:6], revision or "", branch or "", *fields[8:]]


def _used(outcome: Outcome) -> str:
    """The fields user, system, peak, read and written."""
    user, system = outcome.cpu_user_seconds, outcome.cpu_system_seconds
    peak, read, written = outcome.peak_bytes, outcome.read_bytes, outcome.written_bytes
    if not (user is None or system is None or peak is None or read is None or written is None):
        return f"{user:.6f}\t{system:.6f}\t{peak}\t{read}\t{written}"
    times = ("" if time is None else f"{time:.6f}" for time in (user, system))
    return "\t".join((*times, _text(peak), _text(read), _text(written)))


def _text(value: Optional[int]) -> str:
    return "" if value is None else str(value)
