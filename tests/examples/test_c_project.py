"""The C project is compiled, linked and tested, with edges that follow from files."""

import json
import subprocess
from typing import Callable, Dict

import pytest

from taskrush import Project
from tests.scenarios.rush import Scratch

pytestmark = pytest.mark.needs("cc")
Example = Callable[[str], Scratch]


def test_it_is_built_and_tested(example: Example) -> None:
    """One command compiles 21 sources in parallel, links the program and runs four test programs."""
    project = example("c-project")
    done = project.rush("test")
    assert done.code == 0, done.all
    assert len(list(project.root.glob("build/*.o"))) == 21
    assert done.out.count("checks, 0 failures") == 4
    assert "calc says 12.56" in done.out
    assert "21 sources, 4 test programs: all well" in done.out

    calc = str(project.root / "build" / "calc")
    said = subprocess.run([calc, "--summary", "x = 3", "x ^ 2"], capture_output=True, text=True, check=True)
    assert said.stdout == "3\n9\nn=2 mean=6 median=6 deviation=4.242640687119285\n"


def states(project: Scratch, target: str) -> Dict[str, str]:
    """The state in which each task of a run ended."""
    done = project.rush("--output", "json", target)
    assert done.code == 0, done.all
    events = [json.loads(line)["event"] for line in done.out.splitlines()]
    return {event["task"]: event["outcome"]["state"] for event in events if event["type"] == "TaskFinished"}


def test_a_header_is_respected_as_the_compiler_sees_it(example: Example) -> None:
    """A second run compiles nothing; after a change of a header, exactly what `cc -MM` names is compiled again."""
    project = example("c-project")
    assert set(states(project, "calc").values()) == {"succeeded"}
    assert set(states(project, "calc").values()) == {"fresh"}
    for name in ("token.h", "version.h"):
        header = project.root / "src" / name
        header.write_text(header.read_text().replace("#endif", "extern int changed;\n#endif"))
        words = ["cc", "-MM", *(str(source) for source in project.root.glob("src/*.c"))]
        rules = (
            subprocess.run(words, capture_output=True, text=True, check=True).stdout.replace("\\\n", "").splitlines()
        )
        wanted = {f"compile:{rule.split('.o:')[0]}" for rule in rules if f"/{name}" in rule}
        ended = states(project, "calc")
        assert {task for task, state in ended.items() if state == "succeeded"} - {"calc"} == wanted
        assert wanted


def test_nothing_runs_twice(example: Example) -> None:
    """Tests included; what only has dependencies has nothing to skip."""
    project = example("c-project")
    states(project, "test")
    again = states(project, "test")
    assert {task for task, state in again.items() if state != "fresh"} == {"test"}


def test_a_comment_stops_at_the_object(example: Example) -> None:
    """The source is compiled again, to the same object: nothing is linked, no test runs."""
    project = example("c-project")
    states(project, "calc")
    source = project.root / "src" / "stats.c"
    source.write_text(source.read_text() + "/* nothing new */\n")
    ended = states(project, "calc")
    assert {task for task, state in ended.items() if state != "fresh"} == {"compile:stats"}


def test_going_back_restores(example: Example) -> None:
    """The state of before is in the cache: no compiler runs, and the program is that of before."""
    project = example("c-project")
    states(project, "calc")
    before = (project.root / "build" / "calc").read_bytes()
    header = project.root / "src" / "version.h"
    text = header.read_text()
    header.write_text(text.replace("1.0", "2.0"))
    states(project, "calc")
    assert (project.root / "build" / "calc").read_bytes() != before
    header.write_text(text)
    assert set(states(project, "calc").values()) == {"fresh", "hit"}
    assert (project.root / "build" / "calc").read_bytes() == before


def test_what_is_removed_is_made_again(example: Example) -> None:
    """A lost program comes back, and a changed constant in a header reaches it."""
    project = example("c-project")
    assert project.rush("calc").code == 0
    calc = project.root / "build" / "calc"
    calc.unlink()
    assert project.rush("calc").code == 0
    assert subprocess.run([str(calc), "--version"], capture_output=True, text=True, check=True).stdout == "calc 1.0\n"
    header = project.root / "src" / "version.h"
    header.write_text(header.read_text().replace("1.0", "1.1"))
    assert project.rush("calc").code == 0
    assert subprocess.run([str(calc), "--version"], capture_output=True, text=True, check=True).stdout == "calc 1.1\n"


@pytest.mark.core
def test_edges_follow_from_files(example: Example) -> None:
    """Nobody names a compile task: the program and its tests read objects, so those come first."""
    project = Project.load(str(example("c-project").root))
    assert not project.task("calc").deps
    planned = [task.id for task in project.plan("calc").tasks]
    assert len(planned) == 22
    assert planned[-1] == "calc"
    assert all(name.startswith("compile:") for name in planned[:-1])
    needed = {task.id for task in project.plan("check:test_stats").tasks}
    assert {"compile:stats", "compile:vec"} < needed
    assert "compile:main" not in needed
    assert "src/token.h" in (project.task("compile:parser").inputs or ())  # through lexer.h
    assert "src/token.h" not in (project.task("compile:stats").inputs or ())


def test_a_compile_error_is_shown_and_nothing_is_linked(example: Example) -> None:
    """The compiler's words reach the screen, the run fails, and no program appears."""
    project = example("c-project")
    source = project.root / "src" / "stats.c"
    source.write_text(source.read_text().replace("double mean =", "duoble mean ="))
    done = project.rush("-k", "calc")
    assert done.code == 1
    assert "duoble" in done.all
    assert not (project.root / "build" / "calc").exists()
    assert (project.root / "build" / "eval.o").exists()
    assert not (project.root / "build" / "stats.o").exists()


def test_its_graph_can_be_seen(example: Example) -> None:
    """`graph --format json` has the 21 objects below the program."""
    done = example("c-project").rush("graph", "calc", "--format", "json")
    assert done.code == 0, done.all
    assert "compile:parser" in json.dumps(json.loads(done.out))
