"""Makes the reports that are asked for by `--report KIND=FILE`: what makes which kind, and where it goes."""

from __future__ import annotations

import functools
import os

from taskrush.errors import UsageError
from taskrush.report.exporting import ExportError, ExportReporter, log_tails
from taskrush.wiring import EXPORTS, REPORTERS, load, open_history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Sequence

    from taskrush.events import Record
    from taskrush.model.plan import Plan
    from taskrush.protocols import Subscriber
    from taskrush.report.spooled import Spooled

JSONL = "jsonl"
HTML = "html"


def make_reports(plan: Plan, wanted: Sequence[str], secrets: Sequence[str] = ()) -> List[Subscriber]:
    """A subscriber for each `KIND=FILE`. Raises `UsageError` for what is no kind, `MissingCapability` for extras."""
    return [_report(plan, text, secrets) for text in wanted]


def render_of(kind: str, root: str) -> Any:
    """What makes the text of a kind, logs of the workspace included where it shows them. Raises `UsageError`."""
    if kind not in EXPORTS:
        from taskrush.compile.names import near

        kinds = ", ".join(sorted(EXPORTS))
        raise UsageError(f"there is no form called `{kind}`", near(kind, EXPORTS) or f"there are {kinds}")
    render = load(EXPORTS[kind])
    return functools.partial(render, read_log=log_tails(root)) if kind == "junit" else render


def _report(plan: Plan, text: str, secrets: Sequence[str]) -> Subscriber:
    kind, equals, path = text.partition("=")
    if not equals or not path:
        kinds = ", ".join(sorted([*EXPORTS, HTML, JSONL]))
        raise UsageError(f"--report takes KIND=FILE, not `{text}`", f"kinds are {kinds}")
    if kind == JSONL:
        return _Lines(path)
    if kind == HTML:
        return ExportReporter(plan, functools.partial(_page, plan=plan, secrets=secrets), path, secrets)
    if kind == "otlp":
        from taskrush.report import otel

        otel.spans([])  # what is missing is said before anything runs
        if path.startswith(("http://", "https://")):
            return ExportReporter(plan, functools.partial(otel.sent, endpoint=path), "", secrets)
    return ExportReporter(plan, render_of(kind, plan.root), path, secrets)


def _page(runs: Sequence[Spooled], plan: Plan, secrets: Sequence[str]) -> str:
    """The page of the run that has just ended, its past included."""
    from taskrush.run_page import page_of_run

    return page_of_run(runs[-1], plan, plan.root, open_history(plan.root), secrets)


class _Lines:
    """All records of a run in a file, one JSON object a line, as they come."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._reporter: Any = None

    def on_record(self, record: Record) -> None:
        try:
            if self._reporter is None:
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
                self._reporter = load(REPORTERS[JSONL])(open(self._path, "wb"))  # noqa: SIM115 (open until the process ends)
            self._reporter.on_record(record)
        except OSError as error:
            raise ExportError(f"no report in {self._path}: {error.strerror or error}") from error
