"""Questions to a service that is starting: does something take connections, does an address answer, was a line there.

Each is asked once per call and answers with None for yes, else in words why not. It knows no task and no time.
"""

from __future__ import annotations

import re
import socket

from taskrush._typing import NamedTuple
from taskrush.model.service import split_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple

    from taskrush.model.service import Ready

PATIENCE = 1.0  # seconds for one connection or answer
LINE_LIMIT = 65536
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Question(NamedTuple):
    """`words` name what is asked; `ask` may block for `PATIENCE`."""

    words: str
    ask: Callable[[], Optional[str]]


def questions(ready: Ready, log: Optional[LogSearch]) -> List[Question]:
    """What is asked of a service, cheap things first; a command is not among it: that takes a runner."""
    found = []
    if log is not None:
        found.append(Question(f"log `{ready.log}`", log.ask))
    if ready.port is not None:
        address = split_address(ready.port)
        found.append(Question(f"port {ready.port}", lambda: ask_port(address)))
    if ready.http is not None:
        url = ready.http
        found.append(Question(f"http {url}", lambda: ask_http(url)))
    return found


def occupied(ready: Ready) -> Optional[str]:
    """In words, which of its addresses somebody answers at already, before the service was started; None if none."""
    places = [] if ready.port is None else [(f"port {ready.port}", split_address(ready.port))]
    if ready.http is not None:
        places.append((f"the port of {ready.http}", _address_of(ready.http)))
    for words, address in places:
        if ask_port(address) is None:
            from taskrush.execute.port_owner import port_owner

            owner = port_owner(address[1])
            return f"{words} is already in use by {owner or 'something else'}, before the service was started"
    return None


def ask_port(address: Tuple[str, int]) -> Optional[str]:
    """Whether something takes connections there."""
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except OSError as error:
        return _words(error)
    return None


def ask_http(url: str) -> Optional[str]:
    """Whether an address answers a GET with a status of 2xx or 3xx; who it is does not matter."""
    import http.client
    import ssl
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host, port = _address_of(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        unchecked = ssl.create_default_context()  # a certificate made for this machine is nobody's business
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=unchecked)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"Host": parts.netloc.rpartition("@")[2], "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _words(error)
    finally:
        connection.close()
    return None if 200 <= status < 400 else f"status {status}"


def _address_of(url: str) -> Tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80)


def _words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, socket.timeout):
        return f"no answer within {PATIENCE:g}s"
    if isinstance(error, socket.gaierror):
        return "the host is not known"
    text = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    return str(text).partition("\n")[0].rstrip().lower()


class LogSearch:
    """Whether a line that was written matches; remembers no more than one line of each stream."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self._partial: Dict[str, bytes] = {}
        self._found = False

    def feed(self, stream: str, data: bytes) -> bool:
        """Take in output; whether the pattern was found now or before."""
        if self._found:
            return True
        *lines, last = (self._partial.get(stream, b"") + data).split(b"\n")
        self._partial[stream] = last[-LINE_LIMIT:]
        self._found = any(self._pattern.search(_text(line)) for line in (*lines, last))
        return self._found

    def ask(self) -> Optional[str]:
        return None if self._found else "no line matched so far"


def _text(line: bytes) -> str:
    return _ESCAPES.sub("", line.decode("utf-8", "replace").rstrip("\r"))
