"""Reads a task file and all that it includes, each under its namespace and with its folder.

What was read before is taken from the compiled form (`compiled.py`). It decides what an included path means and which
are refused: files outside the workspace, files that include themselves.
"""

from __future__ import annotations

import os

from taskrush.declare.compiled import load, save
from taskrush.declare.discover import PYPROJECT, RUSH_NAMES, only_one, rush_files
from taskrush.declare.nodes import decode, read_bytes, shown
from taskrush.errors import ConfigError, Problem
from taskrush.model.substitution import substitute
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Tuple

    from taskrush.model.declaration import FileDecl, Include

MAX_FILES = 1000


def load_files(
    root: str, path: str, environ: Optional[Mapping[str, str]] = None, looked: Optional[List[str]] = None
) -> Tuple[FileDecl, ...]:
    """The file at `path` and those it includes, in order. `root` is the workspace; `environ` fills `${NAME}` in paths.

    To `looked` goes every path that what is included depends on, whether there is anything or not.

    Raises `ConfigError` with the problems of all files.
    """
    loader = _Loader(root, os.environ if environ is None else environ, [] if looked is None else looked)
    loader.load(os.path.abspath(path), "", ())
    if loader.problems:
        raise ConfigError(*loader.problems)
    return tuple(loader.files)


class _Loader:
    def __init__(self, root: str, environ: Mapping[str, str], looked: List[str]) -> None:
        self.root = os.path.abspath(root)
        self.environ = environ
        self.looked = looked
        self.files: List[FileDecl] = []
        self.problems: List[Problem] = []
        self.count = 0

    def load(self, path: str, namespace: str, above: Tuple[str, ...]) -> None:
        """Read one file, then what it includes. `above` are the files that led here."""
        self.count += 1
        try:
            decl = self._read(path, namespace)
        except ConfigError as error:
            self.problems.extend(error.problems)
            return
        self.files.append(decl)
        for include in decl.includes:
            self._include(decl, include, (*above, os.path.realpath(path)))

    def _read(self, path: str, namespace: str) -> FileDecl:
        data = read_bytes(path)
        folder = os.path.relpath(os.path.dirname(path), self.root).replace(os.sep, "/")
        known = load(self.root, path, data)
        if known is None:
            from taskrush.declare.rushfile import read_text

            known = read_text(decode(shown(path), data), path)
            save(self.root, path, data, known)
        return evolve(known, folder=folder, namespace=namespace)

    def _include(self, decl: FileDecl, include: Include, above: Tuple[str, ...]) -> None:
        written = substitute(include.path, self._variables(decl))
        path = os.path.normpath(os.path.join(os.path.dirname(decl.path), written))
        self.looked.append(path)
        if os.path.isdir(path):
            self.looked.extend(os.path.join(path, name) for name in (*RUSH_NAMES, PYPROJECT))
            files = rush_files(path)
            try:
                only_one(files)
            except ConfigError as error:
                self.problems.extend(error.problems)
                return
            if not files and not include.optional:
                hint = "tasks in Python are combined in `tasks.py`" if _has_python(path) else None
                self._wrong(include, f"the folder `{written}` has no task file", hint)
            if not files:
                return
            path = files[0]
        if os.path.relpath(path, self.root).split(os.sep)[0] == os.pardir:
            self._wrong(include, f"`{written}` is outside of the workspace `{shown(self.root)}`")
        elif not os.path.isfile(path):
            if not include.optional:
                self._wrong(include, f"there is no file `{written}`", "with `optional: true` it may be absent")
        elif path.endswith(".py"):
            self._wrong(include, f"`{written}` is Python", "tasks in Python are combined in `tasks.py`")
        elif os.path.realpath(path) in above:
            chain = [*above[above.index(os.path.realpath(path)) :], path]
            self._wrong(include, "files include each other: " + " -> ".join(shown(file) for file in chain))
        elif self.count >= MAX_FILES:
            if self.count == MAX_FILES:
                self._wrong(include, f"more than {MAX_FILES} files are included")
            self.count += 1
        else:
            self.load(path, ":".join(filter(None, (decl.namespace, include.namespace))), above)

    def _variables(self, decl: FileDecl) -> Dict[str, str]:
        given = {name: variable.value for name, variable in decl.vars.items() if variable.value is not None}
        return {**self.environ, **given}

    def _wrong(self, include: Include, message: str, hint: Optional[str] = None) -> None:
        line = None
        if include.where is not None:
            try:
                line = decode(include.where.path, read_bytes(include.where.path)).line(
                    (include.where.line, include.where.column)
                )
            except ConfigError:
                pass
        self.problems.append(Problem(message, include.where, hint, line))


def _has_python(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "tasks.py"))
