"""What there is to list, as plain rows: made of a project once, kept in `.taskrush/`, recalled while nothing changed.

`commands/list.py` shows rows and never asks where they come from. Nothing dear is imported here: a list that is
recalled loads neither the library's classes nor argparse.
"""

from __future__ import annotations

import os

from taskrush.declare.discover import discover
from taskrush.kept import recall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

    from taskrush.declare.discover import Found
    from taskrush.model.graph import Graph
    from taskrush.model.task import Param, Task
    from taskrush.project import Project

    Row = Tuple[Any, ...]

NAME = "listing"
ROW = ["name", "namespace", "description", "aliases", "tags", "hidden", "deps", "params", "command", "file", "line"]
"""What a row holds, in the order and under the names of the JSON form; the group of a matrix member
follows, whether it is a service, and its limits: as JSON has them, and in words."""
LENGTH = len(ROW) + 4
PARAM = ["name", "options", "kind", "many", "required", "default", "choices", "help", "env"]
"""What a parameter holds, likewise; its spelling with a value and the note beside it follow."""


class Listing:
    """The rows of a workspace and what else a list of them needs to know.

    `names` maps ids and aliases to ids. `color` and `verbose` are settings as files and environment have them.
    """

    __slots__ = ("color", "names", "root", "rows", "verbose")

    def __init__(self, root: str, rows: Sequence[Row], names: Mapping[str, str], color: str, verbose: int) -> None:
        self.root = root
        self.rows = rows
        self.names = names
        self.color = color
        self.verbose = verbose

    @property
    def tasks(self) -> Dict[str, Choice]:
        """What `select` wants to know of the tasks, by id."""
        return {row[0]: Choice(row) for row in self.rows}

    def __iter__(self) -> Iterator[Choice]:
        return map(Choice, self.rows)


class Choice:
    """A row as `taskrush.compile.select` sees a task."""

    __slots__ = ("aliases", "group", "hidden", "id", "tags")

    def __init__(self, row: Row) -> None:
        self.id = row[0]
        self.aliases = row[3]
        self.tags = row[4]
        self.hidden = row[5]
        self.group = row[11]


def recalled(directory: str) -> Optional[Listing]:
    """The listing that was kept for the workspace of a folder, if it still holds. Raises what discovery raises."""
    if not os.path.isdir(directory):
        return None
    found = discover(directory)
    if found is None:
        return None
    value = recall(found.root, NAME, os.environ)
    if value is None or value[0] != _declaring(found) or any(len(row) != LENGTH for row in value[1][0][:1]):
        return None
    return Listing(found.root, *value[1])


def listing_of(directory: str) -> Optional[Listing]:
    """The listing of the workspace of a folder, recalled if it can be; None if there is no such folder.

    Raises what loading a project raises.
    """
    try:
        listing = recalled(directory)
    except Exception:  # what was kept is of no use, and what is wrong with the workspace is told when it is loaded
        listing = None
    if listing is None and os.path.isdir(directory):
        return made_and_kept(directory)
    return listing


def made(project: Project) -> Listing:
    """The listing of a project, with the settings of its files and environment. Raises `UsageError` for these."""
    from taskrush.model.settings import merge

    settings = merge(project.files[0].settings if project.files else {}, os.environ, {})
    paths = {task.where.path for task in project.graph if task.where}
    below = {path: os.path.relpath(path, project.root).replace(os.sep, "/") for path in paths}
    rows = [_row(project.graph, task, below) for task in project.graph]
    names = {name: str(task_id) for name, task_id in project.graph.names.items()}
    return Listing(project.root, rows, names, settings.color, settings.verbose)


def made_and_kept(directory: str) -> Listing:
    """The listing of the workspace of a folder, kept where it came from data alone: a `tasks.py` may look at anything.

    Raises what loading a project raises.
    """
    import time

    from taskrush.project import Project

    begun, found = time.time_ns(), discover(directory)
    project = Project.load(directory)
    listing = made(project)
    if found is not None and not found.python:
        _keep(listing, project, found, begun)
    return listing


def _keep(listing: Listing, project: Project, found: Found, begun: int) -> None:
    from taskrush.kept import keep

    looked = [os.path.abspath(path) for path in project.looked]
    value = (
        _declaring(found),
        (tuple(listing.rows), dict(listing.names), listing.color, listing.verbose),
    )
    keep(project.root, NAME, value, begun, looked, [path for path in looked if os.path.isfile(path)], os.environ)


def _declaring(found: Found) -> Tuple[str, ...]:
    """What discovery chose: another file may win later, and a workspace that was moved is another one."""
    return (found.root, found.rush or "", found.python or "")


def _row(graph: Graph, task: Task, paths: Mapping[str, str]) -> Row:
    from taskrush.model.graph import EdgeKind
    from taskrush.model.limits import as_plain, described

    needs = [str(edge.on) for edge in graph.edges[task.id] if edge.kind is not EdgeKind.FINALLY]
    return (
        str(task.id),
        task.namespace,
        task.description,
        tuple(task.aliases),
        tuple(task.tags),
        bool(task.hidden),
        tuple(dict.fromkeys(needs)),
        tuple(_param(param) for param in task.params),
        str(task.action or ""),
        paths[task.where.path] if task.where else "",
        task.where.line if task.where else 0,
        None if task.group is None else str(task.group),
        task.service is not None,
        as_plain(task.limits),
        () if task.limits is None else described(task.limits),
    )


def _param(param: Param) -> Tuple[Any, ...]:
    from taskrush.declare.options import choice_texts, metavar, option_strings, takes_value, text_of

    options = tuple(option_strings(param))
    notes = [param.help] if param.help else []
    if param.required:
        notes.append("required")
    elif param.default not in (None, (), [], False):
        notes.append(f"default: {text_of(param.default)}")
    return (
        param.name,
        options,
        param.kind,
        param.many,
        param.required,
        _plain(param.default),
        tuple(choice_texts(param)),
        param.help,
        param.env,
        options[0] + (f" {metavar(param)}" if takes_value(param) else ""),
        "; ".join(notes),
    )


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    from taskrush.declare.options import text_of

    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return text_of(value)
