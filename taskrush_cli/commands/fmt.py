"""`taskrush fmt`: puts `.rush` files into their usual form, comments kept, meaning untouched.

Without files: those of the workspace, included ones too. The exit code is 1 when `--check` or `--diff` found something
to change, 2 when a file is wrong; a wrong file keeps none of the others from being formatted.
"""

from __future__ import annotations

import difflib
import os
import stat
import sys

from taskrush.declare.formatting import format_text
from taskrush.declare.nodes import read_source, shown
from taskrush.errors import ConfigError, MissingCapability, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import List, Tuple

    from taskrush.errors import Problem

STDIN = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="only these files; `-` is standard input")
    parser.add_argument("--check", action="store_true", help="change nothing, name the files that would change")
    parser.add_argument("--diff", action="store_true", help="change nothing, show what would change")


def run(options: argparse.Namespace) -> int:
    if options.files == [STDIN]:
        sys.stdout.write(format_text(sys.stdin.read(), "<stdin>"))
        return 0
    problems: List[Problem] = []
    changed = 0
    for path in _files(options):
        try:
            before, after = _formatted(path)
            if before == after:
                continue
            changed += 1
            _report(path, before, after, options)
        except MissingCapability:
            raise
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    return 1 if changed and (options.check or options.diff) else 0


def _files(options: argparse.Namespace) -> List[str]:
    if options.files:
        return [os.path.join(options.directory, path) for path in options.files]
    found = [file.path for file in options.workspace.project.files if not file.path.endswith(".toml")]
    if not found:
        raise UsageError("there is no `.rush` file to format")
    return list(dict.fromkeys(found))


def _formatted(path: str) -> Tuple[str, str]:
    """A file's text as it is and as it should be."""
    before = read_source(path).text
    return before, format_text(before, shown(path))


def _report(path: str, before: str, after: str, options: argparse.Namespace) -> None:
    name = shown(path)
    if options.diff:
        lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, name)
        print(
            "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines),
            end="",
        )
    elif options.check:
        print(f"{name} would change")
    else:
        write(path, after)
        print(f"{name} formatted")


def write(path: str, text: str) -> None:
    """Replace a file in one step, keeping its mode; a link stays a link. Raises `UsageError` when it cannot be."""
    path = os.path.realpath(path)
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        with open(beside, "x", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(beside, mode)
        os.replace(beside, path)
    except OSError as error:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise UsageError(f"cannot write {shown(path)}: {(error.strerror or str(error)).lower()}") from error
