"""How names of Python are typed on a command line. Pure, and imports nothing."""

from __future__ import annotations


def dashed(name: str) -> str:
    """A Python name as it is typed on a command line: `run_tests` is `run-tests`, `list_` is `list`."""
    return name.strip("_").replace("_", "-") or name
