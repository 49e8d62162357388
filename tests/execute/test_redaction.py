"""No byte of a secret's value gets through, however the output is cut into pieces; nothing else is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.execute.redaction import MARK, RedactedStreams, Redactor

pytestmark = pytest.mark.core

SECRETS = (b"hunter22", b"hunter", b"ab\ncdef", b"xyz")


@given(st.lists(st.sampled_from([b"hunter22", b"hunt", b"er", b"22", b"cdef", b"cd", b"xyz", b"plain ", b"h", b"\n"])))
def test_pieces_make_no_difference(pieces: "list[bytes]") -> None:
    """Fed piece by piece or at once, what comes out is the same and holds no value."""
    redactor = Redactor(SECRETS)
    streams = RedactedStreams(redactor)
    out = b"".join(streams.feed("stdout", piece) for piece in pieces)
    out += b"".join(data for _, data in streams.flush())
    assert out == redactor.clean(b"".join(pieces))
    assert not any(secret in out for secret in redactor.secrets)


def test_what_is_held_back_is_shown_in_the_end() -> None:
    """The beginning of a secret that never comes is no secret."""
    streams = RedactedStreams(Redactor(SECRETS))
    assert streams.feed("stdout", b"go hunt") == b"go "
    assert streams.feed("stderr", b"c") == b""
    assert sorted(streams.flush()) == [("stderr", b"c"), ("stdout", b"hunt")]


def test_short_values_are_left_alone_and_lines_of_long_ones_are_not() -> None:
    """`xyz` is no secret worth hiding; a line of a key is."""
    redactor = Redactor(SECRETS)
    assert redactor.clean(b"xyz cdef hunter22 hunter") == b"xyz " + MARK + b" " + MARK + b" " + MARK
    assert redactor.clean_text("hunter é") == "[secret] é"
    assert not Redactor([b"", b"abc"])
