"""Finds tracebacks and the lines of them that matter: what was raised first, where in the user's own files, what came
of it. Python, Node, the JVM and Go. Text in, blocks out.
"""

from __future__ import annotations

import re

from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence, Tuple

TRACE = 96
_PYTHON = re.compile(r"^([\s|+]*)Traceback \(most recent call last\):")
_FRAME = re.compile(r'^[\s|+]*File "(.+?)", line \d+')
_RAISED = re.compile(r"^[\s|+]*[A-Za-z_][\w.]*(?::\s.*|:)?$")
_DIRECT = "The above exception was the direct cause"
_DURING = "During handling of the above exception"
_FOREIGN = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python\d|<frozen |<string>|[/\\]lib64[/\\]python\d")
_JAVA = re.compile(r"^(?:Exception in thread \".*?\" )?[a-z][\w$]*(?:\.[\w$]+)+(?:Exception|Error|Throwable)(?::|\s*$)")
_JAVA_AT = re.compile(r"^\s+at [\w.$/@]+\(.*\)|^\s+\.\.\. \d+ (?:more|common)")
_JAVA_OWN = re.compile(r"^\s+at (?!java\.|javax\.|jdk\.|sun\.|org\.junit|org\.gradle|org\.apache\.maven|kotlin\.)")
_NODE = re.compile(r"^(?:Uncaught |\[?)?(?:[A-Z]\w*)?(?:Error|Exception)\b(?: \[\w+\])?(?::|$)")
_NODE_AT = re.compile(r"^\s+at ")
_NODE_OWN = re.compile(r"^\s+at (?!.*(?:node:|node_modules|internal/)).*:\d+:\d+\)?$")
_GO = re.compile(r"^(?:panic: |fatal error: )")
_GO_FRAME = re.compile(r"^\s+(?!/usr/(?:local/)?(?:lib/)?go)\S+\.go:\d+")
LONGEST = 400  # lines of one trace


@frozen
class Block:
    """Lines that belong together: the numbers of those to be shown, how telling they are, where the whole ends."""

    weight: int
    lines: Tuple[int, ...]
    end: int


def trace_at(texts: Sequence[str], at: int) -> Optional[Block]:
    """The trace that begins at a line, if one does; numbers are indices into `texts`."""
    text = texts[at]
    if "Traceback (most" in text and _PYTHON.match(text):
        return _python(texts, at)
    if _GO.match(text):
        return _go(texts, at)
    following = texts[at + 1] if at + 1 < len(texts) else ""
    if _JAVA.match(text) and _JAVA_AT.match(following):
        return _java(texts, at)
    if _NODE.match(text) and any(_NODE_AT.match(line) for line in texts[at + 1 : at + 6]):
        return _node(texts, at)
    return None


def _python(texts: Sequence[str], at: int) -> Block:
    """One or more tracebacks that are chained: the first is what it began with, the last is what was not handled."""
    shown: List[int] = []
    chained = False
    while True:
        frame, raised, end = _one_python(texts, at)
        found = [line for line in (frame, raised) if line is not None]
        if chained and raised is not None and _DURING in "".join(texts[at - 4 : at]):
            shown = [*shown[-1:], *found]  # what was being handled, then what went wrong there
        elif chained:
            shown = [*shown, *([raised] if raised is not None else [])]
        else:
            shown = found
        following = _next_of_chain(texts, end)
        if following is None:
            return Block(TRACE, tuple(shown) or (at,), end)
        at, chained = following, True


def _one_python(texts: Sequence[str], at: int) -> Tuple[Optional[int], Optional[int], int]:
    """The last frame in the user's own files, the line of the exception, and where the traceback ends."""
    own: Optional[int] = None
    last: Optional[int] = None
    number = at + 1
    while number < len(texts) and number < at + LONGEST:
        text = texts[number]
        frame = _FRAME.match(text)
        if frame:
            last = number
            own = own if _FOREIGN.search(frame.group(1)) else number
        elif text.strip() and not text.strip(" |+").startswith(("[Previous", "~", "^")):
            indented = len(text.lstrip(" |+")) < len(text) - _margin(texts[at])
            if not indented:
                raised = number if _RAISED.match(text) else None
                return (own if own is not None else last), raised, number + 1
        number += 1
    return (own if own is not None else last), None, number


def _margin(text: str) -> int:
    return len(text) - len(text.lstrip(" |+"))


def _next_of_chain(texts: Sequence[str], end: int) -> Optional[int]:
    """Where the traceback begins that this one led to."""
    link = False
    for number in range(end, min(end + 12, len(texts))):
        if _DIRECT in texts[number] or _DURING in texts[number]:
            link = True
        elif _PYTHON.match(texts[number]):
            return number if link else None
    return None


def _java(texts: Sequence[str], at: int) -> Block:
    cause = at
    own: Optional[int] = None  # in the frames of the last cause, or of one before
    found = False
    number = at + 1
    while number < len(texts) and number < at + LONGEST:
        text = texts[number]
        if text.startswith("Caused by: "):
            cause, found = number, False
        elif not _JAVA_AT.match(text) and not text.lstrip().startswith("Suppressed: "):
            break
        elif not found and _JAVA_OWN.match(text):
            own, found = number, True
        number += 1
    lines = {line for line in (at, cause, own) if line is not None}
    return Block(TRACE, tuple(sorted(lines)), number)


def _node(texts: Sequence[str], at: int) -> Block:
    """The place and the code above the error, the error, its first frame in the user's files."""
    own: Optional[int] = None
    number = at + 1
    while number < len(texts) and number < at + LONGEST:
        text = texts[number]
        if own is None and _NODE_OWN.match(text):
            own = number
        if not _NODE_AT.match(text) and not (number < at + 6 and own is None):
            break
        number += 1
    return Block(TRACE, tuple(line for line in (at, own) if line is not None), number)


def _go(texts: Sequence[str], at: int) -> Block:
    number = at + 1
    while number < len(texts) and number < at + 60:
        if _GO_FRAME.match(texts[number]):
            return Block(TRACE, (at, number), number + 1)
        number += 1
    return Block(TRACE, (at,), at + 1)
