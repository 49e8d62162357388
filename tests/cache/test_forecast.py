"""What a dry run says is what a run then does, and looking runs nothing."""

import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskrush import Ingredient, Project, State, Task
from taskrush.cache.forecast import Forecast
from taskrush_cli.forecasting import forecasts

VERDICTS = {State.FRESH: "fresh", State.HIT: "hit", State.SUCCEEDED: "run"}


def looked(project: Project, target: str) -> Dict[str, Forecast]:
    found, warnings = forecasts(project, project.plan(target), {})
    assert list(warnings) == []
    return dict(found)


def verdicts(project: Project, target: str) -> Dict[str, str]:
    return {task: one.verdict for task, one in looked(project, target).items()}


def chain(root: Path, *tasks: Task) -> Project:
    return Project.of(tasks, str(root))


GENERATE = Task(id="generate", action="cp source generated", inputs=["source"], outputs=["generated"])
GROUP = Task(id="group", deps=["generate"])
USE = Task(id="use", action="echo used", inputs=[], deps=["group"])


def test_behind_a_group_it_depends_on_what_runs_first(tmp_path: Path) -> None:
    """A group has no result of its own, and what is behind it is named."""
    project = chain(tmp_path, GENERATE, GROUP, USE)
    (tmp_path / "source").write_text("1")
    assert verdicts(project, "use") == {"generate": "miss", "group": "nothing", "use": "after"}
    assert looked(project, "use")["use"].after == "generate"
    assert project.run("use").ok
    assert verdicts(project, "use") == {"generate": "fresh", "group": "nothing", "use": "fresh"}
    (tmp_path / "source").write_text("2")
    assert verdicts(project, "use") == {"generate": "miss", "group": "nothing", "use": "after"}


def test_what_makes_nothing_has_a_key_before_it_runs(tmp_path: Path) -> None:
    """A dependant of a lint that is to run is known to run as well."""
    project = chain(
        tmp_path,
        Task(id="lint", action="true", inputs=["source"]),
        Task(id="use", action="true", inputs=[], deps=["lint"]),
    )
    (tmp_path / "source").write_text("1")
    assert project.run("use").ok
    (tmp_path / "source").write_text("2")
    found = looked(project, "use")
    assert (found["use"].verdict, found["use"].reason) == ("miss", "dependency lint changed")


def test_commands_are_taken_to_print_what_they_printed(tmp_path: Path) -> None:
    """They are not run, and that they were not is said."""
    ask = Ingredient(command="echo asked >> trace; cat version")
    project = chain(tmp_path, Task(id="use", action="true", inputs=[], ingredients=(ask,)))
    (tmp_path / "version").write_text("1")
    assert project.run("use").ok
    (tmp_path / "trace").unlink()
    found = looked(project, "use")["use"]
    assert (found.verdict, found.assumed) == ("fresh", (ask.command,))
    assert not (tmp_path / "trace").exists()


def test_links_that_are_to_be_restored_look_as_they_will(tmp_path: Path) -> None:
    """To a file, to a folder, to nothing."""
    command = "mkdir out; cp source out/a; ln -s a out/to-a; ln -s ../out out/deep; ln -s nowhere out/none"
    make = Task(id="make", action=command, inputs=["source"], outputs=["out"])
    project = chain(tmp_path, make, Task(id="use", action="ls out", inputs=["out/**"]))
    (tmp_path / "source").write_text("1")
    assert project.run("use").ok
    shutil.rmtree(tmp_path / "out")
    assert verdicts(project, "use") == {"make": "hit", "use": "fresh"}
    result = project.run("use")
    assert [result[name].state for name in ("make", "use")] == [State.HIT, State.FRESH]


SHAPES: List[Optional[str]] = [None, "uncached", "no outputs"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "remove", "run"]), st.integers(0, 3), st.integers(0, 1)), max_size=8
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=st.lists(st.sampled_from(SHAPES), min_size=4, max_size=4), steps=STEPS)
def test_a_run_does_what_was_foretold(shapes: List[Optional[str]], steps: List[Any], tmp_path: Path) -> None:
    """Whatever was edited, removed and run before: fresh stays fresh, a hit is restored, a miss runs."""
    root = tmp_path / os.urandom(6).hex()
    root.mkdir()
    tasks = []
    for number, shape in enumerate(shapes):
        outputs = [] if shape == "no outputs" else [f"out{number}"]
        tasks.append(
            Task(
                id=f"t{number}",
                action=f"cat in{number} > out{number}" if outputs else "true",
                inputs=None if shape == "uncached" else [f"in{number}"],
                outputs=outputs,
                deps=[f"t{number - 1}"] if number else [],
            )
        )
        (root / f"in{number}").write_text("0")
    project = Project.of(tasks, str(root))
    for kind, number, value in steps:
        if kind == "write":
            (root / f"in{number}").write_text(str(value))
        elif kind == "remove" and (root / f"out{number}").exists():
            (root / f"out{number}").unlink()
        elif kind == "run":
            assert project.run(f"t{number}").ok
    found = looked(project, "t3")
    result = project.run("t3")
    assert result.ok
    for task, one in found.items():
        did = VERDICTS[result[task].state]
        wanted = {"fresh": ["fresh"], "hit": ["hit"], "miss": ["run"], "always": ["run"]}
        assert did in wanted.get(one.verdict, ["fresh", "hit", "run"]), (task, one)


@pytest.mark.parametrize("change", ["source", "nothing"])
def test_a_dry_run_leaves_everything_as_it_is(tmp_path: Path, change: str) -> None:
    """What is to be restored is not restored, and looking again says the same."""
    project = chain(tmp_path, GENERATE)
    (tmp_path / "source").write_text("1")
    assert project.run("generate").ok
    (tmp_path / "generated").unlink()
    if change == "source":
        (tmp_path / "source").write_text("2")
    wanted = {"generate": "miss" if change == "source" else "hit"}
    assert verdicts(project, "generate") == verdicts(project, "generate") == wanted
    assert not (tmp_path / "generated").exists()
