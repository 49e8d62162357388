"""A message as an HTTP request. It follows no redirects: whoever answers with one is not the one that was meant.

Without a `body` of its own a channel gets JSON: `{"version": 1, "title", "text", "kind", "run", "workspace", "host",
"targets", "news": [{"event", "task", "outcome", "seconds", "attempts", "code", "reason", "log_tail", "summary"}],
"left_out"}`; `task` is null where it is about the run, `left_out` is how many pieces of news are not in there.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

from taskrush._typing import Mapping
from taskrush.model.message import fill
from taskrush.report.notify_send import NotSent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from taskrush.model.notification import Channel
    from taskrush.report.notify_news import Message


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def to_webhook(
    url: str,
    channel: Channel,
    headers: Mapping[str, str],
    message: Message,
    environ: Mapping[str, str],
    seconds: float,
) -> None:
    """Send a request. Raises `NotSent`."""
    if not url.lower().startswith(("http://", "https://")):
        raise NotSent("its URL does not start with `http://` or `https://`")
    if isinstance(channel.body, str):
        data, kind = fill(channel.body, _fields(message), environ).encode("utf-8", "replace"), "text/plain"
    else:
        whole = _usual(message) if channel.body is None else _filled(channel.body, _fields(message), environ)
        data, kind = json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace"), "application/json"
    own = {"Content-Type": f"{kind}; charset=utf-8", "User-Agent": "TaskRush"}
    try:
        request = urllib.request.Request(url, data, {**own, **headers}, method=channel.method)
        with urllib.request.build_opener(_Stay()).open(request, timeout=seconds):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        again = error.code == 429 or error.code >= 500
        raise NotSent(f"the server answered {error.code}", again=again) from None
    except urllib.error.URLError as error:
        raise _no_answer(error.reason) from None
    except (OSError, http.client.HTTPException) as error:
        raise _no_answer(error) from None
    except ValueError:
        raise NotSent("its URL or a header of it is not well formed") from None


def _no_answer(error: object) -> NotSent:
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return NotSent("no answer from the server in time")
    if isinstance(error, ConnectionRefusedError):
        return NotSent("the server refuses connections", again=True)
    words = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else type(error).__name__
    return NotSent(f"no answer from the server ({words})", again=True)


def _fields(message: Message) -> Mapping[str, str]:
    return {**message.facts, "title": message.title, "text": message.text}


def _filled(value: Any, fields: Mapping[str, str], environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill(value, fields, environ)
    if isinstance(value, Mapping):
        return {key: _filled(item, fields, environ) for key, item in value.items()}
    return [_filled(item, fields, environ) for item in value] if isinstance(value, (list, tuple)) else value


def _usual(message: Message) -> Any:
    around = {name: message.facts.get(name, "") for name in ("run", "workspace", "host", "targets")}
    return {
        "version": 1,
        "title": message.title,
        "text": message.text,
        "kind": message.kind,
        **around,
        "news": [dict(one) for one in message.news],
        "left_out": message.left_out,
    }
