"""What is counted of tasks and of whole runs, as series of numbers in the order of time. Pure.

Of a task: what it took where it ran to a good end, and which share of its ends were hits and failures. Of whole runs:
the sum of the waits, processor times and savings of their tasks, the largest peak, the share of hits.
"""

from __future__ import annotations

from taskrush._typing import NamedTuple
from taskrush.model.history import UNDER_WAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Sequence, Tuple

    from taskrush.model.history import PastMeasure, PastRun

RAN_WELL = ("succeeded", "warned")
KEPT = ("fresh", "hit")
WRONG = ("failed", "warned")


class Measure(NamedTuple):
    """Something counted; `unit` is `seconds`, `bytes` or `share`."""

    name: str
    title: str
    unit: str


MEASURES = (
    Measure("wall", "wall time", "seconds"),
    Measure("wait", "queue wait", "seconds"),
    Measure("cpu", "CPU", "seconds"),
    Measure("memory", "peak memory", "bytes"),
    Measure("hits", "cache hits", "share"),
    Measure("failures", "failures", "share"),
    Measure("flaky", "flaky", "share"),
    Measure("saved", "time saved", "seconds"),
)
if TYPE_CHECKING:
    Point = Tuple[int, float]  # the place of the run among all, the oldest first, and the number


class Series(NamedTuple):
    """Numbers by measure; `amount` is how many ends there were."""

    name: str
    amount: int
    points: Dict[str, List[Point]]


def ended(runs: Sequence[PastRun]) -> List[PastRun]:
    """Those that came to an end of their own, the oldest first."""
    over = (run for run in runs if run.exit_code is not None and run.exit_code <= 128 and run.reason != UNDER_WAY)
    return sorted(over, key=lambda run: (run.began_at, run.run))


def of_tasks(runs: Sequence[PastRun], rows: Sequence[PastMeasure]) -> List[Series]:
    """Those of tasks that ended in `runs`, which are the oldest first."""
    places = {run.run: place for place, run in enumerate(runs)}
    found: Dict[str, List[Tuple[int, PastMeasure]]] = {}
    for row in rows:
        place = places.get(row.run)
        if place is not None:
            own = found.get(row.task)
            if own is None:
                own = found[row.task] = []
            own.append((place, row))
    made = (_task(name, own) for name, own in found.items())
    return [one for one in made if one is not None]


def _task(name: str, rows: List[Tuple[int, PastMeasure]]) -> Optional[Series]:
    rows.sort(key=lambda pair: pair[0])
    ran = [(place, row) for place, row in rows if row.state in RAN_WELL]
    ended = [
        (place, row.state) for place, row in rows if row.state in RAN_WELL or row.state in KEPT or row.state in WRONG
    ]
    if not ended:
        return None
    states = {state for _, state in ended}
    points: Dict[str, List[Point]] = {
        "wall": [(place, row.seconds) for place, row in ran],
        "wait": [(place, row.waited) for place, row in ran if row.waited is not None],
        "cpu": [(place, row.cpu) for place, row in ran if row.cpu is not None],
        "memory": [(place, float(row.peak_bytes)) for place, row in ran if row.peak_bytes is not None],
        "saved": [(place, row.saved) for place, row in rows if row.saved is not None and row.state in KEPT],
        "failures": [(place, float(state in WRONG)) for place, state in ended],
        "flaky": [(place, float(row.attempts > 1 and row.state == "succeeded")) for place, row in ran],
    }
    if not states.isdisjoint(KEPT):
        points["hits"] = [(place, float(state in KEPT)) for place, state in ended]
    return Series(name, len(ended), points)


def of_wholes(
    runs: Sequence[PastRun], rows: Sequence[PastMeasure], by: Callable[[PastRun], Sequence[str]]
) -> List[Series]:
    """Those of whole runs; `by` says what a run is a run of."""
    sums = {run.run: _Sums() for run in runs}
    for row in rows:
        own = sums.get(row.run)
        if own is not None:
            own.add(row)
    found: Dict[str, List[int]] = {}
    for place, run in enumerate(runs):
        for name in by(run):
            found.setdefault(name, []).append(place)
    return [_whole(name, places, runs, [sums[runs[place].run] for place in places]) for name, places in found.items()]


class _Sums:
    """What the tasks of one run come to."""

    __slots__ = ("cpu", "ended", "flaky", "kept", "memory", "ran", "saved", "wait")

    def __init__(self) -> None:
        self.wait = self.cpu = self.saved = 0.0
        self.memory = self.ended = self.kept = self.ran = 0
        self.flaky = False

    def add(self, row: PastMeasure) -> None:
        state = row.state
        if state in KEPT:
            self.kept += 1
            self.saved += row.saved or 0.0
        elif state in RAN_WELL or state in WRONG:
            self.ran += 1
            self.wait += row.waited or 0.0
            self.cpu += row.cpu or 0.0
            if row.peak_bytes is not None and row.peak_bytes > self.memory:
                self.memory = row.peak_bytes
            if row.attempts > 1 and state == "succeeded":
                self.flaky = True


def _whole(name: str, places: Sequence[int], runs: Sequence[PastRun], sums: Sequence[_Sums]) -> Series:
    both = list(zip(places, sums))
    well = [(place, one) for place, one in both if runs[place].ok]
    points: Dict[str, List[Point]] = {
        "wall": [(place, runs[place].seconds) for place, _ in well],
        "wait": [(place, one.wait) for place, one in well],
        "cpu": [(place, one.cpu) for place, one in well],
        "memory": [(place, float(one.memory)) for place, one in well if one.memory],
        "failures": [(place, float(not runs[place].ok)) for place in places],
        "flaky": [(place, float(one.flaky)) for place, one in well],
    }
    if any(one.kept for one in sums):
        points["hits"] = [(place, one.kept / (one.kept + one.ran)) for place, one in both if one.kept + one.ran]
        points["saved"] = [(place, one.saved) for place, one in both]
    return Series(name, len(places), points)
