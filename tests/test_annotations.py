"""Types of our classes are there for whoever looks, although no run imports what they are made of."""

import importlib
import pkgutil
from typing import Any, Iterator, List, Tuple

import attrs
import pytest

import taskrush
import taskrush_cli
from taskrush import Outcome, RunResult, Task, TaskId
from taskrush.annotations import meanings

pytestmark = pytest.mark.core


def classes() -> Iterator[Any]:
    """Every class of values that is ours."""
    for package in (taskrush, taskrush_cli):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith(("__main__", "testing.strategies")):
                continue
            module = importlib.import_module(found.name)
            for thing in vars(module).values():
                if isinstance(thing, type) and thing.__module__ == found.name and hasattr(thing, "__fields__"):
                    yield thing


def test_every_field_of_every_class_has_a_type() -> None:
    """attrs, and so cattrs, gets types and no texts."""
    found = list(classes())
    assert len(found) > 100
    assert [(one, field.name) for one in found for field in attrs.fields(one) if isinstance(field.type, str)] == []


def test_types_are_the_ones_written_down() -> None:
    """Those imported for annotations only, those of the module itself, builtins."""
    assert attrs.fields(Task).id.type is TaskId
    assert attrs.fields(Task).outputs.type == Tuple[str, ...]
    assert attrs.fields(Outcome).ok.type is bool
    assert attrs.fields_dict(RunResult)["outcomes"].type.__args__ == (TaskId, Outcome)
    assert attrs.resolve_types(Task) is Task


def test_what_cannot_be_evaluated_stays_a_text() -> None:
    """A name that is nowhere, beside one that is."""

    class Odd:
        pass

    found = meanings(Odd, {"a": "Nowhere", "b": "List[int]", "c": bytes})
    assert found == {"a": "Nowhere", "b": List[int], "c": bytes}
