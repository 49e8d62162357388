"""The page of a run as a file: what is in it, what cannot get into it, how large it is."""

import base64
import hashlib
import html
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.report.html import facts as facts_of
from taskrush.report.html import shown
from taskrush.report.html.facts import facts
from taskrush.report.html.page import render
from taskrush.report.spooled import Spooled
from taskrush.values import evolve
from tests import vendored, wheel_contents
from tests.report.pages import EVIL, TASKS, large, past, sample

pytestmark = pytest.mark.core


def data_in(text: str) -> Dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: Dict[str, Any] = json.loads(found.group(1))
    return data


def test_everything_is_in_the_data() -> None:
    """Columns, edges, attempts, logs, failures, trends: in the page as they are."""
    data = data_in(render(sample()))
    assert data == json.loads(json.dumps(facts(sample())))
    names: List[str] = data["tasks"]["name"]
    assert names == [task.task for task in TASKS]
    evil = str(names.index(EVIL))
    pairs = list(zip(data["edges"][::2], data["edges"][1::2]))
    assert [(names[task], names[on]) for task, on in pairs][:2] == [("lib:core", "gen"), ("lib:util", "gen")]
    assert [names[number] for number in data["path"]] == ["gen", "lib:core", "e2e"]
    assert [row[:3] for row in data["attempts"][str(names.index("e2e"))]] == [
        [6.0, 1.0, "failed"],
        [8.0, 1.0, "succeeded"],
    ]
    assert data["failures"][evil]["causes"] == [{"message": "no disk", "remedy": "", "certain": False}]
    assert data["logs"][str(names.index("lib:core"))] == "ok"
    assert data["logs"][evil] == f"{EVIL}\nbell\ufffd \ufffdred\ufffd"
    assert data["trends"]["tasks"]["0"] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0]
    assert data["left_out"] == {"tasks": 0, "edges": 0, "logs": 0}


def test_nothing_of_a_task_is_markup() -> None:
    """What ends a script or begins an element is in no name, output or title as such; the page is ASCII."""
    text = render(sample())
    assert re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL).isascii()
    assert EVIL not in text
    assert "<img" not in text
    evil = evolve(sample().run.run, targets=(EVIL,))
    assert html.escape(EVIL) in render(sample(run=Spooled(run=evil, tasks=TASKS)))


def test_only_what_the_page_carries_may_run() -> None:
    """Every script and style is named by its digest, nothing else is allowed, nothing leads outside."""
    text = render(sample())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.group(1).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for kind, tag in (("script-src", "script"), ("style-src", "style")):
        parts = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts]
        assert rules[kind].split() == [f"'sha256-{digest}'" for digest in digests]
    assert not re.search(r'(?:src|href)="(?!#|data:)', re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))
    assert "sourceMappingURL" not in text


@given(st.text(), st.binary(), st.text())
def test_anything_may_be_a_name_or_an_output(name: str, log: bytes, reason: str) -> None:
    """The page is one page, and no character that a browser obeys is left."""
    task = past(name, state="failed", log_bytes=1, reason=reason)
    page = sample(run=Spooled(run=sample().run.run, tasks=(task,)), edges=(), path=(), past={}, log=lambda *_: log)
    text = render(page)
    data = data_in(text)
    assert text.count("</html>") == 1
    assert not shown.BAD.search(data["tasks"]["name"][0] + data["texts"][-1] + data["logs"].get("0", ""))


def test_progress_that_was_overwritten_is_not_shown() -> None:
    """Of what a carriage return took back the last is there."""
    assert shown.lines(b"0%\r50%\r100%\nnext\r\n\x1b[2Kdone\n") == "100%\nnext\ndone"


def test_a_thousand_tasks_are_a_small_page() -> None:
    """Under 600 KiB with everything known of each."""
    assert len(render(large(1000)).encode()) < 600 << 10


def test_too_many_tasks_are_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed and what is on the path stays, and how much is left out is said."""
    monkeypatch.setattr(facts_of, "TASKS", 5)
    data = facts(sample())
    assert data["left_out"]["tasks"] == 3
    assert {"gen", "lib:core", EVIL} <= set(data["tasks"]["name"])


def test_logs_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures first; what has no room is counted."""
    monkeypatch.setattr(facts_of, "OTHER_LOGS", 0)
    data = facts(sample())
    assert {data["tasks"]["name"][int(number)] for number in data["logs"]} == {EVIL, "lint"}
    assert data["left_out"]["logs"] == 1


def test_what_others_made_is_as_recorded(tmp_path: Path) -> None:
    """Each file of the vendor folder is listed, with version, licence and hash; a wheel without one is wrong."""
    listed = {name for package in vendored.recorded() for name in package["files"]}
    there = {path.name for path in vendored.FOLDER.iterdir()} - {vendored.NAMES}
    assert there == listed
    for package in vendored.recorded():
        assert package["integrity"].startswith("sha512-")
        assert package["licence"] in ("MIT", "ISC")
        banner = "".join(
            (vendored.FOLDER / name).read_text()[:400] for name in package["files"] if name.endswith(".js")
        )
        assert package["version"] in banner or package["package"] == "@dagrejs/dagre"
    wheel = tmp_path / "taskrush-1.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.write(vendored.FOLDER / vendored.NAMES, f"{wheel_contents.PAGE}/vendor/{vendored.NAMES}")
    assert f"{wheel_contents.PAGE}/vendor/dagre.min.js is missing" in wheel_contents.problems(str(wheel))
