"""What is paid for is used: common commands load none of the dear modules."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Set

import pytest

from tests.needs import needs_tracing

DEAR = (
    "asyncio",
    "attr",
    "cattrs",
    "fsspec",
    "rich",
    "tenacity",
    "watchfiles",
    "ruamel",
    "importlib.metadata",
    "sqlite3",
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
    """Commands load neither event loops nor the runner of functions, and what is remembered is not JSON."""
    name, text = FILES["rush"]
    (tmp_path / name).write_text(text)
    code = command_line("build").replace("sys.exit", "")
    assert loaded(f"{code}\nassert 'json' not in sys.modules", tmp_path) == []


OURS = {"taskrush", "taskrush._version", "taskrush_cli", "taskrush_cli.main"}
ROWS = OURS | {
    "taskrush.declare",
    "taskrush.declare.discover",
    "taskrush.kept",
    "taskrush.model",
    "taskrush.model.identity",
    "taskrush.statefile",
    "taskrush_cli.commands",
    "taskrush_cli.listing",
}
LIST = ROWS | {
    "taskrush_cli.commands.list",
    "taskrush_cli.looking",
    "taskrush_cli.render",
    "taskrush_cli.render.style",
    "taskrush_cli.render.table",
}
NAMED = LIST | {"taskrush.compile", "taskrush.compile.select"}
COMPLETE = ROWS | {"taskrush_cli.complete", "taskrush_cli.spellings"}
# Of the standard library, what costs next to nothing.
CHEAP = {"__future__", "errno", "hashlib", "_blake2", "_hashlib", "_operator", "_sha2", "_sha256", "_signal"}

EXACT = {
    "--version": OURS,
    "list": LIST,
    "list --simple": LIST,
    "list -v --by=tag": LIST,
    "": LIST,
    "-C . list --all": LIST,
    "list build": NAMED,
    "__complete b": COMPLETE,
    "__complete build --": COMPLETE,
}


def plain() -> "Dict[str, str]":
    """An environment that is the same for every test and fixture."""
    names = ("LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in names if name in os.environ}


def modules(code: str, folder: Path) -> "Set[str]":
    """Everything that a fresh interpreter has loaded after `code`."""
    script = f"import sys\nout, sys.stdout = sys.stdout, sys.stderr\n{code}\nout.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=plain(), capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has been listed and completed."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / ".rush").write_text("tasks:\n  build: {cmd: make, tags: [ci], params: {level: {default: 1}}}\n")
    settle = "from taskrush.model import identity; identity.SAFE_NS = 10**7\n"
    for _ in range(2):
        modules(settle + command_line("__complete", "").replace("sys.exit", ""), folder)
        modules(settle + command_line("list").replace("sys.exit", ""), folder)
        time.sleep(0.05)
    time.sleep(2.1)  # now nothing is young
    return folder


@pytest.mark.core
@pytest.mark.parametrize("words", sorted(EXACT))
def test_who_only_looks_loads_exactly_this(words: str, kept: Path) -> None:
    """No module of ours more, and of the standard library only what costs next to nothing."""
    found = modules(command_line(*words.split()).replace("sys.exit", ""), kept) - modules("", kept)
    ours = {name for name in found if name.partition(".")[0] in ("taskrush", "taskrush_cli")}
    assert ours == EXACT[words]
    assert found - ours - CHEAP == set()


NOT_IN_A_RUN = {
    *("argparse", "bisect", "contextlib", "fnmatch", "hashlib", "importlib", "json", "math", "queue", "random", "re"),
    *("signal", "string", "struct", "subprocess", "tempfile", "threading", "typing", "warnings", "weakref"),
}
OURS_NOT_IN_A_RUN = {
    *("declare.options", "declare.rushfile", "compile.expand", "compile.link", "compile.names", "loading", "protocols"),
    *("model.disguise", "model.limits", "model.notification", "model.pattern", "model.retry", "model.secret_finder"),
    *("model.service", "model.spelling", "execute.admission", "execute.outputs", "execute.probes", "execute.timeouts"),
    *("execute.service_run", "execute.function_executor", "runners.body", "runners.call", "runners.invoke"),
    *("annotations", "events_page", "report.jsonl", "report.notify", "supply.vault"),
}


@pytest.mark.core
def test_a_plain_run_pays_for_what_it_uses(kept: Path) -> None:
    """A command of a graph that is kept: nothing is imported that no line of it needs."""
    before = modules("", kept)
    (kept / "plain").mkdir(exist_ok=True)
    folder = kept / "plain"
    (folder / ".rush").write_text("tasks:\n  one: {cmd: /bin/true}\n")
    settle = "from taskrush.model import identity; identity.SAFE_NS = 10**7\n"
    for _ in range(2):
        time.sleep(0.05)
        modules(settle + command_line("one").replace("sys.exit", ""), folder)
    time.sleep(2.1)
    found = modules(command_line("one").replace("sys.exit", ""), folder) - before
    if sys.version_info >= (3, 9):  # before, `Mapping[K, V]` is `typing`'s, and processes are waited for in threads
        assert found & NOT_IN_A_RUN == set()
    assert found & {f"taskrush.{name}" for name in OURS_NOT_IN_A_RUN} == set()
    assert "taskrush.execute.executor" in found  # it did run


@pytest.mark.parametrize(("words", "opened", "calls"), [("--version", 20, 250), ("list", 60, 900)])
def test_who_only_looks_asks_little_of_the_system(words: str, opened: int, calls: int, kept: Path) -> None:
    """Beyond what the bare interpreter does; one process, and nothing of the user's is started."""
    needs_tracing()

    def traced(code: str) -> "list[str]":
        log = kept.parent / "strace.log"
        command = ["strace", "-f", "-qq", "-o", str(log), sys.executable, "-c", code]
        subprocess.run(command, cwd=kept, env=plain(), stdout=subprocess.DEVNULL, check=True)
        return log.read_text().splitlines()

    bare, found = traced("pass"), traced("import sys\n" + command_line(*words.split()))
    opens = [sum("open" in line for line in lines) for lines in (bare, found)]
    assert (opens[1] - opens[0] <= opened, len(found) - len(bare) <= calls) == (True, True), (opens, len(found))
    assert not [line for line in found[1:] if any(word in line for word in ("execve", "clone", "fork"))]


def test_the_measure_measures(tmp_path: Path) -> None:
    """A dear module that is loaded is told, and functions load their runner."""
    assert loaded("import asyncio", tmp_path) == ["asyncio"]
    name, text = FILES["python"]
    (tmp_path / name).write_text(text)
    assert loaded(command_line("build"), tmp_path) == ["taskrush.runners.call"]
