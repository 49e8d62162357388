"""No byte of a secret's value gets through, however the output is cut into pieces; nothing else is lost."""

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.model.disguise import disguises
from taskrush.model.redaction import MARK, Lookout, RedactedStreams, Redactor

pytestmark = pytest.mark.core

SETS = {
    "short": (b"hunter22", b"hunter", b"ab\ncdefghij", b"xyz"),
    "tiny": (b"a=b!", b"hunter22"),
    "long": (b"s3cr3t-Value-of-a-token", b"of-a-token-s3cr3t-Value", b"\xff\x00\xfe-no-text-at-all-here"),
}
PIECES = [
    b"hunter22",
    b"hunt",
    b"er",
    b"22",
    b"cdef",
    b"ghij",
    b"a=b",
    b"!",
    b"plain ",
    b"h",
    b"\n",
    b"\x1b[31m",
    b"\x1b[",
]
PIECES += [
    b"s3cr3t-Value-",
    b"of-a-token",
    b"-s3cr3t-Value",
    b"s3cr3t",
    b"\xff\x00\xfe-no",
    b"-text-at-all-here",
    b"x" * 1100,
]


def shown(streams: RedactedStreams, *pieces: Tuple[str, bytes]) -> bytes:
    """Everything that is shown of these pieces, in order."""
    out = [one for piece in pieces for one in streams.feed(*piece)]
    return b"".join(data for _, data in (*out, *streams.flush()))


def simply(redactor: Redactor, data: bytes) -> bytes:
    """What `clean` means: every place of every form, overlapping ones as one."""
    spans: List[Tuple[int, int]] = []
    for at in range(len(data)):
        for form in redactor.finder.forms if redactor.finder else ():
            if data.startswith(form, at):
                if spans and at < spans[-1][1]:
                    spans[-1] = (spans[-1][0], max(spans[-1][1], at + len(form)))
                else:
                    spans.append((at, at + len(form)))
                break
    for start, end in reversed(spans):
        data = data[:start] + MARK + data[end:]
    return data


@given(st.sampled_from(sorted(SETS)), st.lists(st.sampled_from(PIECES), max_size=12), st.integers(0, 9))
def test_pieces_make_no_difference(name: str, pieces: List[bytes], ahead: int) -> None:
    """Fed piece by piece or at once, what comes out is the same; wherever it begins among machine words."""
    redactor = Redactor(SETS[name])
    whole = b"." * ahead + b"".join(pieces)
    streams = RedactedStreams(redactor)
    out = shown(streams, *(("stdout", piece) for piece in (b"." * ahead, *pieces)))
    assert out == redactor.clean(whole)
    if b"\x1b" not in whole:
        assert out == simply(redactor, whole)
        assert redactor.holds(whole) == (out != whole)


@given(st.sampled_from(sorted(SETS)), st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_lookout_sees_what_is_cut(name: str, pieces: List[bytes]) -> None:
    """In pieces or at once."""
    redactor = Redactor(SETS[name])
    lookout = Lookout(redactor)
    for piece in pieces:
        lookout.feed(piece)
    whole = b"".join(pieces)
    if b"\x1b" not in whole:
        assert lookout.seen == redactor.holds(whole)


def test_what_is_held_back_is_shown_in_the_end() -> None:
    """The beginning of a secret that never comes is no secret."""
    streams = RedactedStreams(Redactor(SETS["short"]))
    assert streams.feed("stdout", b"go hunt") == (("stdout", b"go "),)
    assert streams.feed("stderr", b"cdefg") == ()
    assert sorted(streams.flush()) == [("stderr", b"cdefg"), ("stdout", b"hunt")]


@given(st.sampled_from([b"hunter22", b"s3cr3t-Value-of-a-token"]), st.data())
def test_a_value_that_goes_on_in_the_other_stream_is_found(secret: bytes, data: st.DataObject) -> None:
    """Its halves are shown on neither, in however many pieces they come; what stands around them is."""
    redactor = Redactor([secret])
    cut = data.draw(st.integers(1, len(secret) - 1))
    more = data.draw(st.integers(cut, len(secret)))
    behind = data.draw(st.sampled_from([b"", b" and more"]))
    pieces = [("stdout", b"see " + secret[:cut]), ("stderr", secret[cut:more]), ("stderr", secret[more:] + behind)]
    out = shown(RedactedStreams(redactor), *(piece for piece in pieces if piece[1]))
    assert out == b"see " + MARK + behind
    out = shown(RedactedStreams(redactor), pieces[0], ("stderr", b"#"), ("stdout", secret[cut:]))
    assert out.replace(b"#", b"", 1) == b"see " + MARK


def test_no_more_is_held_back_than_a_secret_is_long() -> None:
    """A gigabyte of beginnings does not fill memory."""
    redactor = Redactor([b"aaaaaaaaaaaaaaaaaaaaab"])
    streams = RedactedStreams(redactor)
    for _ in range(20):
        streams.feed("stdout", b"a" * 5000)
        assert sum(map(len, streams._held.values())) <= max(map(len, disguises(b"a" * 21 + b"b")))


def test_colours_inside_do_not_hide_a_value() -> None:
    """Neither complete nor cut in two by the border of two pieces."""
    streams = RedactedStreams(Redactor(SETS["long"]))
    out = shown(streams, ("stdout", b"\x1b[1m<s3cr3t-\x1b[31mVal\x1b[0mue-of-\x1b[3"), ("stdout", b"2ma-token\x1b[0m>"))
    assert out == b"\x1b[1m<[secret]\x1b[0m>"


def test_of_overlapping_values_nothing_is_left() -> None:
    """Two that share their end and beginning are one mark."""
    assert Redactor(SETS["long"]).clean(b"(s3cr3t-Value-of-a-token-s3cr3t-Value)") == b"([secret])"


def test_ordinary_values_are_left_alone_and_lines_of_long_ones_are_not() -> None:
    """`xyz` and `true` are no secrets worth hiding; a line of a key is."""
    redactor = Redactor(SETS["short"])
    assert redactor.clean(b"xyz cdefghij hunter22 hunter") == b"xyz " + MARK + b" " + MARK + b" " + MARK
    assert redactor.clean_text("hunter é") == "[secret] é"
    assert not Redactor([b"", b"abc", b"true", b"FALSE\n", b"production", b"8080"])


def test_one_more_secret_may_be_told_later() -> None:
    """From then on it is hidden, also from who has been listening before."""
    redactor = Redactor(growing=True)
    streams = RedactedStreams(redactor)
    assert redactor
    assert streams.feed("stdout", b"hunter22 ") == (("stdout", b"hunter22 "),)
    redactor.add([b"hunter22"])
    assert streams.feed("stdout", b"hunter22 ") == (("stdout", b"[secret] "),)
