"""The work whose cost is counted, and how TaskRush is started on it."""

import os
import sys
from pathlib import Path
from typing import Dict, List

INPUTS = 10  # of each task that has any


def with_files(folder: Path, count: int) -> Path:
    """Tasks that read ten files in a folder of their own and make one."""
    lines = []
    for number in range(count):
        inputs = folder / f"t{number}" / "in"
        inputs.mkdir(parents=True)
        for name in range(INPUTS):
            (inputs / f"f{name}").write_text(f"{number} {name}\n")
        made = f"t{number}/out.txt"
        lines.append(
            f"  t{number}: {{cmd: cat t{number}/in/* > {made}, inputs: ['t{number}/in/*'], outputs: [{made}]}}"
        )
    return _written(folder, lines)


def trivial(folder: Path, count: int) -> Path:
    """Tasks that start one program and do nothing."""
    folder.mkdir()
    return _written(folder, [f"  t{number}: {{cmd: /bin/true}}" for number in range(count)])


def _written(folder: Path, lines: List[str]) -> Path:
    every = ", ".join(f"t{number}" for number in range(len(lines)))
    (folder / ".rush").write_text("\n".join(["tasks:", f"  all: {{deps: [{every}]}}", *lines]))
    return folder


def command(*words: str, before: str = "") -> List[str]:
    """The same as `taskrush WORDS`, by the interpreter that runs the tests."""
    code = f"import sys\n{before}\nfrom taskrush_cli.main import main\nsys.exit(main({list(words)!r}))"
    return [sys.executable, "-c", code]


def quiet_environment(home: Path) -> Dict[str, str]:
    """The same for every test: nothing of whoever runs it."""
    keep = ("LD_LIBRARY_PATH", "PATH", "PYTHONPATH")
    mine = {"HOME": str(home), "TASKRUSH_CACHE_DIR": str(home / "cache"), "LANG": "C.UTF-8", "TERM": "dumb"}
    return {**{name: os.environ[name] for name in keep if name in os.environ}, **mine}
