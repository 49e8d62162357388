"""What a function's docstring says: the first paragraph, and help for parameters in Google, NumPy or Sphinx style."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Tuple

_SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_GOOGLE = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s+(.*)$")
_NUMPY = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")


_HEADER = re.compile(r"^(?:\w+ )?\w+:$")
_SECTIONS = (
    "args:",
    "arguments:",
    "parameters:",
    "params:",
    "keyword args:",
    "keyword arguments:",
    "other parameters:",
)


def read_docstring(text: str, names: Iterable[str]) -> Tuple[str, Dict[str, str]]:
    """The first paragraph in one line, and the help of those of `names` that are described."""
    paragraph = text.strip().split("\n\n")[0]
    description = " ".join(line.strip() for line in paragraph.splitlines())
    wanted = set(names)
    found: Dict[str, List[str]] = {}
    if wanted:
        _collect(text.expandtabs().splitlines(), wanted, found)
    return description, {name: " ".join(lines).strip() for name, lines in found.items() if any(lines)}


def _collect(lines: List[str], wanted: set[str], found: Dict[str, List[str]]) -> None:
    numpy = google = False
    named: List[str] = []
    margin = 0
    for number, line in enumerate(lines):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if following and set(following) <= {"-"} and len(following) > 2:
            numpy = stripped.lower() in ("parameters", "other parameters")
            named = []
            continue
        if _HEADER.match(stripped) and (not named or indent <= margin):
            google = stripped.lower() in _SECTIONS
            named = []
            continue
        match = _SPHINX.match(stripped)
        if match is None and numpy:
            match = _NUMPY.match(stripped) if not named or indent <= margin else None
            if match is not None:
                named = [name for name in re.split(r"\s*,\s*", match.group(1)) if name in wanted]
                margin = indent
                found.update((name, []) for name in named)
                continue
        elif match is None and google and (not named or indent <= margin):
            match = _GOOGLE.match(stripped)
        if match is not None:
            named = [match.group(1)] if match.group(1) in wanted else []
            margin = indent
            found.update((name, [match.group(2)]) for name in named)
        elif not stripped or (named and indent <= margin):
            named = []
        else:
            for name in named:
                found[name].append(stripped)
