"""Bytes of tasks arrive as they were written, and nobody writes into somebody else's line."""

import io
import os
from pathlib import Path
from typing import IO, List, Tuple

import pytest

from taskrush_cli.render.held import KEEP_SHOWN, MEMORY, Held
from taskrush_cli.render.output import Output

pytestmark = pytest.mark.core


def opened(path: Path) -> IO[str]:
    return open(path, "w", encoding="utf-8")


def test_two_files_get_exactly_what_was_written(tmp_path: Path) -> None:
    """Standard output holds what tasks wrote there, byte for byte; our lines go to standard error."""
    out = Output(opened(tmp_path / "out"), opened(tmp_path / "err"))
    out.say("header")
    out.task("a", "stdout", b"1.2\xff")
    out.task("a", "stderr", b"note")
    out.say("footer")
    assert (tmp_path / "out").read_bytes() == b"1.2\xff"
    assert (tmp_path / "err").read_bytes() == b"header\nnote\nfooter\n"


def test_one_file_has_whole_lines(tmp_path: Path) -> None:
    """Where both streams are one file, a line that was left open is ended before somebody else writes."""
    stream = opened(tmp_path / "both")
    out = Output(stream, stream)
    out.task("a", "stdout", b"partial")
    out.task("a", "stderr", b" and more of it")
    out.task("b", "stdout", b"mine\n")
    out.say("ours")
    assert (tmp_path / "both").read_bytes() == b"partial and more of it\nmine\nours\n"


def test_together_everything_is_on_standard_output(tmp_path: Path) -> None:
    """As CI services want it."""
    out = Output(opened(tmp_path / "out"), opened(tmp_path / "err"), together=True)
    out.say("::group::a")
    out.task("a", "stderr", b"err\n")
    assert (tmp_path / "out").read_bytes() == b"::group::a\nerr\n"
    assert (tmp_path / "err").read_bytes() == b""


def test_streams_without_descriptors_work(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream may live in memory."""
    raw = io.BytesIO()
    out = Output(io.TextIOWrapper(raw, write_through=True), io.StringIO())
    out.task("a", "stdout", b"bytes \xfe\n")
    assert raw.getvalue() == b"bytes \xfe\n"


def test_a_closed_reader_is_told_once() -> None:
    """When nobody reads standard output any more `on_broken` is called, and nothing raises."""
    reader, writer = os.pipe()
    told: List[bool] = []
    with os.fdopen(writer, "w") as stream:
        os.close(reader)
        out = Output(stream, io.StringIO(), on_broken=lambda error: told.append(isinstance(error, BrokenPipeError)))
        out.task("a", "stdout", b"x")
        out.task("a", "stdout", b"y")
    assert told == [True]


class Region:
    """Notes when it is told to go and to come back."""

    def __init__(self) -> None:
        self.story: List[str] = []

    def clear(self) -> None:
        self.story.append("clear")

    def restore(self) -> None:
        self.story.append("restore")


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_above_a_region_only_whole_lines_are_written() -> None:
    """A line that is not complete is held back for the region to show, and comes out at the end at the latest."""
    raw = io.BytesIO()
    stream = Terminal(raw, write_through=True)
    out = Output(stream, stream)
    region = Region()
    out.attach(region)
    out.task("a", "stdout", b"..")
    assert (raw.getvalue(), out.partial, region.story) == (b"", b"..", [])
    out.task("a", "stdout", b".\nrest")
    assert (raw.getvalue(), out.partial, region.story) == (b"...\n", b"rest", ["clear", "restore"])
    out.say("ours")
    assert raw.getvalue() == b"...\nrest\nours\n"
    out.task("a", "stdout", b"end")
    out.detach()
    assert raw.getvalue() == b"...\nrest\nours\nend"


def contents(held: Held) -> List[Tuple[str, bytes]]:
    return list(held)


def test_held_output_comes_back_in_order() -> None:
    """Also beyond what is kept in memory, and more than once."""
    held = Held()
    pieces = [("stdout" if n % 3 else "stderr", bytes([n % 256]) * 40_000) for n in range(60)]
    for stream, data in pieces:
        held.write(stream, data, shown=False)
    assert sum(len(data) for _, data in pieces) > 2 * MEMORY
    assert contents(held) == pieces
    held.write("stdout", b"later", shown=False)
    assert contents(held) == [*pieces, ("stdout", b"later")]
    assert held.lost == 0
    held.close()


def test_what_was_shown_is_forgotten_from_the_front() -> None:
    """So that hours of output cost a bounded amount of disk; what is left is the end, and the loss is counted."""
    held = Held()
    written = 0
    for number in range(5 * KEEP_SHOWN // 100_000):
        held.write("stdout", b"%08d" % number * 12_500, shown=True)
        written += 100_000
    kept = contents(held)
    size = sum(len(data) for _, data in kept)
    assert KEEP_SHOWN <= size <= 2 * KEEP_SHOWN + 200_000
    assert held.lost > 0
    assert kept[-1][1][:8] == b"%08d" % number
    held.close()


def test_a_full_disk_loses_output_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be put aside is counted."""

    def full() -> IO[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taskrush_cli.render.held._new_file", full)
    held = Held()
    held.write("stdout", b"x" * MEMORY, shown=False)
    held.write("stdout", b"y", shown=False)
    assert held.lost == 1


class TerminalStream(io.TextIOWrapper):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal() -> "tuple[Output, io.BytesIO]":
    raw = io.BytesIO()
    stream = TerminalStream(raw, write_through=True)
    return Output(stream, stream), raw


def test_colours_that_a_task_leaves_on_are_its_own() -> None:
    """Whoever writes next starts plain; the task that goes on has its colours again."""
    out, raw = on_terminal()
    out.task("a", "stdout", b"\x1b[1m\x1b[31mred\n")
    out.say("ours")
    out.task("a", "stdout", b"still\x1b[0m\n")
    out.say("ours")
    out.task("a", "stdout", b"plain\x1b[32m")
    out.task("b", "stdout", b"other\n")
    assert raw.getvalue() == (
        b"\x1b[1m\x1b[31mred\n\x1b[0mours\n\x1b[1m\x1b[31mstill\x1b[0m\nours\nplain\x1b[32m\x1b[0m\nother\n"
    )


def test_the_end_leaves_a_terminal_in_plain_colours() -> None:
    """As often as it is asked, but once."""
    out, raw = on_terminal()
    out.task("a", "stdout", b"\x1b[41mx\n")
    out.calm()
    out.calm()
    assert raw.getvalue() == b"\x1b[41mx\n\x1b[0m"


def test_a_pipe_holds_the_bytes_of_tasks_and_nothing_else() -> None:
    """No control sequence of ours goes where there is no terminal."""
    raw = io.BytesIO()
    out = Output(io.TextIOWrapper(raw, write_through=True), io.StringIO())
    out.task("a", "stdout", b"\x1b[31mred\n")
    out.task("b", "stdout", b"x\n")
    out.calm()
    assert raw.getvalue() == b"\x1b[31mred\nx\n"
