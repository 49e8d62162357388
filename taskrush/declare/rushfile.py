"""Reads `.rush` files: YAML text in, a `FileDecl` out, with every problem found."""

import os
from typing import List, Optional, Tuple

import yaml

from taskrush.errors import ConfigError, Problem, Where
from taskrush.model.declaration import FileDecl, TaskDecl
from taskrush.model.task import Dep


def read_rushfile(path: str, folder: str = ".", namespace: str = "") -> FileDecl:
    """Read and check one file. Raises `ConfigError` with all problems at once."""
    with open(path, encoding="utf-8") as file:
        data = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    where = Where(os.path.relpath(path))
    if not isinstance(data, dict) or not isinstance(data.get("tasks"), dict):
        raise ConfigError(Problem("no tasks", where))
    tasks = []
    for name, body in data["tasks"].items():
        tasks.append(
            TaskDecl(
                name=name,
                where=where,
                cmd=_tuple(body.get("cmd")),
                description=body.get("description"),
                deps=tuple(Dep(dep, where=where) for dep in body.get("deps", body.get("depends_on", ())) or ()),
                env={key: str(value) for key, value in (body.get("env") or {}).items()},
                inputs=_tuple(body.get("inputs")),
                outputs=_tuple(body.get("outputs")),
            )
        )
    return FileDecl(path=path, folder=folder, namespace=namespace, tasks=tuple(tasks))


def _tuple(value: object) -> Optional[Tuple[str, ...]]:
    if value is None:
        return None
    items: List[object] = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items)
