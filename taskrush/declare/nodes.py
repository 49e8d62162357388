"""What a text says, as a tree that knows where each value stands; the same for YAML and TOML.

Knows nothing of tasks and keys. A `Source` turns a place in the tree into a `Problem` with the user's own line.
"""

from __future__ import annotations

import os
from typing import Tuple, Union

from taskrush.errors import ConfigError, Problem, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional

Spot = Tuple[int, int]
MAX_BYTES = 8 * 1024 * 1024
MAX_LINE_SHOWN = 200
MAX_PROBLEMS = 100


class Scalar:
    """One value. `value` is None, a bool, an int, a float or a text; `text` is how it was written."""

    __slots__ = ("spot", "text", "value")
    kind = "value"

    def __init__(self, value: object, text: str, spot: Spot) -> None:
        self.value = value
        self.text = text
        self.spot = spot


class Sequence:
    """A list of values."""

    __slots__ = ("items", "spot")
    kind = "list"

    def __init__(self, spot: Spot) -> None:
        self.items: List[Node] = []
        self.spot = spot


class Mapping:
    """Keys with values, in order; `keys` has the place of each key."""

    __slots__ = ("items", "keys", "spot")
    kind = "mapping"

    def __init__(self, spot: Spot) -> None:
        self.items: Dict[str, Node] = {}
        self.keys: Dict[str, Spot] = {}
        self.spot = spot


Node = Union[Scalar, Sequence, Mapping]


def describe(node: Node) -> str:
    """A value in a few words, for a message that says it is the wrong one."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    text = node.text if len(node.text) <= 40 else node.text[:37] + "..."
    return f"`{text}`" if text else "an empty text"


def plain(node: Node) -> object:
    """The tree below `node` as dicts, lists and values, for settings that are passed on as they are."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(item) for key, item in node.items.items()}


class Source:
    """The text of one file: makes problems that point into it and collects them.

    `path` is shown to people, as a path relative to the folder they stand in. `found` counts what was reported; of
    very many problems only the first are kept.
    """

    def __init__(self, path: str, text: str = "") -> None:
        self.path = path
        self.text = text
        self.problems: List[Problem] = []
        self.found = 0
        self._lines: Optional[List[str]] = None

    def where(self, spot: Spot) -> Where:
        return Where(self.path, spot[0], spot[1])

    @property
    def full(self) -> bool:
        """Whether further problems are only counted: no need to think of hints."""
        return self.found >= MAX_PROBLEMS

    def problem(self, message: str, spot: Spot = (0, 0), hint: Optional[str] = None) -> Problem:
        """A problem at a line and column, with that line's text. It is not collected."""
        return Problem(message, self.where(spot), hint, self.line(spot))

    def report(self, message: str, spot: Spot = (0, 0), hint: Optional[str] = None) -> None:
        """Collect a problem."""
        self.found += 1
        if self.found <= MAX_PROBLEMS:
            self.problems.append(self.problem(message, spot, hint))

    def fail(self, message: str, spot: Spot = (0, 0), hint: Optional[str] = None) -> ConfigError:
        """An error of this one problem, for the caller to raise."""
        return ConfigError(self.problem(message, spot, hint))

    def line(self, spot: Spot) -> Optional[str]:
        """The text of a line as it can be shown; None where it is too long for a caret to help."""
        if self._lines is None:
            self._lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        number, column = spot
        if not self.text or not 0 < number <= len(self._lines):
            return None
        line = self._lines[number - 1]
        if len(line) > MAX_LINE_SHOWN:
            if column > MAX_LINE_SHOWN - 20:
                return None
            line = line[:MAX_LINE_SHOWN] + "..."
        return "".join(c if c == "\t" or c.isprintable() else "\ufffd" for c in line.rstrip())


def shown(path: str) -> str:
    """`path` as a person in the current folder would type it."""
    try:
        near = os.path.relpath(path)
    except ValueError:
        return path
    return path if near.startswith(os.path.join(os.pardir, os.pardir, os.pardir)) else near


def read_source(path: str) -> Source:
    """The text of a file. Raises `ConfigError` when it is too large, unreadable or not UTF-8."""
    return decode(shown(path), read_bytes(path))


def read_bytes(path: str) -> bytes:
    """The bytes of a file. Raises `ConfigError` when it is too large or unreadable."""
    source = Source(shown(path))
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise source.fail(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_BYTES:
        raise source.fail(
            f"larger than {MAX_BYTES // 1024 // 1024} MB", hint="split it with `include`, or use `tasks.py`"
        )
    return data


def decode(path: str, data: bytes) -> Source:
    """Bytes as text. Raises `ConfigError` where they are not UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Source(path).fail("this is UTF-16, not UTF-8", (1, 1), "save the file as UTF-8")
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    try:
        return Source(path, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        start = before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")
        source = Source(path, data.decode("utf-8", "replace"))
        byte = data[error.start]
        raise source.fail(
            f"byte 0x{byte:02x} is not UTF-8", (line, len(start) + 1), "save the file as UTF-8"
        ) from error
