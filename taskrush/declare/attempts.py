"""What may stand below `retry` and `timeout`: how often a task is tried, when again, and how long it may take.

Each shape makes one of the nouns of `model/retry.py`, which says what the values mean.
"""

from __future__ import annotations

import re

from taskrush.declare.shapes import Flag, Made, Number, Text
from taskrush.declare.structures import Either, Key, ListOf, Record
from taskrush.model.duration import DURATION, DURATION_WORDS, seconds_of
from taskrush.model.retry import (
    DELAY,
    DELAY_WORDS,
    JITTER,
    JITTER_WORDS,
    SIGNAL,
    SIGNAL_WORDS,
    Retry,
    Timeout,
    as_delay,
    as_jitter,
    as_pattern,
    as_signal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    from taskrush.declare.nodes import Mapping, Node
    from taskrush.declare.shapes import Reader


def _by(make: Callable[[Any], Any]) -> Callable[[Reader, Node, str, Any], Any]:
    """Make a value that says by `ValueError` what is wrong with it."""

    def read(reader: Reader, node: Node, name: str, value: Any) -> Any:
        try:
            return make(value)
        except ValueError as error:
            reader.report(node, f"{reader.called(name)}: {error}")
            return None

    return read


def _pattern(reader: Reader, node: Node, name: str, value: str) -> Any:
    try:
        return as_pattern(value)
    except ValueError as error:
        reader.report(node, f"{reader.called(name)} is not a regular expression: {str(error).partition(': ')[2]}")
        return None


def _delay(reader: Reader, node: Node, name: str, value: Any) -> Any:
    return _by(as_delay)(reader, node, name, list(value) if isinstance(value, tuple) else value)


def _record(kind: Callable[..., Any]) -> Callable[[Reader, Mapping, str, Dict[str, Any]], Any]:
    return lambda reader, node, name, values: kind(**values)


DURATION_SHAPE = Made(Text(DURATION_WORDS, re.compile(DURATION)), _by(seconds_of))
_DELAY = Text(DELAY_WORDS, re.compile(DELAY))
_CODES = ListOf(Number(0), words="a list of them")
_PATTERN = Made(Text(), _pattern)
_SIGNALS = ListOf(Made(Text(SIGNAL_WORDS, re.compile(SIGNAL)), _by(as_signal)), words="a list of them")
_EXCEPTION = Text("the name of an exception", re.compile(r"[A-Za-z_][\w.]*"))
_EXCEPTIONS = ListOf(_EXCEPTION, words="a list of them")
_COUNT = Number(1, words="a number of attempts or a mapping")

RETRY = Either(
    "a number of attempts or a mapping",
    value=Made(_COUNT, lambda reader, node, name, value: Retry(attempts=value)),
    mapping=Record(
        (
            Key(names=("attempts",), shape=Number(1), help="how often it is tried in all; 3 unless said"),
            Key(
                names=("delay",),
                elsewhere=("backoff", "wait", "interval"),
                shape=Either(
                    DELAY_WORDS,
                    value=Made(_DELAY, _delay),
                    list=Made(
                        ListOf(
                            Text(DURATION_WORDS, re.compile(DURATION)), single=False, least=1, words="a list of times"
                        ),
                        _delay,
                    ),
                ),
                help="what to wait before the next attempt: `exponential` (1s, 2s, 4s, ...; `exponential 500ms` starts "
                "with that), `10s` or `fixed 10s`, `linear 5s` (5s, 10s, 15s, ...), `1s,5s,30s` (the last one repeats) "
                "or `custom FILE.py:FUNCTION`, which gets the number of the failed attempt and returns seconds",
            ),
            Key(
                names=("jitter",),
                shape=Made(Text(JITTER_WORDS, re.compile(JITTER)), _by(as_jitter)),
                help="makes it longer by chance: by up to `2s` or `25%`; `full`: anything up to the delay",
            ),
            Key(names=("max_delay",), shape=DURATION_SHAPE, help="the longest delay"),
            Key(
                names=("deadline",),
                shape=DURATION_SHAPE,
                help="no attempt starts later than this after the first one started",
            ),
            Key(
                names=("on_codes",),
                elsewhere=("exit_codes", "codes"),
                shape=_CODES,
                help="only after these exit codes",
            ),
            Key(
                names=("on_pattern",),
                shape=_PATTERN,
                help="only when the output of the attempt matches this regular expression",
            ),
            Key(
                names=("on_signal",), shape=_SIGNALS, help="only after being ended by these signals, such as `SIGKILL`"
            ),
            Key(names=("on_timeout",), shape=Flag(), help="only after `timeout` has ended it"),
            Key(
                names=("on_exception",),
                shape=_EXCEPTIONS,
                help="only after these exceptions of a Python function, such as `ConnectionError`",
            ),
            Key(names=("never_on_codes",), shape=_CODES, help="not after these exit codes"),
            Key(names=("never_on_pattern",), shape=_PATTERN, help="not when the output matches"),
            Key(names=("never_on_signal",), shape=_SIGNALS, help="not after these signals"),
            Key(names=("never_on_timeout",), shape=Flag(), help="not after `timeout` has ended it"),
            Key(names=("never_on_exception",), shape=_EXCEPTIONS, help="not after these exceptions"),
            Key(names=("notify_on_failure",), shape=Text(), help="who is told when all attempts failed"),
        ),
        _record(Retry),
    ),
)

TIMEOUT = Either(
    "a time such as `10s` or a mapping",
    value=Made(DURATION_SHAPE, lambda reader, node, name, value: Timeout(attempt=value)),
    mapping=Record(
        (
            Key(names=("attempt",), shape=DURATION_SHAPE, help="how long one attempt may take"),
            Key(
                names=("task",),
                shape=DURATION_SHAPE,
                help="how long all attempts may take together, with what lies between them",
            ),
            Key(
                names=("idle",),
                shape=DURATION_SHAPE,
                help="how long it may write nothing",
            ),
        ),
        _record(Timeout),
        need=("attempt", "task", "idle"),
    ),
)
