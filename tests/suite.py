"""Runs pytest as CI does: what fails among all others, with every processor busy, is tried once more alone.

Real shells, servers, browsers and clocks take part in this suite, and a machine that stands still for seconds is no
fault of the code. Whatever passes the second time is named as flaky at the end, for somebody to look into; more than
a few failures, a worker that crashed and anything that fails again are failures. CPython's own suite does the same.
"""

import json
import os
import shutil
import subprocess
import sys
from typing import List, Sequence, Tuple

FEW = 3
TESTS_FAILED = 1  # pytest's exit code
CRASH = "crashed while running"  # what xdist says of a worker


def main(arguments: Sequence[str]) -> int:
    """The exit code of pytest, or of its second try. The cache of pytest is told to begin anew."""
    cache = os.path.join(".pytest_cache", "suite-" + os.environ.get("NOX_CURRENT_SESSION", "alone"))
    shutil.rmtree(cache, ignore_errors=True)
    words = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}"]
    code, crashed = run([*words, *arguments])
    failed = failures(cache)
    if code != TESTS_FAILED or crashed or not 0 < len(failed) <= FEW:
        return code
    print(f"\n{len(failed)} of all tests failed; once more, alone:", *failed, sep="\n  ", flush=True)
    code, crashed = run([*words, "-n0", "-ra", *failed])
    if code == 0:
        print("\nflaky (failed among all others, passed alone):", *failed, sep="\n  ", flush=True)
    return TESTS_FAILED if crashed else code


def run(words: Sequence[str]) -> Tuple[int, bool]:
    """Run a command and pass its output on; its exit code, and whether it tells of a crash."""
    crashed = False
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            crashed = crashed or CRASH.encode() in line
    return process.returncode, crashed


def failures(cache: str) -> List[str]:
    """The tests that failed in the last run, by their names."""
    try:
        with open(os.path.join(cache, "v", "cache", "lastfailed"), encoding="utf-8") as file:
            return sorted(json.load(file))
    except (OSError, ValueError):
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
