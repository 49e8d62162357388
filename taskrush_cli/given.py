"""Options of TaskRush on a command line: the table of their spellings, and reading one at a time.

It does not know what the other words are.
"""

from __future__ import annotations

from taskrush.errors import UsageError
from taskrush.model.settings import Option, options, read
from taskrush.values import define, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

ACTIONS: Mapping[str, Option] = {
    "list": Option(flags=("-l", "--list"), kind="bool", help="list the tasks (also: --simple, --json)"),
    "json": Option(flags=("--json",), kind="bool", help="list the tasks as JSON; with tasks: as --output=json"),
    "version": Option(flags=("-V", "--version"), kind="bool", help="show the version and exit"),
    "help": Option(flags=("-h", "--help"), kind="bool", help="show help on TaskRush, a subcommand or a task and exit"),
}
FLAGS: Dict[str, Tuple[str, Option]] = {
    flag: (name, option) for name, option in (*options(), *ACTIONS.items()) for flag in option.flags
}


@define
class Given:
    """What the options of TaskRush say, by setting or action."""

    values: Dict[str, Any] = field(factory=dict)

    def take(self, words: Sequence[str], at: int) -> int:
        """How many words from `at` are an option of TaskRush with its value; 0 if it is none. Raises `UsageError`."""
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else None
        if word.startswith("--"):
            flag, equals, text = word.partition("=")
            if flag not in FLAGS:
                return 0
            return self._set(flag, text if equals else None, following)
        return self._cluster(word, following)

    def _cluster(self, word: str, following: Optional[str]) -> int:
        """`-kv`, `-j4`, `-j=4`, `-Cdir`: short options in one word; only the last may take a value."""
        position = 1
        while position < len(word):
            flag = f"-{word[position]}"
            if flag not in FLAGS:
                if position > 1:
                    hint = f"{word[:position]} takes a number, or nothing" if word[position - 1] == "j" else None
                    raise UsageError(f"unknown option `{flag}` in `{word}`", hint)
                return 0
            position += 1
            if FLAGS[flag][1].kind in ("bool", "int"):
                self._set(flag, None, None)
                continue
            rest = word[position:]
            if FLAGS[flag][1].kind == "jobs" and rest[:1] not in ("", "=") and not rest[0].isdigit():
                self._set(flag, None, None)  # `-jk`
                continue
            return self._set(flag, rest[1:] if rest.startswith("=") else rest or None, following)
        return 1

    def _set(self, flag: str, text: Optional[str], following: Optional[str]) -> int:
        name, option = FLAGS[flag]
        used = 1
        if option.kind == "bool":
            self.values[name] = True if text is None else read(option, text, flag)
            return 1
        if option.kind == "int" and text is None:
            self.values[name] = self.values.get(name, 0) + 1
            return 1
        if text is None and following is not None and (option.kind != "jobs" or following.isdigit()):
            text, used = following, 2
        if text is None and option.kind == "jobs":
            text = "0"
        if text is None:
            raise UsageError(f"{flag} needs a value", f"write `{flag} {option.metavar or name.upper()}`")
        value = read(option, text, flag)
        self.values[name] = (*self.values.get(name, ()), value) if option.many else value
        return used
