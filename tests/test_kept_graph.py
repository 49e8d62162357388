"""A graph that was kept is the graph that was made, and is not used when anything it came from has changed."""

import marshal
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Tuple

import pytest

from taskrush import Project, task
from taskrush.compile.link import link
from taskrush.kept_graph import CannotBeKept, freeze, thaw
from taskrush.loading import load_and_keep
from taskrush.model.task import TaskId
from tests.scenarios.test_old_files import FILES

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*/.rush"))
RICH = """
include: {lib: lib.rush}
vars: {sha: {cmd: git rev-parse HEAD}, who: world}
env: {A: 1}
secrets: [TOKEN]
settings: {color: never}
cache: {policies: {max_size: 1GB}}
tasks:
  all: {deps: [build, {task: nothing, optional: true}], finally: [clean], desc: "All of ${who}"}
  build:
    cmd: [make, "make ${target}"]
    inputs: ["src/**", "!src/x", {env: CC}, "package.json#version", {cmd: cc --version}]
    outputs: [out/]
    params: {target: {choices: [debug, release], default: debug}, level: {type: int, default: 2}}
    requires: [{program: make, message: get make}]
    retry: 2
    platforms: [linux]
  use: {argv: [cat, "out/${sha}"], inputs: [out/x], matrix: {py: ["3.8", "3.9"], os: [a, b]}}
  clean: {cmd: rm -r out, confirm: true}
  broken: {cmd: x, deps: [missing]}
"""


def whole(project: Project) -> Tuple[Any, ...]:
    """Everything of a project, `where` and problems included, which are no part of equality."""
    graph = project.graph
    tasks = [(name, one, repr(one)) for name, one in graph.tasks.items()]
    edges = [(name, found, repr(found)) for name, found in graph.edges.items()]
    return tasks, edges, dict(graph.names), graph.problems, project.files, project.sources, project.looked


def again(project: Project) -> Project:
    """What comes back from plain types."""
    parts = (project.files, project.sources, project.looked)
    graph, rest = thaw(marshal.loads(marshal.dumps(freeze(project.graph, parts))))
    return Project(project.root, graph, *rest)


@pytest.mark.core
@pytest.mark.parametrize("source", [*FILES, *EXAMPLES], ids=lambda path: path.parent.name + "-" + path.stem)
def test_every_graph_comes_back_whole(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of real files and of the examples."""
    (tmp_path / ".rush").write_bytes(source.read_bytes())
    monkeypatch.chdir(tmp_path)
    try:
        project = Project.load(str(tmp_path))
    except Exception:
        pytest.skip("an example that needs the files beside it")
    assert whole(again(project)) == whole(project)


@pytest.mark.core
def test_a_graph_with_everything_comes_back_whole(tmp_path: Path) -> None:
    """All kinds of values that a declaration has; every task alike, in any order of looking."""
    (tmp_path / ".rush").write_text(RICH)
    (tmp_path / "lib.rush").write_text("tasks: {pack: {cmd: zip, deps: [':build'], dotenv: .env}}\n")
    project = Project.load(str(tmp_path))
    back = again(project)
    assert back.graph["lib:pack"] == project.graph["lib:pack"]
    assert whole(back) == whole(project)
    assert [str(one) for one in back.problems] == [str(one) for one in project.problems]
    for target in ("all", "build", "use", "lib:pack"):
        assert back.plan(target) == project.plan(target)
    with pytest.raises(KeyError):
        back.graph.edges[TaskId("nothing")]


def test_functions_are_not_kept(tmp_path: Path) -> None:
    """They are no data."""

    @task
    def build() -> None: ...

    graph = Project.of([build], str(tmp_path)).graph
    with pytest.raises(CannotBeKept):
        freeze(graph, ())
    assert freeze(link([]), ())


ALL = "hello    │ hello all lib:pack │ packed [0]"
SCRIPT = """
import sys, os
from taskrush.model import identity
identity.SAFE_NS = 30_000_000
from taskrush_cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.write("\\n" + ("loaded" if "taskrush.loading" in sys.modules else "recalled"))
sys.exit(code)
"""


def run(root: Path, *words: str, **env: str) -> Tuple[str, str]:
    """What the tasks print, sorted, with the exit code, and whether the graph was `loaded` or `recalled`."""
    environ = {**os.environ, **env}
    environ.pop("PYTEST_CURRENT_TEST")
    command = [sys.executable, "-B", "-c", SCRIPT, *words]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    lines = sorted(line.strip() for line in done.stdout.splitlines())
    return f"{' '.join(lines)} [{done.returncode}]", done.stderr.rpartition("\n")[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".rush").write_text(
        "include: {lib: lib.rush}\ndotenv: .env\ntasks:\n"
        '  hello: {cmd: \'echo "hello $WHOM"\', desc: "for ${STAGE:-home}", deps: [lib:pack]}\n'
    )
    (tmp_path / "lib.rush").write_text("tasks: {pack: {cmd: echo packed}}\n")
    (tmp_path / ".env").write_text("WHOM=all\n")
    run(tmp_path, "hello")
    time.sleep(0.1)
    run(tmp_path, "hello")
    assert run(tmp_path, "--output=stream", "hello") == (ALL, "recalled")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("lib.rush", "tasks: {pack: {cmd: echo wrapped}}\n", "wrapped"),
        (".env", "WHOM=some\n", "hello some"),
        (".rush", "tasks: {hello: {cmd: echo new}}\n", "new"),
        (".rush.yml", "", "[2]"),
        ("tasks.py", "from taskrush import task\n@task\ndef other(): pass\n", "hello all"),
    ],
)
def test_a_change_is_seen(name: str, text: str, shown: str, root: Path) -> None:
    """In every file that was read, and when another one appears."""
    (root / name).write_text(text)
    said, how = run(root, "--output=stream", "hello")
    assert shown in said
    assert how == "loaded" or shown == "[2]"


def test_other_surroundings_load_again(root: Path) -> None:
    """Another environment, variables given on the command line, another folder to look from."""
    assert run(root, "--dry-run", "hello", STAGE="sea")[1] == "loaded"
    assert run(root, "--output=stream", "-e", "WHOM=you", "hello") == (ALL.replace("all", "you"), "loaded")
    (root / "below").mkdir()
    assert run(root / "below", "--output=stream", "hello") == (ALL, "loaded")


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign"])
def test_what_is_damaged_counts_as_absent(damage: str, root: Path) -> None:
    """And is made anew."""
    path = root / ".taskrush" / "graph"
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-5], "flipped": data[:-1] + bytes([data[-1] ^ 1]), "foreign": b"graph"}[damage])
    assert run(root, "--output=stream", "hello") == (ALL, "loaded")


def test_what_was_loaded_says_where_its_files_are(root: Path) -> None:
    """Sources are those of the files, and what was looked at holds all of them."""
    from taskrush.declare.discover import discover

    found = discover(str(root))
    assert found is not None
    _, files, sources, looked = load_and_keep(found, {})
    assert [os.path.basename(path) for path in sources] == [".rush", "lib.rush"]
    assert {*sources, str(root / ".env")} <= set(looked)
    assert all(file.tasks == () for file in files)
