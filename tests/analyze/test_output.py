"""What is kept of a task's output: bounded, clean, in order."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.analyze.output import HEAD, MIDDLE, TAIL, WIDTH, Output, clean, plain

PIECES = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.one_of(
            st.binary(max_size=300),
            st.sampled_from([b"\n", b"\r", b"\r\n", b"\x1b[31m", b"x" * 5000, b"50%\r60%\r", b"\xc3", b"\xa9\n"]),
        ),
    ),
    max_size=30,
)


@given(PIECES)
def test_any_bytes_become_lines_that_no_terminal_obeys(pieces: "list[tuple[str, bytes]]") -> None:
    """Whatever comes, in whatever pieces: lines are short, printable, numbered upwards."""
    output = Output()
    for stream, data in pieces:
        output.feed(stream, data)
    lines = output.lines()
    assert all(len(line.text) <= WIDTH and "\n" not in line.text for line in lines)
    assert all(line.text.isprintable() for line in lines), [line.text for line in lines]
    assert [line.number for line in lines] == sorted({line.number for line in lines})


@given(st.lists(st.text(alphabet="ab \t:é", max_size=20), max_size=20), st.integers(1, 9))
def test_the_borders_of_pieces_do_not_matter(lines: "list[str]", size: int) -> None:
    """However a text is cut, its lines are the same."""
    data = "".join(f"{line}\n" for line in lines).encode()
    whole, cut = Output(), Output()
    whole.feed("stdout", data)
    for at in range(0, len(data), size):
        cut.feed("stdout", data[at : at + size])
    assert whole.lines() == cut.lines()
    assert whole.count == len(lines)


@pytest.mark.core
def test_what_is_kept_of_very_much() -> None:
    """The first lines, the last lines, and of those between the ones that tell of trouble."""
    output = Output()
    for number in range(20_000):
        output.feed("stdout", b"error: the middle\n" if number == 9_000 else b"line %050d\n" % number)
    lines = output.lines()
    assert output.count == 20_000
    assert len(lines) == HEAD + 1 + TAIL
    assert [lines[0].text, lines[HEAD].text, lines[-1].text] == [
        f"line {0:050}",
        "error: the middle",
        f"line {19_999:050}",
    ]
    assert lines[HEAD].number == 9_001


def test_memory_is_bounded_whatever_comes() -> None:
    """64 MiB in one line, and 100,000 lines of trouble, leave little behind, in little time."""
    begun = time.process_time()
    output = Output()
    for _ in range(1024):
        output.feed("stdout", b"x" * 65536)
    output.feed("stdout", b"\nend\n")
    for _ in range(1000):
        output.feed("stderr", b"error " * 9 + b"\n" + b"fatal: no\n" * 99)
    kept = sum(len(line.text) for line in output.lines())
    assert kept < (HEAD + MIDDLE + TAIL) * WIDTH
    assert time.process_time() - begun < 10


def test_a_person_sees_the_last_of_what_overwrote_each_other() -> None:
    """Progress bars, colours, titles, characters that turn the direction of text."""
    assert clean(b"10%\r20%\rdone\r") == "done"
    assert clean(b"\x1b[1;31merror:\x1b[0m it \x1b]0;title\x07broke\x1b[2K") == "error: it broke"
    assert clean("a\u202eb\u200bc\x07d\x9b31me".encode()) == "a?b?c?de"
    assert plain("a\tb") == "a    b"
