"""What is paid for is used: common commands load none of the dear modules."""

import subprocess
import sys
from pathlib import Path

import pytest

DEAR = (
    "asyncio",
    "cattrs",
    "fsspec",
    "rich",
    "tenacity",
    "watchfiles",
    "ruamel",
    "importlib.metadata",
    "taskrush.runners.call",
)
TELL = f"import sys; sys.stderr.write('LOADED ' + ' '.join(n for n in {DEAR!r} if n in sys.modules) + '\\n')"

FILES = {
    "rush": (".rush", "tasks:\n  build:\n    cmd: echo built\n"),
    "python": ("tasks.py", "from taskrush import task\n@task\ndef build(x: int = 1):\n    '''Build.'''\n"),
}


def loaded(code: str, folder: Path) -> "list[str]":
    """The dear modules that `code` loads in a fresh interpreter."""
    script = f"import atexit, sys\natexit.register(lambda: exec({TELL!r}))\n{code}\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.rpartition("LOADED ")[2].split()


def command_line(*words: str) -> str:
    return f"from taskrush_cli.main import main\nsys.exit(main({list(words)!r}))"


@pytest.mark.core
def test_the_package_itself_loads_nothing(tmp_path: Path) -> None:
    """`import taskrush` and `--version` load not even attrs."""
    for code in ("import taskrush", command_line("--version")):
        assert loaded(f"{code.replace('sys.exit', 'print')}\nassert 'attr' not in sys.modules", tmp_path) == []


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("words", [("list",), ("build", "--dry-run"), ("graph",)], ids=" ".join)
def test_looking_is_cheap(kind: str, words: "tuple[str, ...]", tmp_path: Path) -> None:
    """Listing, dry runs and graphs, of `.rush` and of Python."""
    name, text = FILES[kind]
    (tmp_path / name).write_text(text)
    assert loaded(command_line(*words), tmp_path) == []


def test_a_plain_shell_run_is_cheap(tmp_path: Path) -> None:
    """Commands load neither event loops nor the runner of functions."""
    name, text = FILES["rush"]
    (tmp_path / name).write_text(text)
    assert loaded(command_line("build"), tmp_path) == []


def test_the_measure_measures(tmp_path: Path) -> None:
    """A dear module that is loaded is told, and functions load their runner."""
    assert loaded("import asyncio", tmp_path) == ["asyncio"]
    name, text = FILES["python"]
    (tmp_path / name).write_text(text)
    assert loaded(command_line("build"), tmp_path) == ["taskrush.runners.call"]
