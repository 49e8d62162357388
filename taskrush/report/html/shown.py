"""What tasks are called and wrote as text that a page can show: nothing in it that a terminal or a browser obeys."""

from __future__ import annotations

import re

SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]"
)
OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\n])")  # what a carriage return made invisible: progress bars
BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
INSTEAD = "\ufffd"


def line(text: str) -> str:
    """One line of text; what turns the direction of writing around would make a name look like another."""
    return BAD.sub(INSTEAD, SEQUENCE.sub("", text).replace("\n", " ").replace("\t", " "))


def lines(raw: bytes) -> str:
    """The lines of an output as a person would have seen them in the end."""
    text = SEQUENCE.sub("", raw.decode("utf-8", "replace")).replace("\r\n", "\n")
    text = OVERWRITTEN.sub("", text).replace("\r", "")
    return BAD.sub(INSTEAD, text).rstrip()
