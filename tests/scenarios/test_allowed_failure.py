"""Tasks that may fail: what goes on, what is kept, what is said, from `.rush` files and from Python."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush import Project, State, Task, TaskSet, command, result_of, task
from taskrush.declare.files import load_files
from taskrush.errors import UsageError
from taskrush.model.settings import merge
from tests.scenarios.rush import Scratch


@pytest.mark.core
def test_a_warned_result_is_never_kept(scratch: Scratch) -> None:
    """However often it runs; once it ends well its result is kept as any other."""
    scratch.write(
        ".rush",
        "tasks: {t: {cmd: 'echo t >> trace; echo x > out; test -e fixed', outputs: [out], inputs: [src], "
        "allow_failure: true}}",
    )
    scratch.write("src", "1")
    for _ in range(2):
        assert scratch.rush("t").code == 0
    assert scratch.ran() == ["t", "t"]
    scratch.write("fixed", "")
    for _ in range(2):
        done = scratch.rush("t")
    assert scratch.ran() == ["t"]
    assert "fresh" in done.all


@pytest.mark.core
def test_what_was_made_after_a_warning_is_not_taken_for_what_is_made_after_a_success(scratch: Scratch) -> None:
    """A dependant of a task without outputs is known by the key of that, which does not say how it ended."""
    scratch.write(
        ".rush",
        """
        tasks:
          prepare: {cmd: "echo prepare >> trace; test -e fixed && echo good > state || exit 3", allow_failure: true}
          pack: {cmd: "echo pack >> trace; cat state > packed || echo poor > packed", deps: [prepare], inputs: [src],
                 outputs: [packed]}
        """,
    )
    scratch.write("src", "1")
    assert scratch.rush("pack").code == 0
    assert (scratch.root / "packed").read_text() == "poor\n"
    scratch.write("fixed", "")
    assert scratch.rush("pack").code == 0
    assert (scratch.root / "packed").read_text() == "good\n"


def test_retries_come_before_the_warning(scratch: Scratch) -> None:
    """Only the last attempt's failure is allowed; one that ends well at last is no warning."""
    scratch.write(
        ".rush",
        """
        tasks:
          never: {cmd: "echo never >> trace; exit 4", allow_failure: [4], retry: {attempts: 3, delay: 0s}}
          second: {cmd: "echo second >> trace; test $(grep -c second trace) = 2", allow_failure: true, retry: 2}
        """,
    )
    done = scratch.rush("-j1", "--output=json", "never", "second")
    ends = [json.loads(line)["event"] for line in done.out.splitlines() if '"TaskFinished"' in line]
    assert sorted(scratch.ran()) == ["never", "never", "never", "second", "second"]
    assert {end["task"]: (end["outcome"]["state"], end["outcome"]["attempts"]) for end in ends} == {
        "never": ("warned", 3),
        "second": ("succeeded", 2),
    }


def test_a_run_with_a_failure_is_no_run_with_warnings(scratch: Scratch) -> None:
    """The chosen exit code is for runs that ended well otherwise; an interruption and a failure have their own."""
    scratch.write(".rush", "tasks: {may: {cmd: exit 1, allow_failure: true}, bad: exit 1, good: 'true'}")
    assert scratch.rush("--warned-exit-code", "9", "may").code == 9
    assert scratch.rush("--warned-exit-code=9", "-k", "may", "bad").code == 1
    assert scratch.rush("--warned-exit-code", "9", "good").code == 0
    assert scratch.rush("may", env={"TASKRUSH_WARNED_EXIT_CODE": "8"}).code == 8
    scratch.write(".rush", "settings: {warned_exit_code: 7}\ntasks: {may: {cmd: exit 1, allow_failure: true}}")
    assert scratch.rush("may").code == 7


@pytest.mark.core
@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("true", True),
        ("false", False),
        ("3", (3,)),
        ("[3, 4]", (3, 4)),
        ("{exit_codes: 5}", (5,)),
        ("{exit_codes: [5, 6]}", (5, 6)),
    ],
)
def test_spellings(tmp_path: Path, text: str, allowed: Any) -> None:
    """Any failure, none, or exit codes; also as GitLab has it; `defaults` may say it for all tasks."""
    file = tmp_path / ".rush"
    file.write_text(f"tasks: {{t: {{cmd: x, allow_failure: {text}}}}}")
    assert Project.load(str(tmp_path)).graph.tasks["t"].allow_failure == allowed  # type: ignore[index]
    file.write_text(f"defaults: {{allow_failure: {text}}}\ntasks: {{t: {{cmd: x}}}}")
    assert Project.load(str(tmp_path)).graph.tasks["t"].allow_failure == allowed  # type: ignore[index]


