"""How growth is shown: figures as JSON, as tables with their slopes, and as plots in SVG. Nothing is measured here.

Both axes of a plot are logarithmic, so that a line of slope 1 means "twice the work, twice the cost" wherever it
stands. The small end of each line is what starting costs: the slope of the last step is the one that counts.
"""

import json
import math
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from tests.benchmarks.table import milliseconds


class Line(NamedTuple):
    """Something that is measured for several sizes, in tasks or in files; `look` is its colour and its mark."""

    name: str
    unit: str
    title: str
    look: int


class Point(NamedTuple):
    """Medians of some runs of one size; `least` is the least CPU time."""

    size: int
    wall: float
    cpu: float
    peak: int
    least: float
    runs: int


Lines = Mapping[Line, Tuple[Point, ...]]
UNITS = ("tasks", "files")
LINEAR = 1.12  # n log n from 10,000 to 100,000 is 1.10


def to_json(lines: Lines) -> str:
    rows = [{**line._asdict(), "points": [point._asdict() for point in points]} for line, points in lines.items()]
    return json.dumps(rows, indent=1) + "\n"


def from_json(text: str) -> Dict[Line, Tuple[Point, ...]]:
    rows: List[Dict[str, Any]] = json.loads(text)
    return {
        Line(row["name"], row["unit"], row["title"], row["look"]): tuple(Point(**point) for point in row["points"])
        for row in rows
    }


def slope(points: Sequence[Tuple[float, float]]) -> float:
    """The exponent `k` of the best `a * size ** k`."""
    logs = [(math.log(size), math.log(cost)) for size, cost in points]
    middle_x, middle_y = (sum(pair[axis] for pair in logs) / len(logs) for axis in (0, 1))
    below = sum((x - middle_x) ** 2 for x, _ in logs)
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / below


def slopes(points: Sequence[Point]) -> Tuple[float, float, float]:
    """Of CPU time over all sizes, of its last step, and of memory in the last step."""
    cpu = [(point.size, point.least) for point in points]
    peak = [(point.size, point.peak) for point in points]
    return slope(cpu), slope(cpu[-2:]), slope(peak[-2:])


# --- the page -------------------------------------------------------------------


def page(lines: Lines, measured_on: str) -> str:
    text = [
        "# Growth",
        "",
        "What becomes of TaskRush's time and memory when the work grows: ten times as many tasks or files should cost "
        "ten times as much, and less while starting still weighs more. For the same work beside other tools see "
        "[Benchmarks](benchmarks.md).",
        "",
        f"Measured on {measured_on}: CPU time of the command and of what it started, and memory of the largest "
        "process. Ranks and slopes hold on other machines, figures do not.",
    ]
    for unit in UNITS:
        some = {line: points for line, points in lines.items() if line.unit == unit}
        if not some:
            continue
        text += ["", f"## More {unit}", "", f"![CPU time and memory by {unit}](images/growth-{unit}.svg)", ""]
        text += table(some, unit)
    text += [
        "",
        "## How to read it",
        "",
        "- Both axes are logarithmic. The thin line has slope 1: what runs beside it grows in proportion. A flat "
        "start is the cost of starting.",
        "- `slope` is the exponent of the best fit through all sizes, `last step` that from the last but one size to "
        f"the last; n log n, which ordering may cost, is 1.1 there. A figure above {LINEAR} would be set in bold.",
        '- "load" reads the file and keeps its compiled form, which the others use. "nothing to do" has one input '
        'file a task in the upper plot; in the lower one ten tasks share all files. "first look" knows nothing: it '
        'reads every file once. "call functions" is the library: functions that do nothing, with 2.5 dependencies '
        "each, in one process.",
        "- The slopes say nothing about your own tasks: those take what they take.",
        "",
        "## Do it again",
        "",
        "```sh",
        "python -m tests.benchmarks.growth --write            # some minutes",
        "python -m tests.benchmarks.growth --write --resume   # only what is missing",
        "python -m tests.benchmarks.growth --write --resume --large --line files",
        "```",
    ]
    return "\n".join(text) + "\n"


def table(lines: Lines, unit: str) -> List[str]:
    sizes = sorted({point.size for points in lines.values() for point in points})
    head = [unit, *(f"{size:,}" for size in sizes), "slope", "last step", "memory, last step"]
    rows = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}"]
    for line, points in lines.items():
        by_size = {point.size: point for point in points}
        cells = [_cell(by_size[size]) if size in by_size else "" for size in sizes]
        if len(points) > 1:
            whole, last, memory = slopes(points)
            cells += [f"{whole:.2f}", *(f"{k:.2f}" if k <= LINEAR else f"**{k:.2f}**" for k in (last, memory))]
        else:
            cells += ["", "", ""]
        rows.append(f"| {' | '.join([line.title, *cells])} |")
    return rows


def _cell(point: Point) -> str:
    wall = f", {seconds(point.wall)} wall" if point.wall < point.cpu * 0.8 else ""
    return f"{seconds(point.cpu)}{wall}<br>{point.peak / 2**20:.0f} MiB"


def seconds(value: float) -> str:
    return f"{value:,.1f} s" if value >= 1 else milliseconds(value)


