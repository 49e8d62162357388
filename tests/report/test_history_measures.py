"""What can be counted of very many tasks is what is remembered of each."""

from pathlib import Path
from typing import Any, Dict

import pytest

from taskrush.model.outcome import Outcome, State, failed, succeeded
from taskrush.testing.past import FakeHistory, measure_of
from tests.report.past import AT, opened, run_name, story, tell


@pytest.fixture
def root(tmp_path: Path) -> Path:
    used = {"cpu_user_seconds": 0.25, "cpu_system_seconds": 0.5, "peak_bytes": 4096}
    for number in range(6):
        ends = {
            "a": succeeded(code=0, seconds=0.5 + number, **used),
            "b": Outcome(state=State.HIT, ok=True, saved_seconds=1.5),
            "c": failed("no", code=3),
        }
        tell(tmp_path, story(ends if number % 2 else {"a": ends["a"]}), run_name(number), AT + 60 * number)
    return tmp_path


@pytest.mark.core
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"task": "a"},
        {"task": "none"},
        {"since": AT + 60, "until": AT + 240},
        {"target": "c"},
        {"target": "c", "task": "b"},
        {"branch": "main"},
        {"limit": 2},
        {"limit": 2, "task": "c"},
    ],
    ids=str,
)
def test_they_are_those_of_the_tasks(wanted: Dict[str, Any], root: Path) -> None:
    """Whatever is asked for; a history that was made up says the same."""
    history, warnings = opened(root)
    fake = FakeHistory(history.runs(), history.tasks())
    found = history.measures(**wanted)
    assert [one._replace(cpu=one.cpu and round(one.cpu, 6)) for one in found] == fake.measures(**wanted)
    assert warnings == []
    if not wanted:
        assert found == [measure_of(task) for task in history.tasks()]
        assert {one.task for one in found} == {"a", "b", "c"}
