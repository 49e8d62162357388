"""The reference of task files as Markdown, made from the table of keys that the parser reads with.

`python -m taskrush.declare.reference` prints it.
"""

from __future__ import annotations

from taskrush.declare.keys import TASK_KEYS
from taskrush.declare.sections import FILE_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List

    from taskrush.declare.structures import Key


def reference() -> str:
    """A section for each key: what it means, what it takes, its other spellings and an example."""
    lines = ["## At the top of a file", *_sections(FILE_KEYS), "", "## In a task", *_sections(TASK_KEYS)]
    return "\n".join([*lines, ""])


def _sections(keys: Iterable[Key]) -> Iterable[str]:
    for key in keys:
        facts: List[str] = [f"takes {key.shape.words}"]
        facts += [f"also spelled `{'`, `'.join(key.names[1:])}`"] if key.names[1:] else []
        facts += ["may stand in `defaults`"] if key.in_defaults else []
        yield from ("", f"### `{key.name}`", "", _sentence(key.help))
        yield from ("", _sentence("; ".join(facts)), "", "```yaml", *key.example.split("\n"), "```")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


if __name__ == "__main__":
    print(reference(), end="")
