"""Files of version 0.2.6 and examples of the roadmap load, list and dry-run as they are.

Real ones are read from a folder beside the repository where there is one; `files/` holds equivalents.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Dict, List, Set

import pytest
import yaml

from taskrush import Project
from taskrush_cli.main import main
from tests.scenarios.rush import REPOSITORY, Scratch

OWN = Path(__file__).parent / "files"
SHARED = REPOSITORY.parent / "shared"
ROADMAP = SHARED / "ROADMAP.md"
REAL = SHARED / "v026" / "files"
FILES = sorted(OWN.glob("*.rush")) + sorted(REAL.glob("*.rush"))


def load(scratch: Scratch, source: Path) -> Project:
    shutil.copy(str(source), str(scratch.root / ".rush"))
    return Project.load(str(scratch.root))


def plain(source: Path) -> Dict[str, dict]:  # type: ignore[type-arg]
    """The tasks of a file as YAML alone sees them."""
    return yaml.safe_load(source.read_text(encoding="utf-8"))["tasks"]  # type: ignore[no-any-return]


def needed(tasks: Dict[str, dict], name: str) -> Set[str]:  # type: ignore[type-arg]
    """The names that a task reaches, itself included."""
    seen: Set[str] = set()
    todo = [name]
    while todo:
        now = todo.pop()
        if now not in seen:
            seen.add(now)
            body = tasks.get(now, {})
            todo.extend(body.get("deps", body.get("depends_on", [])))
    return seen


def test_there_are_files() -> None:
    """The repository has its own, whether or not the real ones are beside it."""
    assert len(list(OWN.glob("*.rush"))) >= 6
    assert not REAL.exists() or len(list(REAL.glob("*.rush"))) >= 30


@pytest.mark.core
@pytest.mark.parametrize("source", FILES, ids=lambda path: path.stem)
def test_every_file_loads_lists_and_dry_runs(
    scratch: Scratch, source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task of every file is listed, and planned with exactly what it needs; nothing is executed."""
    monkeypatch.chdir(scratch.root)
    tasks = plain(source)
    project = load(scratch, source)
    assert {task.id for task in project.graph if not task.hidden} == set(tasks)

    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for name in tasks:
        assert name in listed

    for name in tasks:
        wanted = needed(tasks, name)
        code = main(["--dry-run", name])
        shown = capsys.readouterr()
        lost = wanted - set(tasks)
        if lost:
            assert (code, any(f"`{other}`, which does not exist" in shown.err for other in lost)) == (2, True)
            assert re.search(r"\.rush:\d+", shown.err)
        else:
            assert code == 0, shown.err
            assert all(other in shown.out for other in wanted)
            assert {task.id for task in project.plan(name).tasks} == wanted
    assert sorted(path.name for path in scratch.root.iterdir() if path.name != ".taskrush") == [".rush"]


def echoes() -> List[object]:
    """Every task of every file that needs nothing but `echo`."""
    found = []
    for source in FILES:
        tasks = plain(source)
        for name in tasks:
            bodies = [tasks.get(other, {"cmd": "?"}) for other in needed(tasks, name)]
            commands = [body.get("cmd", "echo") for body in bodies]
            flat = [line for item in commands for line in (item if isinstance(item, list) else [item])]
            if all(line.startswith("echo") for line in flat):
                found.append(pytest.param(source, name, id=f"{source.stem}-{name}"))
    return found


@pytest.mark.parametrize(("source", "name"), echoes())
def test_what_only_needs_echo_really_runs(scratch: Scratch, source: Path, name: str) -> None:
    """Tasks with local commands run, after everything they need, with their variables filled in."""
    from taskrush import TaskOutput

    tasks = plain(source)
    project = load(scratch, source)
    said: Dict[str, str] = {}

    class Listener:
        def on_record(self, record: object) -> None:
            event = getattr(record, "event", None)
            if isinstance(event, TaskOutput):
                said[event.task] = said.get(event.task, "") + event.data.decode("utf-8")

    result = project.run(name, subscribers=[Listener()])
    assert result.exit_code == 0
    assert set(said) == {other for other in needed(tasks, name) if tasks[other].get("cmd")}
    for task, text in said.items():
        assert "${" not in text, f"{task}: {text}"


