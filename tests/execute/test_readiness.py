"""The questions that a starting service is asked, at real sockets, and what its output says."""

import http.server
import os
import socket
import threading
from typing import Any, Dict, Iterator, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.execute import readiness
from taskrush.execute.port_owner import port_owner
from taskrush.execute.readiness import LogSearch, ask_http, ask_port, occupied
from taskrush.model.service import Ready, Service, as_service, split_address

pytestmark = pytest.mark.core


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        if self.path == "/nonsense":
            self.wfile.write(b"what?\r\n\r\n")
            return
        self.send_response(int(self.path[1:4]))
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def nobody() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("200", None),
        ("204?a=b", None),
        ("302", None),
        ("404", "status 404"),
        ("503", "status 503"),
        ("nonsense", "what?"),
    ],
)
def test_a_status_of_2xx_or_3xx_is_ready(port: int, path: str, answer: Optional[str]) -> None:
    assert ask_http(f"http://127.0.0.1:{port}/{path}") == answer


def test_why_not_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask_port(("127.0.0.1", nobody())) == "nothing listens there"
    assert ask_http(f"http://127.0.0.1:{nobody()}/") == "nothing listens there"
    assert ask_port(("no.such.host.invalid", 80)) == "the host is not known"
    monkeypatch.setattr(readiness, "PATIENCE", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        assert ask_http(f"http://127.0.0.1:{mute.getsockname()[1]}/") == "no answer within 0.2s"


def test_an_address_that_answers_before_the_start_is_somebody_elses(port: int) -> None:
    words = occupied(Ready(port=str(port)))
    assert words is not None
    assert words.startswith(f"port {port} is already in use by ")
    assert (occupied(Ready(http=f"http://127.0.0.1:{port}/503")) or "").startswith("the port of http://127.0.0.1")
    assert occupied(Ready(port=str(nobody()), http=f"http://localhost:{nobody()}/")) is None


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="looks into /proc")
def test_the_owner_of_a_port_is_named(port: int) -> None:
    assert (port_owner(port) or "").endswith(f"(pid {os.getpid()})")
    assert port_owner(nobody()) is None


@given(st.lists(st.integers(1, 9)), st.booleans())
def test_a_line_is_found_however_it_is_cut(sizes: List[int], colored: bool) -> None:
    text = b"one\ntwo\n\x1b[32mready\x1b[0m to accept\nmore\n" if colored else b"one\ntwo\nready to accept\nmore\n"
    search = LogSearch("^ready to accept$")
    for size in sizes:
        search.feed("stdout", text[:size])
        text = text[size:]
    search.feed("stderr", b"noise between\n")
    search.feed("stdout", text)
    assert search.ask() is None


def test_a_line_without_an_end_counts_and_streams_are_apart() -> None:
    search = LogSearch("login:")
    assert not search.feed("stdout", b"log")
    assert not search.feed("stderr", b"in:")
    assert search.ask() == "no line matched so far"
    assert search.feed("stdout", b"in: ")
    assert search.ask() is None


def test_endless_lines_take_bounded_memory() -> None:
    search = LogSearch("never")
    for _ in range(64):
        search.feed("stdout", b"x" * 65536)
    assert len(search._partial["stdout"]) == readiness.LINE_LIMIT


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"port": "0"}, "is not a port"),
        ({"port": 70000}, "is not a port"),
        ({"port": "a b"}, "is not a port"),
        ({"log": "("}, "is not a regular expression"),
        ({"timeout": "soon"}, "is not a time"),
        ({"timeout": 0}, "is not a time one can wait for"),
        ({"interval": -1}, "is not a time"),
    ],
)
def test_what_cannot_be_asked_is_refused(wrong: Dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Ready(**wrong)


def test_how_python_says_that_a_task_is_a_service() -> None:
    ready = Ready(port=5432, timeout="1m")
    assert (ready.port, ready.timeout) == ("5432", 60.0)
    assert [as_service(given) for given in (None, False, True)] == [None, None, Service()]
    assert as_service(ready) == as_service(Service(ready=ready)) == Service(ready=ready)
    assert split_address("[::1]:80") == ("::1", 80)
    assert split_address("5432") == ("127.0.0.1", 5432)
    with pytest.raises(TypeError, match="`service` is True or"):
        as_service("yes")  # type: ignore[arg-type]
