"""Loads a workspace: reads its task files, makes the graph, and keeps it where it came from data alone."""

from __future__ import annotations

import os
import time

from taskrush.compile.channels import check_channels
from taskrush.compile.expand import Surroundings, expand
from taskrush.compile.link import link
from taskrush.declare.files import load_files
from taskrush.kept_graph import keep_graph
from taskrush.model.declaration import FileDecl
from taskrush.model.notification import Notifications
from taskrush.model.secret import Secret
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator, List, Mapping, Optional, Tuple

    from taskrush.declare.discover import Found
    from taskrush.model.graph import Graph

if TYPE_CHECKING:
    Loaded = Tuple[Graph, Tuple[FileDecl, ...], Tuple[str, ...], Tuple[str, ...]]


def load_and_keep(found: Found, env: Mapping[str, str]) -> Loaded:
    """Graph, files without their tasks, sources and all that was looked at. `env` wins over the environment.

    Raises `ConfigError` with all problems of the files.
    """
    begun = time.time_ns()
    environ = {**os.environ, **env}
    looked: List[str] = []
    files = load_files(found.root, found.rush, environ, looked) if found.rush else ()
    tasks = list(expand(files, Surroundings(environ, env, _reader(found.root, looked))))
    pools = [pool for file in files for pool in file.pools]
    if found.python:
        from taskrush.declare.module import load_module
        from taskrush.declare.taskset import TaskSet

        module = load_module(found.python)
        declared = TaskSet.from_module(module)
        tasks.extend(declared.tasks)
        pools.extend(declared.pools)
    sources = (*(file.path for file in files), *((found.python,) if found.python else ()))
    heads = tuple(evolve(file, tasks=(), defaults=None) for file in files)
    if found.python:
        heads = (*heads, *_told(found.python, vars(module).values()))
    loaded = (link(check_channels(heads, tasks), pools), heads, sources, (*sources, *looked))
    if not found.python and not env:
        keep_graph(found.root, found.rush, begun, loaded[0], loaded[1:])
    return loaded


def _told(path: str, values: Iterable[object]) -> Iterator[FileDecl]:
    """The notifications and secrets that a module holds, as those of a file."""
    values = list(values)
    secrets = tuple(value for value in values if isinstance(value, Secret))
    if secrets:
        yield FileDecl(path=path, secrets=secrets)
    for value in values:
        if isinstance(value, Notifications):
            yield FileDecl(path=path, notify=value)


def _reader(root: str, looked: List[str]) -> Callable[[str], Optional[str]]:
    """Reads texts by their path from the workspace; None for what is not there or cannot be read."""

    def read(path: str) -> Optional[str]:
        looked.append(os.path.join(root, path))
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except OSError:
            return None

    return read
