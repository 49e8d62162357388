"""What a page says of a run, as plain data in columns, so that a page of thousands of tasks stays small.

It decides what is left out of a page that would become too large, and says so in `left_out`. It looks nothing up: the
times, the paths and the advice are worked out elsewhere and given. Times are seconds from the beginning of the run.
"""

from __future__ import annotations

from taskrush.report.chrome_trace import lanes
from taskrush.report.html import shown
from taskrush.values import evolve, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.failure import Failure
    from taskrush.model.history import PastAttempt, PastRun, PastTask
    from taskrush.report.spooled import Spooled

LOGS = 400_000  # characters of all logs of failures together
OTHER_LOGS = 96_000  # of those of all other tasks
FAILED_LOG, OTHER_LOG = 65_536, 2_000  # of one
TASKS, EDGES, FAILURES, PROFILED = 20_000, 60_000, 100, 200
ENDS_BAD = ("failed", "cancelled", "interrupted")


@frozen(kw_only=True)
class Declared:
    """What is declared of a task: what it is for, what it runs, whether its result is kept."""

    description: str = ""
    command: str = ""
    cached: bool = False
    service: bool = False


@frozen(kw_only=True)
class Advice:
    """A change and how many seconds sooner a run would end: `faster`, `edge` or `jobs`."""

    kind: str
    seconds: float
    task: str = ""
    on: str = ""
    jobs: int = 0


@frozen(kw_only=True)
class Expected:
    """How long a run in which everything runs takes by past runs, and the interval of four of five."""

    seconds: float
    low: float
    high: float
    runs: int
    advice: Tuple[Advice, ...] = ()


@frozen(kw_only=True)
class Fared:
    """How a task, or whole runs, fared over a time: percentiles of seconds, and the middle of other runs to compare.

    `sure`: the difference is not by chance. `kind` is `run` or `task`.
    """

    kind: str
    name: str
    count: int
    p50: Optional[float] = None
    p90: Optional[float] = None
    p99: Optional[float] = None
    base: Optional[float] = None
    sure: bool = False
    hits: Optional[float] = None
    failures: Optional[float] = None
    peak: Optional[float] = None


@frozen(kw_only=True)
class Shift:
    """Since the run `run`, which began `at`, a measure lies elsewhere. `unit` is `seconds`, `bytes` or `share`."""

    name: str
    measure: str
    unit: str
    at: float
    run: str
    before: float
    after: float


@frozen(kw_only=True)
class Profiled:
    """What a profile says, `about` which runs."""

    about: str
    fared: Tuple[Fared, ...] = ()
    shifts: Tuple[Shift, ...] = ()


@frozen(kw_only=True)
class RunPage:
    """Everything that a page is made of.

    `edges` are pairs (task, what it waits for); `path` is the longest path by the times of this run, with `slack` how
    much later each task could end without the path becoming longer. `log` gives the end of what a task wrote, at most
    so many bytes. `runs` are past runs, this one not among them, newest first; `past` how tasks fared in them.
    """

    run: Spooled
    edges: Sequence[Tuple[str, str]] = ()
    path: Sequence[str] = ()
    slack: Mapping[str, float] = field(factory=dict)
    declared: Mapping[str, Declared] = field(factory=dict)
    failures: Mapping[str, Failure] = field(factory=dict)
    log: Callable[[str, int], bytes] = lambda task, most: b""
    runs: Sequence[PastRun] = ()
    past: Mapping[str, Sequence[PastTask]] = field(factory=dict)
    expected: Optional[Expected] = None
    profile: Optional[Profiled] = None


def facts(page: RunPage) -> Dict[str, Any]:
    """All of it."""
    run = page.run.run
    tasks = page.run.tasks
    kept = _kept(tasks, page.path)
    index: Dict[str, int] = {task.task: number for number, task in enumerate(kept)}
    edges = [(index[task], index[on]) for task, on in page.edges if task in index and on in index]
    texts = _Texts()
    logs, cut = _logs(kept, page.log)
    return {
        "version": 1,
        "run": {
            "id": run.run,
            "targets": [shown.line(target) for target in run.targets],
            "began": run.began_at,
            "seconds": _short(run.seconds),
            "ok": run.ok,
            "code": run.exit_code,
            "reason": shown.line(run.reason or ""),
            "jobs": run.jobs,
            "host": shown.line(run.host),
            "revision": run.revision or "",
            "branch": shown.line(run.branch or ""),
        },
        "tasks": _columns(kept, page, texts),
        "texts": texts.all,
        "attempts": _attempts(page.run.attempts, index, run.began_at),
        "edges": [number for edge in edges[:EDGES] for number in edge],
        "path": [index[task] for task in page.path if task in index],
        "logs": logs,
        "failures": {
            str(index[task]): _failure(failure)
            for task, failure in list(page.failures.items())[:FAILURES]
            if task in index
        },
        "trends": _trends(page, index),
        "expected": _expected(page.expected),
        "profile": _profile(page.profile),
        "left_out": {
            "tasks": len(tasks) - len(kept),
            "edges": max(0, len(edges) - EDGES),
            "logs": cut,
        },
    }


