"""`taskrush schema`: the JSON Schema of task files, for editors."""

from __future__ import annotations

import json

from taskrush.declare.schema import json_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2))
    return 0
