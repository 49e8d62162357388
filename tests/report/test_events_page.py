"""The page about events is complete."""

import re
from pathlib import Path
from typing import get_args

import attrs
import pytest

from taskrush.events import WIRE_VERSION, Event
from taskrush.report.jsonl import from_line

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not part of this copy")
def test_every_event_and_field_is_documented() -> None:
    """With its fields in its row, and an example line that is a record."""
    text = PAGE.read_text(encoding="utf-8")
    for kind in get_args(Event):
        row = re.search(rf"^\| `{kind.__name__}` \|.*$", text, re.MULTILINE)
        assert row, kind
        for field in attrs.fields(kind):
            assert f"`{field.name}`" in row.group(), (kind, field.name)
    example = re.search(r"```json\n(.*)\n```", text)
    assert example
    assert from_line(example.group(1)) is not None
    assert f'"v":{WIRE_VERSION}' in example.group(1)
