"""What a person is told of some sixty ways to fail: transcripts in `failures/`, in the form of the others beside them.

Commands really fail. Where that needs a tool, a network or a machine that cannot be had everywhere, a script prints
what the tool prints and ends as it does; the first line of the transcript says so (`stub:`). `needs:` names programs.
"""

import os
import re
from pathlib import Path

import pytest

from tests.needs import needs_program
from tests.transcripts import test_transcripts as transcripts

REPORTS = sorted((Path(__file__).parent / "failures").glob("*.txt"))
CORE = ("command_typo", "missing_file", "decisive_pytest", "hints")
NEEDS = re.compile(r"^needs: (.+)$", re.MULTILINE)


@pytest.mark.skipif(os.path.basename(os.path.realpath("/bin/sh")) != "dash", reason="the reports quote dash")
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=pytest.mark.core if path.stem in CORE else ()) for path in REPORTS],
)
def test_report(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is, to the letter, what stands in the transcript."""
    for program in NEEDS.findall(path.read_text(encoding="utf-8").partition("--- ")[0]):
        needs_program(program)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    transcripts.test_transcript(path, tmp_path, monkeypatch)


def test_there_are_enough_of_them() -> None:
    """At least forty situations, most of them real; each of them ends with a failure that is reported."""
    texts = [path.read_text(encoding="utf-8") for path in REPORTS]
    assert len(texts) >= 60
    assert sum(text.startswith("stub:") for text in texts) <= len(texts) // 2
    for path, text in zip(REPORTS, texts):
        assert "✗ " in text, path.name
        assert any("✗ " in step.expected for step in transcripts.parse(text).steps), path.name
