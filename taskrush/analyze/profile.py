"""How runs and tasks fared over a time: percentiles, a comparison with other runs, and since when something is other.

Pure: what is remembered in, numbers out. What is counted is `series.py`'s, how changes are found `trend.py`'s.
"""

from __future__ import annotations

import math
import statistics

from taskrush.analyze.estimate import quantile
from taskrush.analyze.series import MEASURES, ended, of_tasks, of_wholes
from taskrush.analyze.trend import MOST, believed, differ, step, steps
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.analyze.series import Measure, Point, Series
    from taskrush.model.history import PastMeasure, PastRun

NOISE = 0.05
"""At most this share of the changes that are named, and of the differences that are called sure, are noise."""
SEARCHED = 100
"""In so many tasks, those that take most time in all, changes are looked for; others are compared by wall time only."""
LEAST_CHANGE = {"seconds": 0.05, "bytes": 0.05, "share": 0.05}
"""Smaller changes are not named: of times and bytes as a part of what was, of shares as a difference."""
LEAST_SECONDS = 0.001
CELLS = 16
CHANGING = ("wall", "cpu", "memory", "hits", "failures")


@frozen(kw_only=True)
class Change:
    """From the run `run` on, which began `at`, numbers lie elsewhere: medians, of shares means, before and after."""

    at: float
    run: str
    revision: Optional[str]
    before: float
    after: float
    p: float


@frozen(kw_only=True)
class Versus:
    """The same of other runs, `middle` is the median or the mean of a share; `sure`: it differs not by chance."""

    count: int
    middle: float
    p: float
    sure: bool


@frozen(kw_only=True)
class Trend:
    """One measure of one task or of whole runs. Shares have a `mean` alone.

    `line` are the middles of equal parts, in order; empty where it was not worth the time.
    """

    name: str
    count: int
    mean: float
    total: float
    p50: Optional[float] = None
    p90: Optional[float] = None
    p95: Optional[float] = None
    p99: Optional[float] = None
    spread: Optional[float] = None
    base: Optional[Versus] = None
    changes: Tuple[Change, ...] = ()
    line: Tuple[float, ...] = ()

    @property
    def middle(self) -> float:
        return self.mean if self.p50 is None else self.p50


@frozen(kw_only=True)
class Subject:
    """A task, or the runs of some targets: how many ends there were, and what is known of each measure, by name."""

    name: str
    count: int
    trends: Mapping[str, Trend]

    @property
    def seconds(self) -> float:
        """What it took in all."""
        return self.trends["wall"].total if "wall" in self.trends else 0.0


@frozen(kw_only=True)
class Profile:
    """`wholes` are the runs by what they were for, `tasks` those that took most first; `searched`: in how many series
    changes were looked for."""

    wholes: Tuple[Subject, ...]
    tasks: Tuple[Subject, ...]
    runs: int
    base_runs: int
    searched: int


def profile(
    runs: Sequence[PastRun],
    rows: Sequence[PastMeasure],
    base_runs: Sequence[PastRun] = (),
    base_rows: Sequence[PastMeasure] = (),
    by: Callable[[PastRun], Sequence[str]] = lambda run: (" ".join(run.targets),),
) -> Profile:
    """The profile of `runs` and the `rows` of their tasks, both newest first. `by` says what a run is a run of."""
    ordered = ended(runs)
    wholes, tasks = of_wholes(ordered, rows, by), of_tasks(ordered, rows)
    before = ended(base_runs)
    base_wholes = {one.name: one for one in of_wholes(before, base_rows, by)}
    base_tasks = {one.name: one for one in of_tasks(before, base_rows)}
    tasks.sort(key=lambda one: (-sum(value for _, value in one.points["wall"]), one.name))
    wholes.sort(key=lambda one: (-one.amount, one.name))
    searched = [*wholes, *tasks[:SEARCHED]]
    changes, number = _changes(searched, ordered)
    pairs = [(one, base_wholes.get(one.name)) for one in wholes] + [(one, base_tasks.get(one.name)) for one in tasks]
    versus = _versus(pairs, len(searched))
    subjects = [
        _subject(one, changes.get(place, {}), versus[place], drawn=place < len(searched))
        for place, one in enumerate([*wholes, *tasks])
    ]
    return Profile(
        wholes=tuple(subjects[: len(wholes)]),
        tasks=tuple(subjects[len(wholes) :]),
        runs=len(ordered),
        base_runs=len(before),
        searched=number,
    )


