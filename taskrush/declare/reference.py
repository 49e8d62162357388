"""The reference of task files as Markdown, made from the table of keys that the parser reads with."""

from typing import Iterable, List, Tuple

from taskrush.declare.keys import TASK_KEYS
from taskrush.declare.sections import FILE_KEYS
from taskrush.declare.structures import Key


def reference() -> str:
    """Two tables with an example of each key: the top of a file, and a task."""
    return "\n".join(
        (
            "## At the top of a file",
            "",
            *_table(FILE_KEYS),
            "",
            "Keys that start with `x-` are ignored: a place for YAML anchors.",
            "",
            "## In a task",
            "",
            "A task is a mapping of these keys. A text alone is its `cmd`, a list alone its commands.",
            "",
            *_table(TASK_KEYS),
            "",
            "Keys marked with * can stand in `defaults`.",
            "",
        )
    )


def _table(keys: Tuple[Key, ...]) -> Iterable[str]:
    rows: List[str] = ["| key | value | meaning | example |", "|---|---|---|---|"]
    for key in keys:
        names = ", ".join(f"`{name}`" for name in key.names)
        star = " *" if key.in_defaults else ""
        example = "<br>".join(f"`{line}`" for line in _inline(key.example))
        rows.append(f"| {names}{star} | {_cell(key.shape.words)} | {_cell(key.help)} | {_cell(example)} |")
    return rows


def _inline(example: str) -> Iterable[str]:
    """Lines of an example with indentation that survives in a table."""
    return (line.replace("  ", "\u00a0\u00a0") for line in example.split("\n"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def main() -> None:
    """Print the reference."""
    print(reference(), end="")


if __name__ == "__main__":
    main()
