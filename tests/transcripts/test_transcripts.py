"""The command line's contract, as transcripts that anybody can read: one `.txt` file a feature.

A transcript starts with a sentence, then come the files of a scratch folder (`--- file: NAME`), then, after
`--- session`, commands (`$ taskrush build`) with all that they print and, unless it is 0, their exit code (`[exit 1]`).
Times are written as `0.01s`. `UPDATE_TRANSCRIPTS=1 pytest tests/transcripts` writes what is printed into the files.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import attrs
import pytest

from taskrush_cli.main import main

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.txt"))
REPOSITORY = HERE.parents[1]
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*$")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
OF_SHELL = re.compile(r"[|<>&;]")


@attrs.frozen
class Step:
    """One command and what it is expected to print."""

    command: str
    expected: str


@attrs.frozen
class Transcript:
    """A parsed file; `head` is everything before the session, as it stands there."""

    head: str
    files: Dict[str, str]
    steps: Tuple[Step, ...]


def parse(text: str) -> Transcript:
    head, _, session = text.partition("--- session\n")
    files: Dict[str, str] = {}
    for section in head.split("--- file: ")[1:]:
        name, _, body = section.partition("\n")
        files[name.strip()] = body.rstrip("\n") + "\n"
    steps: List[Step] = []
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        steps.append(Step(command, expected.rstrip("\n")))
    return Transcript(head, files, tuple(steps))


@contextlib.contextmanager
def environment(values: Dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def in_process(words: List[str]) -> Tuple[str, int]:
    """Run `main` with both streams in one file, as on a terminal that is none."""
    with tempfile.TemporaryFile() as file:
        stream = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
        saved = sys.stdout, sys.stderr, sys.stdin
        sys.stdout = sys.stderr = stream
        sys.stdin = io.StringIO()
        try:
            code = main(words)
        except SystemExit as error:  # argparse's --help
            code = int(error.code or 0)
        finally:
            sys.stdout, sys.stderr, sys.stdin = saved
            stream.flush()
        file.seek(0)
        return file.read().decode("utf-8", "backslashreplace"), code


def execute(command: str) -> Tuple[str, int]:
    words = shlex.split(command)
    values = {}
    while words and ASSIGNMENT.match(words[0]):
        name, _, value = words.pop(0).partition("=")
        values[name] = value
    if words[0] == "taskrush" and not OF_SHELL.search(QUOTED.sub("", command)):
        with environment(values):
            return in_process(words[1:])
    shell = f'taskrush() {{ {shlex.quote(sys.executable)} -m taskrush "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", shell], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode("utf-8", "backslashreplace"), done.returncode


def normal(text: str, folder: Path) -> str:
    """Without what differs from machine to machine."""
    for path in {str(folder), os.path.realpath(folder)}:
        text = text.replace(path, "/project")
    text = text.replace(os.environ.get("TASKRUSH_CACHE_DIR") or "\0", "/cache")
    text = re.sub(r"\b\d+\.\d\ds", "0.01s", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "KEY", text)
    text = re.sub(r"made  \S+ \S+ in 0.01s by run \S+", "made  DAY TIME in 0.01s by run RUN", text)
    text = re.sub(r"\b\d{8}T\d{6}-[0-9a-f]{8}\b", "RUN", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "DAY TIME", text)
    text = re.sub(r"\b\d+\.\ds", "0.0s", text)
    text = re.sub(r"\b\d+ MB\b *", "25 MB  ", text)
    text = re.sub(r"\bpeak +", "peak   ", text)
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))


@pytest.mark.skipif(os.name != "posix", reason="transcripts are written for a POSIX shell")
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
def test_transcript(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the transcript prints exactly what stands below it."""
    transcript = parse(path.read_text(encoding="utf-8"))
    folder = tmp_path / "project"
    for name, body in transcript.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.setenv("COLUMNS", "100")
    found: List[Step] = []
    for step in transcript.steps:
        text, code = execute(step.command)
        shown = normal(text, folder)
        if code:
            shown = f"{shown}\n[exit {code}]".lstrip("\n")
        found.append(Step(step.command, shown))
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        session = "".join(f"$ {step.command}\n" + (step.expected and f"{step.expected}\n") for step in found)
        path.write_text(f"{transcript.head}--- session\n{session}", encoding="utf-8")
    assert found == list(transcript.steps)


def test_there_are_transcripts_of_every_part() -> None:
    """The runner finds the files, and each of them has commands."""
    assert len(TRANSCRIPTS) >= 35
    assert all(parse(path.read_text(encoding="utf-8")).steps for path in TRANSCRIPTS)
