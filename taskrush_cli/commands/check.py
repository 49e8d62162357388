"""`taskrush check`: everything that is wrong with what the workspace declares, without running a task.

Errors are what a run of some task would refuse; warnings are declared rightly, but this version cannot carry them out.
The exit code is 2 where there is an error. The JSON form is stable: `{"version": 1, "ok", "tasks", "problems": [...]}`;
a problem has `severity` (`error`, `warning`), `message`, `hint`, `path`, `line`, `column`, each null where unknown.
"""

from __future__ import annotations

import json
import os
import sys

from taskrush.declare.discover import discover
from taskrush.declare.module import load_module
from taskrush.errors import ConfigError
from taskrush_cli.render.error import render_error
from taskrush_cli.render.style import Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Tuple

    from taskrush.errors import Problem

ERROR, WARNING = "error", "warning"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the problems as JSON")


def run(options: argparse.Namespace) -> int:
    errors, warnings, tasks = _problems(options)
    if options.json:
        found = [_as_json(ERROR, problem) for problem in errors] + [_as_json(WARNING, problem) for problem in warnings]
        print(json.dumps({"version": 1, "ok": not errors, "tasks": tasks, "problems": found}, indent=2))
    else:
        _print(errors, warnings, tasks, Style.of(sys.stdout, options.settings.color, os.environ))
    return 2 if errors else 0


def _problems(options: argparse.Namespace) -> Tuple[Tuple[Problem, ...], Tuple[Problem, ...], int]:
    """Errors, warnings and how many tasks there are."""
    try:
        project = options.workspace.project
    except ConfigError as error:
        return _all_files(options.directory, error), (), 0
    return project.problems, project.missing, len(project.graph)


def _all_files(directory: str, error: ConfigError) -> Tuple[Problem, ...]:
    """What stopped the loading, and what is wrong with `tasks.py`, which comes after other files."""
    problems = list(error.problems)
    try:
        found = discover(directory)
        if found is not None and found.python is not None:
            load_module(found.python)
    except ConfigError as other:
        problems += [problem for problem in other.problems if problem not in problems]
    return tuple(problems)


def _print(errors: Tuple[Problem, ...], warnings: Tuple[Problem, ...], tasks: int, style: Style) -> None:
    if warnings:
        for problem in warnings:
            lines: List[str] = str(problem).split("\n")
            place = f"{problem.where}: " if problem.where else ""
            lines[0] = f"{place}{style.paint('warning:', 'yellow', 'bold')} {problem.message}"
            print("\n".join(lines), end="\n\n")
    if errors:
        print(render_error(ConfigError(*errors), style), end="")
    else:
        print(f"{tasks} task{'' if tasks == 1 else 's'}, no errors")


def _as_json(severity: str, problem: Problem) -> Dict[str, Any]:
    where = problem.where
    return {
        "severity": severity,
        "message": problem.message,
        "hint": problem.hint,
        "path": where.path if where else None,
        "line": (where.line or None) if where else None,
        "column": (where.column or None) if where else None,
    }
