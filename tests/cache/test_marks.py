"""Marks say what a workspace knows; what is remembered of them never outlives the mark itself."""

import os
import time
from pathlib import Path
from typing import Any, List

import pytest

from taskrush.cache import marks
from taskrush.cache.marks import Marks
from taskrush.model import identity
from taskrush.model.task import TaskId

pytestmark = pytest.mark.core
A, B = TaskId("a"), TaskId("b")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The kinds of state files that are read, in order."""
    found: List[str] = []
    real = marks.load_state

    def counting(path: str, kind: str) -> Any:
        found.append(kind)
        return real(path, kind)

    monkeypatch.setattr(marks, "load_state", counting)
    return found


def new(root: Path, later: int = 10) -> Marks:
    return Marks(str(root), lambda: time.time_ns() + later * 10**9)


def test_a_mark_comes_back_until_it_is_forgotten(tmp_path: Path) -> None:
    """The parts stay: they explain the next miss."""
    found = new(tmp_path)
    assert found.get(A) is None
    found.put(A, ("key", [["out", "file"]]), {"schema": "1"})
    assert found.get(A) == ("key", [["out", "file"]])
    assert found.get(B) is None
    found.forget(A)
    assert found.get(A) is None
    assert found.parts(A) == {"schema": "1"}


def test_marks_that_did_not_change_are_read_from_one_file(tmp_path: Path, reads: List[str]) -> None:
    first = new(tmp_path)
    for task in (A, B):
        first.put(task, (task,), {})
        assert first.get(task) == (task,)
    first.save()
    reads.clear()
    again = new(tmp_path)
    assert [again.get(task) for task in (A, B)] == [("a",), ("b",)]
    assert reads == [marks.MARKS]


def test_young_marks_are_not_believed_by_their_looks(tmp_path: Path, reads: List[str]) -> None:
    """Git's rule: a mark written within two seconds of the look is read again."""
    first = new(tmp_path, later=0)
    first.put(A, ("one",), {})
    assert first.get(A) == ("one",)
    first.save()
    reads.clear()
    assert new(tmp_path, later=0).get(A) == ("one",)
    assert reads == [marks.MARKS, marks.MARK]


def test_what_another_run_did_to_a_mark_is_seen(tmp_path: Path) -> None:
    """Written, forgotten or damaged since: the single file decides."""
    mine, other = new(tmp_path), new(tmp_path)
    mine.put(A, ("one",), {})
    assert (mine.get(A), other.get(A)) == (("one",), ("one",))
    mine.save()
    other.put(A, ("two",), {})
    assert mine.get(A) == ("two",)
    assert new(tmp_path).get(A) == ("two",)
    (path,) = (tmp_path / ".taskrush" / "marks").iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(bytes(data))
    assert new(tmp_path).get(A) is None
    mine.forget(A)
    assert new(tmp_path).get(A) is None


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_losing_the_common_file_loses_nothing(tmp_path: Path, damage: Any) -> None:
    first = new(tmp_path)
    first.put(A, ("one",), {})
    first.get(A)
    first.save()
    path = tmp_path / ".taskrush" / "all-marks"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert new(tmp_path).get(A) == ("one",)


def test_a_mark_under_the_name_of_another_task_is_none(tmp_path: Path) -> None:
    found = new(tmp_path)
    found.put(A, ("one",), {})
    (path,) = (tmp_path / ".taskrush" / "marks").iterdir()
    found.put(B, ("two",), {})
    for other in (tmp_path / ".taskrush" / "marks").iterdir():
        if other != path:
            os.replace(path, other)
    assert new(tmp_path).get(B) is None


def test_the_rule_is_the_one_of_the_file_index() -> None:
    assert marks.trusted is identity.trusted
