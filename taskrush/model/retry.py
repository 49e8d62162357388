"""What a declaration says of attempts: when a failed one is tried again, and how long one may take.

Values only. What a delay comes to, and which failures are tried again, is decided in `execute/retry.py`.
"""

from __future__ import annotations

from taskrush.model.duration import DURATION, optional_seconds, seconds_of, text_of
from taskrush.regex import expression
from taskrush.values import Factory, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Optional, Tuple, Type, Union

ATTEMPTS = 3  # where a policy does not say how many
CUSTOM = "custom "
DELAY = (
    rf"(?:fixed |linear )?(?:{DURATION})|exponential(?: (?:{DURATION}))?|"
    rf"(?:{DURATION})(?:,\s*(?:{DURATION}))+|custom .+:\w+"
)
DELAY_WORDS = (
    "`exponential`, a time such as `10s`, several such as `1s,5s,30s`, `linear 5s` or `custom FILE.py:FUNCTION`"
)
JITTER = rf"full|[0-9]+(?:\.[0-9]+)?%|{DURATION}"
JITTER_WORDS = "`full`, a part such as `25%` or a time such as `2s`"
SIGNAL_NUMBER = r"[1-9]|[1-5][0-9]|6[0-4]"
SIGNAL_WORDS = "a signal such as `SIGKILL` or its number"
SIGNALS = (
    *("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM"),
    *("TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF"),
    *("WINCH", "IO", "PWR", "SYS"),
)
SIGNAL = rf"(?:SIG)?(?:{'|'.join(SIGNALS)})|{SIGNAL_NUMBER}"

if TYPE_CHECKING:
    Delay = Union[str, Callable[[Any], float]]


def as_delay(value: Any) -> Delay:
    """A delay as it is kept: `10s` for `10`, `1s,5s` for a list; callables stay. Raises `ValueError`."""
    if callable(value):
        return value  # type: ignore[no-any-return]
    if isinstance(value, (list, tuple)):
        value = ",".join(text_of(seconds_of(one)) for one in value)
    text = value.strip() if isinstance(value, str) else text_of(seconds_of(value))
    if not expression(DELAY).fullmatch(text):
        raise ValueError(f"`{value}` is not {DELAY_WORDS}")
    return f"{text}s" if text.replace(".", "").isdigit() else text


def as_jitter(value: Any) -> str:
    """How much chance there is in a delay. Raises `ValueError`."""
    text = value.strip() if isinstance(value, str) else text_of(seconds_of(value))
    if text and not expression(JITTER).fullmatch(text):
        raise ValueError(f"`{value}` is not {JITTER_WORDS}")
    return text


def as_signals(values: Any) -> Tuple[str, ...]:
    """Signals as `SIGKILL`, or as a number where they have no name. Raises `ValueError`."""
    return tuple(as_signal(value) for value in _listed(values))


def as_signal(value: Any) -> str:
    name = getattr(value, "name", None) or str(value)
    if not expression(SIGNAL).fullmatch(name):
        raise ValueError(f"`{name}` is not {SIGNAL_WORDS}")
    return name if name.isdigit() or name.startswith("SIG") else f"SIG{name}"


def as_codes(values: Any) -> Tuple[int, ...]:
    return tuple(_listed(values))


def as_exceptions(values: Any) -> Tuple[str, ...]:
    """Exceptions by name: classes as `module.name`, texts as they are."""
    return tuple(value if isinstance(value, str) else exception_name(value) for value in _listed(values))


