"""`taskrush __complete WORDS...`: what the last word, as far as it is typed, may become.

The scripts of `taskrush completions` ask here each time. One candidate a line: the word, a tab, what it is. No command
of the user's is run and nothing is ever raised: when something is wrong there are no candidates. Only rows are asked,
of tasks and of options, and both are kept: nothing dear is imported here.
"""

from __future__ import annotations

import sys

from taskrush_cli.commands import COMMANDS
from taskrush_cli.listing import listing_of
from taskrush_cli.spellings import spellings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, Mapping, Optional, Sequence, Tuple

    from taskrush_cli.listing import Listing
    from taskrush_cli.spellings import Spelled, Spellings

    Candidate = Tuple[str, str]
    Options = Mapping[str, Spelled]

FILES = "\x00files"
_TAKES_TASK = ("show", "clear")
_RUNS_OF = ("diff", "last", "log")
_TASKS_OF = ("history", "run", "watch", "list", "graph", "why", "repro", "failures", "profile", "simulate")


def complete(words: Sequence[str]) -> int:
    """Print the candidates for the last of `words`; the program's own name is not among them."""
    try:
        found = list(candidates(words))
    except Exception:
        return 0
    current = words[-1] if words else ""
    for word, text in found:
        if word.startswith(current) or word == FILES:
            text = text.split(";")[0].split("\n")[0]
            sys.stdout.write(f"{word if word != FILES else '__files__'}\t{text}".rstrip() + "\n")
    return 0


def candidates(words: Sequence[str]) -> Iterator[Candidate]:
    """Everything that may stand where the last word does, whatever was typed of it."""
    *before, current = words or [""]
    if "--" in before:
        yield FILES, ""
        return
    listing = _listing(_directory(before))
    known = spellings(None if listing is None else listing.root)
    command, task = _walk(before, known, listing)
    own = {} if task is None or listing is None else _options_of(listing, task)
    local = known.own.get(command or "", {})
    options: Options = {**known.all, **local, **own}
    flag, equals, _ = current.partition("=")
    if equals and flag.startswith("--"):
        for value, text in _values(options.get(flag)):
            yield (value if value == FILES else f"{flag}={value}"), text
        return
    if before and before[-1] in options and options[before[-1]][1]:
        yield from _values(options[before[-1]])
        return
    if current.startswith("-"):
        for text, option in {**own, **local, **known.all, **options}.items():
            if text.startswith("--"):
                yield text, option[0]
        return
    shown = [row for row in (listing.rows if listing is not None else ()) if not row[5]]
    if command == "cache" and any(word in _TAKES_TASK for word in before):
        yield from ((row[0], row[2]) for row in shown)
    elif command == "builtin":
        yield from COMMANDS.items()
    elif command in ("fmt", "check"):
        yield FILES, ""
    elif command in _RUNS_OF and listing is not None:
        from taskrush_cli.complete_past import candidates as past  # it opens the history

        yield from past(listing.root, command, current)
    elif command is not None and command not in _TASKS_OF:
        yield from ((choice, "") for choice in known.may_be.get(command, ()))
    else:
        for row in shown:
            yield from ((name, row[2]) for name in (row[0], *row[3]))
    if command is None and task is None:
        names = listing.names if listing is not None else ()
        yield from ((name, text) for name, text in COMMANDS.items() if name not in names)


def _listing(directory: str) -> Optional[Listing]:
    try:
        return listing_of(directory)
    except Exception:
        return None


def _directory(words: Sequence[str]) -> str:
    """What `-C` says, wherever it stands: its folder is needed to understand the other words."""
    found = "."
    for word, following in zip(words, [*words[1:], ""]):
        if word in ("-C", "--directory"):
            found = following or found
        elif word.startswith("--directory="):
            found = word.partition("=")[2]
        elif word.startswith("-C"):
            found = word[2:].lstrip("=")
    return found


def _walk(before: Sequence[str], known: Spellings, listing: Optional[Listing]) -> Tuple[Optional[str], Optional[str]]:
    """The subcommand, if any, and the task whose options may follow."""
    command = task = None
    skip = False
    for word in before:
        if skip:
            skip = False
        elif word.startswith("-"):
            own: Options = {} if task is None or listing is None else _options_of(listing, task)
            option = own.get(word) or known.own.get(command or "", {}).get(word) or known.all.get(word)
            skip = option is not None and option[1]
        elif listing is not None and word in listing.names:
            task = listing.names[word]
        elif word in COMMANDS and task is None and command in (None, "builtin"):
            command = word
    return (None if command == "run" else command), task


def _options_of(listing: Listing, task: str) -> Dict[str, Spelled]:
    """The options of a task, by spelling."""
    found: Dict[str, Spelled] = {}
    for row in listing.rows:
        if row[0] == task:
            for _, flags, kind, many, _, _, choices, text, *_ in row[7]:
                takes = kind != "bool" or many
                found.update((flag, (text, takes, choices, kind == "path" and not choices)) for flag in flags)
    return found


def _values(option: Optional[Spelled]) -> Sequence[Candidate]:
    if option is None:
        return []
    return [(FILES, "")] if option[3] else [(text, "") for text in option[2]]
