"""What other tools are given: each form read back by a parser that is not ours, and by the tools themselves."""

import csv
import io
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.report import chrome_trace, csv_table, json_facts, junit, prometheus
from taskrush.report.spooled import Spooled
from tests.needs import needs_program

NASTY = 'a"b\\c\n<&>\x1b[31mé\x00'


def past(name: str, **fields: Any) -> PastTask:
    known = {"state": "succeeded", "ok": True, "began_at": 100.0, "seconds": 1.5, "run": "r1", **fields}
    return PastTask(task=TaskId(name), **known)


def one_run(*tasks: PastTask, **fields: Any) -> Spooled:
    known = {"run": "r1", "began_at": 100.0, "seconds": 4.0, "exit_code": 1, "targets": (TaskId("all"),), "jobs": 2}
    return Spooled(run=PastRun(**{**known, **fields}), tasks=tasks)


RUN = one_run(
    past("build", cpu_user_seconds=1.0, cpu_system_seconds=0.25, peak_bytes=1000, waited_seconds=0.5, key="k" * 64),
    past("docs:lint", began_at=100.5, state="failed", ok=False, code=3, reason="exit code 3", seconds=0.5),
    past("test", began_at=101.5, attempts=2),
    past(NASTY, began_at=101.25, state="warned", reason=NASTY),
    past("old", began_at=None, state="fresh", seconds=0.0, saved_seconds=9.0),
    past("not", began_at=None, state="skipped", ok=False, seconds=0.0, reason="needs `docs:lint`, which failed"),
)


@pytest.mark.core
def test_junit_is_read_by_a_parser() -> None:
    """Counts, times, the log of a failure, and nothing that XML cannot hold."""
    text = junit.render([RUN], lambda run, task: f"log of {task} in {run} \x1b[1mbold\x1b[0m \x00".encode())
    suite = ElementTree.fromstring(text)[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped", "errors", "time")} == {
        "tests": "6",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
        "time": "4.000000",
    }
    cases = {case.get("name"): case for case in suite}
    assert cases["lint"].get("classname") == "docs"
    failure = cases["lint"].find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("exit code 3", "log of docs:lint in r1 bold \ufffd")
    skipped = cases["not"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "needs `docs:lint`, which failed"
    assert "attempt 2" in (cases["test"].findtext("system-out") or "")


@pytest.mark.core
@given(st.text(), st.text(), st.binary())
def test_junit_takes_anything(name: str, reason: str, log: bytes) -> None:
    """Whatever tasks are called and print."""
    run = one_run(past(name, state="failed", ok=False, reason=reason))
    ElementTree.fromstring(junit.render([run], lambda *_: log))


@pytest.mark.core
def test_a_trace_has_one_lane_for_what_does_not_overlap() -> None:
    """Times in microseconds from the start, and no two tasks at a time on one lane."""
    events = json.loads(chrome_trace.render([RUN]))["traceEvents"]
    ran = {event["name"]: event for event in events if event["ph"] == "X"}
    assert set(ran) == {"build", "docs:lint", "test", NASTY}
    assert (ran["build"]["ts"], ran["build"]["dur"]) == (0, 1_500_000)
    assert ran["docs:lint"]["tid"] != ran["build"]["tid"]
    assert ran["test"]["tid"] == ran["build"]["tid"]
    assert ran["docs:lint"]["args"]["reason"] == "exit code 3"
    names = {(event["name"], event["tid"]) for event in events if event["ph"] == "M"}
    assert ("thread_name", max(event["tid"] for event in ran.values())) in names


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), max_size=30))
def test_lanes_never_overlap(times: List[Any]) -> None:
    """And there are no more than overlap at some moment."""
    tasks = [past(f"t{number}", began_at=start, seconds=took) for number, (start, took) in enumerate(times)]
    placed = chrome_trace.lanes(tasks)
    assert len(placed) == len(tasks)
    by_lane: Dict[int, List[PastTask]] = {}
    for task, lane in placed:
        by_lane.setdefault(lane, []).append(task)
    for own in by_lane.values():
        for first, second in zip(own, own[1:]):
            assert (first.began_at or 0) + first.seconds <= (second.began_at or 0)


def schema_of_traces() -> Dict[str, Any]:
    """The parts of the Trace Event Format that are used, as a schema."""
    event = {
        "type": "object",
        "required": ["ph", "pid", "tid", "name"],
        "properties": {"ph": {"enum": ["X", "M"]}, "pid": {"type": "integer"}, "tid": {"type": "integer"}},
        "if": {"properties": {"ph": {"const": "X"}}},
        "then": {
            "required": ["ts", "dur"],
            "properties": {"ts": {"type": "number", "minimum": 0}, "dur": {"type": "number", "minimum": 0}},
        },
    }
    return {
        "type": "object",
        "required": ["traceEvents"],
        "properties": {
            "traceEvents": {"type": "array", "items": event},
            "displayTimeUnit": {"enum": ["ms", "ns"]},
        },
    }


def test_a_trace_keeps_to_the_format() -> None:
    """As far as it is used."""
    import jsonschema

    jsonschema.validate(json.loads(chrome_trace.render([RUN, RUN])), schema_of_traces())