def exception_name(kind: Type[BaseException]) -> str:
    """`module.name`; what is built in by its name alone."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def as_pattern(value: Optional[str]) -> Optional[str]:
    """A regular expression. Raises `ValueError` for what is none."""
    if value is not None:
        import re

        try:
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"`{value}` is not a regular expression: {error}") from None
    return value


def _listed(values: Any) -> Iterable[Any]:
    return values if isinstance(values, (list, tuple, set, frozenset)) else (values,)


def _default_attempts(retry: Retry) -> int:
    """Who only wants to be told of a failure did not ask for more attempts."""
    said = (*(getattr(retry, name) for name in CONDITIONS), retry.max_delay, retry.deadline, retry.jitter)
    return ATTEMPTS if retry.notify_on_failure is None or retry.delay != "0s" or any(said) else 1


@frozen(kw_only=True)
class Retry:
    """When a failed attempt is tried again.

    `delay` is `exponential` (1s, 2s, 4s, ...; with a first one: `exponential 500ms`), `10s` or `fixed 10s`,
    `linear 5s` (5s, 10s, 15s, ...), `1s,5s,30s` (the last one repeats), `custom FILE.py:FUNCTION`, or a callable: one
    of tenacity's `wait_...`, or a function that gets the number of the failed attempt; both say seconds. `jitter`
    makes it longer by chance, by up to a time (`2s`) or a part (`25%`), or `full`: anything up to the delay.
    `max_delay` bounds one delay in the end; no attempt starts later than `deadline` after the first one did.

    Without conditions every failure is tried again. `on_codes`, `on_signal`, `on_timeout` and `on_exception` say after
    which ends, any of them; `on_pattern` narrows that further to attempts whose output matches. The `never_...` win.
    An exception is named as its class is (`ConnectionError`, `requests.exceptions.Timeout`); its subclasses count too.
    `attempts` counts all, the first one too: 3 unless said, 1 where only `notify_on_failure` is.
    """

    delay: Delay = field(default="0s", converter=as_delay)
    jitter: str = field(default="", converter=as_jitter)
    max_delay: Optional[float] = field(default=None, converter=optional_seconds)
    deadline: Optional[float] = field(default=None, converter=optional_seconds)
    on_codes: Tuple[int, ...] = field(default=(), converter=as_codes)
    on_pattern: Optional[str] = field(default=None, converter=as_pattern)
    on_signal: Tuple[str, ...] = field(default=(), converter=as_signals)
    on_timeout: bool = False
    on_exception: Tuple[str, ...] = field(default=(), converter=as_exceptions)
    never_on_codes: Tuple[int, ...] = field(default=(), converter=as_codes)
    never_on_pattern: Optional[str] = field(default=None, converter=as_pattern)
    never_on_signal: Tuple[str, ...] = field(default=(), converter=as_signals)
    never_on_timeout: bool = False
    never_on_exception: Tuple[str, ...] = field(default=(), converter=as_exceptions)
    notify_on_failure: Optional[str] = None
    attempts: int = field(default=Factory(_default_attempts, takes_self=True))


CONDITIONS = tuple(
    f"{prefix}on_{what}" for prefix in ("", "never_") for what in ("codes", "pattern", "signal", "timeout", "exception")
)


@frozen(kw_only=True)
class Timeout:
    """How many seconds something may take before it is ended, with all it started; None: as long as it likes.

    `attempt`: one attempt. `task`: all attempts and what lies between them, from the start of the first one. `idle`:
    nothing was written to stdout or stderr for so long.
    """

    attempt: Optional[float] = field(default=None, converter=optional_seconds)
    task: Optional[float] = field(default=None, converter=optional_seconds)
    idle: Optional[float] = field(default=None, converter=optional_seconds)


if TYPE_CHECKING:
    TimeoutGiven = Union[float, str, Timeout, None]
    """What people write in Python: a time for one attempt (also a `timedelta`), or all of it."""


def as_retry(value: Union[int, Retry, None]) -> Optional[Retry]:
    """A number means so many attempts."""
    return Retry(attempts=value) if isinstance(value, int) else value


def as_timeout(value: TimeoutGiven) -> Optional[Timeout]:
    """A time alone is that of one attempt. Raises `ValueError`."""
    return value if value is None or isinstance(value, Timeout) else Timeout(attempt=value)


__all__ = ["DELAY", "DELAY_WORDS", "JITTER", "JITTER_WORDS", "Retry", "Timeout", "as_retry", "as_timeout"]
