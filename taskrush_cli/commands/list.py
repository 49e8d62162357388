"""`taskrush list`: the tasks of the workspace, for people and, with `--simple` and `--json`, for programs.

The JSON form is stable: `{"version": 1, "root", "tasks": [...]}`; keys are added, never renamed. A task has `name`,
`namespace`, `description`, `aliases`, `tags`, `hidden`, `deps`, `params` (`name`, `options`, `kind`, `many`,
`required`, `default`, `choices`, `help`, `env`), `command`, `file`, `line`.
"""

import argparse
import json
import os
import shutil
import sys
from typing import Any, Dict, List, Sequence, Tuple

from taskrush.compile.select import select
from taskrush.declare.options import choice_texts, metavar, option_strings, takes_value, text_of
from taskrush.model.graph import EdgeKind, Graph
from taskrush.model.task import Param, Task
from taskrush_cli.render.style import Style, is_terminal
from taskrush_cli.render.table import cut, pad, width_of

GROUPINGS = ("namespace", "tag", "file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TASK", help="only these tasks; patterns such as 'docs:*' too")
    parser.add_argument("--all", "-a", action="store_true", help="show hidden tasks too")
    parser.add_argument("--by", choices=GROUPINGS, default="namespace", help="how to group (default: namespace)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--simple", action="store_true", help="names only, one a line")
    form.add_argument("--json", action="store_true", help="everything as JSON")


def run(options: argparse.Namespace) -> int:
    project = options.workspace.project
    graph: Graph = project.graph
    tasks = [task for task in graph if options.all or not task.hidden]
    if options.targets:
        tasks = [graph.tasks[task_id] for task_id in select(graph, options.targets)]
    if options.json:
        shown = {"version": 1, "root": project.root, "tasks": [as_json(graph, task, project.root) for task in tasks]}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0
    if options.simple:
        lines = [str(task.id) for task in tasks]
    else:
        style = Style.of(sys.stdout, options.settings.color, os.environ)
        width = shutil.get_terminal_size((100, 24)).columns if is_terminal(sys.stdout) else 0
        lines = table(tasks, options.by, style, width, options.settings.verbose, project.root)
    encoding = sys.stdout.encoding or "utf-8"
    print("\n".join(lines).encode(encoding, "replace").decode(encoding))
    if getattr(options, "hint", False) and tasks:
        print("hint: `taskrush TASK` runs one, `taskrush --help` shows more", file=sys.stderr)
    if not options.simple and not tasks:
        print("hint: `taskrush init` writes a first task, `list --all` shows hidden ones", file=sys.stderr)
    return 0


def table(tasks: Sequence[Task], by: str, style: Style, width: int, verbose: int, root: str) -> List[str]:
    """The lines of the list. `width` 0 means that lines may be as long as they like."""
    names = [_label(task, style) for task in tasks]
    wide = max((width_of(_plain(task)) for task in tasks), default=0)
    groups: Dict[str, List[str]] = {}
    for task, label in zip(tasks, names):
        room = width - wide - 4
        text = task.description if not width or room < 12 else cut(task.description, room, style.sign("…", "..."))
        line = f"  {label}{' ' * (wide - width_of(_plain(task)))}  {text}".rstrip()
        rows = [line, *(_details(task, style) if verbose else ())]
        for group in _groups(task, by, root):
            groups.setdefault(group, []).extend(rows)
    if not groups:
        return ["no tasks"]
    if list(groups) == [""]:
        return groups[""]
    lines: List[str] = []
    for group in sorted(groups, key=lambda name: (name != "", name)):
        if group or by != "namespace":
            lines += ["", style.paint(group or f"without {by}", "bold")]
        lines += groups[group]
    return lines[1:] if lines[0] == "" else lines


def _groups(task: Task, by: str, root: str) -> Tuple[str, ...]:
    if by == "tag":
        return task.tags or ("",)
    if by == "file":
        return (_file(task, root) or "",)
    return (task.namespace,)


def _file(task: Task, root: str) -> str:
    return os.path.relpath(task.where.path, root).replace(os.sep, "/") if task.where else ""


def _plain(task: Task) -> str:
    return task.id + (f" ({', '.join(task.aliases)})" if task.aliases else "")


def _label(task: Task, style: Style) -> str:
    name = style.paint(task.id, "dim" if task.hidden else "cyan")
    return name + (style.paint(f" ({', '.join(task.aliases)})", "dim") if task.aliases else "")


def _details(task: Task, style: Style) -> List[str]:
    """What `-v` adds: one line for each parameter, then tags."""
    rows = [(_spelling(param), param) for param in task.params]
    wide = max((width_of(text) for text, _ in rows), default=0)
    lines = [f"      {pad(text, wide)}  {_note(param)}".rstrip() for text, param in rows]
    if task.tags:
        lines.append("      " + style.paint(f"tags: {', '.join(task.tags)}", "dim"))
    return lines


def _spelling(param: Param) -> str:
    return option_strings(param)[0] + (f" {metavar(param)}" if takes_value(param) else "")


def _note(param: Param) -> str:
    notes = [param.help] if param.help else []
    if param.required:
        notes.append("required")
    elif param.default not in (None, (), [], False):
        notes.append(f"default: {text_of(param.default)}")
    return "; ".join(notes)


def as_json(graph: Graph, task: Task, root: str) -> Dict[str, Any]:
    """One task in the documented form."""
    return {
        "name": task.id,
        "namespace": task.namespace,
        "description": task.description,
        "aliases": list(task.aliases),
        "tags": list(task.tags),
        "hidden": task.hidden,
        "deps": list(dict.fromkeys(e.on for e in graph.edges[task.id] if e.kind is not EdgeKind.FINALLY)),
        "params": [
            {
                "name": param.name,
                "options": list(option_strings(param)),
                "kind": param.kind,
                "many": param.many,
                "required": param.required,
                "default": _json_default(param.default),
                "choices": list(choice_texts(param)),
                "help": param.help,
                "env": param.env,
            }
            for param in task.params
        ],
        "command": str(task.action or ""),
        "file": _file(task, root),
        "line": task.where.line if task.where else 0,
    }


def _json_default(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_json_default(item) for item in value]
    return text_of(value)
