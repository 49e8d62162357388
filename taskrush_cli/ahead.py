"""What a command line says that has to be known before its project is loaded: the folder, and variables that win.

Options of tasks may look like those of TaskRush (`deploy --env production`), and which one is meant is only known once
the tasks are. Until then a long option behind a word that may be a task counts as the task's.
"""

from __future__ import annotations

import os

from taskrush.errors import ConfigError, UsageError
from taskrush.values import frozen
from taskrush_cli.given import Given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Mapping, Optional, Sequence, Tuple


@frozen(kw_only=True)
class Ahead:
    """The folder, `-e` and `--env-file` as far as they are certain; `perhaps` is a folder that may be meant."""

    directory: str = "."
    env: Tuple[str, ...] = ()
    env_file: Tuple[str, ...] = ()
    perhaps: Optional[str] = None


def look_ahead(words: Sequence[str]) -> Ahead:
    """Read what is certain; what is wrong is left for later, when there is more to say about it."""
    sure, doubtful = Given(), Given()
    at = 0
    behind = False
    while at < len(words):
        word = words[at]
        if not word.startswith("-") or word == "-":
            behind = True
            at += 1
            continue
        given = doubtful if behind and word.startswith("--") else sure
        try:
            at += given.take(words, at) or 1
        except UsageError:
            at += 1
    certain = {name: sure.values[name] for name in ("directory", "env", "env_file") if name in sure.values}
    return Ahead(**certain, perhaps=doubtful.values.get("directory"))


def overrides(directory: str, env_file: Sequence[str], env: Sequence[str]) -> Dict[str, str]:
    """The variables of `--env-file` and `-e`, the latter winning. Raises `UsageError`, `ConfigError`."""
    from taskrush.compile.dotenv import parse_dotenv

    found: Dict[str, str] = {}
    for name in env_file:
        path = os.path.join(directory, name)
        try:
            with open(path, encoding="utf-8") as file:
                values: Mapping[str, str]
                values, problems = parse_dotenv(file.read(), name)
        except OSError as error:
            raise UsageError(f"--env-file {name}: {(error.strerror or str(error)).lower()}") from None
        except UnicodeDecodeError:
            raise UsageError(f"--env-file {name}: not UTF-8 text") from None
        if problems:
            raise ConfigError(*problems)
        found.update(values)
    for pair in env:
        key, equals, value = pair.partition("=")
        if not equals or not key or "\0" in pair:
            raise UsageError(f"-e takes KEY=VALUE, not `{pair}`")
        found[key] = value
    return found
