"""Which secrets a task gets, and where none may be written. It knows names and places, never a value.

Texts keep `${NAME}` of a secret until the task runs: what is worked out here is shown, and kept on disk.
"""

from __future__ import annotations

from taskrush.compile.variables import placeholders
from taskrush.errors import Problem
from taskrush.model.secret import placed
from taskrush.model.task import Argv
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping, Optional, Set, Tuple

    from taskrush.errors import Where
    from taskrush.model.declaration import FileDecl, TaskDecl
    from taskrush.model.secret import Secret
    from taskrush.model.task import Action

HINT = "give it to the task (`secrets`) and let its command read the variable"


def names_of(file: FileDecl, decl: TaskDecl) -> Set[str]:
    """All names that are secrets for a task, those of the variables that hold them among them."""
    secrets = (*file.secrets, *(decl.secrets or ()))
    return {name for secret in secrets for name in (secret.name, secret.env) if name is not None}


def secrets_of(
    file: FileDecl, decl: TaskDecl, env: Mapping[str, str], dotenv: Tuple[str, ...], found: Iterable[str]
) -> Tuple[Secret, ...]:
    """What it names, what its `env` mentions, and what stands in its `dotenv` files (`found`)."""
    if not file.secrets and not decl.secrets:
        return ()
    declared = {secret.name: secret for secret in file.secrets}
    chosen = {one.name: _told(one, declared.get(one.name)) for one in decl.secrets or ()}
    known = {one.env: evolve(one, name=one.env) for one in (*file.secrets, *chosen.values()) if one.env is not None}
    known.update(declared)
    mentioned = (name for text in env.values() for name in placeholders(text))
    for name in (*mentioned, *found):
        if name in known and name not in chosen:
            chosen[name] = known[name]
    return tuple(
        evolve(placed(one, file.folder), dotenv=dotenv if one.is_at_hand and one.file is None else ())
        for one in chosen.values()
    )


def _told(one: Secret, declared: Optional[Secret]) -> Secret:
    """What a name stands for that is declared for the whole file."""
    if declared is None or not one.is_bare:
        return one
    optional = one.optional or declared.optional
    return evolve(declared, optional=optional, in_key=one.in_key and declared.in_key, where=one.where)


def exposed(
    task: str, names: Set[str], texts: Iterable[Tuple[str, str, Optional[Where]]], action: Optional[Action]
) -> Tuple[Problem, ...]:
    """Problems of texts (key, text, place) that would show a secret: everybody sees the words of a command."""
    words = action.words if isinstance(action, Argv) else ()
    where = next((place for key, _, place in texts if key == "argv"), None)
    found = []
    for key, text, place in (*texts, *(("argv", word, where) for word in words)):
        for name in placeholders(text):
            if name in names:
                message = f"`${{{name}}}` is a secret and cannot be part of `{key}` of task `{task}`"
                found.append(Problem(message, place, HINT))
    return tuple(dict.fromkeys(found))
