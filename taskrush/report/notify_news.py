"""What of a run is news, to whom, and in which words. Pure: outcomes and rules in, messages out; nothing is sent here.

What tasks wrote is quoted without control characters, and cannot call on anybody (`@everyone`).
"""

from __future__ import annotations

import re

from taskrush.model.message import fill
from taskrush.model.notification import FAILURE, FIRST_FAILURE, RECOVERY, WARNING
from taskrush.model.outcome import State
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.notification import Notice
    from taskrush.model.task import TaskId

SHOWN = 10  # pieces of news in one message that get a line each
FOR_MACHINES = 100  # pieces of news in one message as a program gets it
QUOTED = 3  # failures in one message whose output is quoted
TAIL_LINES = 10
LONGEST = 1800  # characters of a message: what the narrowest service takes
FAILING = (FAILURE, FIRST_FAILURE)
BAD = ("failure", "warning")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CALLS = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#]|at>)", re.IGNORECASE)


@frozen(kw_only=True)
class News:
    """Something that one notice wants to be told. `task` is None where it is about the run; `outcome` is a state's name
    or, of the run, `succeeded`, `failed` or `interrupted`."""

    event: str
    notice: Notice
    task: Optional[TaskId] = None
    outcome: str = "succeeded"
    seconds: float = 0.0
    attempts: int = 1
    code: Optional[int] = None
    reason: str = ""
    log_tail: str = ""


@frozen(kw_only=True)
class Message:
    """One message for one channel. `kind` is `success`, `failure`, `warning` or `info`; `facts` are the fields of its
    first piece of news, `news` those of the first hundred, `left_out` how many more there are."""

    title: str
    text: str
    kind: str = "info"
    facts: Mapping[str, str]
    news: Tuple[Mapping[str, Any], ...] = ()
    left_out: int = 0


def quoted(data: bytes) -> str:
    """The last lines of some output, fit to be shown anywhere."""
    return harmless("\n".join(data.decode("utf-8", "replace").rstrip().splitlines()[-TAIL_LINES:]))


def harmless(text: str) -> str:
    """Without control characters, and calling on nobody."""
    return _CALLS.sub("\\g<0>\u200b", _CONTROL.sub("", text.replace("\r\n", "\n")))


def compose(news: Sequence[News], around: Mapping[str, str], environ: Mapping[str, str], held: int = 0) -> Message:
    """One message of all these; `around` are the fields that are the same for all of them.

    `held` is how many messages were held back before it.
    """
    news = sorted(news, key=_rank)
    every = [_facts(one, around) for one in news[:FOR_MACHINES]]
    first = every[0]
    name = around.get("workspace", "")
    if len(news) == 1:
        title = fill(news[0].notice.title or f"[{name}] ${{summary}}", first, environ)
    else:
        title = f"[{name}] {_totals(news)}"
    lines: List[str] = []
    quotes = 0
    for one, facts in list(zip(news, every))[:SHOWN]:
        if one.notice.body is not None:
            lines.append(fill(one.notice.body, facts, environ))
            continue
        if len(news) > 1:
            lines.append(f"{_mark(one)} {facts['summary']}")
        if one.log_tail and quotes < QUOTED and _kind(one) in BAD and (one.task or quotes == 0):
            quotes += 1
            lines.append(one.log_tail)
    if len(news) > SHOWN:
        lines.append(f"and {len(news) - SHOWN} more")
    if held:
        lines.append(f"({held} earlier message{'' if held == 1 else 's'} held back by the channel's limit)")
    if not any(one.notice.body is not None for one in news):
        lines.append(f"run {around.get('run', '')} of {around.get('targets', '')} on {around.get('host', '')}")
    text = "\n".join(lines)
    if len(text) > LONGEST:
        text = text[: LONGEST - 2].rstrip() + " …"
    kinds = [_kind(one) for one in news]
    kind = next((one for one in ("failure", "warning", "success") if one in kinds), "info")
    return Message(
        title=" ".join(title.split())[:200],
        text=text,
        kind=kind,
        facts=first,
        news=_for_machines(news, every),
        left_out=len(news) - len(every),
    )


def _facts(news: News, around: Mapping[str, str]) -> Dict[str, str]:
    return {
        **around,
        "attempts": str(news.attempts),
        "code": "" if news.code is None else str(news.code),
        "event": news.event,
        "log_tail": news.log_tail,
        "outcome": news.outcome,
        "reason": news.reason,
        "seconds": f"{news.seconds:.1f}",
        "summary": _summary(news, around),
        "task": news.task or around.get("targets", ""),
    }


def _summary(news: News, around: Mapping[str, str]) -> str:
    name = news.task or f"run of {around.get('targets', '')}"
    if news.event == RECOVERY:
        said = "is well again"
    elif news.event == FIRST_FAILURE:
        said = "began to fail"
    elif news.event == WARNING and news.task is None:
        said = "succeeded, but for failures that may be"
    elif news.event == WARNING or news.outcome == State.WARNED.value:
        said = "failed, as it may"
    else:
        said = news.outcome
    why = f": {news.reason}" if news.reason and news.outcome not in ("succeeded", "fresh", "hit") else ""
    tries = f", {news.attempts} attempts" if news.attempts > 1 else ""
    return f"{name} {said}{why} ({news.seconds:.1f}s{tries})"


def _totals(news: Sequence[News]) -> str:
    counts: Dict[str, int] = {}
    for one in news:
        if one.task is not None:
            counts[_kind(one)] = counts.get(_kind(one), 0) + 1
    words = {"failure": "failed", "warning": "failed as they may", "success": "well", "info": "ended"}
    of_tasks = ", ".join(f"{counts[kind]} {words[kind]}" for kind in words if kind in counts)
    of_run = next((one for one in news if one.task is None), None)
    if of_run is None:
        return of_tasks
    return f"run {of_run.outcome}; tasks: {of_tasks}" if of_tasks else f"run {of_run.outcome}"


def _rank(news: News) -> Tuple[int, bool]:
    """What went wrong first; what it made of the run after the tasks."""
    return ("failure", "warning", "success", "info").index(_kind(news)), news.task is None


def _mark(news: News) -> str:
    return {"failure": "✗", "warning": "!", "success": "✓"}.get(_kind(news), "·")


def _kind(news: News) -> str:
    if news.event in FAILING or news.outcome == "failed":
        return "failure"
    if news.event == WARNING or news.outcome == "warned":
        return "warning"
    return "success" if news.outcome in ("succeeded", "fresh", "hit") else "info"


def _for_machines(news: Iterable[News], every: Iterable[Mapping[str, str]]) -> Tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "event": one.event,
            "task": one.task,
            "outcome": one.outcome,
            "seconds": round(one.seconds, 6),
            "attempts": one.attempts,
            "code": one.code,
            "reason": one.reason or None,
            "log_tail": one.log_tail or None,
            "summary": facts["summary"],
        }
        for one, facts in zip(news, every)
    )
