"""Every error TaskRush raises, and the place in a user's file that an error speaks of.

TaskRushError                 exit code 3
├── ConfigError               exit code 2   what was declared is wrong: carries every problem found
│   └── GraphError                          the tasks do not make a graph: cycles, missing names, clashes
├── UsageError                exit code 2   what was asked for is wrong
├── MissingCapability         exit code 2   declared rightly, but this version or install cannot do it
├── CommandFailed             exit code 1   a command started by `run()` did not exit with 0
├── TaskCancelled             exit code 130 raised inside a task body that was told to stop
└── NotPicklable              exit code 1   a value cannot travel to or from a process of its own
"""

from __future__ import annotations

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple


@frozen
class Where:
    """A place in a user's file; `line` and `column` count from 1, 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        text = self.path
        if self.line:
            text += f":{self.line}"
            if self.column:
                text += f":{self.column}"
        return text


@frozen
class Problem:
    """One thing that is wrong: what, where, and what to type instead.

    `source` is the text of the line that `where` points at, so that a caret can be drawn below it.
    """

    message: str
    where: Optional[Where] = None
    hint: Optional[str] = None
    source: Optional[str] = None

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.source is not None and self.where is not None:
            lines.append(f"    {self.source}")
            if self.where.column:
                lead = "".join("\t" if c == "\t" else " " for c in self.source[: self.where.column - 1])
                lines.append(f"    {lead}^")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class TaskRushError(Exception):
    """The root of all errors raised on purpose; `exit_code` is what a command line should end with."""

    exit_code = 3

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class ConfigError(TaskRushError):
    """What was declared is wrong; `problems` holds all that was found, in file order."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Tuple[Problem, ...] = problems


class GraphError(ConfigError):
    """The tasks that were asked for do not make a graph."""


class UsageError(TaskRushError):
    """What was asked for cannot be done as asked: an unknown task, option or value."""

    exit_code = 2


class MissingCapability(ConfigError):
    """A declaration is understood, but what carries it out is not part of this version or install."""


class CommandFailed(TaskRushError):
    """A command started by `run()` ended with another code than 0."""

    exit_code = 1

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"command failed with exit code {code}: {command}")
        self.command = command
        self.code = code


class TaskCancelled(TaskRushError):
    """Raised inside a task's function by `run()` and `checkpoint()` once the task is told to stop."""

    exit_code = 130


class NotPicklable(TaskRushError):
    """A value cannot travel to or from a process of its own; the message names it."""

    exit_code = 1
