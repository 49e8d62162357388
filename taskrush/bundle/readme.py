"""The page of a bundle: what it runs, how it ended, what has to be set and what is left out. Pure."""

from __future__ import annotations

import shlex

from taskrush.bundle.recipe import MARK
from taskrush.bundle.script import NOT_RUN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from taskrush.bundle.recipe import Recipe


def readme(recipe: Recipe) -> str:
    """The text of `README.md`."""
    lines = [f"# {_plain(recipe.task)}", ""]
    lines.append("Made by TaskRush " + recipe.version + (f" from run {recipe.run}" if recipe.run else "") + ".")
    lines.append(f"There it {recipe.expected}." if recipe.expected else "It is not known how it ended before.")
    names = " ".join(f"{name}=..." for name in recipe.holes)
    lines += ["", "```sh", f"{names + ' ' if names else ''}./run.sh; echo $?", "```", ""]
    lines.append(
        "It works in a fresh copy of `files/` (in `work/`, or in the folder that is named), sees nothing of the "
        f"environment it is started in but the holes below, and ends with the task's exit code; {NOT_RUN} says that "
        "the task was not run."
    )
    if recipe.python is not None:
        lines.append(
            f"The task is a Python function: a Python with TaskRush {recipe.version} is needed (`PYTHON` names another "
            f"one than `{_plain(recipe.python)}`)."
        )
    if recipe.holes:
        lines += ["", "## To be set", ""]
        lines += [f"- `{name}`: {_plain(what)}" for name, what in recipe.holes.items()]
    lines += ["", "## What it runs", ""]
    for step in recipe.steps:
        lines += [f"{_plain(step.title)}, in `{_plain(step.cwd)}`:", ""]
        lines += _fenced("\n".join(" ".join(map(shlex.quote, words)) for words in step.commands))
    if recipe.tools:
        lines += ["## Tools", ""]
        for command, printed in recipe.tools.items():
            lines += [f"`{_plain(command)}`:", "", *_fenced(printed)]
    lines += ["## Left out", ""]
    lines += [f"- {_plain(line)}" for line in recipe.left_out] or ["Nothing that TaskRush knows of."]
    return "\n".join(lines) + "\n"


def _fenced(text: str) -> List[str]:
    return ["", *(f"    {_plain(line)}" for line in text.split("\n") if line), ""][1:]


def _plain(text: str) -> str:
    """With names for marks, and without what a terminal or a page would take for something else."""
    text = MARK.sub(lambda match: f"${match.group(1)}", text)
    return "".join(sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1] for sign in text)
