"""A pattern is found in output that comes in pieces exactly where it is found in the whole, in bounded memory."""

import re
import tracemalloc
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.execute import output_pattern
from taskrush.execute.output_pattern import OutputPattern

pytestmark = pytest.mark.core
PATTERNS = [
    "abc",
    "^ab",
    "ab$",
    "a.c",
    r"\bab\b",
    "(?i)ABC",
    r"a\nb",
    "(?<!x)ab",
    "ab(?!c)",
    r"\Aab",
    r"ab\Z",
    "é+",
    "",
    "a{3}b",
    r"(?s)a.b.c",
]


def pieces_of(data: bytes, cuts: List[int]) -> List[bytes]:
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in zip(ends, ends[1:])]


@settings(max_examples=400, deadline=None)
@given(
    pattern=st.sampled_from(PATTERNS),
    text=st.text("abcx é\n", max_size=300),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_pieces_are_as_good_as_the_whole(pattern: str, text: str, cuts: List[int]) -> None:
    """Windows of a few characters, cut anywhere, also within a letter: the verdict is that on the whole text."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(output_pattern, "GATHERED", 24)
        monkeypatch.setattr(output_pattern, "KEPT", 32)
        monkeypatch.setattr(output_pattern, "AHEAD", 6)
        watch = OutputPattern(pattern)
        for piece in pieces_of(text.encode(), cuts):
            watch.feed("stdout", piece)
        assert watch.found() == (re.search(pattern, text, re.MULTILINE) is not None)


def test_streams_are_told_apart() -> None:
    """Half on stdout and half on stderr is no match; a stream is waited for, whatever the other one says."""
    watch = OutputPattern("timeout")
    for stream, data in [("stdout", b"time"), ("stderr", b"out\n"), ("stdout", b"less")]:
        watch.feed(stream, data)
    assert not watch.found()
    watch = OutputPattern("timeout")
    for stream, data in [("stdout", b"time"), ("stderr", b"noise\n"), ("stdout", b"out")]:
        watch.feed(stream, data)
    assert watch.found()


def test_bytes_that_are_no_text_match_what_is_around_them() -> None:
    """Output need not be UTF-8."""
    watch = OutputPattern("time.out")
    watch.feed("stdout", b"\xff\xfe time\xffout \xc3")
    assert watch.found()


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_a_match_across_real_borders_is_found(size: int) -> None:
    """At every border of what is searched at once."""
    noise = b"nothing to see here\n" * 3300
    data = (noise[: (1 << 16) - 5] + b"timeout" + noise) if size != 1 else noise[:70000] + b"timeout"
    watch = OutputPattern("timeout")
    for start in range(0, len(data), size):
        watch.feed("stdout", data[start : start + size])
    assert watch.found()


def test_a_hundred_megabytes_take_little_memory() -> None:
    """The memory does not grow with the output."""
    watch = OutputPattern("never there")
    line = b"some line of output that is not what is looked for\n"
    chunk = line * 1280
    tracemalloc.start()
    for _ in range(300):
        watch.feed("stdout", chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not watch.found()
    assert peak < 2_000_000


def test_after_a_match_nothing_is_searched() -> None:
    """It costs nothing more."""
    watch = OutputPattern("x")
    watch.feed("stdout", b"x" * (1 << 17))
    watch._pattern = None  # type: ignore[assignment]
    watch.feed("stdout", b"y" * (1 << 17))
    assert watch.found()
