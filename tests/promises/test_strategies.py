"""What of a dependency counts for the key of a task: the content of its outputs, its key, or nothing."""

import pytest

from tests.scenarios.rush import Scratch

FILE = """
tasks:
  make:
    cmd: 'echo make >> trace; tr -d " " < in > made'
    inputs: [in]
    outputs: [made]
  quiet:
    cmd: echo quiet >> trace
    inputs: [in]
  use:
    cmd: echo use >> trace
    inputs: []
    deps: [DEP]
"""


@pytest.mark.parametrize(
    ("dep", "same_output", "other_output"),
    [
        ("make", [], ["use"]),
        ("{task: make, strategy: outputs}", [], ["use"]),
        ("{task: make, strategy: key}", ["use"], ["use"]),
        ("{task: make, strategy: none}", [], []),
        ("{task: make, order_only: true}", [], []),
        ("quiet", ["use"], ["use"]),
    ],
)
def test_strategies(scratch: Scratch, dep: str, same_output: "list[str]", other_output: "list[str]") -> None:
    """After a change that leaves the output as it was, and after one that does not; a dry run foretells it."""
    scratch.write(".rush", FILE.replace("DEP", dep))
    scratch.write("in", "a b")
    scratch.rush("use")
    scratch.ran()
    for text, wanted in (("ab", same_output), ("c", other_output)):
        scratch.write("in", text)
        foretold = scratch.rush("use", "--dry-run").out
        assert scratch.ran() == []
        scratch.rush("use")
        assert [name for name in scratch.ran() if name == "use"] == wanted
        if "strategy: key" in dep or dep == "quiet":
            assert "miss" in next(line for line in foretold.splitlines() if " use " in f" {line} ")
