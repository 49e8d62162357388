"""`taskrush schema` prints the schema that the parser's keys make."""

import json
from pathlib import Path

import pytest

from taskrush.declare.schema import json_schema
from taskrush_cli.main import main


def test_it_prints_the_schema(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As JSON, outside of any workspace too."""
    monkeypatch.chdir(tmp_path)
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