# --- the plots ------------------------------------------------------------------

WIDTH, HEIGHT = 400, 300  # of one plot; two stand side by side
LEFT, TOP, RIGHT, BOTTOM = 60, 34, 34, 62
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 13px; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.one { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 4; }
.line { fill: none; stroke-width: 2; }
.c0 { stroke: #0969da; fill: #0969da; } .c1 { stroke: #bc4c00; fill: #bc4c00; } .c2 { stroke: #1a7f37; fill: #1a7f37; }
.c3 { stroke: #8250df; fill: #8250df; } .c4 { stroke: #bf3989; fill: #bf3989; }
.line { fill: none; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.grid { stroke: #3d444d; } .one { stroke: #848d97; }
.c0 { stroke: #58a6ff; fill: #58a6ff; } .c1 { stroke: #f0883e; fill: #f0883e; } .c2 { stroke: #3fb950; fill: #3fb950; }
.c3 { stroke: #bc8cff; fill: #bc8cff; } .c4 { stroke: #ff7bc4; fill: #ff7bc4; }
.line { fill: none; }
}
"""
MARKS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-4-4h8v8h-8z",
    "M0-5l5 9h-10z",
    "M0-5l5 5l-5 5l-5-5z",
    "M-5-4h10l-5 9z",
)


class Axis(NamedTuple):
    """Powers of ten from `low` to `high`, from pixel `start` to `end`."""

    low: int
    high: int
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> List[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def plots(lines: Lines) -> Dict[str, str]:
    """A picture for each unit, by the name of its file."""
    found = {}
    for unit in UNITS:
        some = {line: points for line, points in lines.items() if line.unit == unit}
        if some:
            found[f"growth-{unit}.svg"] = picture(some, unit)
    return found


def picture(lines: Lines, unit: str) -> str:
    """CPU time and memory side by side, with one legend below."""
    time = {line: [(point.size, point.cpu) for point in points] for line, points in lines.items()}
    memory = {line: [(point.size, point.peak / 2**20) for point in points] for line, points in lines.items()}
    names = {1: "1 s", 10: "10 s", 100: "100 s", 1000: "1,000 s", 0.1: "100 ms", 0.01: "10 ms", 0.001: "1 ms"}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT + 30}" role="img">',
        f"<title>CPU time and memory by {unit}</title><style>{STYLE}</style>",
        *_plot(time, 0, "CPU time", lambda value: names.get(value, f"{value:g} s"), unit),
        *_plot(memory, WIDTH, "memory", lambda value: f"{value:,.0f} MiB", unit),
    ]
    place = LEFT
    for line in lines:
        title = line.title.replace("`", "")
        parts.append(_mark(line, place, HEIGHT + 8))
        parts.append(f'<text x="{place + 10}" y="{HEIGHT + 12}">{title}</text>')
        place += 40 + round(6.2 * len(title))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _plot(lines: Mapping[Line, List[Tuple[int, float]]], left: int, title: str, name: Any, unit: str) -> List[str]:
    sizes = [size for points in lines.values() for size, _ in points]
    costs = [cost for points in lines.values() for _, cost in points]
    across = Axis(_down(min(sizes)), max(_up(max(sizes)), _down(min(sizes)) + 1), left + LEFT, left + WIDTH - RIGHT)
    up = Axis(_down(min(costs)), _up(max(costs)), HEIGHT - BOTTOM, TOP)
    parts = [f'<text class="title" x="{across.start}" y="{TOP - 14}">{title}</text>']
    for value in across.ticks():
        x = across.at(value)
        parts.append(f'<path class="grid" d="M{x:.1f} {up.start}V{up.end}"/>')
        parts.append(f'<text x="{x:.1f}" y="{up.start + 18}" text-anchor="middle">{value:,.0f}</text>')
    for value in up.ticks():
        y = up.at(value)
        parts.append(f'<path class="grid" d="M{across.start} {y:.1f}H{across.end}"/>')
        parts.append(f'<text x="{across.start - 6}" y="{y + 4:.1f}" text-anchor="end">{name(value)}</text>')
    parts.append(f'<text x="{(across.start + across.end) / 2}" y="{up.start + 36}" text-anchor="middle">{unit}</text>')
    parts.append(_proportion(across, up))
    for line, points in lines.items():
        where = [(across.at(size), up.at(cost)) for size, cost in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in where)
        parts.append(f'<path class="line c{line.look}" d="M{path}"/>')
        parts += [_mark(line, x, y) for x, y in where]
    return parts


def _mark(line: Line, x: float, y: float) -> str:
    return f'<path class="c{line.look}" transform="translate({x:.1f} {y:.1f})" d="{MARKS[line.look]}"/>'


def _proportion(across: Axis, up: Axis) -> str:
    """A line of slope 1 up to the right upper corner."""
    decades = min(across.high - across.low, up.high - up.low)
    size, cost = 10.0 ** (across.high - decades), 10.0 ** (up.high - decades)
    start, end = (across.at(size), up.at(cost)), (across.end, up.end)
    return f'<path class="one" d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"/>'


def _down(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)


def _up(value: float) -> int:
    return math.floor(math.log10(value) - 1e-9) + 1
