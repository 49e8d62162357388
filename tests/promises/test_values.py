"""What Python tasks return is kept with the rest: the same value comes back in another process, or the task runs."""

import json
import shutil

import pytest

from tests.scenarios.rush import Scratch

HEAD = """
import enum
from pathlib import Path
from typing import Any
import attrs
from taskrush import command, result_of, run, task

def trace(name):
    with open("trace", "a") as file:
        file.write(name + "\\n")

@attrs.frozen
class Point:
    x: int
    deep: Any = None
"""
USE = """
@task
def use(value=result_of(make)):
    print(type(value).__name__, repr(value))
"""
VALUES = [
    '{"a": [1, 2.5, None, True, "ü"]}',
    "None",
    "(1, 2)",
    "{1, 2}",
    "{1: 'a'}",
    "b'\\x00\\xff'",
    "Point(1, Point(2))",
    "Path('x/y')",
    "float('inf')",
    "'\\ud800'",
]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_in_another_process(scratch: Scratch, value: str) -> None:
    """Fresh, from the cache after all state was lost, and made: the consumer sees the same."""
    scratch.write("in", "1")
    scratch.write(
        "tasks.py", f"{HEAD}\n@task(inputs=['in'])\ndef make():\n    trace('make')\n    return {value}\n{USE}"
    )
    made = scratch.rush("use")
    assert made.code == 0, made.all
    assert made.out
    again = scratch.rush("use")
    assert "make  fresh" in again.err
    shutil.rmtree(scratch.root / ".taskrush")
    restored = scratch.rush("use")
    assert "make  from cache" in restored.err
    assert made.out == again.out == restored.out
    assert scratch.ran() == ["make"]


def test_a_value_that_cannot_be_kept_is_named(scratch: Scratch) -> None:
    """The task ends well, its consumer gets the value, nothing is stored."""
    scratch.write("tasks.py", f"{HEAD}\n@task(inputs=[])\ndef make():\n    trace('make')\n    return open('in')\n{USE}")
    scratch.write("in", "1")
    for _ in range(2):
        done = scratch.rush("use")
        assert done.code == 0, done.all
        assert "`make`: its result is not kept: its return value (_io.TextIOWrapper) cannot be pickled" in done.err
    assert scratch.ran() == ["make", "make"]


def test_a_value_whose_class_is_gone_is_made_again(scratch: Scratch) -> None:
    """A record that cannot be read any more is a miss, not a crash."""
    make = "\n@task(inputs=[])\ndef make():\n    trace('make')\n    return __import__('other').Kind(1)\n"
    scratch.write("tasks.py", HEAD + make + USE)
    scratch.write("other.py", "import attrs\n@attrs.frozen\nclass Kind:\n    x: int\n")
    assert "Kind(x=1)" in scratch.rush("use").out
    scratch.write("other.py", "class Kind:\n    def __init__(self, x): pass\n    __slots__ = ()\n")
    assert scratch.rush("use").code == 0
    assert scratch.ran() == ["make", "make"]


def test_a_value_outlives_the_store_or_is_made_again(scratch: Scratch) -> None:
    """A consumer never gets nothing in its place."""
    scratch.write("tasks.py", f"{HEAD}\n@task(inputs=[])\ndef make():\n    trace('make')\n    return 7\n{USE}")
    scratch.rush("use")
    scratch.rush("cache", "clear")
    done = scratch.rush("use")
    assert done.out == "int 7\n"


def test_an_isolated_task_is_cached_like_any_other(scratch: Scratch) -> None:
    """Its value, its log and its outputs."""
    scratch.write(
        "tasks.py",
        HEAD
        + """
@task(inputs=["in"], outputs=["out"], isolate="process")
def make():
    trace("make")
    print("printed")
    Path("out").write_text("made")
    return Point(3)
"""
        + USE,
    )
    scratch.write("in", "1")
    assert "Point(x=3" in scratch.rush("use").out
    (scratch.root / "out").unlink()
    done = scratch.rush("use")
    assert "make  from cache" in done.err
    assert "printed" in done.out
    assert "Point(x=3" in done.out
    assert scratch.text("out") == "made"
    assert scratch.ran() == ["make"]