def test_old_values_of_variables(scratch: Scratch) -> None:
    """Numbers and YAML 1.1's `no` stay what was written; defaults in braces yield to the surroundings."""
    shutil.copy(str(OWN / "old-echo.rush"), str(scratch.root / ".rush"))
    done = scratch.rush("deploy")
    assert (done.code, "to staging as nobody" in done.out) == (0, True), done.all
    assert "to production as me" in scratch.rush("deploy", env={"DEPLOY_ENV": "production", "WHO": "me"}).out
    env = Project.load(str(scratch.root)).task("deploy").env
    assert (env["REPLICAS"], env["DEBUG"]) == ("3", "no")


LATER = [
    ("roadmap-plugins", "publish", "chat-notify", ["plugin"]),
    ("roadmap-remotes", "compile", "remote: farm", ["farm"]),
    ("roadmap-remotes", "check", "remote: tester", ["tester"]),
    ("roadmap-cache", "bundle", "", ["cache"]),
]


@pytest.mark.parametrize(("source", "target", "line", "words"), LATER)
def test_running_what_comes_later_says_what_is_missing(
    scratch: Scratch, source: str, target: str, line: str, words: List[str]
) -> None:
    """Nothing starts; the message names the capability, the file and the line."""
    text = (OWN / f"{source}.rush").read_text(encoding="utf-8")
    (scratch.root / ".rush").write_text(text, encoding="utf-8")
    done = scratch.rush(target)
    assert done.code == 2, done.all
    assert any(word in done.err for word in words), done.err
    place = re.search(r"\.rush:(\d+)", done.err)
    assert place, done.err
    assert line in text.splitlines()[int(place.group(1)) - 1]


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for npm is a shell script")
def test_the_flaky_test_of_the_roadmap(scratch: Scratch) -> None:
    """Word for word: tried again after 1s and 2s, as its code and its output are among those named."""
    (scratch.root / ".rush").write_text((OWN / "roadmap-retry.rush").read_text(encoding="utf-8"), encoding="utf-8")
    make = scratch.write(
        "bin/make",
        "#!/bin/sh\necho x >> count\n[ $(wc -l < count) -ge 3 ] && exit 0\necho connection reset by peer\nexit 2\n",
    )
    make.chmod(0o755)
    done = scratch.rush("shaky-test", env={"PATH": f"{make.parent}{os.pathsep}{os.environ['PATH']}"})
    assert done.code == 0, done.all
    assert scratch.text("count") == "x\nx\nx\n"
    assert [f"attempt {number} in {seconds}s" in done.err for number, seconds in ((2, 1), (3, 2))] == [True, True]


@pytest.mark.skipif(not ROADMAP.exists(), reason="the roadmap is not beside the repository")
@pytest.mark.parametrize("number", range(4))
def test_blocks_of_the_roadmap(
    scratch: Scratch, number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each YAML block lists and dry-runs as it stands; running its tasks names what is missing, with file and line."""
    monkeypatch.chdir(scratch.root)
    block = re.findall(r"```yaml\n(.*?)```", ROADMAP.read_text(encoding="utf-8"), re.DOTALL)[number]
    (scratch.root / ".rush").write_text(block, encoding="utf-8")
    assert main(["list"]) == 0
    for name, body in yaml.safe_load(block)["tasks"].items():
        capsys.readouterr()
        assert main(["--dry-run", name]) == 0
        assert name in capsys.readouterr().out
        if "retry" in body:  # can be run; `test_retries.py` and `test_notify.py` run the like of it
            continue
        assert main([name]) == 2
        assert re.search(r"\.rush:\d+", capsys.readouterr().err)
