"""Command lines that only look: those that can be answered with what was kept, without loading the workspace.

It knows only the plainest spellings of `taskrush list`; whatever it does not know is left to the parser, which knows
all of them, and so is every error.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional

_ALONE = {"--all": "all", "-a": "all", "--simple": "simple", "--json": "json"}
_LIST = ("list", "-l", "--list")
_WITH_VALUE = {
    "--by": ("namespace", "tag", "file"),
    "--color": ("auto", "always", "never"),
}


class Asked:
    """What is to be listed, and how; named as `commands/list.py` names it."""

    def __init__(self, directory: str, hint: bool) -> None:
        self.directory = directory
        self.hint = hint
        self.targets: List[str] = []
        self.all = self.simple = self.json = False
        self.verbose = 0
        self.values: Dict[str, str] = {"by": "namespace"}

    @property
    def by(self) -> str:
        return self.values["by"]

    def answer(self) -> Optional[int]:
        """List and return the exit code, or None where this is left to the parser. Raises what loading raises."""
        from taskrush_cli.listing import listing_of

        listing = listing_of(self.directory)
        if listing is None or "list" in listing.names:
            return None
        from taskrush_cli.commands.list import show

        listing.color = self.values.get("color", listing.color)
        listing.verbose = self.verbose or listing.verbose
        return show(listing, self)


def asked(words: List[str]) -> Optional[Asked]:
    """What a command line asks to be listed, or None if it is anything else, or not plain enough."""
    at, directory = 0, "."
    if words[:1] in (["-C"], ["--directory"]) and len(words) > 1:
        at, directory = 2, words[1]
    if words[at : at + 1] and words[at] not in _LIST:
        return None
    wanted = Asked(directory, hint=not words[at:])
    ended = False
    for position in range(at + 1, len(words)):
        word = words[position]
        flag, equals, text = word.partition("=")
        if word in _ALONE:
            setattr(wanted, _ALONE[word], True)
        elif word in ("-v", "--verbose"):
            wanted.verbose += 1
        elif equals and text in _WITH_VALUE.get(flag, ()):
            wanted.values[flag[2:]] = text
        elif not word.startswith("-"):
            if ended:
                return None
            wanted.targets.append(word)
            continue
        else:
            return None
        ended = bool(wanted.targets)
    return None if wanted.simple and wanted.json else wanted
