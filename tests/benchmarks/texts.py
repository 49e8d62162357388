"""The words of docs/benchmarks.md: what it is, how to read it, how to do it again."""

from typing import Dict, List, Optional

from tests.benchmarks.table import Report


def facts(report: Report, peak: int) -> Dict[str, List[str]]:
    """Paragraphs and lists under headings."""
    absent = f" Not found there, and so not beside it: {', '.join(report.missing)}." if report.missing else ""
    return {
        "": [
            "What TaskRush costs beside other task runners that were given the same work, in the same minutes, on the "
            "same machine. If you choose a tool, read [the bars](#the-bars): they say what was asked of TaskRush and "
            "what it reached. If a run seems slow to you, find the case below that looks like yours. If you work on "
            "TaskRush, [do it again](#do-it-again) before and after your change. How time and memory grow with the "
            "size of the work is on [a page of its own](growth.md).",
        ],
        "How to read it": [
            f"- Measured on {report.machine}.{absent}",
            "- Compare inside one table, never figures of two tables or of two machines: each round ran every tool "
            "once, then the next round began, so that a busy moment met all of them. The first round is not counted.",
            "- Figures are medians; the range beside them is the noise. Where load stands above the number of "
            'processors, trust CPU time first. Figures "of TaskRush\'s" below 1 mean that the tool was faster.',
            "- CPU is that of the command and of what it waited for; memory is that of the largest process, and "
            f"{peak / 2**20:.0f} MiB stands for anything smaller.",
            "- `bare Python` is the interpreter that runs TaskRush, doing nothing: no program written in Python can "
            "be faster. TaskRush is started by a script as installers write it now; those of older ones import `re` "
            "first, which takes 4 ms.",
            "- Each tool had to show first that it runs every task, and a chain in its order. With files, every task "
            "leaves a mark: a run of other tasks than should have run, or without the right outputs, is no figure. "
            "Tools that have no limit of jobs are left out where many tasks run.",
            "- Not all tools do the same work. make and ninja compare times of files; TaskRush, doit, Task, just and "
            "turbo decide by content, and TaskRush, turbo, nx, moon and wireit bring results back.",
        ],
        "Do it again": [
            "```sh",
            "nox -s bench                            # installs the peers that are on PyPI; some six minutes",
            "nox -s bench -- --quick                 # a minute: has something become much slower?",
            "python -m tests.benchmarks --case idle  # in an environment of your own; tools beside python, on PATH",
            "python -m tests.benchmarks --save one.json",
            "python -m tests.benchmarks --write --compare one.json  # this page",
            "```",
            "",
            "turbo, nx, moon and wireit come with `--npm DIR`, where `DIR` holds `node_modules`. Leave the machine "
            "alone meanwhile: on two processors a browser in the background is enough to double wall times.",
        ],
    }


def under_bars(report: Report, before: Optional[Report]) -> List[str]:
    """What the table of bars means."""
    lines = [
        "",
        "`must` is what a release has to keep, `stretch` what is aimed at; both are TaskRush's median divided by the "
        "other one's, unless a unit says otherwise: a smaller figure is better.",
    ]
    if before is not None:
        lines[-1] += " The other run was a complete one of its own, before this one; what differs is the noise."
    return lines
