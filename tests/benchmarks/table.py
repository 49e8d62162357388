"""The figures as values, as JSON and as a page of Markdown. Nothing is measured here."""

import json
import os
import platform
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tests.benchmarks.measure import Figures

OURS = "taskrush"
BARE = "bare Python"
BOUND = "lower bound"


class Result(NamedTuple):
    """One case: its title, what it means, the figures of each tool, and how they were taken."""

    title: str
    meaning: str
    figures: Mapping[str, Figures]
    taken: str = ""


class Report(NamedTuple):
    """One measurement: the result of each case by its name, the versions of the tools, and on what."""

    results: Mapping[str, Result]
    versions: Mapping[str, str] = {}
    machine: str = ""
    missing: Tuple[str, ...] = ()


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


# --- JSON -----------------------------------------------------------------------


def to_json(report: Report) -> str:
    results = {
        name: {**result._asdict(), "figures": {tool: found._asdict() for tool, found in result.figures.items()}}
        for name, result in report.results.items()
    }
    return json.dumps({**report._asdict(), "results": results}, indent=1) + "\n"


def from_json(text: str) -> Report:
    found: Dict[str, Any] = json.loads(text)
    results = {
        name: Result(**{**result, "figures": {tool: Figures(**row) for tool, row in result["figures"].items()}})
        for name, result in found["results"].items()
    }
    return Report(results, found["versions"], found["machine"], tuple(found["missing"]))


def merged(old: Report, new: Report, order: Sequence[str]) -> Report:
    """The new one with the cases, and the versions of tools, that only the old one has; cases in the order given."""
    results = {**old.results, **new.results}
    return new._replace(
        results={name: results[name] for name in order if name in results}, versions={**old.versions, **new.versions}
    )


# --- Markdown -------------------------------------------------------------------


def render(report: Report, summary: Sequence[str], notes: Mapping[str, str], facts: Mapping[str, Sequence[str]]) -> str:
    """The whole page. `facts` are paragraphs and lists under headings, before all figures."""
    lines = ["# Benchmarks"]
    for title, paragraphs in facts.items():
        lines += ["", f"## {title}", ""] if title else [""]
        lines += paragraphs
    lines += ["", "## The bars", "", *summary]
    lines += ["", "## The tools", "", "| tool | version | |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {notes.get(name, '')} |" for name, version in report.versions.items()]
    for result in report.results.values():
        lines += ["", f"## {result.title}", "", " ".join(filter(None, (result.meaning, result.taken))), ""]
        lines += table(result.figures)
    return "\n".join(lines) + "\n"


def table(figures: Mapping[str, Figures]) -> List[str]:
    """The quickest first."""
    lines = [
        "| | wall | fastest to slowest | of TaskRush's | CPU | of TaskRush's | peak memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    ours = figures.get(OURS)
    return lines + [_row(name, row, ours) for name, row in sorted(figures.items(), key=lambda row: row[1].wall)]


def _row(name: str, figures: Figures, ours: Optional[Figures]) -> str:
    cells: Tuple[str, ...] = (
        f"**{name}**" if name.startswith(OURS) else name,
        milliseconds(figures.wall),
        f"{milliseconds(figures.fastest)} to {milliseconds(figures.slowest)}" if figures.peak else "",
        f"{figures.wall / ours.wall:.2f}" if ours else "",
        milliseconds(figures.cpu) if figures.cpu else "",
        f"{figures.cpu / ours.cpu:.2f}" if ours and figures.cpu else "",
        f"{figures.peak / 2**20:.0f} MiB" if figures.peak else "",
    )
    return f"| {' | '.join(cells)} |"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if abs(seconds) >= 0.1 else f"{seconds * 1000:.1f} ms"
