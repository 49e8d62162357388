"""Finds the forms of secrets in bytes, in one look for all of them. Pure; it does not know what becomes of them."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right

from taskrush.model.disguise import SHORTEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Set, Tuple

    Span = Tuple[int, int]

HEAD = 8  # bytes of a form that the compiled pattern knows
BLOCK = 1024  # bytes that are looked at closely when something in them may belong to a form
_COLOUR = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|\Z)|\Z)")


class Finder:
    """Finds forms of secrets.

    A form that is long enough cannot go by without filling one whole machine word: looking up words costs the same for
    one secret and for a hundred. Only around words that belong to a form is anything compared.
    """

    def __init__(self, forms: Iterable[bytes]) -> None:
        self.forms: Tuple[bytes, ...] = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self.longest = len(self.forms[0])
        self._by_start: Dict[bytes, List[bytes]] = {}
        for form in self.forms:
            self._by_start.setdefault(form[:SHORTEST], []).append(form)
        self._heads = re.compile(_trie({form[:HEAD] for form in self.forms}), re.DOTALL)
        self._words = _words(self.forms)
        self._surely = max((2 * words.size - 1 for words in self._words), default=0)  # bytes that have a whole word

    def find(self, data: bytes) -> Tuple[List[Span], int]:
        """Where secrets are, in order (what overlaps is one), and where an unfinished one begins at the end."""
        spans, cut = self._scan(data)
        if b"\x1b" not in data:
            return spans, cut
        text, place = _uncoloured(data)
        more, later = self._scan(text)
        spans += [(place(start), place(end - 1) + 1) for start, end in more]
        return _joined(spans), min(cut, place(later) if later < len(text) else cut)

    def _scan(self, data: bytes) -> Tuple[List[Span], int]:
        size = len(data)
        spans: List[Span] = []
        cut = size
        for at in self._beginnings(data):
            for form in self._by_start.get(data[at : at + SHORTEST], ()):
                if data.startswith(form, at):
                    end = at + len(form)
                    if spans and at < spans[-1][1]:
                        spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
                    else:
                        spans.append((at, end))
                    break
                if at < cut and at + len(form) > size and form.startswith(data[at:]):
                    cut = at
        return spans, min(cut, self._unfinished(data))

    def _beginnings(self, data: bytes) -> Iterator[int]:
        """Where a form may begin of which there is enough to be told by words."""
        search = self._heads.search
        for start, end in self._places(data):
            match = search(data, start, end + HEAD)
            while match is not None and match.start() < end:
                yield match.start()
                match = search(data, match.start() + 1, end + HEAD)

    def _places(self, data: bytes) -> List[Span]:
        """The parts of `data` in which forms may begin, in order and apart from each other."""
        if not self._surely:
            return [(0, len(data))]
        places: Set[int] = set()
        for words in self._words:
            places.update(words.blocks(data))
        found: List[Span] = []
        for block in sorted(places):
            start, end = max(0, block * BLOCK - self._surely), (block + 1) * BLOCK
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
        return found

    def _unfinished(self, data: bytes) -> int:
        """Where a form may begin of which there is too little for words to tell, at the end of `data`."""
        size = len(data)
        for at in range(max(0, size - max(self._surely, HEAD) + 1), size):
            end = data[at:]
            if len(end) >= SHORTEST:
                forms: Iterable[bytes] = self._by_start.get(end[:SHORTEST], ())
                if any(len(form) > len(end) and form.startswith(end) for form in forms):
                    return at
            elif any(start.startswith(end) for start in self._by_start):
                return at
        return size


class _Words:
    """The machine words of which forms have at least one, wherever they stand. `size` is that of a word."""

    def __init__(self, size: int, forms: Iterable[bytes]) -> None:
        self.size = size
        self._code: Any = {4: "I", 8: "Q"}[size]
        self._known = frozenset(
            int.from_bytes(form[at : at + size], sys.byteorder) for form in forms for at in range(size)
        )

    def blocks(self, data: bytes) -> Iterator[int]:
        """The numbers of the blocks of `data` that have one of them."""
        whole = len(data) - len(data) % self.size
        words = memoryview(data)[:whole].cast(self._code)
        if self._known.isdisjoint(words):
            return
        step = BLOCK // self.size
        for number in range(0, len(words), step):
            if not self._known.isdisjoint(words[number : number + step]):
                yield number // step


def _words(forms: Iterable[bytes]) -> List[_Words]:
    """Long words for long forms, short ones for shorter ones; none where a form is too short for either."""
    long = [form for form in forms if len(form) >= 15]
    short = [form for form in forms if len(form) < 15]
    if any(len(form) < 7 for form in short):
        return []
    return [_Words(size, some) for size, some in ((8, long), (4, short)) if some]


def _joined(spans: List[Span]) -> List[Span]:
    """In order, what overlaps as one."""
    found: List[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _uncoloured(data: bytes) -> Tuple[bytes, Callable[[int], int]]:
    """The data without control sequences, and a function that tells where a place in it was."""
    pieces: List[bytes] = []
    begins, shifts = [0], [0]
    at = length = 0
    for match in _COLOUR.finditer(data):
        pieces.append(data[at : match.start()])
        length += match.start() - at
        at = match.end()
        begins.append(length)
        shifts.append(at - length)
    pieces.append(data[at:])

    def place(position: int) -> int:
        return position + shifts[bisect_right(begins, position) - 1]

    return b"".join(pieces), place


def _trie(words: Iterable[bytes]) -> bytes:
    """A pattern that matches where one of the words begins; common beginnings are written once."""
    tree: Dict[int, Any] = {}
    for word in words:
        node = tree
        for byte in word:
            node = node.setdefault(byte, {})
        node[-1] = {}

    def written(node: Dict[int, Any]) -> bytes:
        if -1 in node:  # one word ends here: whoever finds this much looks closer
            return b""
        branches = [re.escape(bytes([byte])) + written(below) for byte, below in sorted(node.items())]
        return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"

    return written(tree)
