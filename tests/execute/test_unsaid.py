"""No text of any event keeps a secret, whatever event it is."""

from typing import Any, get_args

import pytest

from taskrush.events import Event, TaskFinished, TaskOutput, TaskStarted, Warned
from taskrush.execute.unsaid import KEPT, unsaid
from taskrush.model.outcome import failed
from taskrush.model.redaction import Redactor
from taskrush.values import fields

pytestmark = pytest.mark.core
VALUE = "s3cr3t-Value-of-a-token"
CLEAN = Redactor([VALUE.encode()]).clean_text


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_every_text_of_every_event_is_cleaned(kind: Any) -> None:
    """Save for names of tasks; what holds none stays the very object."""
    planted = kind(**{one.name: f"<{VALUE}>" for one in fields(kind) if one.init})
    told = unsaid(planted, CLEAN)
    for one in fields(kind):
        if one.init:
            assert getattr(told, one.name) == (f"<{VALUE}>" if one.name in KEPT else "<[secret]>")
    harmless = kind(**{one.name: "nothing" for one in fields(kind) if one.init})
    assert unsaid(harmless, CLEAN) is harmless


def test_what_is_inside_is_cleaned_as_well() -> None:
    """Outcomes, tuples and mappings, all the way down."""
    told = unsaid(TaskFinished("use", failed(f"it is {VALUE}", code=3, value=VALUE)), CLEAN)  # type: ignore[arg-type]
    assert told.outcome.reason == "it is [secret]"
    assert told.outcome.value == VALUE  # it stays at home, and is what dependants receive
    assert unsaid({"a": (VALUE, 1, None, [VALUE])}, CLEAN) == {"a": ("[secret]", 1, None, ["[secret]"])}
    lone = "\udcff" + VALUE  # a file name that is no text
    assert unsaid(Warned(lone), CLEAN) == Warned("\udcff[secret]")
    assert unsaid(TaskStarted("use", f"curl {VALUE}"), CLEAN).command == "curl [secret]"  # type: ignore[arg-type]
    assert unsaid(TaskOutput("use", "stdout", b"x"), CLEAN).data == b"x"  # type: ignore[arg-type]
