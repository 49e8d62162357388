"""Runs as JUnit XML, which CI services read: a suite a run, a case a task. Pure: what is remembered in, text out.

Source of the form: the schema that Jenkins' xUnit plugin publishes, as most services read it. What XML cannot hold
(control characters, lone surrogates) is replaced.
"""

from __future__ import annotations

import re
import time
from xml.sax.saxutils import escape, quoteattr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional, Sequence

    from taskrush.model.history import PastTask
    from taskrush.report.spooled import Spooled

if TYPE_CHECKING:
    ReadLog = Callable[[str, str], bytes]
    """The end of what a task of a run wrote."""
BAD = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPES = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")
FAILED = ("failed", "cancelled", "interrupted", "running")


def render(runs: Sequence[Spooled], read_log: Optional[ReadLog] = None) -> str:
    """All runs as one document. `read_log` gives what belongs to a failure."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for one in runs:
        count = len(one.tasks)
        failed = sum(task.state in FAILED for task in one.tasks)
        skipped = sum(task.state == "skipped" for task in one.tasks)
        began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(one.run.began_at))
        lines.append(
            f"  <testsuite name={_quoted(' '.join(one.run.targets) or 'taskrush')} tests={_quoted(count)} "
            f'failures={_quoted(failed)} errors="0" skipped={_quoted(skipped)} time="{one.run.seconds:.6f}" '
            f"timestamp={_quoted(began)} hostname={_quoted(one.run.host)} id={_quoted(one.run.run)}>"
        )
        for task in one.tasks:
            lines += _case(task, read_log)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case(task: PastTask, read_log: Optional[ReadLog]) -> List[str]:
    space, _, name = task.task.rpartition(":")
    head = f'    <testcase classname={_quoted(space or "tasks")} name={_quoted(name)} time="{task.seconds:.6f}"'
    inner: List[str] = []
    if task.state in FAILED:
        message = task.reason or (f"exit code {task.code}" if task.code is not None else task.state)
        text = read_log(task.run, task.task).decode("utf-8", "replace") if read_log is not None else ""
        inner.append(f"      <failure message={_quoted(message)} type={_quoted(task.state)}>{_text(text)}</failure>")
    elif task.state == "skipped":
        inner.append(f"      <skipped message={_quoted(task.reason or '')}/>")
    elif task.state == "warned":
        inner.append(f"      <system-err>{_text(f'failed, which is allowed: {task.reason or task.code}')}</system-err>")
    elif task.attempts > 1:
        inner.append(f"      <system-out>{_text(f'ended well at attempt {task.attempts}')}</system-out>")
    return [head + ">", *inner, "    </testcase>"] if inner else [head + "/>"]


def _clean(text: str) -> str:
    return BAD.sub("\ufffd", ESCAPES.sub("", text))


def _quoted(value: object) -> str:
    return quoteattr(_clean(str(value)))


def _text(text: str) -> str:
    return escape(_clean(text))
