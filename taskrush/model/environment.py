"""Which variables of the environment a task's commands see. Pure: it is given the environment.

Tasks whose results are kept see only what is listed here and what they declare, so that nothing undeclared can change
a result. All others see everything.
"""

from __future__ import annotations

from taskrush.model.task import Shell
from taskrush.regex import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Tuple

    from taskrush.model.task import Task

_WILD = frozenset("*?[")
_MENTION = expression(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")

PASSED: Tuple[str, ...] = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "TMPDIR",
    "TMP",
    "TEMP",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "VIRTUAL_ENV",
    "CI",
    "TASKRUSH_*",
    # Windows cannot start much without these
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES*",
)
"""What cached tasks see of the environment without declaring it; no part of any key."""


def _is_pattern(text: str) -> bool:
    return not _WILD.isdisjoint(text)


_PATTERNS = tuple(filter(_is_pattern, PASSED))
_NAMES = frozenset(PASSED).difference(_PATTERNS)  # one look instead of sixty comparisons for each variable
_OF_SHELLS = ("_", "OLDPWD", "PWD", "SHLVL")


def visible(environ: Mapping[str, str], task: Task) -> Dict[str, str]:
    """The variables of `environ` that the task's commands see."""
    if not task.is_cached:
        return dict(environ)
    names = _NAMES.union(task.pass_env)
    patterns = [*_PATTERNS, *filter(_is_pattern, task.pass_env)]
    found = {
        name: environ[name] for name in environ if name in names or any(_matches(name, pattern) for pattern in patterns)
    }
    for name in declared(environ, task):
        found[name] = environ[name]
    return found


def declared(environ: Iterable[str], task: Task) -> List[str]:
    """The names that the task's `env` ingredients mean or its commands mention (`$NAME`), sorted.

    They are part of its key, and seen by it. The last pattern that matches a name decides; `!NAME` leaves out.
    """
    patterns = [*mentioned(task), *(item.env for item in task.ingredients if item.env is not None)]
    if not patterns:
        return []
    return sorted(name for name in environ if _wanted(name, patterns))


def mentioned(task: Task) -> List[str]:
    """Variables that the task's shell commands name, as far as can be read off their text; `PATH` is never one."""
    if not isinstance(task.action, Shell):
        return []
    names = {name for command in task.action.commands if "$" in command for name in _MENTION.findall(command)}
    return sorted(names.difference({"PATH"}, (secret.name for secret in task.secrets)))


def withheld(environ: Mapping[str, str], task: Task) -> List[str]:
    """The names that the task's commands do not see, those that its action mentions first.

    What shells set for themselves is not among them.
    """
    seen = {*visible(environ, task), *task.env, *(secret.name for secret in task.secrets), *_OF_SHELLS}
    text = str(task.action)
    return sorted((name for name in environ if name not in seen), key=lambda name: (name not in text, name))


def _wanted(name: str, patterns: List[str]) -> bool:
    for pattern in reversed(patterns):
        if _matches(name, pattern[1:] if pattern.startswith("!") else pattern):
            return not pattern.startswith("!")
    return False


def _matches(name: str, pattern: str) -> bool:
    """`fnmatch`, which is only asked about what is neither a name nor the beginning of one."""
    start = pattern[:-1] if pattern.endswith("*") else pattern
    if _WILD.isdisjoint(start):
        return name == pattern if start is pattern else name.startswith(start)
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)
