"""What a task depends on besides files: names rebased and filled in, and what is wrong with it. It reads nothing."""

from __future__ import annotations

import shlex

from taskrush.compile.paths import rebase
from taskrush.errors import Problem
from taskrush.model.pattern import is_literal
from taskrush.model.policy import Ingredient
from taskrush.model.task import Call
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Iterator, Optional, Tuple

    from taskrush.errors import Where
    from taskrush.model.policy import Input
    from taskrush.model.task import Task

if TYPE_CHECKING:
    Fill = Callable[[str, Optional[Where]], str]


def split(inputs: Optional[Iterable[Input]]) -> Tuple[Optional[Tuple[Tuple[int, str], ...]], Tuple[Ingredient, ...]]:
    """The patterns among `inputs`, each with its place in the list, and everything else; None where none are said."""
    if inputs is None:
        return None, ()
    listed = tuple(inputs)
    patterns = tuple((number, item) for number, item in enumerate(listed) if isinstance(item, str))
    return patterns, tuple(item for item in listed if isinstance(item, Ingredient))


def filled(ingredient: Ingredient, folder: str, fill: Fill, fill_command: Fill) -> Ingredient:
    """As it is meant in a file of `folder`: paths start there, commands run there."""
    where = ingredient.where
    if ingredient.part is not None:
        path, _, pointer = fill(ingredient.part, where).partition("#")
        return evolve(ingredient, part=f"{rebase(folder, path)[0]}#{pointer}")
    if ingredient.command is not None:
        lead = "" if folder in ("", ".") else f"cd {shlex.quote(folder)} && "
        return evolve(ingredient, command=lead + fill_command(ingredient.command, where))
    if ingredient.env is not None:
        return evolve(ingredient, env=fill(ingredient.env, where))
    return evolve(ingredient, result=fill(ingredient.result or "", where))


def wrong_parts(task: Task) -> Iterator[Problem]:
    """What cannot be a part of a file."""
    for ingredient in task.ingredients:
        if ingredient.part is None:
            continue
        path = ingredient.part.partition("#")[0]
        what = f"task `{task.id}` reads a part of a file, `{ingredient.part}`: "
        where = ingredient.where or task.where
        if path.startswith("!"):
            yield Problem(f"{what}parts cannot be left out", where, "list the parts that count")
        elif not is_literal(path):
            yield Problem(f"{what}it names no single file", where, "list each file with its part")
        elif rebase(".", path)[1]:
            yield Problem(f"{what}{rebase('.', path)[1]}", where)


def wrong_result(task: Task, ingredient: Ingredient, on: Task) -> Optional[Problem]:
    """A task whose value is no value at all."""
    if isinstance(on.action, Call) or on.capture:
        return None
    message = f"task `{task.id}` depends on what `{on.id}` returns, which is nothing: it is no function"
    return Problem(message, ingredient.where or task.where, f"name what `{on.id}` makes as its `outputs`")
