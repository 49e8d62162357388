"""A graph for other programs: DOT, Mermaid and JSON. Arrows point from a task to what it waits for."""

from __future__ import annotations

import json
import re

from taskrush.model.graph import EdgeKind
from taskrush.model.limits import as_plain
from taskrush.report.graph_tree import draw_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Mapping

    from taskrush.model.graph import Edge, Graph

VERSION = 1


def draw(graph: Graph, format: str = "text") -> str:
    """The graph as text that ends with a newline; `format` is one of `text`, `dot`, `mermaid`, `json`."""
    if format not in FORMATS:
        raise ValueError(f"a graph is drawn as one of {', '.join(FORMATS)}, not {format!r}")
    return FORMATS[format](graph)


def draw_dot(graph: Graph) -> str:
    """The DOT language of Graphviz."""
    lines = ["digraph taskrush {", "  rankdir=LR;", "  node [shape=box];"]
    for task in graph:
        shape = "" if task.service is None else "ellipse"
        attributes = {"shape": shape, "tooltip": task.description, "style": "dashed" if task.hidden else ""}
        lines.append(f"  {_dot_text(task.id)}{_dot_attributes(attributes)};")
    for edge in _edges(graph):
        style = {EdgeKind.FILES: "dashed", EdgeKind.FINALLY: "dotted"}.get(edge.kind, "")
        attributes = {"style": "dashed" if edge.order_only else style, "label": _label(graph, edge)}
        lines.append(f"  {_dot_text(edge.task)} -> {_dot_text(edge.on)}{_dot_attributes(attributes)};")
    return "\n".join([*lines, "}", ""])


def draw_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart, as GitHub and GitLab show it in Markdown."""
    numbers = {task_id: f"t{number}" for number, task_id in enumerate(graph.tasks)}
    lines = ["flowchart LR"]
    for task in graph:
        left, right = ("[", "]") if task.service is None else ("([", "])")
        lines.append(f'  {numbers[task.id]}{left}"{_mermaid_text(task.id)}"{right}')
    for edge in _edges(graph):
        arrow = "-->" if edge.kind is EdgeKind.NEEDS and not edge.order_only else "-.->"
        label = _label(graph, edge)
        between = f'|"{_mermaid_text(label)}"|' if label else ""
        lines.append(f"  {numbers[edge.task]} {arrow}{between} {numbers[edge.on]}")
    return "\n".join([*lines, ""])


def draw_json(graph: Graph) -> str:
    """`{"version": 1, "tasks": [...], "edges": [{"task", "on", "kind", "order_only", "via"}]}`; keys may be added."""
    tasks = [
        {
            "id": task.id,
            "description": task.description,
            "aliases": list(task.aliases),
            "tags": list(task.tags),
            "hidden": task.hidden,
            "inputs": None if task.inputs is None else list(task.inputs),
            "outputs": list(task.outputs),
            "service": task.service is not None,
            "limits": as_plain(task.limits),
        }
        for task in graph
    ]
    edges = [
        {"task": edge.task, "on": edge.on, "kind": edge.kind.value, "order_only": edge.order_only, "via": edge.via}
        for edge in _edges(graph)
    ]
    return json.dumps({"version": VERSION, "tasks": tasks, "edges": edges}, indent=2, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Callable[[Graph], str]] = {
    "text": draw_tree,
    "dot": draw_dot,
    "mermaid": draw_mermaid,
    "json": draw_json,
}


def _edges(graph: Graph) -> list[Edge]:
    return [edge for edges in graph.edges.values() for edge in edges]


def _label(graph: Graph, edge: Edge) -> str:
    if edge.kind is EdgeKind.FILES:
        return edge.via
    if edge.kind is EdgeKind.NEEDS and graph.tasks[edge.on].service is not None:
        return "key" if edge.by_key else ""
    if edge.kind is EdgeKind.NEEDS:
        return "order only" if edge.order_only else ""
    return str(edge.kind.value)


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _dot_attributes(attributes: Dict[str, str]) -> str:
    given = ", ".join(f"{name}={_dot_text(value)}" for name, value in attributes.items() if value)
    return f" [{given}]" if given else ""


def _mermaid_text(text: str) -> str:
    """Between double quotes: what Mermaid or the HTML below it would read becomes a numbered entity."""
    return re.sub(r"[^\w \-./:@,=+]", lambda found: f"#{ord(found[0])};", text)
