"""The scratch project of a scenario."""

from pathlib import Path

import pytest

from tests.scenarios.rush import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)
