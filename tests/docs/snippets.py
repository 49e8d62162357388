"""Reads the code blocks of a page and plays them; knows nothing of what the pages say.

A page is a story. Each `##` section starts in an empty folder and is played from top to bottom:

- a block with `title="NAME"` writes that file;
- a `console` block runs its `$` lines in bash; the lines below one must appear in what it prints, in that order, and
  may hold `...` for anything. `# exits N` at the end of a `$` line says that it fails, and how;
- a `python` block without title is run as a script, a `yaml` block without title must be a task file that lists;
- other languages (`sh`, `text`, ...) are only read, and so is a block after `<!-- not run: WHY -->`.
"""

import re
from pathlib import Path
from typing import Iterator, List, Tuple

import attrs

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]+)?(?P<rest>.*)$")
TITLE = re.compile(r'title="([^"]+)"')
EXITS = re.compile(r"\s+# exits (\d+)$")


@attrs.frozen
class Block:
    """A fenced block: its language, the file it is to be written to if any, its text and line."""

    language: str
    title: str
    text: str
    line: int


@attrs.frozen
class Section:
    """The blocks between two `##` headings, in order."""

    page: str
    heading: str
    blocks: Tuple[Block, ...]


@attrs.frozen
class Command:
    """One `$` line, the exit code it should have and what it should print."""

    command: str
    code: int
    output: Tuple[str, ...]


def sections(page: str, path: Path) -> Iterator[Section]:
    """The sections of a page that have something to play."""
    heading, blocks = "", []  # type: Tuple[str, List[Block]]
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    skip = False
    for number, line in lines:
        if line.startswith("## "):
            if blocks:
                yield Section(page, heading, tuple(blocks))
            heading, blocks = line[3:].strip(), []
        opened = FENCE.match(line)
        if opened is None:
            skip = line.startswith("<!-- not run:") or (skip and not line.strip())
            continue
        indent = len(opened["indent"])
        body = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            body.append(inner[indent:])
        title = TITLE.search(opened["rest"])
        if not skip:
            block = Block(opened["language"] or "", title.group(1) if title else "", "\n".join(body) + "\n", number)
            if block.title or block.language in ("console", "python", "yaml"):
                blocks.append(block)
        skip = False
    if blocks:
        yield Section(page, heading, tuple(blocks))


def commands(block: Block) -> List[Command]:
    """The commands of a `console` block."""
    found: List[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            exits = EXITS.search(line)
            found.append(Command(EXITS.sub("", line[2:]), int(exits.group(1)) if exits else 0, ()))
        elif line.strip():
            assert found, f"line {block.line}: a console block starts with a `$` line"
            found[-1] = attrs.evolve(found[-1], output=(*found[-1].output, line.strip()))
    return found


def missing_line(expected: Tuple[str, ...], printed: str) -> str:
    """The first expected line that is not printed after the ones before it; empty if all are."""
    rest = iter(printed.splitlines())
    for line in expected:
        if line == "...":
            continue
        wanted = re.compile(".*".join(re.escape(part) for part in line.split("...")))
        if not any(wanted.search(candidate) for candidate in rest):
            return line
    return ""
