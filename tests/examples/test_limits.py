"""A kitchen: one oven, two hands at the table, helpers who share the benches."""

from typing import Callable, List, Set

import pytest

from tests.needs import needs_program
from tests.scenarios.rush import Scratch

pytestmark = pytest.mark.core


def test_the_command_of_its_readme(example: Callable[[str], Scratch]) -> None:
    """Whoever reads the diary finds every limit kept."""
    needs_program("make")
    kitchen = example("limits")
    done = kitchen.rush("-v", "-j4", "feast")
    assert done.code == 0, done.all
    assert "bread waits for mutex `oven`" in done.err
    at_work: Set[str] = set()
    seen: List[Set[str]] = []
    for line in kitchen.text("diary").splitlines():
        word, name = line.split()
        (at_work.add if word == "begin" else at_work.remove)(name)
        seen.append(set(at_work))
    assert max(map(len, seen)) <= 4
    for group, most in (({"bread", "cake"}, 1), ({"cake", "salad"}, 1), ({"bread", "salad"}, 2)):
        assert max(len(group & now) for now in seen) <= most
    assert all(now == {"photo"} for now in seen if "photo" in now)
    assert len({name for now in seen for name in now}) == 9
