"""The script of a bundle: a recipe as text for any POSIX shell. Pure.

It copies the files to a fresh folder each time and runs the steps there with nothing of the caller's environment but
the holes. Its exit code is the task's; 125 says that the task was not run.
"""

from __future__ import annotations

import re

from taskrush.bundle.recipe import MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping

    from taskrush.bundle.recipe import Check, Recipe, Step

NOT_RUN = 125
_HEAD = """\
#!/bin/sh
# Runs the task {task} again as README.md says: ./run.sh [FOLDER TO WORK IN]
PATH=${{PATH:-/usr/local/bin:/usr/bin:/bin}}
export PATH
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || exit {not_run}
work=${{1:-$here/work}}
refuse() {{ printf '%s\\n' "run.sh: $*" >&2; exit {not_run}; }}
fail() {{ printf '%s\\n' "$*" >&2; exit 1; }}
trim() {{
  text=${{1#"${{1%%[![:space:]]*}}"}}
  printf '%s' "${{text%"${{text##*[![:space:]]}}"}}"
}}
"""
_PLACE = """\
if [ -e "$work" ]; then
  [ "$work" = "$here/work" ] || refuse "there is something at $work already"
  rm -rf -- "$work" || exit {not_run}
fi
mkdir -p -- "$work" && work=$(CDPATH='' cd -- "$work" && pwd -P) || exit {not_run}
cp -RPp -- "$here/files/." "$work" || refuse "the files cannot be copied to $work"
home=$work.home
mkdir -p -- "$home" || exit {not_run}
"""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def script(recipe: Recipe) -> str:
    """The text of `run.sh`."""
    lines = [_HEAD.format(task=_comment(recipe.task), not_run=NOT_RUN)]
    lines += _holes(recipe.holes)
    lines.append(_PLACE.format(not_run=NOT_RUN))
    if recipe.python is not None:
        lines.append(_interpreter(recipe.python))
    for number, step in enumerate(recipe.steps):
        last = number == len(recipe.steps) - 1
        lines += _step(step, recipe.checks if last else ())
    for path in recipe.made:
        lines.append(f'[ -e "$work"/{quote(path)} ] || [ -L "$work"/{quote(path)} ] || ')
        lines[-1] += f"fail {quote(f'did not make its declared output `{path}`')}"
    return "\n".join(lines) + "\nexit 0\n"


def quote(text: str) -> str:
    """A word for the shell; marks become its variables."""
    pieces: List[str] = []
    end = 0
    for match in MARK.finditer(text):
        pieces += [_literal(text[end : match.start()]), f'"${{{match.group(1)}}}"']
        end = match.end()
    pieces.append(_literal(text[end:]))
    return "".join(pieces) or "''"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'" if text else ""


def _comment(text: str) -> str:
    return " ".join(text.split())


def _holes(holes: Mapping[str, str]) -> List[str]:
    if not holes:
        return []
    lines = ["missing="]
    lines += [f'[ "${{{name}+set}}" ] || missing="$missing {name}"' for name in holes]
    lines.append('[ -z "$missing" ] || refuse "set these variables first, they are no part of the bundle:$missing"\n')
    return lines


def _interpreter(path: str) -> str:
    return (
        f"python=${{PYTHON:-{quote(path)}}}\n"
        'command -v "$python" >/dev/null 2>&1 || python=python3\n'
        'command -v "$python" >/dev/null 2>&1 || refuse "no Python is to be found: set PYTHON"\n'
    )


def _step(step: Step, checks: tuple[Check, ...]) -> List[str]:
    cwd = '"$work"' if step.cwd == "." else f'"$work"/{quote(step.cwd)}'
    words = " ".join(quote(f"{name}={value}") for name, value in _sorted(step.env).items())
    lines = [f"# {_comment(step.title)}", f"mkdir -p -- {cwd} || exit {NOT_RUN}"]
    lines.append(f'clean() {{ env -i {words} "$@" </dev/null; }}')
    lines += [_check(check, cwd) for check in checks]
    runs = [f"clean {' '.join(map(quote, words_of))}" for words_of in step.commands]
    if step.value is not None:
        lines.append(f"{step.value}=$(cd -- {cwd} && {' && '.join(runs)}) || refuse {quote(f'{step.title} failed')}")
        lines.append(f'{step.value}=$(trim "${step.value}")')
    else:
        lines += [f"(cd -- {cwd} && {run}) || exit" for run in runs]
    return [*lines, ""]


def _check(check: Check, cwd: str) -> str:
    message = quote(check.message)
    if check.command:
        words = " ".join(map(quote, check.command))
        return f"(cd -- {cwd} && clean {words}) >/dev/null 2>&1 || fail {message}"
    if check.file is not None:
        return f'[ -e "$work"/{quote(check.file)} ] || fail {message}'
    text = f'[ -n "${{{check.env}:-}}" ]' if check.env else f"command -v {check.program}"
    return f"clean /bin/sh -c {quote(text)} >/dev/null 2>&1 || fail {message}"


def _sorted(env: Mapping[str, str]) -> Dict[str, str]:
    """By name; a program cannot be told of names with `=`, nor of NUL bytes."""
    return {name: env[name] for name in sorted(env) if name and "=" not in name and "\0" not in name + env[name]}


def is_identifier(name: str) -> bool:
    """Whether a shell can have a variable of this name."""
    return _IDENTIFIER.fullmatch(name) is not None
