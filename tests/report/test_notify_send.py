"""Each kind of channel gets exactly what its service wants, from servers that are real and on loopback."""

import email
import email.policy
import logging
import os
import ssl
import stat
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush.model.notification import Channel
from taskrush.report.notify_news import Message
from taskrush.report.notify_send import NotSent, kind_of, send
from tests.report.notify_servers import every_host, http_server, smtp_server

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TEAMS = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/"
    "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu6Rj8aUKz7108W3wrNJZxFE5A"
)
FACTS = {"task": "test", "run": "r1", "workspace": "shop", "host": "here", "targets": "ci", "outcome": "failed"}
NEWS = ({"event": "failure", "task": "test", "outcome": "failed"},)
FAILED = Message(
    title="[shop] test failed", text="line one\nline <two> & *three*", kind="failure", facts=FACTS, news=NEWS
)


def sent(channel: Channel, seconds: float = 5.0, **environ: str) -> None:
    send(channel, FAILED, {**os.environ, **environ}, seconds)


def refused(channel: Channel, seconds: float = 5.0, **environ: str) -> NotSent:
    with pytest.raises(NotSent) as caught:
        sent(channel, seconds, **environ)
    return caught.value


# Services


def test_slack_gets_an_attachment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The webhook's URL as Slack gives it; red for a failure, nothing that Slack would take for markup."""
    pytest.importorskip("apprise")
    with every_host(tmp_path, monkeypatch) as world:
        sent(Channel(url="${SLACK_WEBHOOK}"), SLACK_WEBHOOK=SLACK)
    [request] = world.requests
    assert (request.method, request.host) == ("POST", "hooks.slack.com")
    assert request.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    [attachment] = request.json["attachments"]
    assert attachment["title"] == "[shop] test failed"
    assert attachment["text"].replace("\\n", "\n").startswith("line one\nline &lt;two&gt; &amp;")
    assert attachment["color"].upper() == "#A32037"
    assert "Apprise" not in request.body.decode()