def _changes(
    searched: Sequence[Series], runs: Sequence[PastRun]
) -> Tuple[Dict[int, Dict[str, Tuple[Change, ...]]], int]:
    """By place and measure, and how many series were looked at."""
    units = {measure.name: measure.unit for measure in MEASURES}
    series = [
        (place, name, one.points[name][-MOST:])
        for place, one in enumerate(searched)
        for name in CHANGING
        if one.points.get(name)
    ]
    first = [step([value for _, value in points]) for _, _, points in series]
    most = believed([1.0 if one is None else one.p for one in first], NOISE)
    found: Dict[int, Dict[str, Tuple[Change, ...]]] = {}
    for (place, name, points), one in zip(series, first):
        if one is not None and one.p <= most:
            named = _named(points, runs, units[name], most)
            if named:
                found.setdefault(place, {})[name] = named
    return found, len(series)


def _named(points: Sequence[Point], runs: Sequence[PastRun], unit: str, most: float) -> Tuple[Change, ...]:
    values = [value for _, value in points]
    cuts = steps(values, most)
    edges = [0, *(cut.at for cut in cuts), len(values)]
    middles = [_middle(values[begin:end], unit) for begin, end in zip(edges, edges[1:])]
    return tuple(
        Change(
            at=runs[points[cut.at][0]].began_at,
            run=runs[points[cut.at][0]].run,
            revision=runs[points[cut.at][0]].revision,
            before=before,
            after=after,
            p=cut.p,
        )
        for cut, before, after in zip(cuts, middles, middles[1:])
        if worth_a_word(before, after, unit)
    )


def worth_a_word(before: float, after: float, unit: str) -> bool:
    """Whether a change is large enough to be named, if it is one."""
    distance = abs(after - before)
    least = LEAST_CHANGE[unit] * (1.0 if unit == "share" else before)
    return distance >= least and distance > 0 and (unit != "seconds" or distance >= LEAST_SECONDS)


def _versus(pairs: Sequence[Tuple[Series, Optional[Series]]], whole: int) -> List[Dict[str, Versus]]:
    units = {measure.name: measure.unit for measure in MEASURES}
    found: List[Dict[str, Tuple[List[float], List[float], float]]] = []
    for place, (one, other) in enumerate(pairs):
        own: Dict[str, Tuple[List[float], List[float], float]] = {}
        for name, points in one.points.items() if place < whole else [("wall", one.points["wall"])]:
            others = [] if other is None else [value for _, value in other.points.get(name, ())]
            if points and others:
                values = [value for _, value in points]
                own[name] = (values, others, differ(values[-MOST:], others[-MOST:]))
        found.append(own)
    most = believed([p for own in found for _, _, p in own.values()], NOISE)
    return [
        {
            name: Versus(
                count=len(others),
                middle=_middle(others, units[name]),
                p=p,
                sure=p <= most
                and worth_a_word(_middle(others, units[name]), _middle(values, units[name]), units[name]),
            )
            for name, (values, others, p) in own.items()
        }
        for own in found
    ]


def _subject(
    one: Series, changes: Mapping[str, Tuple[Change, ...]], versus: Mapping[str, Versus], drawn: bool
) -> Subject:
    trends = {}
    for measure in MEASURES:
        points = one.points.get(measure.name)
        if points:
            values = [value for _, value in points]
            trends[measure.name] = _trend(
                measure, values, changes.get(measure.name, ()), versus.get(measure.name), drawn
            )
    return Subject(name=one.name, count=one.amount, trends=trends)


def _trend(
    measure: Measure, values: Sequence[float], changes: Tuple[Change, ...], base: Optional[Versus], drawn: bool
) -> Trend:
    total = math.fsum(values)
    mean = total / len(values)
    line = tuple(_middle(part, measure.unit) for part in _parts(values)) if drawn else ()
    if measure.unit == "share":
        return Trend(
            name=measure.name, count=len(values), mean=mean, total=total, base=base, changes=changes, line=line
        )
    ordered = sorted(values)
    return Trend(
        name=measure.name,
        count=len(values),
        mean=mean,
        total=total,
        p50=quantile(ordered, 0.5),
        p90=quantile(ordered, 0.9),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
        spread=math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)),
        base=base,
        changes=changes,
        line=line,
    )


def _parts(values: Sequence[float]) -> List[Sequence[float]]:
    """At most `CELLS` parts of about the same size, in order."""
    count = min(CELLS, len(values))
    edges = [round(place * len(values) / count) for place in range(count + 1)]
    return [values[begin:end] for begin, end in zip(edges, edges[1:])]


def _middle(values: Sequence[float], unit: str) -> float:
    return math.fsum(values) / len(values) if unit == "share" else statistics.median(values)
