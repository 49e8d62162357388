"""`taskrush list`: the tasks of the workspace, for people and, with `--simple` and `--json`, for programs.

The JSON form is stable: `{"version": 1, "root", "tasks": [...]}`; keys are added, never renamed. A task has `name`,
`namespace`, `description`, `aliases`, `tags`, `hidden`, `deps`, `params` (`name`, `options`, `kind`, `many`,
`required`, `default`, `choices`, `help`, `env`), `command`, `file`, `line`, `service`, `limits`.
"""

from __future__ import annotations

import os
import sys

from taskrush_cli.listing import PARAM, ROW, made
from taskrush_cli.render.style import Style, columns, is_terminal
from taskrush_cli.render.table import cut, pad, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Sequence

    from taskrush_cli.listing import Listing, Row

SERVICE = 12
LIMITS, IN_WORDS = 13, 14
GROUPINGS = ("namespace", "tag", "file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TASK", help="only these tasks; patterns such as 'docs:*' too")
    parser.add_argument("--all", "-a", action="store_true", help="show hidden tasks too")
    parser.add_argument("--by", choices=GROUPINGS, default="namespace", help="how to group (default: namespace)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--simple", action="store_true", help="names only, one a line")
    form.add_argument("--json", action="store_true", help="everything as JSON")


def run(options: argparse.Namespace) -> int:
    listing = made(options.workspace.project)
    listing.color, listing.verbose = options.settings.color, options.settings.verbose
    return show(listing, options)


def show(listing: Listing, options: Any) -> int:
    """Print a listing. `options` are `targets`, `all`, `by`, `simple`, `json`, and `hint` where nothing was asked."""
    rows = [row for row in listing.rows if options.all or not row[ROW.index("hidden")]]
    if options.targets:
        from taskrush.compile.select import select

        chosen = select(listing, options.targets)  # type: ignore[arg-type]  # it knows of tasks what `select` asks
        by_name = {row[0]: row for row in listing.rows}
        rows = [by_name[name] for name in chosen]
    if options.json:
        import json

        shown = {"version": 1, "root": listing.root, "tasks": [as_json(row) for row in rows]}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0
    if options.simple:
        lines = [row[0] for row in rows]
    else:
        style = Style.of(sys.stdout, listing.color, os.environ)
        width = columns(1, os.environ, 100) if is_terminal(sys.stdout) else 0
        lines = table(rows, options.by, style, width, listing.verbose)
    encoding = sys.stdout.encoding or "utf-8"
    print("\n".join(lines).encode(encoding, "replace").decode(encoding))
    if getattr(options, "hint", False) and rows:
        print("hint: `taskrush TASK` runs one, `taskrush --help` shows more", file=sys.stderr)
    if not options.simple and not rows:
        print("hint: `taskrush init` writes a first task, `list --all` shows hidden ones", file=sys.stderr)
    return 0


def table(rows: Sequence[Row], by: str, style: Style, width: int, verbose: int) -> List[str]:
    """The lines of the list. `width` 0 means that lines may be as long as they like."""
    names = [row[0] + (f" ({', '.join(row[3])})" if row[3] else "") for row in rows]
    wide = max(map(width_of, names), default=0)
    groups: Dict[str, List[str]] = {}
    for row, plain in zip(rows, names):
        name, namespace, text, aliases, tags, hidden = row[:6]
        text = text.strip().partition("\n")[0]
        if row[SERVICE]:
            text = f"{text} (service)" if text else "(service)"
        room = width - wide - 4
        if width and room >= 12:
            text = cut(text, room, style.sign("…", "..."))
        label = style.paint(name, "dim" if hidden else "cyan")
        label += style.paint(f" ({', '.join(aliases)})", "dim") if aliases else ""
        lines = [f"  {label}{' ' * (wide - width_of(plain))}  {text}".rstrip()]
        if verbose:
            lines += _details(row, style)
        for group in (tags or ("",)) if by == "tag" else (row[9] if by == "file" else namespace,):
            groups.setdefault(group, []).extend(lines)
    if not groups:
        return ["no tasks"]
    if list(groups) == [""]:
        return groups[""]
    shown: List[str] = []
    for group in sorted(groups, key=lambda name: (name != "", name)):
        if group or by != "namespace":
            shown += ["", style.paint(group or f"without {by}", "bold")]
        shown += groups[group]
    return shown[1:] if shown[0] == "" else shown


def _details(row: Row, style: Style) -> List[str]:
    """What `-v` adds: one line for each parameter, then tags and limits."""
    notes = [param[len(PARAM) :] for param in row[ROW.index("params")]]
    wide = max((width_of(spelling) for spelling, _ in notes), default=0)
    lines = [f"      {pad(spelling, wide)}  {note}".rstrip() for spelling, note in notes]
    tags = row[ROW.index("tags")]
    if tags:
        lines.append("      " + style.paint(f"tags: {', '.join(tags)}", "dim"))
    if row[IN_WORDS]:
        lines.append("      " + style.paint(f"limits: {', '.join(row[IN_WORDS])}", "dim"))
    return lines


def as_json(row: Row) -> Dict[str, Any]:
    """One task in the documented form."""
    shown = dict(zip(ROW, row))
    shown["service"] = row[SERVICE]
    shown["limits"] = row[LIMITS]
    shown["params"] = [dict(zip(PARAM, param)) for param in shown["params"]]
    return shown
