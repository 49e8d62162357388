"""Runs the command line on a pseudo-terminal, so that tests see what a person would."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from typing import List, Optional

REPOSITORY = Path(__file__).parents[2]
_MOVES = re.compile(r"\x1b\[(\d*)([A-Za-z])")


class Terminal:
    """One command on a terminal of its own."""

    def __init__(self, words: List[str], cwd: Path, columns: int = 80, rows: int = 24, **env: str) -> None:
        master, slave = pty.openpty()
        self._master = master
        self.resize(columns, rows)
        environ = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environ.update(PYTHONPATH=str(REPOSITORY), TERM="xterm-256color", PYTHONIOENCODING="utf-8")
        environ.update(env)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *words],
            cwd=cwd,
            env=environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""

    def resize(self, columns: int, rows: int) -> None:
        ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Read until `text` was seen."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} was not seen in {self.seen!r}"
            assert self._read(0.2) or self.process.poll() is None, f"ended without {text!r}: {self.seen!r}"

    def end(self, seconds: float = 20) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.1) or self.process.poll() is None:
            assert time.monotonic() < deadline, f"did not end: {self.seen!r}"
        os.close(self._master)
        return self.process.wait()

    def _read(self, timeout: float) -> bool:
        if not select.select([self._master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def screen(self) -> List[str]:
        """The lines as they stand on the terminal after everything that was written (none is wider than it)."""
        return render(self.seen.decode("utf-8", "replace"))


_LAUNCH = """
import fcntl, os, sys, termios
if "TASKRUSH_TEST_PATH" in os.environ:
    sys.path.insert(0, os.environ["TASKRUSH_TEST_PATH"])
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from taskrush_cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def render(text: str) -> List[str]:
    """What is left of text with the few control sequences that we use: cursor up, erase below, carriage return."""
    lines: List[str] = [""]
    row = column = position = 0
    while position < len(text):
        move = _MOVES.match(text, position)
        if move:
            position = move.end()
            if move.group(2) == "A":
                row = max(0, row - int(move.group(1) or 1))
            elif move.group(2) == "J":
                lines[row] = lines[row][:column]
                del lines[row + 1 :]
            continue
        character = text[position]
        position += 1
        if character == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif character == "\r":
            column = 0
        else:
            lines[row] = lines[row][:column].ljust(column) + character + lines[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


def interrupt(terminal: Terminal, number: Optional[signal.Signals] = None) -> None:
    """Ctrl-C, or a signal to the process."""
    if number is None:
        terminal.type(b"\x03")
    else:
        os.kill(terminal.process.pid, number)