def _kept(tasks: Sequence[PastTask], path: Sequence[str]) -> List[PastTask]:
    """Of too many tasks the telling ones: what failed, what is on the path, what took longest. In order."""
    if len(tasks) <= TASKS:
        return list(tasks)
    on_path = set(path)
    ranked = sorted(
        range(len(tasks)),
        key=lambda number: (tasks[number].ok, tasks[number].task not in on_path, -tasks[number].seconds),
    )
    return [tasks[number] for number in sorted(ranked[:TASKS])]


def _columns(tasks: Sequence[PastTask], page: RunPage, texts: _Texts) -> Dict[str, List[Any]]:
    begin = page.run.run.began_at
    placed = {task.task: lane for task, lane in lanes(whole(tasks, page.run.attempts))}
    none = Declared()
    declared = [page.declared.get(task.task, none) for task in tasks]
    columns: Dict[str, List[Any]] = {
        "name": [shown.line(task.task) for task in tasks],
        "state": [texts.number(task.state) for task in tasks],
        "start": [None if task.began_at is None else _short(task.began_at - begin) for task in tasks],
        "seconds": [_short(task.seconds) for task in tasks],
        "lane": [placed.get(task.task, -1) for task in tasks],
        "waited": [_short(task.waited_seconds) for task in tasks],
        "cpu": [_short(_cpu(task)) for task in tasks],
        "peak": [task.peak_bytes for task in tasks],
        "read": [task.read_bytes for task in tasks],
        "written": [task.written_bytes for task in tasks],
        "attempts": [task.attempts for task in tasks],
        "code": [task.code for task in tasks],
        "reason": [texts.number(task.reason) for task in tasks],
        "why": [texts.number(task.why) for task in tasks],
        "saved": [_short(task.saved_seconds) for task in tasks],
        "slack": [_short(page.slack.get(task.task)) for task in tasks],
        "cached": [int(one.cached) for one in declared],
        "service": [int(one.service) for one in declared],
        "description": [texts.number(one.description) for one in declared],
        "command": [texts.number(one.command) for one in declared],
        "runner": [texts.number(task.runner) for task in tasks],
    }
    return {name: column for name, column in columns.items() if name in NEEDED or any(column)}


NEEDED = ("name", "state", "start", "seconds", "lane")


def whole(tasks: Sequence[PastTask], attempts: Sequence[PastAttempt]) -> List[PastTask]:
    """Tasks as if all their attempts, and the waiting between them, were one."""
    first: Dict[str, float] = {}
    for attempt in attempts:
        if attempt.began_at is not None:
            first[attempt.task] = min(attempt.began_at, first.get(attempt.task, attempt.began_at))
    made = []
    for task in tasks:
        began = first.get(task.task)
        if task.began_at is not None and began is not None and began < task.began_at:
            task = evolve(task, began_at=began, seconds=task.began_at + task.seconds - began)
        made.append(task)
    return made


def _cpu(task: PastTask) -> Optional[float]:
    if task.cpu_user_seconds is None or task.cpu_system_seconds is None:
        return None
    return task.cpu_user_seconds + task.cpu_system_seconds


def _attempts(attempts: Sequence[PastAttempt], index: Mapping[str, int], begin: float) -> Dict[str, List[List[Any]]]:
    """Of tasks with several, each one's start, length and end."""
    found: Dict[str, List[List[Any]]] = {}
    several = {attempt.task for attempt in attempts if attempt.attempt > 1}
    for attempt in attempts:
        if attempt.task in several and attempt.task in index:
            start = None if attempt.began_at is None else _short(attempt.began_at - begin)
            facts_of = [start, _short(attempt.seconds), attempt.state, shown.line(attempt.reason or "")]
            found.setdefault(str(index[attempt.task]), []).append(facts_of)
    return found


