"""The report as Markdown. Figures come in as values; nothing is measured here."""

import os
import platform
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tests.benchmarks.measure import Figures

OURS = "taskrush"


class Result(NamedTuple):
    """One case: its title, what it means, the figures of each tool, and how they were taken."""

    title: str
    meaning: str
    figures: Mapping[str, Figures]
    taken: str = ""


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
        lines += ["", f"## {result.title}", "", " ".join(filter(None, (result.meaning, result.taken))), ""]
        lines.append("| | wall | fastest to slowest | of TaskRush's | CPU | of TaskRush's | peak memory |")
        lines.append("|---|--:|--:|--:|--:|--:|--:|")
        ours = result.figures.get(OURS)
        ordered = sorted(result.figures.items(), key=lambda row: row[1].wall)
        lines += [_row(name, figures, ours) for name, figures in ordered]
    return "\n".join(lines) + "\n"


def merged(old: str, new: str, titles: Sequence[str]) -> str:
    """The new page with the sections, and the tools, that only the old one has; sections in the order of `titles`."""
    sections = {**_sections(old), **_sections(new)}
    head = new.partition("\n## ")[0].rstrip("\n").splitlines()
    rows = {_first_cell(line): line for line in old.partition("\n## ")[0].splitlines() if line.startswith("| ")}
    rows.update({_first_cell(line): line for line in head if line.startswith("| ")})
    rule = head.index("|---|---|---|")
    names = [name for name in rows if name != "tool"]
    lines = [*head[: rule + 1], *(rows[name] for name in names)]
    return (
        "\n".join(lines) + "\n" + "".join(f"\n## {title}\n{sections[title]}" for title in titles if title in sections)
    )


def _sections(page: str) -> Dict[str, str]:
    found = {}
    for text in page.split("\n## ")[1:]:
        title, _, body = text.partition("\n")
        found[title] = body.rstrip("\n") + "\n"
    return found


def _first_cell(line: str) -> str:
    return line.split("|")[1].strip()


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
