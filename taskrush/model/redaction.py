"""Finds the values of secrets in bytes, in every form of `disguise.py`, and takes them out. Pure: bytes in, bytes out.

A value that is cut in two by the border of two pieces is found as well: the end of a piece that may be the beginning
of a secret is held back until the next piece, or the end, decides. Colours inside a value do not hide it.

Rule 1: what is found does not depend on how the bytes are cut into pieces.
Rule 2: of overlapping values nothing is left.
Rule 3: no more is held back than the longest form has.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, FrozenSet, Iterable, List, Optional, Tuple

    from taskrush.model.secret_finder import Finder, Span

MARK = b"[secret]"


class Redactor:
    """Knows the values of one run's secrets, of which there may become more (`add`, from any thread). Those not worth
    hiding are left alone. With `growing` it is to be asked although it knows none yet."""

    def __init__(self, secrets: Iterable[bytes] = (), growing: bool = False) -> None:
        self.growing = growing
        self.secrets = _worth_hiding(secrets)
        self._made: Tuple[FrozenSet[bytes], Optional[Finder]] = (frozenset(), None)

    def __bool__(self) -> bool:
        return self.growing or bool(self.secrets)

    def add(self, secrets: Iterable[bytes]) -> None:
        """Hide these as well from now on."""
        self.secrets |= _worth_hiding(secrets)

    @property
    def finder(self) -> Optional[Finder]:
        """What finds them, made when it is first wanted: that takes milliseconds."""
        known, finder = self._made
        secrets = self.secrets
        if known is not secrets and known != secrets:
            from taskrush.model.disguise import disguises
            from taskrush.model.secret_finder import Finder

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


if TYPE_CHECKING:
    Piece = Tuple[str, bytes]


def _worth_hiding(secrets: Iterable[bytes]) -> FrozenSet[bytes]:
    found = frozenset(secrets)
    if not found:
        return found
    from taskrush.model.disguise import worth_hiding

    return frozenset(secret for secret in found if worth_hiding(secret))


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