def _logs(tasks: Sequence[PastTask], log: Callable[[str, int], bytes]) -> Tuple[Dict[str, str], int]:
    """The ends of logs, failures first, and of how many tasks with output there is none."""
    found: Dict[str, str] = {}
    room = {True: LOGS, False: OTHER_LOGS}
    cut = 0
    for number, task in sorted(enumerate(tasks), key=lambda one: (not _bad(one[1]), -one[1].seconds, one[0])):
        if not task.log_bytes:
            continue
        bad = _bad(task)
        most = min(FAILED_LOG if bad else OTHER_LOG, room[bad])
        text = shown.lines(log(task.task, most)) if most > 200 else ""
        if text:
            room[bad] -= len(text)
            found[str(number)] = text
        elif most <= 200:
            cut += 1
    return found, cut


def _bad(task: PastTask) -> bool:
    return task.state in ENDS_BAD or task.state == "warned"


def _failure(failure: Failure) -> Dict[str, Any]:
    history = failure.history
    return {
        "lines": [shown.line(one) for one in failure.lines],
        "causes": [
            {"message": shown.line(cause.message), "remedy": shown.line(cause.remedy or ""), "certain": cause.certain}
            for cause in failure.causes
        ],
        "changed": shown.line(failure.changed),
        "history": [history.failed, history.runs] if history is not None and history.runs > 1 else None,
    }


def _trends(page: RunPage, index: Mapping[str, int]) -> Dict[str, Any]:
    """Runs, oldest first, this one last; of tasks the seconds in each of them, null where it did not run."""
    runs = [*reversed([run for run in page.runs if run.ended]), page.run.run]
    place = {run.run: number for number, run in enumerate(runs)}
    now: Dict[str, PastTask] = {task.task: task for task in page.run.tasks}
    tasks: Dict[str, List[Optional[float]]] = {}
    for name, rows in page.past.items():
        if name not in index:
            continue
        column: List[Optional[float]] = [None] * len(runs)
        for row in (*rows, now[name]):
            if row.run in place and row.state in ("succeeded", "warned", "failed"):
                column[place[row.run]] = _short(row.seconds)
        if sum(seconds is not None for seconds in column) > 1:
            tasks[str(index[name])] = column
    return {
        "runs": [
            [run.run, run.began_at, _short(run.seconds), int(run.ok), (run.revision or "")[:7], run.branch or ""]
            for run in runs
        ],
        "tasks": tasks,
    }


def _expected(expected: Optional[Expected]) -> Optional[Dict[str, Any]]:
    if expected is None:
        return None
    return {
        "seconds": _short(expected.seconds),
        "low": _short(expected.low),
        "high": _short(expected.high),
        "runs": expected.runs,
        "advice": [
            [one.kind, _short(one.seconds), shown.line(one.task), shown.line(one.on), one.jobs]
            for one in expected.advice
        ],
    }


def _profile(profile: Optional[Profiled]) -> Optional[Dict[str, Any]]:
    if profile is None:
        return None
    return {
        "about": shown.line(profile.about),
        "fared": [
            [
                one.kind,
                shown.line(one.name),
                one.count,
                _short(one.p50),
                _short(one.p90),
                _short(one.p99),
                _short(one.base),
                int(one.sure),
                _short(one.hits),
                _short(one.failures),
                _short(one.peak),
            ]
            for one in profile.fared[:PROFILED]
        ],
        "shifts": [
            [shown.line(one.name), one.measure, one.unit, one.at, one.run, _short(one.before), _short(one.after)]
            for one in profile.shifts[:PROFILED]
        ],
    }


def _short(seconds: Optional[float]) -> Optional[float]:
    """To a tenth of a millisecond: nobody sees more, and it is a third of the page."""
    return None if seconds is None else round(seconds, 4)


class _Texts:
    """Texts that many tasks share, each once; the empty one is number 0."""

    def __init__(self) -> None:
        self.all: List[str] = [""]
        self._numbers: Dict[str, int] = {"": 0}

    def number(self, text: Optional[str]) -> int:
        clean = shown.line(text or "")
        number = self._numbers.setdefault(clean, len(self.all))
        if number == len(self.all):
            self.all.append(clean)
        return number
