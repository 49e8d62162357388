"""What is good enough, and whether it was reached: each bar is a limit on TaskRush's figure beside another one of the
same rounds, or on the figure alone. Nothing is measured here.
"""

from typing import Dict, List, Mapping, NamedTuple, Optional

from tests.benchmarks.measure import Figures
from tests.benchmarks.table import BARE, BOUND, OURS, milliseconds

LINKED = f"{OURS}, links"


class Bar(NamedTuple):
    """`must` is to be kept, `stretch` is aimed at; both are upper limits of what `kind` says:

    - `times`: ours divided by `peer`'s
    - `more`: ours less `peer`'s, in seconds
    - `seconds`, `bytes`: ours alone
    """

    case: str
    peer: str
    must: Optional[float]
    stretch: Optional[float] = None
    kind: str = "times"
    ours: str = OURS


MIB = 2.0**20
BARS = (
    Bar("version", BARE, 1.6, 1.2),
    Bar("list-many", "just", 1.0),
    Bar("list-many", BARE, None, 1.8),
    Bar("load", "", 0.25, 0.12, "seconds", f"{OURS}, first time"),
    Bar("one", "task", 0.6, 0.3),
    Bar("one", "doit", 0.35),
    Bar("one", BARE, None, 2.0),
    Bar("one", "", 24 * MIB, 14 * MIB, "bytes"),
    Bar("wide", "make", 1.6, 1.1),
    Bar("wide", "ninja", 1.0),
    Bar("wide", "just", 1.0),
    Bar("wide", "task", 1.0),
    Bar("chain", "ninja", 1.0),
    Bar("chain", "make", None, 1.2),
    Bar("equal", BOUND, 1.08, 1.04),
    Bar("varied", BOUND, 1.08, 1.03),
    Bar("functions", "", 100 / 150, 100 / 300, "seconds"),
    Bar("functions", "", 100 / 60, 100 / 90, "seconds", f"{OURS}, 2 workers"),
    Bar("functions", "", 250 * MIB, 120 * MIB, "bytes"),
    Bar("idle", "ninja", 2.2, 1.6),
    Bar("idle", "doit", 0.3),
    Bar("idle", "turbo-stub", 0.1),
    Bar("changed", f"{OURS}, nothing changed", 0.015, 0.005, "more"),
    Bar("idle-wide", "ninja", 2.2, 1.6),
    Bar("idle-large", "ninja", 1.5, 1.0),
    Bar("store", "turbo-stub", 1.0, 0.7),
    Bar("restore", "turbo-stub", 0.8, 0.5),
    Bar("restore", "turbo-stub", None, 0.15, ours=LINKED),
    Bar("idle-outputs", "turbo-stub", 0.25, 0.12),
)


class Judged(NamedTuple):
    """A bar beside what was measured. Without figures there is nothing to say but why."""

    bar: Bar
    wall: Optional[float] = None
    cpu: Optional[float] = None

    @property
    def missing(self) -> bool:
        return self.wall is None


def judge(results: Mapping[str, Mapping[str, Figures]]) -> List[Judged]:
    """Every bar, by the figures of each case."""
    return [_judge_one(bar, results.get(bar.case, {})) for bar in BARS]


def _judge_one(bar: Bar, figures: Mapping[str, Figures]) -> Judged:
    ours, other = figures.get(bar.ours), figures.get(bar.peer)
    if ours is None or (bar.peer and other is None):
        return Judged(bar)
    if bar.kind == "bytes":
        return Judged(bar, float(ours.peak))
    if other is None:
        return Judged(bar, ours.wall, ours.cpu)
    if bar.kind == "more":
        return Judged(bar, ours.wall - other.wall, ours.cpu - other.cpu)
    return Judged(bar, ours.wall / other.wall, ours.cpu / other.cpu if other.cpu else None)


def verdict(bar: Bar, value: Optional[float]) -> str:
    """`stretch`, `yes` or `no`; nothing where there is no figure, or where more than `must` is not asked for."""
    if value is None:
        return ""
    if bar.stretch is not None and value <= bar.stretch:
        return "stretch"
    if bar.must is None:
        return "not yet"
    return "yes" if value <= bar.must else "**no**"


def summary(titles: Mapping[str, str], judged: List[Judged], before: List[Judged]) -> List[str]:
    """The table of all bars; with an earlier run beside it, if there is one."""
    earlier: Dict[Bar, Judged] = {found.bar: found for found in before}
    head = ["", "beside", "wall", "CPU", *(["wall, CPU of another run"] if before else [])]
    head += ["must", "stretch", "met by wall", "by CPU"]
    lines = [f"| {' | '.join(head)} |", f"|---|---|{'--:|' * (len(head) - 4)}---|---|"]
    for found in judged:
        bar = found.bar
        name = titles.get(bar.case, bar.case) + {"bytes": ", memory", "more": ", more"}.get(bar.kind, "")
        name += bar.ours[len(OURS) :] if bar.case != "load" else ""
        cells = [name, bar.peer or "alone", shown(bar, found.wall), shown(bar, found.cpu)]
        if before:
            other = earlier.get(bar, Judged(bar))
            cells.append(", ".join(filter(None, (shown(bar, other.wall), shown(bar, other.cpu)))))
        cells += [shown(bar, bar.must), shown(bar, bar.stretch)]
        cells += ["not measured", ""] if found.missing else [verdict(bar, found.wall), verdict(bar, found.cpu)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def shown(bar: Bar, value: Optional[float]) -> str:
    """A limit or a figure in the unit of its bar."""
    if value is None:
        return ""
    if bar.kind == "bytes":
        return f"{value / MIB:.1f} MiB"
    return f"{value:.2f}" if bar.kind == "times" else milliseconds(value)
