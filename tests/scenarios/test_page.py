"""The page of a run through the installed command line: after a run, and of what is remembered."""

import json
import re
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.scenarios.rush import Scratch

FILE = """
secrets: [TOKEN]
tasks:
  gen: {cmd: echo 1 > gen.txt, inputs: [src], outputs: [gen.txt], description: makes sources}
  build: {cmd: "sleep 0.1; cat gen.txt > app", deps: [gen], inputs: [gen.txt], outputs: [app]}
  flaky: {cmd: "[ -e tried ] || { touch tried; exit 1; }", retry: 2}
  test: {cmd: "echo \\"oh $TOKEN\\"; sleep 0.4; grep -q good src", deps: [build], pass_env: [TOKEN]}
  ci: {deps: [test, flaky]}
"""
SECRET = {"TOKEN": "hunter2hunter2"}


@pytest.fixture
def ran(scratch: Scratch) -> Scratch:
    """Two good runs, then one that fails, with its page in `out/run.html`."""
    scratch.write(".rush", FILE)
    for text in ("good", "good, too", "bad"):
        scratch.write("src", text)
        done = scratch.rush("-k", "ci", "--report", "html=out/run.html", env=SECRET)
        assert done.code == (text == "bad"), done.all
    return scratch


def data_in(path: Path) -> Dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    assert "hunter2" not in text
    found = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: Dict[str, Any] = json.loads(found.group(1))
    return data


def test_after_a_run(ran: Scratch) -> None:
    """The run with its edges, its path, its failure explained, its cache, and the runs before it; no secret."""
    data = data_in(ran.root / "out" / "run.html")
    tasks, texts = data["tasks"], data["texts"]
    states = {name: texts[state] for name, state in zip(tasks["name"], tasks["state"])}
    assert states == {
        "gen": "succeeded",
        "build": "fresh",
        "test": "failed",
        "flaky": "succeeded",
        "ci": "skipped",
    }
    assert len(data["edges"]) == 2 * 4
    assert [tasks["name"][number] for number in data["path"]] == ["gen", "test"]
    test, gen = tasks["name"].index("test"), tasks["name"].index("gen")
    assert data["logs"][str(test)] == "oh [secret]"
    assert str(test) in data["failures"]
    assert texts[tasks["why"][gen]] == "input src changed"
    assert texts[tasks["description"][gen]] == "makes sources"
    assert tasks["saved"][tasks["name"].index("build")] >= 0.1
    assert len(data["trends"]["runs"]) == 3
    assert len([one for one in data["trends"]["tasks"][str(test)] if one is not None]) == 3
    assert data["expected"]["runs"] >= 2


def test_without_history(scratch: Scratch) -> None:
    """Nothing of the past, but the page."""
    scratch.write(".rush", FILE)
    scratch.write("src", "good")
    assert scratch.rush("build", "--no-history", "--report", "html=run.html").code == 0
    data = data_in(scratch.root / "run.html")
    assert data["tasks"]["name"] == ["gen", "build"]
    assert len(data["trends"]["runs"]) == 1


def test_of_the_past(ran: Scratch) -> None:
    """`profile` writes the page of the last of its runs, attempts included, with what it has to say itself."""
    assert ran.rush("profile", "flaky", "--output", "html", "-o", "p/flaky.html").code == 0
    whole = ran.rush("profile", "--output=html", "-o", "whole.html")
    assert (whole.code, whole.all) == (0, "")
    data = data_in(ran.root / "whole.html")
    assert data["run"]["targets"] == ["ci"]
    assert sorted(data["tasks"]["name"]) == ["build", "ci", "flaky", "gen", "test"]
    assert len(data["edges"]) == 2 * 4
    assert data["profile"]["about"].startswith("runs from ")
    assert {row[1]: row[2] for row in data["profile"]["fared"] if row[0] == "run"} == {"ci": 3}
    assert data_in(ran.root / "p" / "flaky.html")["run"]["id"] == data["run"]["id"]
    piped = ran.rush("profile", "--output", "html")
    assert piped.out.startswith("<!doctype html>")


def test_tasks_that_are_gone(ran: Scratch) -> None:
    """What is not declared any more is on the page without edges; a file that is wrong now is no reason for none."""
    for text in ("tasks: {other: {cmd: x}}\n", "tasks: [\n"):
        ran.write(".rush", text)
        done = ran.rush("profile", "--output", "html", "-o", "gone.html")
        assert done.code == 0, done.all
        data = data_in(ran.root / "gone.html")
        assert data["edges"] == []
        assert len(data["tasks"]["name"]) == 5


def test_a_place_where_nothing_can_be_written(ran: Scratch) -> None:
    """After a run it is a warning, of the past an error; both say where."""
    ran.write("src", "good")
    done = ran.rush("build", "--report", "html=src/run.html")
    assert done.code == 0
    assert "src" in done.err
    past = ran.rush("profile", "--output", "html", "-o", "src/run.html")
    assert past.code == 2
    assert "no page in src/run.html" in past.err


def test_it_is_opened(ran: Scratch) -> None:
    """In the browser that the user's environment names; without a file of one's own it lies in the state folder."""
    ran.write("look.sh", 'echo "$1" >> opened\n')
    browser = {"BROWSER": "sh look.sh %s"}
    named = ran.rush("profile", "--output", "html", "--open", "-o", "mine.html", env=browser)
    alone = ran.rush("profile", "--output", "html", "--open", env=browser)
    assert (named.code, alone.code) == (0, 0), named.all + alone.all
    kept = ran.root / ".taskrush" / "profile.html"
    assert alone.out == f"{kept}\n"
    assert data_in(kept)["run"]["targets"] == ["ci"]
    opened = (ran.root / "opened").read_text().split()
    assert opened == [path.as_uri() for path in (ran.root / "mine.html", kept)]
