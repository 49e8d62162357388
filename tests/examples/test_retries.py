"""A station that fails now and then, and one part of it for good."""

from typing import Callable

import pytest

from tests.scenarios.rush import Scratch

pytestmark = pytest.mark.core


def test_the_command_of_its_readme(example: Callable[[str], Scratch]) -> None:
    """What fails now and then passes late and says so, also when its result is fresh; half a file is not kept."""
    station = example("retries")
    done = station.rush("report")
    assert (done.code, "3 readings" in done.out) == (0, True), done.all
    assert "download  exit code 1; attempt 2 in" in done.err
    assert "download  flaky: passed on attempt 3" in done.err
    assert "clock  timed out: no output for 1s; attempt 2 now" in done.err
    assert "2 of them flaky" in done.err
    assert station.text("readings.csv") == "12.5\n13.0\n11.8\n"
    assert "fresh (passed on attempt 3)" in station.rush("download").err


def test_what_is_broken_is_not_tried_again(example: Callable[[str], Scratch]) -> None:
    """Busy is, once; broken is the end."""
    done = example("retries").rush("calibrate")
    assert done.code == 1
    assert done.err.count("attempt 2 in 50ms") == 1
    assert "exit code 65 (attempt 2)" in done.err
