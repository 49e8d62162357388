"""Every example of the documentation does what the page says."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Tuple

import pytest

from tests.docs.snippets import Block, Section, commands, missing_line, sections

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_hooks" not in path.parts)]
SECTIONS = [section for page in PAGES for section in sections(str(page.relative_to(ROOT)), page)]


def environment(home: Path) -> Dict[str, str]:
    """The commands of this interpreter first, a home of their own, no colours."""
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "HOME": str(home), "COLUMNS": "120"}


def play(words: Tuple[str, ...], folder: Path) -> Tuple[int, str]:
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(folder.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def play_block(block: Block, folder: Path, at: str) -> None:
    if block.title:
        target = folder / block.title
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")
    elif block.language == "console":
        for command in commands(block):
            code, printed = play(("bash", "-c", command.command), folder)
            assert code == command.code, f"{at}: `{command.command}` exits with {code}\n{printed}"
            missing = missing_line(command.output, printed)
            assert not missing, f"{at}: `{command.command}` does not print `{missing}` (in this order) but\n{printed}"
    elif block.language == "python":
        code, printed = play((sys.executable, "-c", block.text), folder)
        assert code == 0, f"{at}: the script exits with {code}\n{printed}"
    else:
        alone = folder / f"block-{block.line}"
        alone.mkdir()
        (alone / ".rush").write_text(block.text, encoding="utf-8")
        code, printed = play((sys.executable, "-m", "taskrush", "builtin", "list"), alone)
        assert code == 0, f"{at}: does not load\n{printed}"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section.page}#{section.heading}")
def test_a_section_does_what_it_says(section: Section, tmp_path: Path) -> None:
    """Files are written, commands run and print what is shown, scripts end well, task files load."""
    folder = tmp_path / "project"
    folder.mkdir()
    for block in section.blocks:
        play_block(block, folder, f"{section.page}:{block.line}")


def test_a_wrong_output_is_noticed(tmp_path: Path) -> None:
    """The player fails where a page shows a line that is not printed."""
    with pytest.raises(AssertionError, match="does not print `two`"):
        play_block(Block("console", "", "$ echo one\ntwo\n", 1), tmp_path, "here")
