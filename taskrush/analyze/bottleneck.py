"""Where the time of a run goes, and what would make it shorter: by arithmetic on its paths and by playing it again.

Advice is only given where it gains something that is worth a change; every gain is that of the one change alone.
"""

from __future__ import annotations

import statistics

from taskrush.analyze.paths import critical_edges, critical_path, gain_if_faster, paths, total, without_edge
from taskrush.analyze.work import RAN
from taskrush.model.task import TaskId
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Sequence, Tuple

    from taskrush.analyze.work import Work
    from taskrush.model.limits import Limits

PLAYED = 20_000  # tasks simulated in search of gains
WORTH_SHARE, WORTH_SECONDS = 0.01, 0.05  # a gain below both of these is none
FASTER = 2.0
SHOWN = 10
FORCED = "forced"  # nobody missed anything

if TYPE_CHECKING:
    Rewired = Callable[[Sequence[Tuple[int, ...]]], float]
    """How long a run with other edges takes, with the usual times."""
    Staffed = Callable[[int], float]
    """How long it takes with so many slots."""


@frozen(kw_only=True)
class Gain:
    """One change and how many seconds sooner a run would end: with the slots there are, and with slots without limit.

    `kind` is `faster` (the task is twice as fast), `edge` (`task` does not wait for `on`) or `jobs` (so many slots).
    """

    kind: str
    seconds: float
    unlimited: float = 0.0
    task: TaskId = TaskId("")
    on: TaskId = TaskId("")
    jobs: int = 0


@frozen(kw_only=True)
class Wait:
    """A task that usually was ready for so many seconds before there was room for it; `limits` are what it takes of
    besides a slot: pools, mutexes, resources."""

    task: TaskId
    seconds: float
    limits: Tuple[str, ...] = ()


@frozen(kw_only=True)
class Miss:
    """A cached task that ran `times` times all the same, for so many seconds in all, most often for this reason."""

    task: TaskId
    times: int
    seconds: float
    why: str


@frozen(kw_only=True)
class Bottlenecks:
    """What was found, in seconds; `path` and `slack` are by task, `efficiency` is the used part of all slots."""

    tasks: int
    runs: int
    jobs: int
    unknown: Tuple[str, ...]
    work: float
    longest: float
    expected: float
    low: float
    high: float
    efficiency: float
    path: Tuple[Tuple[TaskId, float], ...]
    slack: Tuple[Tuple[TaskId, float], ...]
    gains: Tuple[Gain, ...]
    waits: Tuple[Wait, ...]
    misses: Tuple[Miss, ...]