@pytest.mark.parametrize("text", ["0", "[]", "maybe", "[true]", "{exit_codes: []}", "{codes: [1]}"])
def test_misspellings(tmp_path: Path, text: str) -> None:
    """Zero is no failure, and an empty list allows nothing."""
    (tmp_path / ".rush").write_text(f"tasks: {{t: {{cmd: x, allow_failure: {text}}}}}")
    with pytest.raises(Exception, match="allow_failure"):
        load_files(str(tmp_path), str(tmp_path / ".rush"), {}, [])


@task(allow_failure=True)
def parse() -> int:
    raise SystemExit(3)


@task
def count(number: int = result_of(parse)) -> int:
    return number + 1


@pytest.mark.core
def test_from_python() -> None:
    """`allow_failure` on functions and commands; who takes the result of one that failed cannot go on."""
    lint = command("exit 5", name="lint", allow_failure=5)
    strict = command("exit 6", name="strict", allow_failure=[5, 7])
    after = command("true", name="after", deps=[lint, parse])
    project = Project.of(TaskSet([parse, count, lint, strict, after]))
    found = project.run(["count", "after", "strict"], on_failure="dependants-only")
    assert {name: outcome.state for name, outcome in found.outcomes.items()} == {
        "parse": State.WARNED,
        "lint": State.WARNED,
        "count": State.FAILED,
        "after": State.SUCCEEDED,
        "strict": State.FAILED,
    }
    assert found["count"].reason == "takes the result of `parse`, which failed and has none"
    assert found.exit_code == 1
    fine = project.run("after", warned_exit_code=77)
    assert (fine.ok, fine.exit_code) == (True, 77)


def test_a_policy_that_does_not_exist_is_refused() -> None:
    """With the names that do."""
    project = Project.of([Task(id="t", action="true")])
    with pytest.raises(ValueError, match="drain, fail-fast, keep-going, dependants-only"):
        project.run("t", on_failure="continue")


@pytest.mark.core
@pytest.mark.parametrize(
    ("file", "environ", "given", "policy"),
    [
        ({}, {}, {}, "drain"),
        ({"on_failure": "fail-fast"}, {}, {}, "fail-fast"),
        ({"on_failure": "dependants-only"}, {}, {}, "keep-going"),
        ({"keep_going": True}, {}, {"fail_fast": True}, "fail-fast"),
        ({"keep_going": True}, {}, {"keep_going": False}, "drain"),
        ({"keep_going": True}, {}, {"fail_fast": False}, "keep-going"),
        ({"fail_fast": True}, {"TASKRUSH_KEEP_GOING": "1"}, {}, "keep-going"),
        ({}, {"TASKRUSH_ON_FAILURE": "fail-fast"}, {"keep_going": True}, "keep-going"),
        ({}, {"TASKRUSH_KEEP_GOING": "1"}, {"on_failure": "drain"}, "drain"),
    ],
)
def test_the_last_level_that_speaks_decides(
    file: Dict[str, Any], environ: Dict[str, str], given: Dict[str, Any], policy: str
) -> None:
    """File, environment, command line; `-k` and `--fail-fast` are names of policies like any other."""
    settings = merge(file, environ, given)
    assert settings.on_failure == policy
    assert (settings.keep_going, settings.fail_fast) == (policy == "keep-going", policy == "fail-fast")


@pytest.mark.parametrize(
    "given",
    [{"keep_going": True, "fail_fast": True}, {"keep_going": True, "on_failure": "drain"}],
)
def test_one_level_that_contradicts_itself_is_refused(given: Dict[str, Any]) -> None:
    """There is no telling which one was meant."""
    with pytest.raises(UsageError, match="after a failure it is either"):
        merge({}, {}, given)


def test_the_same_policy_twice_is_no_contradiction() -> None:
    """`-k` and its long name."""
    names: List[str] = ["keep-going", "dependants-only"]
    assert {merge({}, {}, {"keep_going": True, "on_failure": name}).on_failure for name in names} == {"keep-going"}
