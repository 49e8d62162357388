"""The report as Markdown. Figures come in as values; nothing is measured here."""

import os
import platform
from typing import List, Mapping, NamedTuple, Optional, Tuple

from tests.benchmarks.measure import Figures

OURS = "taskrush"


class Result(NamedTuple):
    """One case: its title, what it means, and the figures of each tool."""

    title: str
    meaning: str
    figures: Mapping[str, Figures]


def machine() -> str:
    """What was measured on, without saying whose it is."""
    model = platform.processor() or platform.machine()
    memory = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        model = names[0] if names else model
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (OSError, ValueError):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {cores} processors{memory}, {system}, {python}"


def render(results: List[Result], versions: Mapping[str, str], notes: Mapping[str, str], facts: List[str]) -> str:
    """The whole page."""
    lines = ["# Benchmarks", ""]
    lines += [f"- {fact}" for fact in facts]
    lines += ["", "| tool | version | |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {notes.get(name, '')} |" for name, version in versions.items()]
    for result in results:
        lines += ["", f"## {result.title}", "", result.meaning, ""]
        lines.append("| | wall | fastest to slowest | of TaskRush's | CPU | of TaskRush's | peak memory |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|")
        ours = result.figures.get(OURS)
        ordered = sorted(result.figures.items(), key=lambda row: row[1].wall)
        lines += [_row(name, figures, ours) for name, figures in ordered]
    return "\n".join(lines) + "\n"


def _row(name: str, figures: Figures, ours: Optional[Figures]) -> str:
    cells: Tuple[str, ...] = (
        f"**{name}**" if name.startswith(OURS) else name,
        milliseconds(figures.wall),
        f"{milliseconds(figures.fastest)} to {milliseconds(figures.slowest)}",
        f"{figures.wall / ours.wall:.2f}" if ours else "",
        milliseconds(figures.cpu),
        f"{figures.cpu / ours.cpu:.2f}" if ours else "",
        f"{figures.peak / 2**20:.0f} MiB",
    )
    return f"| {' | '.join(cells)} |"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
