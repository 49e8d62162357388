"""Which programs a test needs, and what their absence means: a skip at home, a failure in CI.

`.ci/run` installs every program named in `CI_PROVIDES`; a test skipped there for lack of one would be a hole that
nobody sees.
"""

import os
import re
import shutil
import subprocess
from typing import Tuple

import pytest

CI_PROVIDES: Tuple[str, ...] = (
    "bash",
    "cc",
    "chromium",
    "dot",
    "fish",
    "git",
    "make",
    "node",
    "npm",
    "prometheus",
    "promtool",
    "ps",
    "redis-server",
    "strace",
    "tmux",
    "zsh",
)


IN_CI = os.environ.get("CI", "").lower() in ("true", "1")


def needs_program(*names: str) -> None:
    """Skip the running test where one of `names` is not on PATH; in CI fail it, if CI promises that program."""
    for name in names:
        if shutil.which(name) is not None:
            continue
        if IN_CI and name in CI_PROVIDES:
            pytest.fail(f"`{name}` is not installed, and CI promises it (.ci/run)", pytrace=False)
        pytest.skip(f"`{name}` is not installed")


def needs_tracing() -> None:
    """Skip the running test where `strace` may not look at other processes; it has to be installed."""
    needs_program("strace")
    allowed = subprocess.run(["strace", "-o", os.devnull, "/bin/true"], capture_output=True, text=True, check=False)
    if allowed.returncode:
        pytest.skip(f"strace may not trace here: {allowed.stderr.strip()}")


def is_hole(outcome: str, reason: object, in_ci: bool = IN_CI) -> bool:
    """Whether something was skipped in CI for lack of what CI installs; platforms and interpreters may differ.

    `reason` is what pytest keeps of a skip: path, line and words.
    """
    words = str(reason[2]) if isinstance(reason, tuple) else ""
    return (
        in_ci
        and outcome == "skipped"
        and re.search(r"not installed|could not import|needs watchfiles|no C compiler", words) is not None
    )
