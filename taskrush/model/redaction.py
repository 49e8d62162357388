"""Finds the values of secrets in bytes, in every form of `disguise.py`, and takes them out. Pure: bytes in, bytes out.

A value that is cut in two by the border of two pieces is found as well: the end of a piece that may be the beginning
of a secret is held back until the next piece, or the end, decides. Colours inside a value do not hide it.

Rule 1: what is found does not depend on how the bytes are cut into pieces.
Rule 2: of overlapping values nothing is left.
Rule 3: no more is held back than the longest form has.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from typing import Tuple

from taskrush.model.disguise import SHORTEST, disguises, worth_hiding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Optional, Set

MARK = b"[secret]"
HEAD = 8  # bytes of a form that the compiled pattern knows
BLOCK = 1024  # bytes that are looked at closely when something in them may belong to a form
_COLOUR = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|\Z)|\Z)")
Span = Tuple[int, int]


class Redactor:
    """Knows the values of one run's secrets, of which there may become more (`add`, from any thread). Those not worth
    hiding are left alone. With `growing` it is to be asked although it knows none yet."""

    def __init__(self, secrets: Iterable[bytes] = (), growing: bool = False) -> None:
        self.growing = growing
        self.secrets = frozenset(secret for secret in secrets if worth_hiding(secret))
        self._made: Tuple[FrozenSet[bytes], Optional[Finder]] = (frozenset(), None)

    def __bool__(self) -> bool:
        return self.growing or bool(self.secrets)

    def add(self, secrets: Iterable[bytes]) -> None:
        """Hide these as well from now on."""
        self.secrets = self.secrets.union(secret for secret in secrets if worth_hiding(secret))

    @property
    def finder(self) -> Optional[Finder]:
        """What finds them, made when it is first wanted: that takes milliseconds."""
        known, finder = self._made
        secrets = self.secrets
        if known is not secrets and known != secrets:
            finder = Finder({form for secret in secrets for form in disguises(secret)})
            self._made = (secrets, finder)
        return finder

    def holds(self, data: bytes) -> bool:
        """Whether a secret is in there."""
        finder = self.finder
        return finder is not None and bool(finder.find(data)[0])

    def holds_text(self, text: str) -> bool:
        """As `holds`, for a text."""
        return bool(self.secrets) and self.holds(text.encode("utf-8", "surrogatepass"))

    def clean(self, data: bytes) -> bytes:
        """`data` without the values."""
        finder = self.finder
        return data if finder is None else _without(data, finder.find(data)[0])

    def clean_text(self, text: str) -> str:
        """As `clean`, for a text."""
        finder = self.finder
        if finder is None:
            return text
        data = text.encode("utf-8", "surrogatepass")
        spans = finder.find(data)[0]
        return _without(data, spans).decode("utf-8", "surrogatepass") if spans else text

    def split(self, data: bytes) -> Tuple[bytes, bytes]:
        """What of `data` can be shown whatever comes next, cleaned, and the rest, which may be the beginning of a
        secret."""
        finder = self.finder
        if finder is None:
            return data, b""
        spans, cut = finder.find(data)
        for start, end in reversed(spans):
            if start < cut < end:
                cut = start
        return _without(data[:cut], [span for span in spans if span[1] <= cut]), data[cut:]


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


Piece = Tuple[str, bytes]


class RedactedStreams:
    """The streams of one task: each by itself, and a value that begins at the end of one and goes on in the other."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held: Dict[str, bytes] = {}
        self._last = ""  # the stream that was fed last
        self._before = ""  # the stream whose held bytes came directly before those that are held of the last one

    def feed(self, stream: str, data: bytes) -> Tuple[Piece, ...]:
        """What can be shown now that `data` came, in order."""
        if stream != self._last:
            self._before, self._last = ("" if stream in self._held else self._last), stream
        own = self._held.pop(stream, b"") + data
        earlier = self._held.get(self._before)
        pieces: List[Piece] = []
        finder = self._redactor.finder
        if earlier is not None and finder is not None:
            over, cut = _across(finder, earlier, own)
            if cut < (len(earlier) if over is None else over[1]):  # it may still become one, or a longer one
                self._held[stream] = own
                return ()
            if over is not None:
                del self._held[self._before]
                pieces.append((self._before, self._redactor.clean(earlier[: over[0]]) + MARK))
                own = own[over[1] - len(earlier) :]
        self._before = ""
        shown, held = self._redactor.split(own)
        if held:
            self._held[stream] = held
        if shown:
            pieces.append((stream, shown))
        return tuple(pieces)

    def flush(self) -> Tuple[Piece, ...]:
        """What was held back; the task has ended."""
        held, self._held = self._held, {}
        rest = {stream: self._redactor.clean(data) for stream, data in held.items()}
        earlier, own, finder = held.get(self._before), held.get(self._last), self._redactor.finder
        if earlier is not None and own is not None and finder is not None:
            over, _ = _across(finder, earlier, own)
            if over is not None:
                rest[self._before] = self._redactor.clean(earlier[: over[0]]) + MARK
                rest[self._last] = self._redactor.clean(own[over[1] - len(earlier) :])
        return tuple((stream, data) for stream, data in rest.items() if data)


class Lookout:
    """Watches bytes that go by in pieces; `seen` once a secret was among them, cut in two or not."""

    def __init__(self, redactor: Redactor) -> None:
        self._finder = redactor.finder
        self._end = b""
        self.seen = False

    def feed(self, data: bytes) -> None:
        """The next piece."""
        if self.seen or self._finder is None:
            return
        data = self._end + data
        spans, cut = self._finder.find(data)
        self.seen = bool(spans)
        self._end = data[cut:]


def _joined(spans: List[Span]) -> List[Span]:
    """In order, what overlaps as one."""
    found: List[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _across(finder: Finder, earlier: bytes, own: bytes) -> Tuple[Optional[Span], int]:
    """The secret that begins in one piece and ends in the next, and where an unfinished one begins in both together."""
    spans, cut = finder.find(earlier + own)
    return next((span for span in spans if span[0] < len(earlier) < span[1]), None), cut


def _without(data: bytes, spans: List[Span]) -> bytes:
    if not spans:
        return data
    pieces, at = [], 0
    for start, end in spans:
        pieces += [data[at:start], MARK]
        at = end
    pieces.append(data[at:])
    return b"".join(pieces)


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
