"""What a command line loads before it does anything: little."""

import subprocess
import sys
from typing import Set

import pytest

from tests.cli.terminal import REPOSITORY

DEAR = {"asyncio", "rich", "fsspec", "tenacity", "cattrs", "importlib.metadata", "multiprocessing", "email"}


def loaded(*words: str) -> Set[str]:
    script = (
        "import sys; from taskrush_cli.main import main; before = sys.stdout; sys.stdout = sys.stderr; "
        f"main({list(words)!r}); before.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY / "examples" / "hello",
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.core
def test_version_loads_next_to_nothing() -> None:
    """Neither argparse nor attrs nor typing, which each cost more than all the rest."""
    new = {name for name in loaded("--version") if name.partition(".")[0] in ("taskrush", "taskrush_cli")}
    assert new == {"taskrush", "taskrush._version", "taskrush_cli", "taskrush_cli.main"}
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not ({"argparse", "attr", "yaml"} & (loaded("--version") - set(bare.stdout.split())))


@pytest.mark.core
@pytest.mark.parametrize("words", [("list",), ("greet",), ("--dry-run", "greet"), ("__complete", "gr")])
def test_nothing_dear_is_loaded(words: "tuple[str, ...]") -> None:
    """Listing, planning, completing and running a plain command stay cheap."""
    assert not DEAR & loaded(*words)