def test_a_captured_command_is_cached_with_its_text(scratch: Scratch) -> None:
    """The text reaches a consumer although the command did not run."""
    scratch.write(
        "tasks.py",
        HEAD + "make = command('echo make >> trace; cat in', capture=True, inputs=['in'], cache=True)\n" + USE,
    )
    scratch.write("in", "some text")
    for _ in range(2):
        assert "str 'some text'" in scratch.rush("use").out
    assert scratch.ran() == ["make"]
    scratch.write("in", "other text")
    assert "str 'other text'" in scratch.rush("use").out


CHAIN = (
    HEAD
    + """
@task(inputs=["in"], outputs=["data"])
def make() -> Path:
    trace("make")
    Path("data").write_text(Path("in").read_text().strip())
    return Path("data")

@task(inputs=[], outputs=["copy"])
def use(path: Path = result_of(make)):
    trace("use")
    Path("copy").write_text(path.read_text())
"""
)


def test_a_consumer_of_a_path_follows_what_lies_there(scratch: Scratch) -> None:
    """The value is the same, the file behind it is not."""
    scratch.write("tasks.py", CHAIN)
    for text in ("one", "two"):
        scratch.write("in", text)
        assert scratch.rush("use").code == 0
        assert scratch.text("copy") == text
    assert scratch.ran() == ["make", "use", "make", "use"]


def test_an_equal_value_cuts_off(scratch: Scratch) -> None:
    """Its maker ran, those that only take its value and its files need not."""
    scratch.write("tasks.py", CHAIN)
    scratch.write("in", "one")
    scratch.rush("use")
    scratch.ran()
    scratch.write("in", "one\n\n")
    assert "use  fresh" in scratch.rush("use").err
    assert scratch.ran() == ["make"]


def test_a_dry_run_knows_the_values_of_what_is_kept(scratch: Scratch) -> None:
    """A consumer of a kept value is fresh in a dry run as in a run."""
    scratch.write("tasks.py", CHAIN)
    scratch.write("in", "one")
    scratch.rush("use")
    said = json.loads(scratch.rush("--dry-run", "--output", "json", "use").out)
    assert [(one["task"], one["verdict"]) for one in said["forecast"]] == [("make", "fresh"), ("use", "fresh")]


@pytest.mark.parametrize("isolate", ["thread", "process"])
def test_commands_of_a_cached_function_see_the_same_environment_as_other_commands(
    scratch: Scratch, isolate: str
) -> None:
    """Nothing undeclared gets in by `run()`; what is declared does."""
    scratch.write(
        "tasks.py",
        HEAD
        + f"""
from taskrush import variable
@task(inputs=[variable("COUNTED")], pass_env=["PASSED"], isolate="{isolate}")
def show():
    run("echo [$COUNTED] [$PASSED] [$HIDDEN]", env={{}})
""",
    )
    done = scratch.rush("show", env={"COUNTED": "c", "PASSED": "p", "HIDDEN": "h"})
    assert done.out == "[c] [p] []\n"


def test_what_a_failed_task_did_not_see_is_said(scratch: Scratch) -> None:
    """At most eight names, those that the command mentions first; nothing when it ends well."""
    scratch.write(".rush", "tasks: {a: {argv: [sh, need.sh, Z_NEEDED], inputs: [in], pass_env: [SEEN]}}")
    scratch.write("need.sh", "exit 3")
    env = {"Z_NEEDED": "1", "SEEN": "1", **{f"AA_{number:02}": "1" for number in range(20)}}
    done = scratch.rush("a", "-e", "AA_03=2", env=env)
    [line] = [line for line in done.err.splitlines() if line.startswith("warning:")]
    names = line.partition("did not see: ")[2].partition(" and ")[0].split(", ")
    assert names == ["Z_NEEDED", "AA_00", "AA_01", "AA_02", "AA_04", "AA_05", "AA_06", "AA_07"]
    assert "hint: `pass_env: [NAME]` lets a variable through" in done.err
    scratch.write("need.sh", "exit 0")
    assert "did not see" not in scratch.rush("a", env=env).err
    scratch.write(".rush", "tasks: {a: {cmd: exit 3}}")
    assert "did not see" not in scratch.rush("a", env=env).err


@pytest.mark.parametrize(("body", "said"), [("1 / 0", False), ("run('exit 3')", True)])
def test_a_function_that_fails_by_itself_saw_everything(scratch: Scratch, body: str, said: bool) -> None:
    """Only its commands did not."""
    scratch.write("tasks.py", f"{HEAD}\n@task(inputs=[])\ndef make():\n    {body}\n")
    assert ("did not see" in scratch.rush("make", env={"HIDDEN": "h"}).err) == said
