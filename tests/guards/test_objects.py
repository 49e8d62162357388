"""How many functions are called, objects made and bytes held for tasks that are up to date: little more for each of
them than what is told of them. Differences between two sizes, so that interpreters hardly matter.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict

import pytest

from tests.guards.work import command, quiet_environment, with_files

FEW, MANY = 50, 150
RUN = ("run", "-j2", "all")
CALLS, MADE, HELD = 5, 1, 12_000
COUNTING = Path(__file__).with_name("counting.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="its tasks are commands of POSIX")


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, float]:
    """What each more task takes."""
    home = tmp_path_factory.mktemp("objects")
    env = quiet_environment(home)
    places = [with_files(home / f"n{count}", count) for count in (FEW, MANY)]
    for _ in range(2):  # the second run reads again what was too young in the first
        for place in places:
            subprocess.run(command(*RUN), cwd=place, env=env, capture_output=True, check=True)
        time.sleep(2.1)
    few, many = ({**least(place, "calls", env), "bytes": least(place, "bytes", env)["bytes"]} for place in places)
    return {name: (many[name] - few[name]) / (MANY - FEW) for name in few}


def least(folder: Path, what: str, env: Dict[str, str]) -> Dict[str, int]:
    """Of some tries: on a busy machine a run may come too soon for what is believed only after two seconds."""
    return min((counted(folder, what, env) for _ in range(3)), key=lambda found: found[what])


def counted(folder: Path, what: str, env: Dict[str, str]) -> Dict[str, int]:
    out = folder.parent / f"{folder.name}.json"
    words = [sys.executable, str(COUNTING), what, str(out), *RUN]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=True)
    assert "fresh" in done.stdout + done.stderr
    found: Dict[str, int] = json.loads(out.read_text())
    assert found[what] > 0
    return found


def test_few_functions_are_called_for_a_fresh_task(each: Dict[str, float]) -> None:
    assert 0 <= each["calls"] <= CALLS, each


def test_few_objects_are_made_for_a_fresh_task(each: Dict[str, float]) -> None:
    assert 0 <= each["made"] <= MADE, each


def test_few_bytes_are_held_for_a_fresh_task(each: Dict[str, float]) -> None:
    assert each["bytes"] <= HELD, each
