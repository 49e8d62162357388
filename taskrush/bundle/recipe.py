"""What a bundle says of a task: its steps, their environment, what is a hole. Values only; nothing is read or written.

Texts may hold marks that stand for what is only known when the bundle runs: a secret, a value that another task makes,
the folder in which it runs. `script.py` makes shell variables of them.
"""

from __future__ import annotations

import re

from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional, Tuple

WORK = "\x01work\x02"
MARK = re.compile("\x01([A-Za-z_][A-Za-z0-9_]*)\x02")


def mark(name: str) -> str:
    """What stands in a text for the shell variable of this name."""
    return f"\x01{name}\x02"


@frozen(kw_only=True)
class Step:
    """Commands, as words, that run one after the other until one fails, in a folder relative to the work folder.

    `env` is all that they see. With `value` their output is kept under that name for marks in later steps.
    """

    title: str
    commands: Tuple[Tuple[str, ...], ...]
    cwd: str = "."
    env: Mapping[str, str] = field(factory=dict)
    value: Optional[str] = None


@frozen(kw_only=True)
class Check:
    """What must hold before the last step: one of `command`, `file`, `env`, `program`; else it fails with `message`."""

    message: str
    command: Tuple[str, ...] = ()
    file: Optional[str] = None
    env: Optional[str] = None
    program: Optional[str] = None


@frozen(kw_only=True)
class Recipe:
    """One task of one run. The last of `steps` is the task itself.

    `holes` are the variables that whoever runs the bundle has to set, with what they are. `made` are paths that must be
    there when the task ended well. `expected` says in words how it ended in `run`. `tools` are what commands printed of
    their versions, by command. `left_out` is what a bundle cannot have, one line each. In a `python` recipe the last
    step is run by TaskRush itself.
    """

    task: str
    steps: Tuple[Step, ...]
    holes: Mapping[str, str] = field(factory=dict)
    checks: Tuple[Check, ...] = ()
    made: Tuple[str, ...] = ()
    run: Optional[str] = None
    expected: Optional[str] = None
    version: str = ""
    tools: Mapping[str, str] = field(factory=dict)
    left_out: Tuple[str, ...] = ()
    python: Optional[str] = None
