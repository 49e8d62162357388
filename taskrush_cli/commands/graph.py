"""`taskrush graph`: how tasks depend on each other, as a tree for people or for other programs."""

from __future__ import annotations

import sys

from taskrush.compile.select import select
from taskrush.plan.planner import cut
from taskrush.report.graph_formats import FORMATS, draw
from taskrush.report.graph_tree import draw_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Sequence

    from taskrush.model.graph import Graph
    from taskrush.model.task import TaskId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TASK", help="only these tasks and what they need")
    parser.add_argument("--format", "-f", choices=tuple(FORMATS), default="text", help="how to draw it (default: text)")


def run(options: argparse.Namespace) -> int:
    graph: Graph = options.workspace.project.graph
    chosen = select(graph, options.targets)
    if chosen:
        graph = cut(graph, chosen)
    encoding = sys.stdout.encoding or "utf-8"
    if options.format == "text":
        text = draw_tree(graph, _roots(graph, chosen) if chosen else (), ascii_only=not _can_show("├└│", encoding))
    else:
        text = draw(graph, options.format)
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    for found in graph.problems:
        sys.stderr.write(f"warning: {found.problem}\n")
    return 0


def _roots(graph: Graph, chosen: Sequence[TaskId]) -> Sequence[TaskId]:
    """What was asked for, then what runs finally: nothing waits for it."""
    waited_for = {edge.on for edges in graph.edges.values() for edge in edges}
    return [*chosen, *(task.id for task in graph if task.id not in waited_for and task.id not in chosen)]


def _can_show(signs: str, encoding: str) -> bool:
    try:
        signs.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
