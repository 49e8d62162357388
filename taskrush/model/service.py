"""What a service is: a task that stays up while others use it, and how one finds out that it can be used.

Values only. `execute/readiness.py` asks; when a service starts and ends is decided by the scheduler.
"""

from __future__ import annotations

from taskrush.model.duration import seconds_of
from taskrush.regex import expression
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple, Union

ADDRESS = r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/]+):)?(?P<port>[0-9]{1,5})"
ADDRESS_WORDS = "a port or `host:port`"
URL_WORDS = "an address that starts with `http://` or `https://`"


def as_seconds(time: Union[str, float]) -> float:
    """A time that one can wait for, in seconds. Raises `ValueError` for anything else."""
    seconds = seconds_of(time)
    if not 0 < seconds < 1e6:
        raise ValueError(f"{time!r} is not a time one can wait for")
    return seconds


def _address(value: Union[str, int, None]) -> Optional[str]:
    text = None if value is None else str(value)
    if text is not None and "${" not in text:
        found = expression(ADDRESS).fullmatch(text)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ValueError(f"{value!r} is not {ADDRESS_WORDS}")
    return text


def _pattern(value: Optional[str]) -> Optional[str]:
    if value is not None:
        import re

        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


@frozen(kw_only=True)
class Ready:
    """When a service can be used: all that is given holds. Asked every `interval` seconds, for `timeout` in all.

    `port` (`5432`, `db.local:5432`) takes connections, `http` answers with a status of 2xx or 3xx, `log` (a regular
    expression) was found in a line of its output, `command` ends with 0.
    Raises `ValueError` for what cannot be a port, a regular expression or a time.
    """

    port: Optional[str] = field(default=None, converter=_address)
    http: Optional[str] = None
    log: Optional[str] = field(default=None, converter=_pattern)
    command: Optional[str] = None
    timeout: float = field(default=30.0, converter=as_seconds)
    interval: float = field(default=0.1, converter=as_seconds)

    @property
    def asks(self) -> bool:
        """Whether anything is asked at all."""
        return any(value is not None for value in (self.port, self.http, self.log, self.command))

    def __str__(self) -> str:
        given = [(name, getattr(self, name)) for name in ("port", "http", "log", "command")]
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)


@frozen(kw_only=True)
class Service:
    """That a task is a service. Without `ready.port`, ... it can be used as soon as its process was started."""

    ready: Ready = field(factory=Ready)


if TYPE_CHECKING:
    ServiceGiven = Union[bool, Service, Ready, None]
    """How Python says it: `service=True`, `service=Ready(port=5432)`, `service=Service(ready=Ready(...))`."""


def as_service(given: ServiceGiven) -> Optional[Service]:
    """What was given as a service; None for a task that is none. Raises `TypeError` for anything else."""
    if given is None or given is False:
        return None
    if given is True:
        return Service()
    if isinstance(given, Ready):
        return Service(ready=given)
    if isinstance(given, Service):
        return given
    raise TypeError(f"`service` is True or when it is ready, `Ready(port=5432)`, not {given!r}")


def split_address(address: str) -> Tuple[str, int]:
    """Host and port; the host is this machine unless it is named."""
    found = expression(ADDRESS).fullmatch(address)
    if found is None:
        raise ValueError(f"`{address}` is not {ADDRESS_WORDS}")
    return (found["host"] or "127.0.0.1").strip("[]"), int(found["port"])
