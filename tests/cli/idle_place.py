"""A workspace in which runs with nothing to do are told quickly, and copies of it in which they are not."""

import contextlib
import io
import os
import re
import shutil
import time
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from taskrush.model import identity
from taskrush.unchanged import NAME
from taskrush_cli.main import main

RUSH = """
tasks:
  all: {deps: [lib, app, check, env]}
  lib:
    cmd: "echo lib >> ../ran; mkdir -p out/lib; cat src/lib/* > out/lib/a"
    inputs: ["src/lib/**"]
    outputs: [out/lib/]
  app:
    cmd: "echo app >> ../ran; cat out/lib/a main > app"
    inputs: [main, "more/*.txt", "!more/no.txt"]
    outputs: [app]
    deps: [lib]
  check: {cmd: "echo check >> ../ran", inputs: [main, maybe], deps: [app]}
  env: {cmd: "echo env >> ../ran; echo $FLAVOUR > out/env/made", inputs: [main], outputs: ["out/env/*"]}
"""
QUICK = 30_000_000  # ns that stand for the two seconds
WORDS = ("all", "-j2")


class Place:
    """A workspace with a cache of its own, and what ran in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "work"
        self.env: Dict[str, str] = {}

    def make(self) -> None:
        (self.root / "src/lib").mkdir(parents=True)
        (self.root / "out/env").mkdir(parents=True)
        (self.root / "more").mkdir()
        for name in ("src/lib/one", "src/lib/two", "main", "more/a.txt", "more/no.txt"):
            (self.root / name).write_text(f"{name}\n")
        (self.root / ".rush").write_text(RUSH)

    def copy(self, home: Path) -> "Place":
        """All of it elsewhere, but for what the quick way goes by; as every file is a new one, all are read."""
        shutil.copytree(self.home, home, symlinks=True)
        shutil.rmtree(home / "work" / ".taskrush" / NAME, ignore_errors=True)
        other = Place(home)
        other.env = dict(self.env)
        return other

    def run(self, *words: str) -> Tuple[List[str], List[str], int]:
        """What ran, what was said (without times) and the exit code."""
        ran = self.home / "ran"
        ran.unlink(missing_ok=True)
        before, cwd, said = dict(os.environ), os.getcwd(), io.StringIO()
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # it says whether a fixture is at work
        os.environ.update(self.env, TASKRUSH_CACHE_DIR=str(self.home / "cache"))
        try:
            os.chdir(self.root)
            with contextlib.redirect_stderr(said):
                code = main(list(words or WORDS))
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(before)
        text = re.sub(r"\d+\.\d+s", "T", said.getvalue())
        text = re.sub(r", T saved", "", text)
        return sorted(ran.read_text().split()) if ran.exists() else [], sorted(text.splitlines()), code

    @property
    def kept(self) -> List[Path]:
        folder = self.root / ".taskrush" / NAME
        return [path for path in folder.iterdir() if not path.suffix] if folder.exists() else []


def settle() -> None:
    time.sleep(QUICK / 1e9 * 1.4)


@contextlib.contextmanager
def quickened() -> Iterator[None]:
    """What is 30 ms old is old."""
    before = identity.SAFE_NS
    identity.SAFE_NS = QUICK
    try:
        yield
    finally:
        identity.SAFE_NS = before


def is_quick(place: Place, *words: str) -> bool:
    """Whether the next run is told without loading the graph."""
    graph = place.root / ".taskrush" / "graph"
    hidden = graph.with_suffix(".hidden")
    before = sorted(os.listdir(place.root / ".taskrush"))
    graph.rename(hidden)
    try:
        place.run(*words)
        return not graph.exists() and before != []
    finally:
        hidden.replace(graph)
