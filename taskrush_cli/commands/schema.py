"""`taskrush schema`: the JSON Schema of task files, for editors."""

import argparse
import json

from taskrush.declare.schema import json_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2))
    return 0