def test_discord_gets_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the webhook's URL, title and text together."""
    pytest.importorskip("apprise")
    with every_host(tmp_path, monkeypatch, 204) as world:
        sent(Channel(type="discord", url=DISCORD))
    [request] = world.requests
    assert (request.host, request.path.partition("?")[0]) == (
        "discord.com",
        "/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    )
    assert request.json["content"].split() == f"{FAILED.title} {FAILED.text}".split()
    assert "Apprise" not in request.body.decode()


def test_teams_gets_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adaptive card at the workflow's URL, with its signature."""
    pytest.importorskip("apprise")
    with every_host(tmp_path, monkeypatch, 202) as world:
        sent(Channel(url=TEAMS))
    [request] = world.requests
    assert request.host.startswith("prod-1.westeurope.logic.azure.com")
    assert request.path.startswith("/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke?")
    assert "sig=KODuebWbDGYFr0z0eu6Rj8aUKz7108W3wrNJZxFE5A" in request.path
    [attachment] = request.json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    texts = [block["text"] for block in attachment["content"]["body"] if block["type"] == "TextBlock"]
    assert texts[0] == "[shop] test failed"
    assert texts[1].startswith("line one")


@pytest.mark.parametrize(("status", "again"), [(500, True), (429, True), (404, False)])
def test_a_service_that_refuses_is_said(
    status: int, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code, and whether another attempt makes sense; never a part of the URL."""
    pytest.importorskip("apprise")
    with every_host(tmp_path, monkeypatch, status, body=b"no") as world:
        error = refused(Channel(url=SLACK))
    assert (error.reason, error.again, len(world.requests)) == (f"the server answered {status}", again, 1)


def test_a_url_of_something_else_is_said(tmp_path: Path) -> None:
    """Before anything is sent, and without the URL."""
    pytest.importorskip("apprise")
    assert refused(Channel(type="slack", url=DISCORD)).reason == "its URL is not one of Slack"
    assert (
        refused(Channel(type="apprise", url="foo://bar")).reason == "its URL is not one of a service that Apprise knows"
    )


def test_any_other_service_goes_by_its_apprise_url() -> None:
    """`json://` is Apprise's own."""
    pytest.importorskip("apprise")
    with http_server() as server:
        sent(Channel(url=f"json://127.0.0.1:{server.port}/hook"))
    assert (server.requests[0].path.rstrip("/"), server.requests[0].json["title"]) == ("/hook", "[shop] test failed")


def test_without_apprise_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to install."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    error = refused(Channel(url=SLACK))
    assert (error.reason, error.hint) == ("`apprise` is not installed", "pip install 'taskrush[notify]'")


def test_nobody_hears_a_url_in_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever level a program logs at: Apprise and the HTTP client would tell tokens."""
    pytest.importorskip("apprise")
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with every_host(tmp_path, monkeypatch, 500, body=b"no"):
        refused(Channel(url=SLACK))
        refused(Channel(type="teams", url=DISCORD))
    assert [record for record in caplog.records if record.name.startswith(("apprise", "urllib3"))] == []


# Mail


def mail(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=email.policy.default)


def test_mail_goes_by_smtp() -> None:
    """To every address, in plain text, from the address that was given."""
    pytest.importorskip("apprise")
    pytest.importorskip("aiosmtpd")
    with smtp_server() as (port, found):
        to = ("ann@example.com", "Bob <bob@example.com>")
        sent(Channel(type="email", url=f"smtp://127.0.0.1:{port}", to=to, sender="ci@example.com"))
    assert sorted(address for one in found for address in one.to) == ["ann@example.com", "bob@example.com"]
    message = mail(found[0].data)
    assert (message["Subject"], message["From"]) == ("[shop] test failed", "ci@example.com")
    assert message.get_body(("plain",)).get_content().rstrip().replace("\r", "") == FAILED.text


def test_mail_with_a_user_goes_by_starttls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from the environment and is only said once the line is secure."""
    pytest.importorskip("apprise")
    pytest.importorskip("aiosmtpd")
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with smtp_server("robot", "s3cr3t/+", context) as (port, found):
        channel = Channel(
            type="email", url=f"smtp://robot:${{MAIL}}@localhost:{port}", to="a@example.com", sender="c@example.com"
        )
        sent(channel, MAIL="s3cr3t%2F%2B")
    [one] = found
    assert (one.tls, one.user, one.to) == (True, "robot", ("a@example.com",))


def test_a_mail_server_that_is_not_there() -> None:
    """Said in our words."""
    pytest.importorskip("apprise")
    error = refused(Channel(type="email", url="smtp://127.0.0.1:9", to="a@example.com", sender="c@example.com"), 2.0)
    assert "@" not in error.reason


# Webhooks


@pytest.mark.core
def test_a_webhook_gets_documented_json() -> None:
    """All that is known, for programs."""
    with http_server(204) as server:
        sent(Channel(url=f"{server.url}/hook?a=b", headers={"Authorization": "Bearer ${TOKEN}"}), TOKEN="abc")
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/hook?a=b")
    assert (request.headers["Authorization"], request.headers["Content-Type"]) == (
        "Bearer abc",
        "application/json; charset=utf-8",
    )
    assert request.json == {
        "version": 1,
        "title": "[shop] test failed",
        "text": FAILED.text,
        "kind": "failure",
        "run": "r1",
        "workspace": "shop",
        "host": "here",
        "targets": "ci",
        "news": [{"event": "failure", "task": "test", "outcome": "failed"}],
        "left_out": 0,
    }


def test_a_webhook_s_body_is_a_template_whose_values_are_only_values() -> None:
    """Nothing that a task wrote gets out of the place it was put into, or is looked into again."""
    body: Dict[str, Any] = {
        "msg": "${task}: ${text}",
        "tags": ["ci", "${outcome}"],
        "n": 1,
        "deep": {"x": "${NAME:-none}"},
    }
    evil = FAILED.__class__(title="t", text='"}, ${TOKEN} ${task}', kind="failure", facts=FACTS)
    with http_server() as server:
        channel = Channel(type="webhook", url=server.url, method="PUT", body=body)
        send(channel, evil, {"TOKEN": "hidden"}, 5.0)
        send(Channel(url=server.url, body="${title} of ${NAME}"), evil, {"NAME": "ann"}, 5.0)
    first, second = server.requests
    assert first.method == "PUT"
    assert first.json == {"msg": 'test: "}, ${TOKEN} ${task}', "tags": ["ci", "failed"], "n": 1, "deep": {"x": "none"}}
    assert (second.body, second.headers["Content-Type"]) == (b"t of ann", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("answer", "reason", "again"),
    [
        (500, "the server answered 500", True),
        (429, "the server answered 429", True),
        (403, "the server answered 403", False),
        (302, "the server answered 302", False),
        (3.0, "no answer from the server in time", False),
    ],
)
def test_a_webhook_that_does_not_take_it(answer: Any, reason: str, again: bool) -> None:
    """Said in our words; nobody is followed elsewhere, nobody is waited for for ever."""
    with http_server(answer) as server:
        begun = time.monotonic()
        error = refused(Channel(url=f"{server.url}/secret"), 0.3)
    assert (error.reason, error.again, len(server.requests)) == (reason, again, 1)
    assert time.monotonic() - begun < 2.5


def test_nobody_at_the_other_end() -> None:
    """A port on which nobody listens."""
    error = refused(Channel(url="http://127.0.0.1:9/secret"))
    assert (error.reason, error.again) == ("the server refuses connections", True)


@pytest.mark.parametrize("url", ["http://[::1/x", "http://127.0.0.1:9/a b", "http://"])
def test_a_url_that_is_none(url: str) -> None:
    """A failure to send like any other."""
    assert "://" not in refused(Channel(type="webhook", url=url)).reason


@pytest.mark.core
def test_a_variable_that_is_not_set_is_named() -> None:
    """Nothing is sent to half a URL."""
    error = refused(Channel(url="https://example.com/${NOT_SET_HERE}"))
    assert (error.reason, error.hint) == ("`NOT_SET_HERE` is not set", "set the environment variable `NOT_SET_HERE`")


# The desktop


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it is another program")
def test_the_desktop_is_told_by_notify_send(tmp_path: Path) -> None:
    """A fake on PATH: nothing of the text is taken for an option or for markup."""
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done > {tmp_path}/words\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    sent(Channel(type="desktop"), PATH=f"{tmp_path}:{os.environ['PATH']}")
    words: List[str] = (tmp_path / "words").read_text().split("\0")[:-1]
    assert words == [
        "--app-name=TaskRush",
        "--urgency=critical",
        "--",
        "[shop] test failed",
        "line one\nline &lt;two> &amp; *three*",
    ]
    program.write_text("#!/bin/sh\nexit 3\n")
    assert refused(Channel(type="desktop"), PATH=str(tmp_path)).reason == "`notify-send` ended with exit code 3"
    program.write_text("#!/bin/sh\nexec sleep 5\n")
    assert (
        refused(Channel(type="desktop"), 0.2, PATH=f"{tmp_path}:/bin:/usr/bin").reason
        == "`notify-send` did not end in time"
    )
    program.unlink()
    error = refused(Channel(type="desktop"), PATH=str(tmp_path))
    assert error.reason == "there is no `notify-send` on PATH"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (SLACK, "slack"),
        (DISCORD, "discord"),
        (TEAMS, "teams"),
        ("smtps://u:p@mail.example.com", "email"),
        ("mailto://u:p@example.com", "email"),
        ("https://example.com/hook", "webhook"),
        ("tgram://token/chat", "apprise"),
    ],
)
def test_the_url_tells_the_type(url: str, kind: str) -> None:
    """Where none is given."""
    assert kind_of(url) == kind
