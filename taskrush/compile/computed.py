"""Variables that a command computes: what that command may know of the file and the task that ask for it.

`expand.py` makes hidden tasks of them.
"""

from __future__ import annotations

from taskrush.compile.variables import placeholders, shell_mentions
from taskrush.errors import Problem
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Mapping, Optional, Tuple

    from taskrush.compile.inherit import Grown
    from taskrush.compile.matrix import Combination
    from taskrush.model.declaration import FileDecl, TaskDecl, Variable


@frozen
class Computed:
    """A variable that a command computes, and who asked for it first."""

    grown: Grown
    name: str
    variable: Variable
    combination: Combination
    owner: str


def parameters_mentioned(lazy: Computed) -> Iterable[Problem]:
    """Parameters that the command of a variable mentions: it would find nothing there."""
    mentions = shell_mentions(lazy.variable.command or "")
    for param in lazy.grown.decl.params or ():
        if param.name in mentions:
            message = (
                f"variable `{lazy.name}` is computed without the parameters of its task, it cannot use `${param.name}`"
            )
            yield Problem(message, lazy.variable.where, "use the parameter in `cmd` itself")


def without(lazy: Computed) -> Tuple[FileDecl, TaskDecl]:
    """A file and a task as the command that computes a variable of theirs sees them: less what needs its value."""
    file, decl = lazy.grown.file, lazy.grown.decl
    texts = [(key, one.value or "") for key, one in (*file.vars.items(), *(decl.vars or {}).items())]
    texts += [*file.env.items(), *(decl.env or {}).items()]
    gone = {lazy.name}
    before = 0
    while len(gone) > before:
        before = len(gone)
        gone.update(key for key, text in texts if not gone.isdisjoint(placeholders(text)))

    def left(texts: Optional[Mapping[str, str]]) -> Dict[str, str]:
        return {key: text for key, text in (texts or {}).items() if gone.isdisjoint(placeholders(text))}

    def vars_left(variables: Optional[Mapping[str, Variable]]) -> Dict[str, Variable]:
        return {key: one for key, one in (variables or {}).items() if key not in gone}

    def paths_left(paths: Optional[Tuple[str, ...]]) -> Tuple[str, ...]:
        return tuple(path for path in paths or () if gone.isdisjoint(placeholders(path)))

    return (
        evolve(file, env=left(file.env), vars=vars_left(file.vars), dotenv=paths_left(file.dotenv)),
        evolve(
            decl,
            env=left(decl.env),
            vars=vars_left(decl.vars),
            dotenv=paths_left(decl.dotenv),
            cwd=None if decl.cwd and not gone.isdisjoint(placeholders(decl.cwd)) else decl.cwd,
        ),
    )
