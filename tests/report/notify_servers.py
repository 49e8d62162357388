"""Real servers on loopback that keep what they are told: HTTP, HTTPS behind a proxy that answers for any host, SMTP.

With `HTTPS_PROXY` and `REQUESTS_CA_BUNDLE` set to the proxy's, `https://hooks.slack.com/...` as users write it arrives
here, by TLS, and nothing leaves the machine.
"""

import contextlib
import http.server
import json
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

import pytest


class Request(NamedTuple):
    """A request as it came; `host` is what the client believed to speak to."""

    method: str
    host: str
    path: str
    headers: Dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class HttpServer:
    """Answers with `answers` in turn, the last one for ever: status codes, or seconds to wait before 200."""

    def __init__(
        self, answers: Sequence[Any] = (200,), body: bytes = b"ok", tls: "ssl.SSLContext | None" = None
    ) -> None:
        self.requests: List[Request] = []
        self._answers = list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_CONNECT(self) -> None:
                assert tls is not None
                self.send_response(200)
                self.end_headers()
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
                self.close_connection = False

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                host = self.headers.get("Host", "")
                outer.requests.append(Request(self.command, host, self.path, dict(self.headers), data))
                answer = outer._answers.pop(0) if len(outer._answers) > 1 else outer._answers[0]
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = 200
                with contextlib.suppress(OSError):
                    self.send_response(answer)
                    if answer == 302:
                        self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            do_PUT = do_GET = do_POST

            def log_message(self, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def http_server(*answers: Any, body: bytes = b"ok") -> Iterator[HttpServer]:
    server = HttpServer(answers or (200,), body)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def every_host(folder: Path, monkeypatch: Any, *answers: Any, body: bytes = b"ok") -> Iterator[HttpServer]:
    """A proxy that is every host of the world to who asks through it."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    certificate = authority.issue_cert(
        "hooks.slack.com", "discord.com", "prod-1.westeurope.logic.azure.com", "example.logic.azure.com"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    server = HttpServer(answers or (200,), body, context)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, server.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    try:
        yield server
    finally:
        server.close()


class Mail(NamedTuple):
    """A message as a mail server got it."""

    sender: str
    to: Tuple[str, ...]
    data: bytes
    tls: bool
    user: str


@contextlib.contextmanager
def smtp_server(
    user: str = "", password: str = "", tls: "ssl.SSLContext | None" = None
) -> Iterator[Tuple[int, List[Mail]]]:
    """A mail server, its port, and what it took; with a user only after a login."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    found: List[Mail] = []
    names: List[str] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            secure = session.ssl is not None
            name = names[-1] if names else ""
            found.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, secure, name))
            return "250 OK"

    def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        good = (data.login, data.password) == (user.encode(), password.encode())
        names.append(data.login.decode())
        return AuthResult(success=good, handled=good)

    options: Dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
    if user:
        options.update(authenticator=login, auth_required=True, auth_require_tls=tls is not None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port, found
    finally:
        controller.stop()
