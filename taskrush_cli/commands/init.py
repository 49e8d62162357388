"""`taskrush init`: writes a first task file that works at once; never writes over one."""

from __future__ import annotations

import os

from taskrush.declare.discover import PYTHON_NAME, RUSH_NAMES
from taskrush.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

RUSH = """\
# tasks of this project: `taskrush list` shows them, `taskrush all` runs one and what it needs
tasks:
  hello:
    description: Say hello
    cmd: echo "hello from ${PWD##*/}"

  all:
    description: Everything that has to be well
    deps: [hello]
    cmd: echo "put your tests here"
"""
PYTHON = '''\
"""Tasks of this project: `taskrush list` shows them, `taskrush greet --name you` runs one."""

from taskrush import run, task


@task
def hello() -> None:
    """Say hello."""
    run(["echo", "hello"])


@task(deps=[hello])
def greet(name: str = "world") -> None:
    """Greet somebody."""
    print(f"hello {name}")
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", action="store_true", help=f"write `{PYTHON_NAME}` instead of `.rush`")
    parser.add_argument("--template", metavar="NAME", help="templates are not part of this version")


def run(options: argparse.Namespace) -> int:
    if options.template:
        raise UsageError("templates are not part of this version", "`taskrush init` alone writes a small `.rush`")
    folder = options.directory
    taken = [name for name in ((PYTHON_NAME,) if options.python else RUSH_NAMES) if os.path.exists(f"{folder}/{name}")]
    if taken:
        raise UsageError(f"`{taken[0]}` is already there", "`taskrush list` shows its tasks")
    name, text = (PYTHON_NAME, PYTHON) if options.python else (RUSH_NAMES[0], RUSH)
    try:
        with open(os.path.join(folder, name), "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write `{name}`: {(error.strerror or str(error)).lower()}")
    print(f"wrote {name}; try `taskrush {'greet' if options.python else 'all'}`")
    return 0