def bottlenecks(work: Work, rewired: Rewired, staffed: Staffed) -> Bottlenecks:
    """Look at a plan whose times are known."""
    needs, seconds, tasks = work.needs, work.seconds, work.plan.tasks
    found = paths(needs, seconds)
    path = critical_path(needs, seconds)
    played = work.play(seconds)
    guess = work.estimate()
    room = max(4, PLAYED // max(1, len(tasks)))
    gains = [
        *_faster(work, path, played, room // 3),
        *_edges(work, rewired, played, room // 3),
        *_more_jobs(work, staffed, played),
    ]
    worth = max(WORTH_SECONDS, WORTH_SHARE * played)
    busy = sum(seconds)
    return Bottlenecks(
        tasks=len(tasks),
        runs=work.runs,
        jobs=work.jobs,
        unknown=work.unknown,
        work=busy,
        longest=found.total,
        expected=guess.seconds,
        low=guess.low,
        high=guess.high,
        efficiency=busy / (played * work.jobs) if played else 0.0,
        path=tuple((tasks[node].id, seconds[node]) for node in path if seconds[node] > 0),
        slack=tuple((task.id, found.slack(node)) for node, task in enumerate(tasks)),
        gains=tuple(sorted((gain for gain in gains if gain.seconds >= worth), key=lambda gain: -gain.seconds)),
        waits=_waits(work),
        misses=_misses(work),
    )


def _faster(work: Work, path: Sequence[int], played: float, most: int) -> List[Gain]:
    """Tasks that would gain by being faster: those of the longest path, and the longest ones of all."""
    seconds = work.seconds
    longest = sorted(range(len(seconds)), key=lambda node: -seconds[node])
    chosen = dict.fromkeys([*sorted(path, key=lambda node: -seconds[node])[: most // 2 + 1], *longest[: most // 2 + 1]])
    gains = []
    for node in chosen:
        if seconds[node] > 0:
            faster = list(seconds)
            faster[node] /= FASTER
            gain = played - work.play(faster)
            unlimited = gain_if_faster(work.needs, seconds, node, FASTER)
            gains.append(Gain(kind="faster", seconds=gain, unlimited=unlimited, task=work.plan.tasks[node].id))
    return gains


def _edges(work: Work, rewired: Rewired, played: float, most: int) -> List[Gain]:
    """Edges of the longest path without which it would be shorter."""
    needs, seconds, tasks = work.needs, work.seconds, work.plan.tasks
    gains = []
    whole = total(needs, seconds)
    ranked = sorted(critical_edges(needs, seconds), key=lambda edge: -min(seconds[edge[0]], seconds[edge[1]]))
    for task, on in ranked[: max(1, most)]:
        left = without_edge(needs, task, on)
        gain = played - rewired(left)
        unlimited = whole - total(left, seconds)
        gains.append(Gain(kind="edge", seconds=gain, unlimited=unlimited, task=tasks[task].id, on=tasks[on].id))
    return gains


def _more_jobs(work: Work, staffed: Staffed, played: float) -> List[Gain]:
    tried = dict.fromkeys((work.jobs + 1, work.jobs * 2))
    return [Gain(kind="jobs", seconds=played - staffed(jobs), jobs=jobs) for jobs in tried]


def _waits(work: Work) -> Tuple[Wait, ...]:
    """The tasks that waited longest for room, in the middle of their runs."""
    waited: Dict[TaskId, List[float]] = {}
    for row in work.rows:
        if row.state in RAN and row.waited_seconds is not None:
            waited.setdefault(row.task, []).append(row.waited_seconds)
    takes = {task.id: _words(task.limits) for task in work.plan.tasks}
    found = [
        Wait(task=task, seconds=statistics.median(own), limits=takes.get(task, ())) for task, own in waited.items()
    ]
    worth = [wait for wait in found if wait.seconds >= WORTH_SECONDS]
    return tuple(sorted(worth, key=lambda wait: -wait.seconds)[:SHOWN])


def _words(limits: Optional[Limits]) -> Tuple[str, ...]:
    """What a task takes of besides a slot."""
    if limits is None:
        return ()
    words = [f"pool `{use.pool}`" for use in limits.pools] + [f"mutex `{name}`" for name in limits.mutex]
    words += ["the whole house"] if limits.exclusive else []
    words += ["memory"] if limits.resources.memory else []
    words += [f"{limits.resources.cpu:g} slots"] if limits.resources.cpu is not None else []
    return tuple(words)


def _misses(work: Work) -> Tuple[Miss, ...]:
    """Cached tasks that cost most by running again."""
    runs: Dict[TaskId, List[float]] = {}
    whys: Dict[TaskId, Dict[str, int]] = {}
    for row in work.rows:
        if row.state in RAN and row.why and row.why != FORCED:
            runs.setdefault(row.task, []).append(row.seconds)
            counts = whys.setdefault(row.task, {})
            counts[row.why] = counts.get(row.why, 0) + 1
    found = []
    for task, own in runs.items():
        why = max(whys[task], key=lambda text: whys[task][text])
        found.append(Miss(task=task, times=len(own), seconds=sum(own), why=why))
    return tuple(sorted(found, key=lambda miss: -miss.seconds)[:SHOWN])
