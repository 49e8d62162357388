"""The project that a command line is about, loaded at most once, when a word cannot be understood without it."""

from __future__ import annotations

import os

from taskrush.errors import TaskRushError, UsageError
from taskrush.project import Project
from taskrush_cli.ahead import overrides

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional, Sequence

    from taskrush.model.graph import Graph


class Workspace:
    """The project of the folder in question, loaded when it is first asked for, once.

    `env` and `env_file` are what is known already of the options of these names.
    """

    def __init__(self, directory: str, env: Sequence[str] = (), env_file: Sequence[str] = ()) -> None:
        self.directory = directory
        self._given = (env_file, env)
        self._env: Mapping[str, str] = {}
        self._project: Optional[Project] = None
        self._error: Optional[TaskRushError] = None

    @property
    def project(self) -> Project:
        if self._error is not None:
            raise self._error
        if self._project is None:
            try:
                if not os.path.isdir(self.directory):
                    raise UsageError(f"no such folder: {self.directory}")
                self._env = overrides(self.directory, *self._given)
                self._project = Project.load(self.directory, env=self._env)
            except TaskRushError as error:
                self._error = error
                raise
        return self._project

    def under(self, env: Mapping[str, str]) -> Project:
        """The project with variables that win over what its files declare; loaded again only for other ones."""
        if env != self._env:
            self._project = Project.load(self.directory, env=env)
            self._env = env
        return self.project

    @property
    def graph(self) -> Optional[Graph]:
        """The graph, or None where there is none to be had."""
        try:
            return self.project.graph
        except TaskRushError:
            return None

    def has(self, name: str) -> bool:
        return self.graph is not None and name in self.graph.names
