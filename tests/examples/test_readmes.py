"""Every example says in about ten lines what it shows, and its one command is right."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import List

import pytest

from tests.scenarios.rush import REPOSITORY, Scratch

EXAMPLES = sorted(path.name for path in (REPOSITORY / "examples").iterdir() if (path / "README.md").exists())
LEFTOVERS = shutil.ignore_patterns("build", "dist", "node_modules", ".venv", ".taskrush", "__pycache__")


def command_of(example: str) -> List[str]:
    """The words of the one indented line of an example's README."""
    lines = (REPOSITORY / "examples" / example / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 14
    (line,) = [line for line in lines if line.startswith("    ")]
    return shlex.split(line)


def test_every_example_has_one() -> None:
    """These examples with a README; `hello` is explained by the README of the project."""
    assert [
        *("c-project", "embedding", "failures", "limits", "mixed", "node-workspace", "notifications"),
        *("python-package", "retries", "secrets", "services"),
    ] == EXAMPLES
    folders = {path.name for path in (REPOSITORY / "examples").iterdir() if any(path.glob("[!_.]*"))}
    assert folders - set(EXAMPLES) == {"hello"}


@pytest.mark.core
@pytest.mark.parametrize("example", [name for name in EXAMPLES if name != "embedding"])
def test_its_command_plans(tmp_path: Path, example: str) -> None:
    """The command, with `--dry-run` added, finds the example and its tasks from the top of the repository."""
    scratch = Scratch(tmp_path)
    source = REPOSITORY / "examples" / example
    shutil.copytree(str(source), str(tmp_path / "examples" / example), ignore=LEFTOVERS)
    words = command_of(example)
    assert words[0] == "taskrush"
    done = scratch.rush("--dry-run", *words[1:])
    assert done.code == 0, done.all
    assert "nothing was run" in done.out


def test_the_tool_that_embeds_runs_as_written(tmp_path: Path) -> None:
    """The line makes a picture and a gallery of it."""
    scratch = Scratch(tmp_path)
    line = " ".join(shlex.quote(word) if word != "&&" else word for word in command_of("embedding"))
    line = line.replace("examples/embedding", str(REPOSITORY / "examples" / "embedding")).replace(
        "/tmp/gallery", "site"
    )
    done = scratch.rush(
        program=("/bin/sh", "-c", line.replace("python3 ", '"$PYTHON" ')), env={"PYTHON": sys.executable}
    )
    assert done.code == 0, done.all
    assert "2/2 page" in done.out
    assert (tmp_path / "site" / "a.ppm").read_bytes().startswith(b"P6 32 24 255\n")
