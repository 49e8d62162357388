"""From the text of one task file to a `FileDecl`, with every problem of it at once.

Knows how files are written (YAML, TOML, a table of pyproject.toml), not where they are or what they include.
"""

from __future__ import annotations

import os

from taskrush.declare.discover import PYPROJECT
from taskrush.declare.nodes import Mapping, describe, read_source
from taskrush.errors import ConfigError, Problem, Where
from taskrush.model.declaration import FileDecl, Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Node, Source

TABLE = ("tool", "taskrush")


def read_rushfile(path: str, folder: str = ".", namespace: str = "") -> FileDecl:
    """Read and check one file. Raises `ConfigError` with all problems in the order of the file."""
    return read_text(read_source(path), path, folder, namespace)


def read_text(source: Source, path: str, folder: str = ".", namespace: str = "") -> FileDecl:
    """As `read_rushfile`, for text that was read already; how it is written follows from the name in `path`."""
    tree = parse(source, path)
    decl = _declaration(source, tree, path, folder, namespace)
    if source.problems:
        problems = sorted(dict.fromkeys(source.problems), key=_place)
        if source.found > len(source.problems):
            problems.append(Problem(f"{source.found - len(source.problems)} more problems", Where(source.path)))
        raise ConfigError(*problems)
    return decl


def parse(source: Source, path: str) -> Optional[Node]:
    """The tree of values in a file; None when there is nothing in it. Imports the one parser that is needed."""
    name = os.path.basename(path)
    if name.endswith(".toml"):
        from taskrush.declare.toml_nodes import read_toml

        return read_toml(source, TABLE if name == PYPROJECT else ())
    from taskrush.declare.yaml_nodes import read_yaml

    return read_yaml(source)


def _declaration(source: Source, tree: Optional[Node], path: str, folder: str, namespace: str) -> FileDecl:
    from taskrush.declare.sections import FILE
    from taskrush.declare.shapes import Reader
    from taskrush.declare.task_shape import key_spots

    if tree is None or (tree.kind == "value" and getattr(tree, "value", "") is None):
        return FileDecl(path=path, folder=folder, namespace=namespace)
    if not isinstance(tree, Mapping):
        raise source.fail(
            f"a task file is a mapping, not {describe(tree)}", tree.spot, "start with `tasks:` and indent the tasks"
        )
    values: Dict[str, Any] = FILE.read_keys(Reader(source), tree, "") or {}
    values.pop("$schema", None)
    values["includes"] = values.pop("include", ())
    spots = {name: spot for name, spot in key_spots(tree, FILE).items() if name.split(".", 1)[0] in ("env", "dotenv")}
    return FileDecl(path=path, folder=folder, namespace=namespace, places=Places(source.path, spots), **values)


def _place(problem: Any) -> Tuple[int, int]:
    return (problem.where.line, problem.where.column) if problem.where else (0, 0)
