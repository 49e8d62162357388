"""What a declaration may say about how a task is cached, retried and guarded; no behaviour lives here."""

from __future__ import annotations

from taskrush.regex import expression
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

    from taskrush.errors import Where

DRAIN, FAIL_FAST, KEEP_GOING = "drain", "fail-fast", "keep-going"
FAILURE_POLICIES = (DRAIN, FAIL_FAST, KEEP_GOING, "dependants-only")
"""What becomes of the others when a task fails. `dependants-only` says of `keep-going` what it skips: it is the same.
"""


def failure_policy(name: str) -> str:
    """One of the first three. Raises `ValueError` for what is no policy."""
    if name not in FAILURE_POLICIES:
        raise ValueError(f"on_failure is one of {', '.join(FAILURE_POLICIES)}, not {name!r}")
    return KEEP_GOING if name == FAILURE_POLICIES[3] else name


@frozen(kw_only=True)
class Cache:
    """Whether and how a task's result is kept.

    `enabled` is None where nothing was said (the default rules decide). `share` allows stores beyond this machine.
    """

    enabled: Optional[bool] = None
    share: Optional[bool] = None


@frozen(kw_only=True)
class Requirement:
    """Something that must hold before a task starts: exactly one of `command`, `env`, `file`, `program`.

    `command` must exit with 0; `env` must be set and not empty; `file` must exist; `program` must be on PATH.
    `message` is shown when it does not hold.
    """

    command: Optional[str] = None
    env: Optional[str] = None
    file: Optional[str] = None
    program: Optional[str] = None
    message: Optional[str] = None
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Ingredient:
    """Something besides files that a task's result depends on: exactly one of these.

    `env`: variables of the environment by name, with wildcards; `!NAME` leaves some out again; those matched are passed
    on. `part`: a place in a JSON, TOML or YAML file (`package.json#dependencies.react`). `command`: what a command
    prints, such as `node --version`. `result`: what another task returned.
    """

    env: Optional[str] = None
    part: Optional[str] = None
    command: Optional[str] = None
    result: Optional[str] = None
    where: Optional[Where] = field(default=None, eq=False)


if TYPE_CHECKING:
    Input = Union[str, Ingredient]
    """What `inputs` lists: a pattern of files, or something else that counts."""

_PART = expression(r"(?is)!?[^#\\]+\.(?:json|toml|ya?ml)#.+")


def as_input(text: str, where: Optional[Where] = None) -> Input:
    """A text of `inputs`: `FILE.json#place` (also TOML and YAML) is a part of a file, anything else a pattern.

    The file whose name is written so is `FILE.json\\#place` as a pattern.
    """
    return Ingredient(part=text, where=where) if "#" in text and _PART.fullmatch(text) else text


@frozen(kw_only=True)
class FailureHint:
    """What somebody who knows the project says of failures whose output matches `pattern`, line by line.

    `{1}` and `{name}` in `message` and `remedy` are what groups of the pattern matched. `tasks` are the names (with
    wildcards) that it holds for, empty for all.
    """

    pattern: str
    message: str
    remedy: Optional[str] = None
    tasks: Tuple[str, ...] = ()
    where: Optional[Where] = field(default=None, eq=False)
