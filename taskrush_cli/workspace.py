"""The project that a command line is about, loaded at most once, when a word cannot be understood without it."""

import os
from typing import Mapping, Optional

from taskrush.errors import TaskRushError, UsageError
from taskrush.model.graph import Graph
from taskrush.project import Project


class Workspace:
    """The project of the folder in question, loaded when it is first asked for, once."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
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
                self._project = Project.load(self.directory)
            except TaskRushError as error:
                self._error = error
                raise
        return self._project

    def under(self, env: Mapping[str, str]) -> Project:
        """The project with variables that win over what its files declare."""
        if env:
            self._project = Project.load(self.directory, env=env)
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
