"""The action of a declared task: `before`, the command itself, `after`. It fills in words, never shell text."""

from __future__ import annotations

import shlex

from taskrush.compile.variables import PLACEHOLDER
from taskrush.model.task import Argv, Shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, List, Optional

    from taskrush.model.declaration import TaskDecl
    from taskrush.model.task import Action


def action_of(decl: TaskDecl, fill: Callable[..., str]) -> Optional[Action]:
    """The action, or None for a task that only has dependencies."""
    before, after = decl.before or (), decl.after or ()
    if decl.argv is not None:
        words = tuple(fill(word, f"argv.{number}", "argv", "cmd") for number, word in enumerate(decl.argv))
        if not before and not after:
            return Argv(words)
        main: tuple[str, ...] = (" ".join(_quoted(word) for word in words),)
    else:
        main = decl.cmd or ()
    commands = (*before, *main, *after)
    if not commands:
        return None
    return Shell(commands, main=len(before) + len(main) - 1) if after and main else Shell(commands)


def shell_texts(action: Optional[Action], decl: TaskDecl) -> Iterable[str]:
    """Everything of a task that a shell will read."""
    texts: List[str] = list(action.commands) if isinstance(action, Shell) else []
    if decl.condition is not None:
        texts.append(decl.condition)
    texts.extend(requirement.command for requirement in decl.requires or () if requirement.command is not None)
    return texts


def _quoted(word: str) -> str:
    """A word for a shell; `${NAME}` that is only known while running stays open to it."""
    if not PLACEHOLDER.search(word):
        return shlex.quote(word)
    position, pieces = 0, []
    for match in PLACEHOLDER.finditer(word):
        pieces += [shlex.quote(word[position : match.start()]) if position < match.start() else "", f'"{match[0]}"']
        position = match.end()
    pieces.append(shlex.quote(word[position:]) if position < len(word) else "")
    return "".join(pieces)