@pytest.mark.core
def test_csv_is_read_back() -> None:
    """Every value where it belongs, and none that a spreadsheet takes for a formula."""
    rows = list(csv.DictReader(io.StringIO(csv_table.render([RUN, one_run(past("=1+1"))]))))
    assert [row["task"] for row in rows][:3] == ["build", "docs:lint", "test"]
    assert rows[3]["reason"] == NASTY.replace("\0", "\ufffd")
    assert (rows[0]["peak_bytes"], rows[0]["saved_seconds"], rows[0]["targets"]) == ("1000", "", "all")
    assert rows[-1]["task"] == "'=1+1"


@pytest.mark.core
def test_json_has_everything() -> None:
    """By the names of the values."""
    attempt = PastAttempt(run="r1", task=TaskId("test"), attempt=1, state="failed", seconds=0.5)
    found = json.loads(json_facts.render([Spooled(run=RUN.run, tasks=RUN.tasks, attempts=(attempt,))]))
    assert found["version"] == 1
    assert found["runs"][0]["tasks"][1]["reason"] == "exit code 3"
    assert found["runs"][0]["attempts"][0]["seconds"] == 0.5


def test_metrics_are_what_promtool_wants() -> None:
    """Its linter finds nothing; ids, keys and hosts are no labels."""
    needs_program("promtool")
    text = prometheus.render([RUN, one_run(past("build", seconds=3.0), run="r0", began_at=1.0)])
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert "k" * 64 not in text
    assert "r1" not in text
    assert 'taskrush_task_duration_seconds{task="build",quantile="0.99"} 3.0' in text
    assert 'taskrush_last_run_tasks{target="all",state="failed"} 1.0' in text
    assert 'taskrush_task_saved_seconds{task="old"} 9.0' in text


@pytest.mark.core
def test_the_number_of_series_is_bounded() -> None:
    """By the tasks that take longest."""
    run = one_run(*[past(f"t{number}", seconds=float(number)) for number in range(prometheus.MOST + 50)])
    text = prometheus.render([run])
    assert text.count("_duration_seconds_count") == prometheus.MOST
    assert 'task="t49"' not in text
    assert 'task="t50"' in text
    assert prometheus.render([]) == ""


class Served(ThreadingHTTPServer):
    """Gives one text to whoever asks, and keeps what is posted."""

    def __init__(self, text: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.text = text
        self.posted: List[Any] = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    server: Served

    def do_GET(self) -> None:
        self._answer(self.server.text.encode(), "text/plain; version=0.0.4")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, dict(self.headers), body))
        self._answer(b"", "application/x-protobuf")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.shutdown()
    server.server_close()


def test_a_real_prometheus_answers_with_them(served: Served, tmp_path: Path) -> None:
    """It scrapes the text and is asked for a value."""
    needs_program("prometheus")
    served.text = prometheus.render([RUN])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "p.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: taskrush\n    static_configs:\n"
        f"      - targets: ['127.0.0.1:{served.server_address[1]}']\n"
    )
    command = [shutil.which("prometheus") or "", "--config.file=p.yml", f"--storage.tsdb.path={tmp_path / 'db'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        query = urllib.parse.quote('taskrush_task_duration_seconds_sum{task="build"}')
        deadline = time.monotonic() + 60
        found: Any = []
        while not found and time.monotonic() < deadline:
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={query}", timeout=5) as answer:
                    found = json.load(answer)["data"]["result"]
            except OSError:
                continue
        assert [one["value"][1] for one in found] == ["1.5"]
    finally:
        process.terminate()
        process.wait(20)


def test_spans_are_those_of_the_run() -> None:
    """In the SDK's own form: parents, times, states, attempts."""
    pytest.importorskip("opentelemetry.sdk", reason="could not import the OpenTelemetry SDK")
    from taskrush.report import otel

    attempt = PastAttempt(run="r1", task=TaskId("test"), attempt=1, state="failed", began_at=101.0, seconds=0.25)
    again = PastAttempt(run="r1", task=TaskId("test"), attempt=2, state="succeeded", began_at=101.5, seconds=1.5)
    made = otel.spans([Spooled(run=RUN.run, tasks=RUN.tasks, attempts=(attempt, again))])
    by_name = {span.name: span for span in made}
    root = by_name["taskrush all"]
    assert root.end_time - root.start_time == 4 * 10**9
    assert {span.parent.span_id for span in made if span is not root} == {root.context.span_id}
    assert (by_name["build"].start_time, by_name["build"].end_time) == (100 * 10**9, 101_500_000_000)
    assert not by_name["docs:lint"].status.is_ok
    assert by_name["docs:lint"].attributes["process.exit.code"] == 3
    assert [(event.name, event.timestamp) for event in by_name["test"].events] == [("attempt failed", 101_250_000_000)]
    wire = json.loads(otel.render([RUN]))
    sent = wire["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert all(len(bytes.fromhex(span["traceId"])) == 16 for span in sent)


def test_a_collector_gets_them(served: Served) -> None:
    """Over HTTP, as Protocol Buffers that OpenTelemetry's own classes read; one that is not there is an error."""
    pytest.importorskip("opentelemetry.sdk", reason="could not import the OpenTelemetry SDK")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from taskrush.report import otel

    otel.send([RUN], f"http://127.0.0.1:{served.server_address[1]}")
    path, _, body = served.posted[0]
    assert path == "/v1/traces"
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    names = [span.name for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    assert sorted(names) == sorted([*(task.task for task in RUN.tasks), "taskrush all"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(OSError, match="did not take it"):
        otel.send([RUN], f"http://127.0.0.1:{port}")
    assert time.monotonic() - begun < 15
