"""Runs as OpenTelemetry traces: a run is a span, its tasks are spans below it, with failed attempts as events.

The SDK of OpenTelemetry makes, encodes and sends them (the extra `otel`); it is imported when a trace is made. Names
follow its semantic conventions for CI/CD where there are any (`cicd.pipeline.*`), else begin with `taskrush.`.
"""

from __future__ import annotations

import json

from taskrush.errors import MissingCapability, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence

    from taskrush.model.history import PastAttempt, PastTask
    from taskrush.report.spooled import Spooled

NANO = 1_000_000_000
TIMEOUT = 5  # seconds for sending
BAD = ("failed", "cancelled", "interrupted")


def spans(runs: Sequence[Spooled]) -> List[Any]:
    """All runs as spans of the SDK, ended. Raises `MissingCapability` without it."""
    try:
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    except ImportError:
        raise missing() from None
    kept = InMemorySpanExporter()
    for one in runs:
        _trace(one, SimpleSpanProcessor(kept))
    return list(kept.get_finished_spans())


def render(runs: Sequence[Spooled]) -> str:
    """All runs as an `ExportTraceServiceRequest` in OTLP's JSON form. Raises `MissingCapability`."""
    try:
        from google.protobuf.json_format import MessageToDict
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    except ImportError:
        raise missing() from None
    found = MessageToDict(encode_spans(spans(runs)))
    _hexadecimal(found)
    return json.dumps(found) + "\n"


def send(runs: Sequence[Spooled], endpoint: str) -> None:
    """Send all runs to a collector by OTLP over HTTP, to `endpoint` + `/v1/traces`. Raises `OSError` if that fails."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ImportError:
        raise missing() from None
    url = endpoint.rstrip("/")
    exporter: Any = OTLPSpanExporter(url if url.endswith("/v1/traces") else url + "/v1/traces", timeout=TIMEOUT)
    try:
        try:
            taken = exporter.export(spans(runs)) is SpanExportResult.SUCCESS
        except OSError:  # of older versions; newer ones say it by their answer
            taken = False
        if not taken:
            raise OSError("the collector did not take it")
    finally:
        exporter.shutdown()


def sent(runs: Sequence[Spooled], endpoint: str) -> None:
    """As `send`, for a reporter: nothing is left to be written."""
    try:
        send(runs, endpoint)
    except OSError as error:
        raise OSError(0, f"{endpoint}: {error}") from error


def missing() -> MissingCapability:
    return MissingCapability(Problem("OpenTelemetry needs its SDK", None, "pip install 'taskrush[otel]'"))


def _trace(one: Spooled, processor: Any) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    run = one.run
    provider = TracerProvider(resource=Resource({"service.name": "taskrush", "host.name": run.host}))
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("taskrush")
    about = {
        "cicd.pipeline.name": " ".join(run.targets),
        "cicd.pipeline.run.id": run.run,
        "taskrush.jobs": run.jobs,
        "vcs.ref.head.name": run.branch,
        "vcs.ref.head.revision": run.revision,
    }
    root = tracer.start_span(
        f"taskrush {' '.join(run.targets)}", attributes=_known(about), start_time=_nano(run.began_at)
    )
    within = trace.set_span_in_context(root)
    attempts: Dict[str, List[PastAttempt]] = {}
    for attempt in one.attempts:
        attempts.setdefault(attempt.task, []).append(attempt)
    for task in one.tasks:
        _task(tracer, within, task, attempts.get(task.task, []), run.began_at)
    if not run.ok:
        root.set_status(_error(run.reason or f"exit code {run.exit_code}"))
    root.end(_nano(run.began_at + run.seconds))


def _task(tracer: Any, within: Any, task: PastTask, attempts: Sequence[PastAttempt], began: float) -> None:
    about = {
        "cicd.pipeline.task.name": task.task,
        "cicd.pipeline.task.run.result": task.state,
        "taskrush.reason": task.reason or task.why,
        "taskrush.attempts": task.attempts,
        "taskrush.runner": task.runner,
        "taskrush.waited_seconds": task.waited_seconds,
        "taskrush.peak_bytes": task.peak_bytes,
        "taskrush.saved_seconds": task.saved_seconds,
        "process.exit.code": task.code,
    }
    start = task.began_at if task.began_at is not None else began
    span = tracer.start_span(task.task, context=within, attributes=_known(about), start_time=_nano(start))
    for attempt in attempts[:-1]:
        ended = (attempt.began_at or start) + attempt.seconds
        facts = {"attempt": attempt.attempt, "state": attempt.state, "code": attempt.code, "reason": attempt.reason}
        span.add_event("attempt failed", _known(facts), timestamp=_nano(ended))
    if task.state in BAD:
        span.set_status(_error(task.reason or f"exit code {task.code}"))
    span.end(_nano(start + task.seconds))


def _known(values: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _error(words: str) -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR, words)


def _nano(at: float) -> int:
    return round(at * NANO)


def _hexadecimal(form: Any) -> None:
    """OTLP has ids in hexadecimal where Protocol Buffers have base64 (OTLP 1, "JSON Protobuf Encoding")."""
    import base64

    if isinstance(form, dict):
        for key, value in form.items():
            if key in ("traceId", "spanId", "parentSpanId") and isinstance(value, str):
                form[key] = base64.b64decode(value).hex()
            else:
                _hexadecimal(value)
    elif isinstance(form, list):
        for item in form:
            _hexadecimal(item)
