"""A copy of an example, so that running it never dirties the checkout."""

import shutil
from pathlib import Path
from typing import Callable

import pytest

from tests.scenarios.rush import REPOSITORY, Scratch

LEFTOVERS = shutil.ignore_patterns("build", "dist", "node_modules", ".venv", ".taskrush", "__pycache__", ".*_cache")


@pytest.fixture
def example(tmp_path: Path) -> Callable[[str], Scratch]:
    """`example("mixed")` copies that folder and returns it."""

    def copy(name: str) -> Scratch:
        shutil.copytree(str(REPOSITORY / "examples" / name), str(tmp_path / name), ignore=LEFTOVERS)
        return Scratch(tmp_path / name)

    return copy
