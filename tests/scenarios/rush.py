"""Drives `python -m taskrush` from outside, on scratch projects: files in, a transcript out."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Union

import attrs

REPOSITORY = Path(__file__).parents[2]


@attrs.frozen
class Ran:
    """How a command line ended. Output is decoded leniently."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class Scratch:
    """A folder for one test, in which files are written and the command line is run.

    Tasks leave traces with `echo NAME >> trace` (see `traced`); `ran()` gives them in the order of execution.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
        return target

    def rush(
        self,
        *arguments: str,
        cwd: Union[str, Path] = ".",
        env: Optional[Mapping[str, str]] = None,
        program: Sequence[str] = (sys.executable, "-m", "taskrush"),
        input: Optional[str] = None,
        timeout: float = 60,
    ) -> Ran:
        done = subprocess.run(
            [*program, *arguments],
            cwd=self.root / cwd,
            env=environment(env),
            input=(input or "").encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def ran(self) -> List[str]:
        """What tasks wrote into `trace`, line by line; the file is removed."""
        trace = self.root / "trace"
        if not trace.exists():
            return []
        lines = trace.read_text(encoding="utf-8").splitlines()
        trace.unlink()
        return lines

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")


def environment(more: Optional[Mapping[str, str]] = None) -> Dict[str, str]:
    """The test's environment with the checkout importable from anywhere."""
    env = {**os.environ, **(more or {})}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), env.get("PYTHONPATH", ""))))
    return env


def traced(deps: Mapping[str, Sequence[str]], failing: Sequence[str] = ()) -> str:
    """A `.rush` file whose tasks leave a trace and fail if they are among `failing`."""
    lines = ["tasks:"]
    for name, needs in deps.items():
        lines.append(f"  {json.dumps(name)}:")
        lines.append(f"    cmd: echo {name} >> trace{'; exit 3' if name in failing else ''}")
        lines.append(f"    deps: {json.dumps(list(needs))}")
    return "\n".join(lines) + "\n"
