"""Columns that fit, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush_cli.render.style import duration
from taskrush_cli.render.table import cut, pad, width_of

pytestmark = pytest.mark.core


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_what_is_cut_fits(text: str, width: int) -> None:
    """Nothing is wider than asked for, and what fits stays as it is."""
    shorter = cut(text, width)
    assert width_of(shorter) <= width
    if width_of(text) <= width:
        assert shorter == text


def test_wide_characters_take_two_columns() -> None:
    assert width_of("任务") == 4
    assert width_of("e\u0301") == 1
    assert cut("任务任务", 7, "…") == "任务任…"
    assert pad("任", 4) == "任  "


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.004, "0.00s"), (9.99, "9.99s"), (12.34, "12.3s"), (61, "1m01s"), (3599.6, "1h00m"), (7265, "2h01m")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
